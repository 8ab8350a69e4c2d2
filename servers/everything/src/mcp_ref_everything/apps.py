"""A tool whose result a host can show as a document of its own."""

from datetime import UTC, datetime
from importlib.resources import files

from mcp_protocol import Context, Toolset

apps: Toolset[None] = Toolset("apps")
Ctx = Context[None]


@apps.app("ui://everything/clock", title="Clock", prefers_border=True)
async def clock(ctx: Ctx) -> str:
    """A clock that shows the time it is told."""
    del ctx
    return files("mcp_ref_everything").joinpath("clock.html").read_text("utf-8")


@apps.tool(read_only=True, open_world=False, app=clock)
async def tell_time(ctx: Ctx) -> str:
    """Tell the time of the server, in UTC; hosts that can show documents show a clock."""
    del ctx
    return datetime.now(UTC).isoformat(timespec="seconds")
