"""How many handlers run at once and how many calls may wait for one; beyond that a call is refused at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_protocol.errors import Busy


class Gate:
    """`async with gate:` around a handler.

    Raises:
        Busy: on entering, when `waiting` calls wait already.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._most = waiting
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Whether the next call would be refused."""
        return self._free.locked() and self._waiting >= self._most

    async def __aenter__(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self.full:
            raise Busy("The server is busy; try again shortly")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *exc: object) -> None:
        self._free.release()

    @asynccontextmanager
    async def left(self) -> AsyncGenerator[None, None]:
        """Let others run while this handler waits for its user."""
        self._free.release()
        try:
            yield
        finally:
            await self._free.acquire()
