"""Connections that calls share, one holder at a time; a connection that is not spotless is closed, never returned."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.engine.faults import Lost, unreachable, within
from mcp_ref_redis.engine.opening import Link, Vector

# What lies idle longer may have been forgotten by a firewall: it is asked before it is trusted.
_IDLE_SECONDS = 30
# A forgotten connection swallows the question: then a new one costs less than waiting.
_PING_SECONDS = 1.0
_PING: Vector = (b"PING",)


class Pool:
    """At most `size` connections to one place; `apart` more for calls that wait for something."""

    def __init__(self, open_link: Callable[[], Awaitable[Link]], size: int, apart: int) -> None:
        self.epoch = 0
        self._open_link = open_link
        self._idle: deque[Link] = deque()
        self._free = asyncio.Semaphore(size)
        self._free_apart = asyncio.Semaphore(apart)
        self._held: dict[Link, int] = {}
        """Each with the generation it belongs to: one of an older generation is not returned."""
        self._generation = 0
        self._doubted_at = 0.0
        """When a call was given up: silence may mean that all connections lead to where nobody is any more."""

    @property
    def open_links(self) -> int:
        """How many connections there are."""
        return len(self._idle) + len(self._held)

    async def run(self, vectors: Sequence[Vector], *, write: bool) -> list[Any]:
        """Send commands and read their replies. Reads are repeated once on a connection that had died while idle.

        Raises:
            ToolError: `connection`, `too_large`.
        """
        async with self._free:
            try:
                return await self._run_on(await self._rested() or await self._fresh(), vectors)
            except asyncio.CancelledError:
                self._doubted_at = time.monotonic()
                raise
            except Lost as error:
                self.epoch += 1
                if write or not error.unanswered:
                    raise broken(write=write) from error
            try:
                return await self._run_on(await self._fresh(), vectors)
            except Lost as error:
                raise broken(write=write) from error

    @asynccontextmanager
    async def apart(self) -> AsyncGenerator[Link, None]:
        """A connection of one's own, closed in the end: for what blocks or listens.

        Raises:
            ToolError: `connection`.
        """
        async with self._free_apart:
            link = await self._fresh()
            try:
                yield link
            except Lost as error:
                self.epoch += 1
                raise broken(write=False) from error
            finally:
                self._held.pop(link, None)
                await link.close()

    async def renew(self) -> None:
        """Close what leads to where it should no longer: what is idle now, what is held when it is given back."""
        self.epoch += 1
        self._generation += 1
        while self._idle:
            await self._idle.pop().close()

    async def close(self) -> None:
        """Close everything; calls that hold a connection lose it."""
        await self.renew()
        for link in list(self._held):
            await link.close()

    async def _run_on(self, link: Link, vectors: Sequence[Vector]) -> list[Any]:
        try:
            return await link.exchange(vectors)
        finally:
            await self._give_back(link)

    async def _give_back(self, link: Link) -> None:
        """Keep it for the next caller, unless something is left unread, it has ended, or its generation has."""
        if self._held.pop(link, None) == self._generation and link.usable:
            self._idle.append(link)
        else:
            await link.close()

    async def _fresh(self) -> Link:
        generation = self._generation
        link = await self._open_link()
        self._held[link] = generation
        return link

    async def _rested(self) -> Link | None:
        """The one that was used last, if it is still good."""
        while self._idle:
            link = self._idle.pop()
            self._held[link] = self._generation
            if link.usable and (self._is_trusted(link) or await self._answers(link)):
                return link
            self._held.pop(link, None)
            await link.close()
        return None

    def _is_trusted(self, link: Link) -> bool:
        return link.used_at > self._doubted_at and time.monotonic() - link.used_at < _IDLE_SECONDS

    async def _answers(self, link: Link) -> bool:
        """Whether a connection that is not trusted still leads somewhere; the others rested even longer."""
        try:
            async with within(_PING_SECONDS):
                await link.exchange([_PING])
        except (Lost, ToolError):
            await self.renew()
            return False
        except BaseException:
            self._held.pop(link, None)  # closed by the exchange
            raise
        return True


def broken(*, write: bool) -> DbError:
    """The connection broke in the middle; a write may or may not have happened, and is not repeated."""
    if not write:
        return unreachable("the connection broke")
    return DbError(
        "The connection broke before the answer came: it is not known whether the change was made.",
        code="connection",
        hint="Read the key to see, before you repeat the call.",
        retryable=False,
    )
