"""The tool for upkeep: optimize."""

from typing import Annotated

from mcp_protocol import Output, arg
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName
from mcp_ref_sqlite.reading.words import Upkeep
from mcp_ref_sqlite.results import Kept, shown
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools.arguments import ADDING

maintenance = Toolset[State]("maintenance", default=False)


@maintenance.tool(**{**ADDING, "admin": True})
async def optimize(
    ctx: Ctx,
    *,
    what: Annotated[Upkeep, arg("What to do.")],
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Output[Kept]:
    """Keep statistics, free space, write-ahead log and indexes of the file in shape."""
    from mcp_ref_sqlite.health.upkeep import keep_up  # noqa: PLC0415  SQLite comes with the first call

    return shown(await keep_up(ctx, ctx.state.databases.get(database), what, confirm))
