"""Whether a database works, for `--check` and `GET /ready`: reached, its role, its canned queries."""

from mcp_protocol import ToolError
from mcp_ref_kit import Finding
from mcp_ref_kit.db.sql.placeholders import numbered
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.state import Opened, State
from mcp_ref_postgres.writing.admitting import admitted

SECONDS = 10.0


async def looked_at(state: State, opened: Opened) -> Finding:
    """One line for one database."""
    engine = opened.engine
    subject = f"database {engine.name} ({engine.source.shown})"
    try:
        async with state.slots.enter(SECONDS) as deadline:
            facts = await engine.facts(deadline.at)
            await _prepared(state, opened, deadline.at)
    except ToolError as error:
        return Finding(subject, works=False, detail=f"{error.code}: {error.message}")
    role = "superuser, statements refused" if facts.superuser and not state.settings.allow_superuser else "role"
    dangers = f"; {', '.join(facts.dangers)}" if facts.dangers else ""
    return Finding(subject, works=True, detail=f"PostgreSQL {facts.version}, {role} {facts.user}{dangers}")


async def _prepared(state: State, opened: Opened, until: float) -> None:
    """Every query of the operator for this database, as the engine reads it."""
    engine = opened.engine
    for query in state.settings.queries:
        if query.database not in (None, engine.name) or query.sql is None:
            continue
        sql = numbered(query.sql, [parameter.name for parameter in query.params])
        async with engine.reading(until, ours=False) as session:
            with mapped(engine.scrub):
                await (admitted(opened, session, sql) if query.write else opened.gate.admit(session, sql))
