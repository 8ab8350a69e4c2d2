"""What the server lets its client keep, for how long, for whom, and what ends that."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from mcp_protocol.client import Answers, Client, RemoteError
from mcp_protocol.client.cache import Cache
from mcp_protocol.jsonrpc import Notification
from mcp_protocol.types import Root
from tests.scripted import PATIENCE, Message, Scripted, error, notice, result


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Whose:
    """The authorization of the moment."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> int:
        return self.number


def raw(**members: Any) -> Raw:
    return Raw(msgspec.json.encode(members))


def filled(clock: Clock, whose: Whose, **hints: Any) -> Cache:
    cache = Cache(clock, whose)
    cache.put("tools/list", {}, raw(tools=[], **hints), cache.changes)
    return cache


def test_a_result_is_fresh_for_as_long_as_the_server_says() -> None:
    clock = Clock()
    cache = filled(clock, Whose(), ttlMs=1500)
    clock.now += 1.4
    assert cache.get("tools/list", {}) == raw(tools=[], ttlMs=1500)
    clock.now += 0.1
    assert cache.get("tools/list", {}) is None


@pytest.mark.parametrize("hints", [{}, {"ttlMs": 0}, {"ttlMs": -5}, {"ttlMs": "9"}, {"ttlMs": 9, "cacheScope": "x"}])
def test_a_result_without_a_time_is_not_kept(hints: dict[str, Any]) -> None:
    assert filled(Clock(), Whose(), **hints).get("tools/list", {}) is None


def test_nothing_is_kept_for_more_than_a_day() -> None:
    clock = Clock()
    cache = filled(clock, Whose(), ttlMs=10**15)
    clock.now += 24 * 60 * 60
    assert cache.get("tools/list", {}) is None


def test_other_params_are_another_request() -> None:
    cache = filled(Clock(), Whose(), ttlMs=1000)
    assert cache.get("tools/list", {"cursor": ""}) is None
    assert cache.get("prompts/list", {}) is None


def test_what_is_private_is_not_shown_to_the_next_user() -> None:
    whose = Whose()
    private, public = (filled(Clock(), whose, ttlMs=1000, cacheScope=scope) for scope in ("private", "public"))
    whose.number += 1
    assert private.get("tools/list", {}) is None
    assert public.get("tools/list", {}) is not None


@pytest.mark.parametrize(
    ("method", "params", "stale"),
    [
        ("notifications/tools/list_changed", {}, {"tools/list"}),
        ("notifications/prompts/list_changed", {}, {"prompts/list"}),
        ("notifications/resources/list_changed", {}, {"resources/list", "resources/templates/list"}),
        ("notifications/resources/updated", {"uri": "a:/b"}, {"resources/read"}),
        ("notifications/resources/updated", {"uri": "a:/b/c"}, {"resources/read"}),
        ("notifications/resources/updated", {"uri": "a:/other"}, set[str]()),
        ("notifications/resources/updated", {}, set[str]()),
        ("notifications/progress", {}, set[str]()),
    ],
)
def test_a_change_ends_what_it_is_about(method: str, params: dict[str, Any], stale: set[str]) -> None:
    cache = Cache(Clock(), Whose())
    kept = {"tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read"}
    given = {one: {"uri": "a:/b"} if one == "resources/read" else {} for one in kept}
    for one in kept:
        cache.put(one, given[one], raw(ttlMs=1000), cache.changes)
    cache.hear(Notification(method, params))
    assert {one for one in kept if cache.get(one, given[one]) is None} == stale


def test_an_answer_that_was_on_its_way_during_a_change_is_not_kept() -> None:
    cache = Cache(Clock(), Whose())
    before = cache.changes
    cache.hear(Notification("notifications/tools/list_changed", {}))
    cache.put("tools/list", {}, raw(ttlMs=1000), before)
    assert cache.get("tools/list", {}) is None


