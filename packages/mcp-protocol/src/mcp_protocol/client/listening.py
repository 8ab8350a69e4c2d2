"""Subscriptions to changes, the same in both eras: `subscriptions/listen`, or what legacy servers send unasked."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import inf

import msgspec
from msgspec import Raw, Struct

from mcp_protocol.client.exchange import Exchange, Extras
from mcp_protocol.client.link import Outgoing
from mcp_protocol.client.opening import Peer
from mcp_protocol.errors import DeadlineExceeded, McpError
from mcp_protocol.jsonrpc import Notification
from mcp_protocol.revisions import MODERN
from mcp_protocol.types import (
    AcknowledgedParams,
    ResourcesCapability,
    ResourceUpdatedParams,
    ServerCapabilities,
    SubscriptionFilter,
)
from mcp_protocol.types.wire import encode_params

_ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_UPDATED = "notifications/resources/updated"
_LISTS = {
    "notifications/tools/list_changed": "tools_list_changed",
    "notifications/prompts/list_changed": "prompts_list_changed",
    "notifications/resources/list_changed": "resources_list_changed",
}
_ACKNOWLEDGE_SECONDS = 30
_PARTING = Extras(deadline=5)
_UNHEARD = 1024  # changes that nobody has taken yet; then the oldest are forgotten


class Change(Struct, frozen=True):
    """One change: the method that told of it and, for a single resource, its URI."""

    method: str
    uri: str | None = None


class Changes:
    """The changes of one subscription, as they come; ends when the server ends it."""

    def __init__(self) -> None:
        """Made by `listening`."""
        self.granted = SubscriptionFilter()
        """What the server has agreed to tell of."""
        self._heard: deque[Change] = deque(maxlen=_UNHEARD)
        self._news = asyncio.Event()
        self._ended = False
        self.failure: McpError | None = None

    def __aiter__(self) -> AsyncIterator[Change]:
        """The changes from here on."""
        return self

    async def __anext__(self) -> Change:
        """The next change; waits for it.

        Raises:
            McpError: the subscription has failed.
        """
        while not self._heard:
            if self.failure is not None:
                raise self.failure
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._heard.popleft()

    def add(self, change: Change) -> None:
        """Append one."""
        self._heard.append(change)
        self._news.set()

    def end(self, failure: McpError | None = None) -> None:
        """No more will come."""
        self._ended, self.failure = True, failure
        self._news.set()


class ModernListener:
    """Hears one subscription: the acknowledgement first, then its changes."""

    def __init__(self, changes: Changes) -> None:
        """What is heard goes to `changes`."""
        self.acknowledged = asyncio.Event()
        self._changes = changes

    def hear(self, notice: Notification) -> None:
        """Take one notification that is marked as this subscription's."""
        if notice.method == _ACKNOWLEDGED:
            with suppress(msgspec.ValidationError):
                self._changes.granted = msgspec.convert(notice.params, type=AcknowledgedParams).notifications
                self.acknowledged.set()
        elif change := _change(notice):
            self._changes.add(change)


class LegacyListener:
    """Hears all that a legacy server tells, and picks what was asked for."""

    def __init__(self, changes: Changes, wanted: SubscriptionFilter) -> None:
        """What is wanted of what is heard goes to `changes`."""
        self._changes = changes
        self._uris = frozenset(wanted.resource_subscriptions or ())
        self._methods = {method for method, name in _LISTS.items() if getattr(wanted, name)}

    def hear(self, notice: Notification) -> None:
        """Take one notification of any change."""
        change = _change(notice)
        if change and (change.uri in self._uris if change.method == _UPDATED else change.method in self._methods):
            self._changes.add(change)


@asynccontextmanager
async def listening(exchange: Exchange, peer: Peer, wanted: SubscriptionFilter) -> AsyncGenerator[Changes]:
    """Hear of changes for the length of the block.

    Raises:
        RemoteError: the server does not let us.
        DeadlineExceeded: it has not acknowledged.
    """
    way = _modern(exchange, wanted) if exchange.revision in MODERN else _legacy(exchange, peer, wanted)
    async with way as changes:
        yield changes


@asynccontextmanager
async def _modern(exchange: Exchange, wanted: SubscriptionFilter) -> AsyncGenerator[Changes]:
    changes = Changes()
    listener = ModernListener(changes)
    params = {"notifications": Raw(encode_params(wanted, exchange.revision))}
    call = exchange.prepare("subscriptions/listen", params)
    with exchange.inbox.listening(call.id, listener):
        task = exchange.background.start(_follow(exchange, call, changes, listener))
        try:
            await _acknowledged(changes, listener)
            yield changes
        finally:
            task.cancel()
            await asyncio.wait([task])


async def _follow(exchange: Exchange, call: Outgoing, changes: Changes, listener: ModernListener) -> None:
    """The one long request of a subscription, to its end."""
    try:
        await exchange.send(call, Extras(deadline=inf))
        changes.end()
    except McpError as error:
        changes.end(error)
    finally:
        listener.acknowledged.set()  # whoever still waits for it waits in vain


async def _acknowledged(changes: Changes, listener: ModernListener) -> None:
    try:
        async with asyncio.timeout(_ACKNOWLEDGE_SECONDS):
            await listener.acknowledged.wait()
    except TimeoutError as error:
        raise DeadlineExceeded("The server has not acknowledged the subscription") from error
    if changes.failure is not None:
        raise changes.failure


@asynccontextmanager
async def _legacy(exchange: Exchange, peer: Peer, wanted: SubscriptionFilter) -> AsyncGenerator[Changes]:
    changes = Changes()
    changes.granted = _offered(peer.capabilities, wanted)
    listener = LegacyListener(changes, wanted)  # some servers tell more than they promise
    uris = changes.granted.resource_subscriptions or []
    exchange.link.listen()
    with exchange.inbox.listening(f"legacy {id(listener)}", listener):
        for uri in uris:
            await exchange.request("resources/subscribe", {"uri": uri})
        try:
            yield changes
        finally:
            with suppress(McpError):
                for uri in uris:
                    await exchange.request("resources/unsubscribe", {"uri": uri}, _PARTING)


def _offered(server: ServerCapabilities, wanted: SubscriptionFilter) -> SubscriptionFilter:
    """What a legacy server tells of, by its capabilities."""
    resources = server.resources or ResourcesCapability()
    return SubscriptionFilter(
        tools_list_changed=_both(wanted.tools_list_changed, server.tools and server.tools.list_changed),
        prompts_list_changed=_both(wanted.prompts_list_changed, server.prompts and server.prompts.list_changed),
        resources_list_changed=_both(wanted.resources_list_changed, resources.list_changed),
        resource_subscriptions=wanted.resource_subscriptions if resources.subscribe else None,
    )


def _both(wanted: bool | None, offered: object) -> bool | None:  # noqa: FBT001  two answers to one question
    return True if wanted and offered else None


def _change(notice: Notification) -> Change | None:
    if notice.method in _LISTS:
        return Change(notice.method)
    if notice.method != _UPDATED:
        return None
    try:
        return Change(notice.method, msgspec.convert(notice.params, type=ResourceUpdatedParams).uri)
    except msgspec.ValidationError:
        return None
