"""Two ends joined in one process: a client's end of a running server, for tests and embedding."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.server.app import App, Options, Server
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.transports._drive import Driver


class MemoryEnd:
    """What a client holds: messages out, messages in, one at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._space = asyncio.Event()
        self._space.set()
        self._closed = False
        self._driver: Driver | None = None

    async def send(self, message: bytes) -> None:
        """Hand one message to the server.

        Raises:
            ConnectionLost: this end is closed.
        """
        if self._driver is None or self._closed:
            raise ConnectionLost("The connection is closed")
        self._driver.feed(message + b"\n")

    async def receive(self) -> bytes | None:
        """The next message of the server; None when the connection is closed."""
        while not self._lines:
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        line = self._lines.popleft()
        self._size -= len(line)
        if self._size <= self._limit:
            self._space.set()
        return line

    def write(self, line: bytes) -> None:
        """Take one message from the server (its `Writer`)."""
        self._lines.append(line)
        self._size += len(line)
        if self._size > self._limit:
            self._space.clear()
        self._arrived.set()

    async def drained(self) -> None:
        """Wait until the client has read enough (the server's `Writer`).

        Raises:
            ConnectionLost: the client is gone.
        """
        await self._space.wait()
        if self._closed:
            raise ConnectionLost("The connection is closed")

    def attach(self, driver: Driver) -> None:
        """Connect the server's side."""
        self._driver = driver

    def close(self) -> None:
        """End the connection; whoever waits is woken."""
        self._closed = True
        self._arrived.set()
        self._space.set()


class InProcess:
    """A server of this process as the target of a client: it runs for as long as the client is connected."""

    def __init__(self, server: Server[Any, Any], settings: Any = None, options: Options | None = None) -> None:
        """What `Server.run` takes."""
        self._server = server
        self._settings = settings
        self._options = options

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[MemoryEnd, None]:
        """The client's end."""
        async with self._server.run(self._settings, self._options) as app, join(app) as end:
            yield end


@asynccontextmanager
async def join(app: App, *, principal: Principal = LOCAL) -> AsyncGenerator[MemoryEnd, None]:
    """A connection to a running server; its calls in flight are drained at the end of the block."""
    end = MemoryEnd(app.limits.outgoing_bytes)
    async with Driver(app, end, principal=principal, transport="memory") as driver:
        end.attach(driver)
        try:
            yield end
            await driver.drain()
        finally:
            end.close()
