"""One connection from the browser to the proxy of its session: requests one after the other, or a tunnel.

Requests come in absolute form, TLS and every WebSocket as CONNECT. One connection carries requests to many hosts, so
each request is judged by itself, and no byte of one server's answer may be left over for the next request.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.exchange import REST_SECONDS, Asking, Ends, Exchange
from mcp_ref_browser.guard.heads import BadMessage, Framing, RequestHead, read_request, request_framing, written
from mcp_ref_browser.guard.origins import Destination
from mcp_ref_browser.guard.policy import refused
from mcp_ref_browser.guard.relay import Listener, copy_body, pump, read_head, send, sending
from mcp_ref_browser.guard.streams import BrowserReader
from mcp_ref_kit.network import InvalidUrl, WebUrl
from mcp_ref_kit.network.guard import Stream

# For a browser to send its next request.
NEXT_SECONDS = 300.0
# For a browser to close a tunnel whose other end has gone.
_LINGER_SECONDS = 5.0
# RFC 9110 9.2.2: only these may be repeated when a connection ends before it has answered.
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})

Answered = Callable[[ToolError, str], None]
"""Told what the proxy answered by itself: why, and for which URL, or host and port."""
Dial = Callable[[Destination], Awaitable[Stream]]


class Conversation:
    """One connection from the browser, and the one to the server that it talks to now."""

    def __init__(self, dial: Dial, on_answered: Answered, reader: BrowserReader, writer: asyncio.StreamWriter) -> None:
        self._dial = dial
        self._on_answered = on_answered
        self._reader = reader
        self._writer = writer
        self._where: Destination | None = None
        self._upstream: Stream | None = None

    async def run(self) -> None:
        """Answer until either side is done."""
        while head := await read_head(self._reader, NEXT_SECONDS):
            request = read_request(head)
            if request.method == b"CONNECT":
                await self._tunnel(request)
                return
            if not await self._forward(request):
                return

    def close(self) -> None:
        """Let the server on the other side go."""
        if self._upstream is not None:
            self._upstream[1].close()
            self._upstream = None

    def abort(self) -> None:
        """Cut both sides, whatever is being sent."""
        self._writer.transport.abort()
        if self._upstream is not None:
            self._upstream[1].transport.abort()

    async def _tunnel(self, request: RequestHead) -> None:
        authority = request.target.decode("ascii")
        try:
            self._upstream = await self._dial(Destination.tunnel(authority))
        except (ToolError, OSError) as error:
            await self._refuse(error, authority)
            return
        await send(self._writer, b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._both_ways(*self._upstream)

    async def _both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes until either side has closed; what a server said before that is still told."""
        async with asyncio.TaskGroup() as group:
            there = group.create_task(_silent(pump(self._reader, Listener(writer).put)))
            back = group.create_task(_silent(pump(reader, sending(self._writer))))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            if not there.done():
                with contextlib.suppress(OSError):  # it broke, so there is nothing to end
                    self._writer.write_eof()
                await asyncio.wait([there], timeout=_LINGER_SECONDS)
            there.cancel()
            back.cancel()

    async def _forward(self, request: RequestHead) -> bool:
        """Pass one request on and its answer back; whether the connection can carry another."""
        framing = request_framing(request)
        text = request.target.decode("ascii")
        try:
            url = WebUrl.parse(text)
            if url.scheme != "http":
                raise InvalidUrl("Only http comes in absolute form.")
            repeatable = framing.length == 0 and request.method in _IDEMPOTENT
            fresh = await self._reach(Destination.of(url), reuse=repeatable)
        except (ToolError, OSError) as error:
            await self._refuse(error, text)
            await self._unless_gone(self._rest(framing))
            return False
        return await self._unless_gone(self._exchange(Asking.of(request, url, framing), again=not fresh))

    async def _exchange(self, asking: Asking, *, again: bool) -> bool:
        ends = await self._asked(asking)
        if ends is None and again and self._where is not None:  # it was kept open, and closed just now
            await self._reach(self._where, reuse=False)
            ends = await self._asked(asking)
        if ends is None or not ends.server:
            self.close()
        return ends is not None and ends.browser

    async def _reach(self, where: Destination, *, reuse: bool) -> bool:
        """Have a connection to the destination; whether it is a new one. Judged for each request."""
        if reuse and self._upstream is not None and where == self._where and not self._upstream[0].at_eof():
            return False
        self.close()
        self._upstream = await self._dial(where)
        self._where = where
        return True

    async def _asked(self, asking: Asking) -> Ends | None:
        if self._upstream is None:
            return None
        return await Exchange(asking, (self._reader, self._writer), self._upstream).run()

    async def _unless_gone(self, exchange: Awaitable[bool]) -> bool:
        """An exchange, for as long as the browser is there to hear its end."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(_quiet(exchange))
            leaving = group.create_task(self._reader.ended.wait())
            await asyncio.wait([asking, leaving], return_when=asyncio.FIRST_COMPLETED)
            finished = asking.done()
            asking.cancel()
            leaving.cancel()
        return finished and asking.result()

    async def _refuse(self, error: ToolError | OSError, where: str) -> None:
        known = error if isinstance(error, ToolError) else BrowserError("It cannot be reached.", retryable=True)
        self._on_answered(known, where)
        told = refused(known)
        status = b"403 Forbidden" if told else b"502 Bad Gateway"
        body = b"This address is refused by the policy of the browser server.\n" if told else b"No connection.\n"
        fields = [
            (b"Content-Type", b"text/plain"),
            (b"Content-Length", str(len(body)).encode()),
            (b"Cache-Control", b"no-store"),
            (b"X-MCP-Guard", (known.code or "failed").encode()),
            (b"Connection", b"close"),
        ]
        with contextlib.suppress(OSError):
            await send(self._writer, written(b"HTTP/1.1 " + status, fields) + body)

    async def _rest(self, framing: Framing) -> bool:
        """Take the rest of a request that goes nowhere: until then browsers do not listen to why."""
        async with asyncio.timeout(REST_SECONDS):
            await copy_body(framing, self._reader, _nowhere)
        return True


async def _nowhere(data: bytes) -> None:
    del data


async def _silent(work: Awaitable[None]) -> None:
    with contextlib.suppress(OSError, TimeoutError, BadMessage):
        await work


async def _quiet(exchange: Awaitable[bool]) -> bool:
    """Whether the connection can go on; one that broke cannot."""
    try:
        return await exchange
    except (OSError, TimeoutError, BadMessage, ToolError):
        return False
