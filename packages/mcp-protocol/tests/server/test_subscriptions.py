"""Changes fan out to those who were granted them, merged and bounded, and end when the server does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mcp_protocol.errors import InvalidParams
from mcp_protocol.limits import Limits
from mcp_protocol.server.subscriptions import Change, Hub

FAST = Limits(updates_per_second=1000, subscriptions=2, subscription_uris=3)
UPDATED = "notifications/resources/updated"


class Listener:
    """What one subscription was sent."""

    def __init__(self) -> None:
        self.seen: list[Change] = []
        self._more = asyncio.Event()

    async def send(self, change: Change) -> None:
        self.seen.append(change)
        self._more.set()

    async def saw(self, count: int) -> list[Change]:
        async with asyncio.timeout(5):
            while len(self.seen) < count:
                self._more.clear()
                await self._more.wait()
        return self.seen


async def test_a_listener_gets_only_what_it_was_granted() -> None:
    hub, listener = Hub(FAST), Listener()
    subscription = hub.open(frozenset({"tools"}))
    subscription.add("a:1", None)
    async with asyncio.TaskGroup() as group:
        group.create_task(subscription.run(listener.send))
        hub.list_changed("prompts")
        hub.resource_updated("a:2")
        hub.list_changed("tools")
        hub.resource_updated("a:1")
        assert await listener.saw(2) == [Change("notifications/tools/list_changed"), Change(UPDATED, "a:1")]
        hub.close()


async def test_changes_of_one_thing_are_merged() -> None:
    hub, listener = Hub(FAST), Listener()
    subscription = hub.open(frozenset())
    subscription.add("a:1", None)
    for _ in range(1000):
        hub.resource_updated("a:1")
    hub.close()
    await subscription.run(listener.send)
    assert listener.seen == [Change(UPDATED, "a:1")]


async def test_a_source_of_changes_starts_with_the_subscription_and_stops_with_its_resource() -> None:
    stopped = asyncio.Event()

    async def changes() -> AsyncIterator[None]:
        try:
            yield
            await asyncio.Event().wait()
        finally:
            stopped.set()

    hub, listener = Hub(FAST), Listener()
    subscription = hub.open(frozenset())
    async with asyncio.TaskGroup() as group:
        group.create_task(subscription.run(listener.send))
        subscription.add("a:1", changes())
        await listener.saw(1)
        subscription.remove("a:1")
        async with asyncio.timeout(5):
            await stopped.wait()
        hub.close()


async def test_a_source_that_fails_does_not_end_the_subscription() -> None:
    async def broken() -> AsyncIterator[None]:
        yield
        raise RuntimeError

    hub, listener = Hub(FAST), Listener()
    subscription = hub.open(frozenset({"tools"}))
    subscription.add("a:1", broken())
    async with asyncio.TaskGroup() as group:
        group.create_task(subscription.run(listener.send))
        await listener.saw(1)
        hub.list_changed("tools")
        await listener.saw(2)
        hub.close()


def test_l3_subscriptions_and_their_resources_are_capped() -> None:
    hub = Hub(FAST)
    first = hub.open(frozenset())
    hub.open(frozenset())
    with pytest.raises(InvalidParams):
        hub.open(frozenset())
    hub.discard(first)
    again = hub.open(frozenset())
    for number in range(3):
        again.add(f"a:{number}", None)
        again.add(f"a:{number}", None)
    with pytest.raises(InvalidParams):
        again.add("a:3", None)


async def test_publishing_never_waits_for_a_listener_that_does_not_read() -> None:
    hub = Hub(FAST)
    slow = hub.open(frozenset({"tools"}))

    async def never(change: Change) -> None:
        del change
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(slow.run(never))
        await asyncio.sleep(0)
        for _ in range(10_000):
            hub.list_changed("tools")
        task.cancel()
