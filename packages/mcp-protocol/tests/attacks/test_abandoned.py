"""Ten thousand sessions, subscriptions and tasks that somebody opens and never comes back to leave memory as it was."""

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol import Context, Limits, Options, Principal, Server, Toolset
from mcp_protocol.session.legacy import LegacySession
from mcp_protocol.session.profile import Profile
from mcp_protocol.testing import raw_peer
from mcp_protocol.transports.http.sessions import Sessions
from mcp_protocol.transports.memory import join

MANY = 10_000
FEW = 1_000  # by then every table and cache has its size
ROOM = 2_000  # blocks of memory: not one for every fourth of the others
TASKS: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}

tools = Toolset[None]("tools")
Ctx = Context[None]


@tools.tool(task="allowed")
async def work(ctx: Ctx) -> str:
    """Go on in the background for ever."""
    await ctx.background()
    await asyncio.Event().wait()
    return ""


@tools.resource("test://thing")
async def thing(ctx: Ctx) -> str:
    """A thing."""
    del ctx
    return ""


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None]:
    yield settings


SERVER = Server("t", type(None), lifespan, toolsets=[tools], changing=["tools"])


@pytest.fixture(autouse=True)
def official_models() -> None:
    """Nobody listens here: who listens remembers."""


def held() -> int:
    gc.collect()
    return sys.getallocatedblocks()


async def stays_flat(once: Callable[[int], Awaitable[None]]) -> None:
    for number in range(FEW):
        await once(number)
    before = held()
    for number in range(FEW, MANY):
        await once(number)
    assert held() - before < ROOM


async def test_legacy_sessions() -> None:
    """python-sdk #2455: 224 made, none removed in 18 hours."""
    now = 0.0
    sessions = Sessions(Limits(sessions=200, handshake_seconds=10), lambda: now)
    profile = Profile(methods=frozenset({"initialize"}), limits=Limits())

    async def once(number: int) -> None:
        nonlocal now
        now = number * 0.1
        assert sessions.open(LegacySession(profile, principal=Principal("i", f"{number}"), transport="http"))

    await stays_flat(once)
    assert len(sessions) <= 200


async def test_connections_with_a_handshake_and_a_subscription() -> None:
    async with SERVER.run(None) as app:

        async def once(number: int) -> None:
            async with join(app, principal=Principal("i", f"{number}")) as end:
                info = b'"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"n","version":"1"}'
                await end.send(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{' + info + b"}}")
                await end.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
                await end.send(
                    b'{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"test://thing"}}'
                )
                while b'"id":2' not in (await end.receive() or b'"id":2'):
                    pass

        await stays_flat(once)


async def test_listens_that_end_without_a_word() -> None:
    async with raw_peer(SERVER, None) as peer:

        async def once(_number: int) -> None:
            wanted = {"toolsListChanged": True, "resourceSubscriptions": ["test://thing"]}
            listen = await peer.begin("subscriptions/listen", {"notifications": wanted})
            await peer.notification("notifications/subscriptions/acknowledged")
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listen}})

        await stays_flat(once)


async def test_tasks_that_nobody_follows_to_their_end() -> None:
    limits = Limits(tasks=50, task_seconds=0.01)
    async with raw_peer(SERVER, None, capabilities=TASKS, options=Options(limits=limits)) as peer:

        async def once(_number: int) -> None:
            reply = await peer.call("tools/call", {"name": "work"})
            assert reply.get("result", {}).get("taskId") or reply["error"]["code"] == -32603

        await stays_flat(once)
        left = asyncio.all_tasks()
    assert len(left) < 200
