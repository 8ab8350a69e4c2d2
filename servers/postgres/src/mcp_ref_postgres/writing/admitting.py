"""Whether a statement may change something here.

It has to be one statement, of a kind that the mode runs, calling no function that the engine would not stop.
"""

from msgspec import Struct

from mcp_ref_kit.db.calls.confirm import Affected, Deed
from mcp_ref_kit.db.calls.deadline import off_loop
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_postgres.catalog.describing import Lookup, find
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.driver import TypeName
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.gate.keywords import kind_of, refusal
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.gate.verdicts import statement_of
from mcp_ref_postgres.reading.parameters import cast_in_place
from mcp_ref_postgres.state import Ctx, Opened
from mcp_ref_postgres.writing.deeds import Danger

# A question says how much would be lost, if that can be counted in this time.
COUNT_SECONDS = 2.0
MOST_COUNTED = 1_000_000


def checked(opened: Opened, sql: str) -> Statement:
    """The statement, if the mode of the database runs its kind.

    Raises:
        DbError: `read_only`, `permission`, `syntax`, `too_large`.
    """
    statement = statement_of(sql)
    mode = opened.engine.source.mode
    require_mode(opened.engine.source, "read-write")
    reason = refusal(kind_of(statement.words), mode)
    if reason is not None:
        raise DbError(
            reason, code="permission", hint="query reads; the writing tools run one statement of data or DDL."
        )
    return statement


class Admitted(Struct, frozen=True):
    """A statement that may run: `text` with its parameters read from text."""

    statement: Statement
    text: str
    parameters: tuple[TypeName, ...]


async def admitted(opened: Opened, session: Session, sql: str) -> Admitted:
    """The statement and its parameters' types, as the engine's grammar reads them. Nothing has run.

    Raises:
        DbError: `permission`, `syntax`, or what else the engine says of it.
    """
    statement = await off_loop(len(sql), checked, opened, sql)
    await opened.gate.check_functions(session, statement, writes=True)
    try:
        prepared = await session.connection.prepare(statement.text, name=session.statement_name)
    except broken() as error:
        raise fault(error, opened.engine.scrub, shift=-statement.shift, length=statement.end) from error
    types = prepared.get_parameters()
    return Admitted(statement, cast_in_place(statement.text, statement.tokens, statement.shift, types), types)


async def deed_of(ctx: Ctx, opened: Opened, found: Danger, statement: str) -> Deed:
    """What the user is asked about."""
    affected = await _affected(ctx, opened, found) if found.counts else None
    return Deed(
        action=found.action,
        target=found.target,
        database=opened.engine.name,
        statement=statement,
        affected=affected,
    )


async def _affected(ctx: Ctx, opened: Opened, found: Danger) -> Affected | None:
    """How many rows there are, counted within bounds; None where nobody can say."""
    engine = opened.engine
    try:
        async with ctx.state.slots.enter(COUNT_SECONDS) as deadline:
            facts = await engine.facts(deadline.at)
            async with engine.reading(deadline.at) as session:
                lookup = Lookup(name=found.target, type=None, visible=opened.visible, path=facts.path)
                table = await find(session, lookup)
                if table is None or not table.oid:
                    return None
                counting = f"SELECT count(*) FROM (SELECT FROM {table.path} LIMIT {MOST_COUNTED + 1}) AS counted"  # noqa: S608  quoted
                count = await session.connection.fetchval(counting)
    except (DbError, *broken()):
        return None
    return Affected(min(count, MOST_COUNTED), exact=count <= MOST_COUNTED)
