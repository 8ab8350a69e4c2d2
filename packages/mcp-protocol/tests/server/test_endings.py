"""What belongs to a session is told when the session ends, while the server goes on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_protocol import Context, Server, Toolset
from mcp_protocol.revisions import Revision
from mcp_protocol.testing import RawPeer
from mcp_protocol.transports.memory import join

tools = Toolset[list[str]]("tools")


@tools.tool()
async def stay(ctx: Context[list[str]]) -> str:
    """Want to know of the end."""
    session = ctx.call.peer.session
    if session is not None:
        session.endings[tools] = lambda: ctx.state.append("ended")
    return "until the end"


@asynccontextmanager
async def lifespan(_settings: None) -> AsyncGenerator[list[str]]:
    yield []


async def test_whoever_wanted_to_know_of_the_end_of_a_session_is_told_once() -> None:
    server = Server("endings", type(None), lifespan, toolsets=[tools])
    async with server.run(None) as app:
        for _ in range(2):
            async with join(app) as end:
                peer = RawPeer(end, Revision("2025-11-25"), {})
                await peer.shake_hands()
                for _ in range(3):
                    await peer.call("tools/call", {"name": "stay", "arguments": {}})
        assert app.state == ["ended", "ended"]
