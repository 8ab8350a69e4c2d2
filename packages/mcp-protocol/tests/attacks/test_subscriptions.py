"""The L cases: what a client may try with subscriptions and their ends."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol import Context, Limits, Options, ResourceNotFound, Server, Toolset
from mcp_protocol.testing import raw_peer

tools = Toolset[list[str]]("tools")
Ctx = Context[list[str]]
MOST = 50


@tools.resource("room:///{name}")
async def room(ctx: Ctx, name: str) -> str:
    """A room; only some may be entered."""
    if name not in {"open", "hall"}:
        raise ResourceNotFound(f"room:///{name}")
    return ctx.state[0]


@tools.watch(room)
async def watch_room(ctx: Ctx, name: str) -> AsyncGenerator[object]:
    """Changes of a room that may be entered; whoever asks is counted."""
    ctx.state.append(name)
    await room(ctx, name)
    return silence()


async def silence() -> AsyncGenerator[object]:
    await asyncio.Event().wait()
    yield


@asynccontextmanager
async def lifespan(settings: list[str]) -> AsyncGenerator[list[str]]:
    yield settings


SERVER = Server("rooms", list[str], lifespan, toolsets=[tools])
LISTEN = "subscriptions/listen"


@pytest.mark.parametrize(
    "notifications",
    [
        {"toolsListChanged": "yes"},
        {"resourceSubscriptions": "room:///open"},
        {"resourceSubscriptions": [1]},
        {"resourceSubscriptions": {"room:///open": True}},
        [],
        None,
        "all",
    ],
)
async def test_l1_a_filter_of_wrong_types_is_refused(notifications: Any) -> None:
    async with raw_peer(SERVER, [""]) as peer:
        refused = await peer.call(LISTEN, {"notifications": notifications})
        assert refused["error"]["code"] == -32602
        assert (await peer.call("server/discover"))["result"]


async def test_l1_a_hundred_thousand_uris_are_granted_up_to_the_limit_and_not_all_looked_at() -> None:
    asked = [""]
    uris = [f"room:///{number}" for number in range(99_999)] + ["room:///open"]
    options = Options(limits=Limits(subscription_uris=MOST))
    async with raw_peer(SERVER, asked, options=options) as peer:
        began = time.thread_time()
        listen = await peer.begin(LISTEN, {"notifications": {"resourceSubscriptions": uris}})
        acknowledged = await peer.notification("notifications/subscriptions/acknowledged")
        assert time.thread_time() - began < 2
        assert acknowledged["params"]["notifications"] == {"resourceSubscriptions": []}
        assert len(asked) == 1 + MOST
        assert not peer.has_reply(listen)


async def test_l1_what_may_not_be_read_and_what_is_not_there_are_left_out_alike() -> None:
    """No oracle for what exists; duplicates count once."""
    uris = ["room:///open", "room:///locked", "room:///absent", "nonsense", "", "room:///open", "room:///hall"]
    async with raw_peer(SERVER, [""]) as peer:
        await peer.begin(LISTEN, {"notifications": {"resourceSubscriptions": uris}})
        acknowledged = await peer.notification("notifications/subscriptions/acknowledged")
    assert acknowledged["params"]["notifications"] == {"resourceSubscriptions": ["room:///open", "room:///hall"]}
    assert "locked" not in json.dumps(acknowledged)