def test_there_is_an_end_to_what_is_kept() -> None:
    cache = Cache(Clock(), Whose())
    for number in range(300):
        cache.put("resources/read", {"uri": str(number)}, raw(ttlMs=1000), cache.changes)
    assert cache.get("resources/read", {"uri": "0"}) is None
    assert cache.get("resources/read", {"uri": "299"}) is not None
    cache.put("resources/read", {"uri": "huge"}, raw(ttlMs=1000, text="x" * 5_000_000), cache.changes)
    assert cache.get("resources/read", {"uri": "huge"}) is None
    for number in range(8):
        cache.put("resources/read", {"uri": f"large {number}"}, raw(ttlMs=1000, text="x" * 3_000_000), cache.changes)
    assert [cache.get("resources/read", {"uri": f"large {number}"}) is None for number in (0, 7)] == [True, False]


def listed(message: Message) -> Iterable[Message]:
    if message["method"] == "tools/list":
        tools = [{"name": "t", "inputSchema": {"type": "object"}}]
        yield result(message, {"tools": tools, "ttlMs": 60_000, "cacheScope": "private"})


async def test_a_list_is_asked_for_once_and_again_after_its_change() -> None:
    server, heard = Scripted(listed), asyncio.Event()
    async with Client(server, answers=Answers(other=lambda _: heard.set())) as client:
        assert await client.list_tools() == await client.list_tools()
        assert methods(server).count("tools/list") == 1
        server.say(notice("notifications/tools/list_changed"))
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
        await client.list_tools()
        assert methods(server).count("tools/list") == 2
        client.forget()
        await client.list_tools()
    assert methods(server).count("tools/list") == 3


async def test_a_resource_is_read_once() -> None:
    def read(message: Message) -> Iterable[Message]:
        yield result(message, {"contents": [], "ttlMs": 60_000, "cacheScope": "public"})

    server = Scripted(read)
    async with Client(server) as client:
        for uri in ("a:/1", "a:/1", "a:/2"):
            await client.read_resource(uri)
    assert methods(server).count("resources/read") == 2


async def test_a_result_that_took_an_answer_is_not_kept() -> None:
    """It depends on more than the params."""

    def read(message: Message) -> Iterable[Message]:
        if "inputResponses" in message["params"]:
            yield result(message, {"contents": [], "ttlMs": 60_000, "cacheScope": "private"})
        else:
            question = {"method": "roots/list"}
            yield result(message, {"resultType": "input_required", "inputRequests": {"r": question}})

    async def roots() -> list[Root]:
        return []

    server = Scripted(read)
    async with Client(server, answers=Answers(roots=roots)) as client:
        await client.read_resource("a:/1")
        await client.read_resource("a:/1")
    assert methods(server).count("resources/read") == 4


async def test_a_cursor_that_was_kept_for_too_long_begins_the_list_anew() -> None:
    seen: list[str | None] = []

    def pages(message: Message) -> Iterable[Message]:
        cursor = message["params"].get("cursor")
        seen.append(cursor)
        if cursor is None:
            yield result(message, {"prompts": [], "nextCursor": str(len(seen)), "ttlMs": 60_000})
        elif seen.count(cursor) > 1:
            yield error(message, -32602)
        else:
            yield result(message, {"prompts": [], "ttlMs": 0})

    async with Client(Scripted(pages)) as client:
        assert await client.list_prompts() == []
        assert await client.list_prompts() == []
    assert seen == [None, "1", "1", None, "4"]


async def test_a_list_that_fails_from_its_start_is_asked_for_once() -> None:
    def fail(message: Message) -> Iterable[Message]:
        yield error(message, -32603)

    server = Scripted(fail)
    async with Client(server) as client:
        with pytest.raises(RemoteError):
            await client.list_prompts()
    assert methods(server).count("prompts/list") == 1


def methods(server: Scripted) -> list[str]:
    return [message.get("method", "") for message in server.sent]
