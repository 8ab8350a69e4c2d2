"""The tool that says what the server is connected to, and what holds a read-only statement back."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_protocol import Toolset
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_postgres.engine.facts import Facts
from mcp_ref_postgres.reading.transaction import ours
from mcp_ref_postgres.state import Ctx, State
from mcp_ref_postgres.tools.arguments import WATCHING

info = Toolset[State]("core")

_STANDING = """
    SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8 AS uptime,
        pg_database_size(current_database()) AS size
"""
_SHOWN = """
    SELECT name, current_setting(name) AS setting FROM pg_catalog.pg_settings
    WHERE name IN ('max_connections', 'shared_buffers', 'work_mem', 'statement_timeout', 'lock_timeout', 'TimeZone',
        'server_encoding', 'default_transaction_read_only', 'wal_level', 'max_parallel_workers_per_gather')
    ORDER BY name
"""


class Layer(Struct, frozen=True):
    """One thing that holds statements back."""

    layer: str
    active: bool
    note: str


class ServerInfo(Struct, frozen=True, kw_only=True):
    """read_only_enforcement: layer, active, note."""

    version: str
    database: str
    user: str
    role_flags: list[str]
    mode: str
    read_only_enforcement: Sequence[Any]
    extensions: dict[str, Any]
    pooler: str | None
    settings: dict[str, Any]
    limits: dict[str, Any]
    uptime_s: float
    size_bytes: int


@info.tool(**{**WATCHING, "idempotent": True})
async def server_info(ctx: Ctx, *, database: DatabaseName | None = None) -> ServerInfo:
    """Show version, role, extensions, limits, what enforces read-only."""
    async with ours(ctx, database) as turn:
        connection, facts = turn.session.connection, turn.facts
        standing = await connection.fetchrow(_STANDING)
        settings = await connection.fetch(_SHOWN)
        mode = turn.opened.engine.source.mode
    return ServerInfo(
        version=facts.version,
        database=facts.database,
        user=facts.user,
        role_flags=[flag for flag, held in facts.flags.items() if held] + facts.dangers,
        mode=mode,
        read_only_enforcement=_layers(ctx.state, facts),
        extensions={name: extension.version for name, extension in facts.extensions.items()},
        pooler=facts.pooler,
        settings={row["name"]: row["setting"] for row in settings},
        limits=_limits(ctx.state),
        uptime_s=round(standing["uptime"], 1),
        size_bytes=standing["size"],
    )


def _layers(state: State, facts: Facts) -> list[Layer]:
    allowed = state.settings.allow_superuser
    if facts.superuser:
        role = "a superuser: callers' statements run all the same" if allowed else "a superuser: they are refused"
    else:
        role = f"a plain role, with {', '.join(facts.dangers)}" if facts.dangers else "a plain role: the fence"
    parameters = "default_transaction_read_only and timeouts from the start of the session"
    if facts.pooler is not None:
        parameters = f"set in each transaction: a pooler is in front ({facts.pooler})"
    return [
        Layer("role", active=not facts.superuser, note=role),
        Layer("session parameters", active=facts.pooler is None, note=parameters),
        Layer("transaction", active=True, note="READ ONLY, REPEATABLE READ, always rolled back"),
        Layer("protocol", active=True, note="extended: one statement a call"),
        Layer("statement gate", active=True, note="the engine parses it after DECLARE .. CURSOR FOR before it may run"),
        Layer("function gate", active=True, note="volatile functions in C and SECURITY DEFINER are refused"),
        Layer("standby", active=facts.recovering, note="the engine is a replica" if facts.recovering else "no replica"),
    ]


def _limits(state: State) -> dict[str, Any]:
    settings = state.settings
    return {
        "rows": settings.max_rows,
        "result_bytes": settings.max_output_chars,
        "cell_chars": settings.max_cell_chars,
        "timeout_s": settings.timeout,
        "lock_timeout_s": settings.lock_timeout,
        "in_flight": settings.max_in_flight,
        "connections": settings.pool,
        "held_cursors": settings.held_cursors,
    }
