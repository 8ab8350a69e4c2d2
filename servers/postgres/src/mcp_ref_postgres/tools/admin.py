"""Tools of admin mode: stop a backend, maintain tables and indexes."""

from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName
from mcp_ref_kit.db.calls.confirm import Deed
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS
from mcp_ref_kit.db.calls.errors import DbError, unknown
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog.describing import Lookup, Object, find
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.reading.transaction import Turn, ours
from mcp_ref_postgres.state import Ctx, Opened, State
from mcp_ref_postgres.tools.arguments import WRITING
from mcp_ref_postgres.writing.running import alone

admin = Toolset[State]("admin", default=False)

Action = Literal["analyze", "vacuum", "reindex", "refresh_matview", "create_extension"]

_STOPPING: ToolOptions = {**WRITING, "idempotent": True, "admin": True}
_MAINTAINING: ToolOptions = {**WRITING, "destructive": False, "admin": True}
_KINDS: dict[Action, frozenset[str]] = {
    "analyze": frozenset({"table", "matview", "partitioned", "foreign_table"}),
    "vacuum": frozenset({"table", "matview", "partitioned"}),
    "reindex": frozenset({"table", "matview", "partitioned", "index"}),
    "refresh_matview": frozenset({"matview"}),
}
_BACKEND = """
    SELECT a.usename::text AS user, a.backend_type AS kind, coalesce(r.rolsuper, true) AS superuser
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid WHERE a.pid = $1
"""
_EXTENSION = "SELECT name::text FROM pg_catalog.pg_available_extensions ORDER BY 1"


class Stopped(Struct, frozen=True):
    """Whether the engine passed it on."""

    done: bool


class Maintained(Struct, frozen=True):
    """What ran."""

    command_tag: str
    notices: list[str]


@admin.tool(**_STOPPING)
async def manage_backend(
    ctx: Ctx,
    *,
    pid: Annotated[int, arg("Of the activity tool.", ge=1, le=2_147_483_647)],
    action: Annotated[Literal["cancel", "terminate"], arg("Stop the statement, or the session.")] = "cancel",
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Stopped:
    """Cancel the statement of a backend, or end its session."""
    async with ours(ctx, database) as turn:
        name = turn.opened.engine.name
        backend = await _backend(ctx, turn, pid)
    if action == "terminate":
        statement = f"{pid} {backend}"
        deed = Deed(action="End the session", target=str(pid), database=name, statement=statement)
        await ctx.state.confirmation.require(ctx, deed, confirm)
    function = "pg_cancel_backend" if action == "cancel" else "pg_terminate_backend"
    async with ours(ctx, database) as turn:
        await _backend(ctx, turn, pid)
        done = await turn.session.connection.fetchval(f"SELECT {function}($1)", pid)
    return Stopped(bool(done))


@admin.tool(**_MAINTAINING)
async def maintain(
    ctx: Ctx,
    *,
    action: Annotated[Action, arg("What to do.")],
    target: Annotated[str, arg("A table, index, matview or extension.", max_length=260)],
    concurrently: Annotated[bool, arg("reindex and refresh without locking writers out.")] = True,
    database: DatabaseName | None = None,
) -> Maintained:
    """Analyze, vacuum, reindex, refresh a materialized view, or create an extension."""
    opened = ctx.state.of(database)
    require_mode(opened.engine.source, "admin")
    async with ours(ctx, database) as turn:
        statement = await _statement(turn, action, target, concurrently=concurrently)
    async with ctx.state.slots.enter(MOST_SECONDS) as deadline:
        with mapped(opened.engine.scrub):
            await opened.engine.facts(deadline.at)
            tag, notices = await alone(opened, statement, deadline)
    if action == "create_extension":
        _forget(ctx, opened)
    return Maintained(tag, notices)


async def _backend(ctx: Ctx, turn: Turn, pid: int) -> str:
    """Who it is, if it may be stopped.

    Raises:
        DbError: `not_found`, or `permission`: one of ours, or a superuser's.
    """
    row = await turn.session.connection.fetchrow(_BACKEND, pid)
    # Of others' sessions a role without pg_monitor does not see the kind.
    if row is None or row["kind"] not in (None, "client backend"):
        raise DbError(f"There is no session with the process {pid}.", code="not_found", hint="See activity.")
    if pid in turn.opened.engine.pids:
        raise DbError(f"The process {pid} is one of this server's own.", code="permission")
    if row["superuser"] and not ctx.state.settings.allow_superuser:
        raise DbError(f"The process {pid} belongs to a superuser.", code="permission")
    return str(row["user"])


async def _statement(turn: Turn, action: Action, target: str, *, concurrently: bool) -> str:
    if action == "create_extension":
        known = [row[0] for row in await turn.session.connection.fetch(_EXTENSION)]
        if target not in known:
            raise unknown("extension", target, known, "Its files have to be on the engine's machine first.")
        return f"CREATE EXTENSION IF NOT EXISTS {identifier(target)}"
    lookup = Lookup(name=target, type=None, visible=turn.opened.visible, path=turn.facts.path)
    found = await find(turn.session, lookup)
    if found is None or found.type not in _KINDS[action]:
        kinds = " or ".join(sorted(_KINDS[action]))
        raise DbError(f"There is no {kinds} {target[:63]!r}.", code="not_found", hint="See list_objects.")
    return _built(action, found, " CONCURRENTLY" if concurrently else "")


def _built(action: Action, found: Object, concurrently: str) -> str:
    if action == "reindex":
        return f"REINDEX {'INDEX' if found.type == 'index' else 'TABLE'}{concurrently} {found.path}"
    words = {
        "analyze": "ANALYZE",
        "vacuum": "VACUUM (ANALYZE)",
        "refresh_matview": f"REFRESH MATERIALIZED VIEW{concurrently}",
    }
    return f"{words[action]} {found.path}"


def _forget(ctx: Ctx, opened: Opened) -> None:
    ctx.state.changed(opened)
    opened.engine.facts_seen = None
    opened.engine.read.forget_idle()
