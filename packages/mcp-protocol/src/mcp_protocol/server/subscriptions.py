"""Who listens to what: changes fan out to subscriptions of both eras; publishers never wait for listeners."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import InvalidParams
from mcp_protocol.limits import Limits

_log = logging.getLogger(__name__)

Kind = Literal["tools", "prompts", "resources"]


TASK_CHANGED = "notifications/tasks"


class Change(Struct, frozen=True):
    """One thing to tell a listener: the notification's method, and the URI of a resource or the id of a task."""

    method: str
    uri: str | None = None


def list_change(kind: Kind) -> Change:
    """The change of a list as a whole."""
    return Change(f"notifications/{kind}/list_changed")


Send = Callable[[Change], Awaitable[None]]


class Subscription:
    """What one listener was granted, and the changes it has not been sent yet, each once however often it came."""

    def __init__(self, kinds: frozenset[Kind], limits: Limits) -> None:
        self.kinds = kinds
        self.uris: dict[str, AsyncIterator[object] | None] = {}
        self.tasks: set[str] = set()
        self._limits = limits
        self._pending: dict[Change, None] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._group: asyncio.TaskGroup | None = None
        self._pumps: dict[str, asyncio.Task[None]] = {}

    def add(self, uri: str, changes: AsyncIterator[object] | None) -> None:
        """Listen to one resource; each item of `changes`, where there are any, is a change of it.

        Raises:
            InvalidParams: there are too many already.
        """
        if uri in self.uris:
            return
        if len(self.uris) >= self._limits.subscription_uris:
            raise InvalidParams(f"At most {self._limits.subscription_uris} resources can be subscribed to at once")
        self.uris[uri] = changes
        if self._group is not None and changes is not None:
            self._pumps[uri] = self._group.create_task(self._pump(uri, changes))

    def remove(self, uri: str) -> None:
        """Listen to this resource no longer; an unknown one is fine."""
        self.uris.pop(uri, None)
        self._pending.pop(Change("notifications/resources/updated", uri), None)
        pump = self._pumps.pop(uri, None)
        if pump is not None:
            pump.cancel()

    def note(self, change: Change) -> None:
        """Remember a change for the listener."""
        self._pending[change] = None
        self._wake.set()

    def close(self) -> None:
        """End `run` once what is pending has been sent."""
        self._closed = True
        self._wake.set()

    async def run(self, send: Send) -> None:
        """Send changes until closed; each kind of change at most `updates_per_second` times a second."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for uri, changes in self.uris.items():
                    if changes is not None:
                        self._pumps[uri] = group.create_task(self._pump(uri, changes))
                await self._deliver(send)
                for pump in self._pumps.values():
                    pump.cancel()
        finally:
            self._group = None
            self._pumps.clear()

    async def _deliver(self, send: Send) -> None:
        pause = 1 / self._limits.updates_per_second
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending, {}
            for change in batch:
                await send(change)
            if self._closed:
                return
            if batch:
                # What comes in the meantime is merged: this is the rate limit.
                await asyncio.sleep(pause)

    async def _pump(self, uri: str, changes: AsyncIterator[object]) -> None:
        change = Change("notifications/resources/updated", uri)
        try:
            async for _ in changes:
                self.note(change)
        except Exception:  # noqa: BLE001  a source of changes that fails must not end the other subscriptions
            _log.exception("the source of changes failed", extra={"uri": uri})


class Hub:
    """All subscriptions of one running server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._subscriptions: set[Subscription] = set()

    def open(self, kinds: frozenset[Kind]) -> Subscription:
        """A new subscription, to be given back to `discard`.

        Raises:
            InvalidParams: the server has as many as it will keep.
        """
        if len(self._subscriptions) >= self._limits.subscriptions:
            raise InvalidParams("The server has too many subscriptions; try again later")
        subscription = Subscription(kinds, self._limits)
        self._subscriptions.add(subscription)
        return subscription

    def discard(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._subscriptions.discard(subscription)

    def resource_updated(self, uri: str) -> None:
        """Tell everyone who subscribed to this resource."""
        change = Change("notifications/resources/updated", uri)
        for subscription in self._subscriptions:
            if uri in subscription.uris:
                subscription.note(change)

    def task_changed(self, task_id: str) -> None:
        """Tell everyone who follows this task."""
        for subscription in self._subscriptions:
            if task_id in subscription.tasks:
                subscription.note(Change(TASK_CHANGED, task_id))

    def list_changed(self, kind: Kind) -> None:
        """Tell everyone who listens for changes of this list."""
        change = list_change(kind)
        for subscription in self._subscriptions:
            if kind in subscription.kinds:
                subscription.note(change)

    def close(self) -> None:
        """End all subscriptions, each with what it still has to send."""
        for subscription in self._subscriptions:
            subscription.close()
