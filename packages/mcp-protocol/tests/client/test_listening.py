"""Subscriptions: one long request since 2026-07-28, what the server tells unasked before."""

import asyncio

import pytest

from mcp_protocol.client import Answers, Change, Client, RemoteError
from mcp_protocol.errors import ConnectionLost
from mcp_protocol.jsonrpc import Notification
from tests.scripted import PATIENCE, Message, Scripted, error, notice, result

TOOLS = "notifications/tools/list_changed"
UPDATED = "notifications/resources/updated"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


def marked(method: str, subscription: object, **params: object) -> Message:
    return notice(method, _meta={"io.modelcontextprotocol/subscriptionId": subscription}, **params)


def granting(message: Message) -> list[Message]:
    """Acknowledges what was asked for."""
    if message["method"] == "subscriptions/listen":
        return [marked(ACKNOWLEDGED, message["id"], notifications=message["params"]["notifications"])]
    return []


async def test_a_modern_subscription_is_one_request() -> None:
    server = Scripted(granting)
    async with asyncio.timeout(PATIENCE), Client(server) as client:
        async with client.listen(tools=True, uris=["a:b"]) as changes:
            asked = server.sent[-1]
            assert asked["params"]["notifications"] == {"toolsListChanged": True, "resourceSubscriptions": ["a:b"]}
            assert changes.granted.tools_list_changed is True
            server.say(marked(TOOLS, asked["id"]))
            server.say(marked(UPDATED, asked["id"], uri="a:b"))
            assert [await anext(changes), await anext(changes)] == [Change(TOOLS), Change(UPDATED, "a:b")]
        assert (await server.until("notifications/cancelled"))["params"] == {"requestId": asked["id"]}


async def test_two_subscriptions_do_not_hear_each_other() -> None:
    server = Scripted(granting)
    client = Client(server)
    async with (
        asyncio.timeout(PATIENCE),
        client,
        client.listen(uris=["a:1"]) as one,
        client.listen(uris=["a:2"]) as two,
    ):
        ids = [message["id"] for message in server.sent if message["method"] == "subscriptions/listen"]
        server.say(marked(UPDATED, ids[1], uri="a:2"))
        server.say(marked(UPDATED, ids[0], uri="a:1"))
        assert (await anext(one)).uri == "a:1"
        assert (await anext(two)).uri == "a:2"


async def test_a_change_of_an_unknown_subscription_is_nobodys() -> None:
    heard: list[Notification] = []
    server = Scripted(granting)
    client = Client(server, answers=Answers(other=heard.append))
    async with asyncio.timeout(PATIENCE), client, client.listen(tools=True) as changes:
        own = server.sent[-1]["id"]
        for stray in (own + 1, str(own)):
            server.say(marked(TOOLS, stray))
        server.say(marked("notifications/prompts/list_changed", own))
        assert (await anext(changes)).method == "notifications/prompts/list_changed"
    assert [one.method for one in heard] == [TOOLS, TOOLS]


async def test_an_end_by_the_server_ends_the_iteration() -> None:
    server = Scripted(granting)
    async with asyncio.timeout(PATIENCE), Client(server) as client, client.listen(tools=True) as changes:
        asked = server.sent[-1]
        server.say(marked(TOOLS, asked["id"]))
        server.say(result(asked, {"resultType": "complete"}))
        assert [change.method async for change in changes] == [TOOLS]


async def test_a_refused_subscription_raises() -> None:
    server = Scripted(lambda message: [error(message, -32601)])
    async with asyncio.timeout(PATIENCE), Client(server) as client:
        with pytest.raises(RemoteError):
            async with client.listen(tools=True):
                pass


async def test_a_lost_connection_ends_the_iteration_with_an_error() -> None:
    server = Scripted(granting)
    async with asyncio.timeout(PATIENCE), Client(server) as client, client.listen(tools=True) as changes:
        server.end()
        with pytest.raises(ConnectionLost):
            await anext(changes)


async def test_changes_that_nobody_takes_are_bounded() -> None:
    server = Scripted(granting)
    async with asyncio.timeout(PATIENCE), Client(server) as client, client.listen(uris=["a:b"]) as changes:
        asked = server.sent[-1]
        for number in range(2000):
            server.say(marked(UPDATED, asked["id"], uri=f"a:{number}"))
        server.say(result(asked, {}))
        kept = [change.uri async for change in changes]
    assert (len(kept), kept[-1]) == (1024, "a:1999")


def answered(message: Message) -> list[Message]:
    return [result(message, {})] if "id" in message else []


async def test_a_legacy_subscription_hears_what_was_asked_for() -> None:
    everything = {"tools": {"listChanged": True}, "resources": {"subscribe": True, "listChanged": True}}
    server = Scripted(answered, revision="2025-11-25", capabilities=everything)
    async with asyncio.timeout(PATIENCE), Client(server) as client:
        async with client.listen(tools=True, uris=["a:b"]) as changes:
            assert changes.granted.tools_list_changed is True
            assert server.sent[-1]["method"] == "resources/subscribe"
            for stray in (notice("notifications/prompts/list_changed"), notice(UPDATED, uri="a:c"), notice(UPDATED)):
                server.say(stray)
            server.say(notice(UPDATED, uri="a:b"))
            server.say(notice(TOOLS))
            assert [await anext(changes), await anext(changes)] == [Change(UPDATED, "a:b"), Change(TOOLS)]
        assert (server.sent[-1]["method"], server.sent[-1]["params"]) == ("resources/unsubscribe", {"uri": "a:b"})


async def test_a_legacy_server_without_subscriptions_is_not_asked_for_them() -> None:
    server = Scripted(answered, revision="2025-11-25", capabilities={"tools": {}})
    async with Client(server) as client, client.listen(tools=True, prompts=True, uris=["a:b"]) as changes:
        assert changes.granted.resource_subscriptions is None
        assert changes.granted.tools_list_changed is None
    assert [message["method"] for message in server.sent][-1] == "notifications/initialized"


async def test_a_notice_with_a_mark_of_the_wrong_type_belongs_to_whoever_hears_unmarked_ones() -> None:
    server = Scripted(granting)
    async with asyncio.timeout(PATIENCE), Client(server) as client, client.listen(tools=True) as changes:
        server.say(marked(TOOLS, {}))
        server.say(marked("notifications/other", server.sent[-1]["id"]))
        server.say(result(server.sent[-1], {}))
        assert [change.method async for change in changes] == [TOOLS]
