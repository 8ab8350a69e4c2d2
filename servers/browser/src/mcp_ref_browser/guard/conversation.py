"""One connection from the browser to the proxy of its session: requests one after the other, or a tunnel.

Requests come in absolute form, TLS and every WebSocket as CONNECT. One connection carries requests to many hosts, so
each request is judged by itself, and no byte of one server's answer may be left over for the next request.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.heads import (
    BadMessage,
    Framing,
    RequestHead,
    ResponseHead,
    onward,
    read_request,
    read_response,
    request_framing,
    response_framing,
    written,
)
from mcp_ref_browser.guard.origins import Destination
from mcp_ref_browser.guard.policy import refused
from mcp_ref_browser.guard.relay import copy_body, pump, read_head, send
from mcp_ref_kit.network import InvalidUrl, WebUrl
from mcp_ref_kit.network.guard import Stream

# For a server to begin its answer, and for a browser to send its next request.
HEAD_SECONDS = 300.0
# 100 and 103 are sent once each by honest servers.
MOST_INTERIM = 16
_SUCCESS = 200
_SWITCHING = 101
# RFC 9110 9.2.2: only these may be repeated when a connection ends before it has answered.
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})

Answered = Callable[[ToolError, str], None]
"""Told what the proxy answered by itself: why, and for which URL, or host and port."""
Dial = Callable[[Destination], Awaitable[Stream]]


class BrowserReader(asyncio.StreamReader):
    """What the browser sends; `ended` is set when it has gone, also while nobody reads."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(limit=limit, loop=asyncio.get_running_loop())
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        """The browser has closed its side."""
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        """The connection broke."""
        super().set_exception(exc)
        self.ended.set()


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
        while head := await read_head(self._reader, HEAD_SECONDS):
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
        reader, writer = self._upstream
        await _first(pump(self._reader, writer), pump(reader, self._writer))

    async def _forward(self, request: RequestHead) -> bool:
        """Pass one request on and its answer back; whether the connection can carry another."""
        text = request.target.decode("ascii")
        try:
            url = WebUrl.parse(text)
            if url.scheme != "http":
                raise InvalidUrl("Only http comes in absolute form.")
            framing = request_framing(request)
            repeatable = framing.length == 0 and request.method in _IDEMPOTENT
            fresh = await self._reach(Destination.of(url), reuse=repeatable)
        except (ToolError, OSError) as error:
            await self._refuse(error, text)
            return False
        return await self._unless_gone(self._exchange(request, url, framing, again=not fresh))

    async def _exchange(self, request: RequestHead, url: WebUrl, framing: Framing, *, again: bool) -> bool:
        head = _head_onward(request, url)
        response = await self._asked(head, framing)
        if response is None and again:  # it was kept open, and closed just now
            await self._reach(Destination.of(url), reuse=False)
            response = await self._asked(head, framing)
        return response is not None and await self._answered(response, request.method)

    async def _reach(self, where: Destination, *, reuse: bool) -> bool:
        """Have a connection to the destination; whether it is a new one. Judged for each request."""
        if reuse and self._upstream is not None and where == self._where and not self._upstream[0].at_eof():
            return False
        self.close()
        self._upstream = await self._dial(where)
        self._where = where
        return True

    async def _asked(self, head: bytes, framing: Framing) -> ResponseHead | None:
        """Send a request; the head of the final answer, None if the server closed without a word."""
        if self._upstream is None:
            return None
        reader, writer = self._upstream
        try:
            await send(writer, head)
            await copy_body(framing, self._reader, writer)
            async with asyncio.timeout(HEAD_SECONDS):
                return await _final(reader)
        except ConnectionError:
            return None

    async def _answered(self, response: ResponseHead, method: bytes) -> bool:
        """Pass an answer back; whether both connections go on."""
        if self._upstream is None:
            return False
        framing = response_framing(response, method)
        closes = framing.until_close or _wants_close(response)
        fields = onward(response.fields)
        if framing.until_close:
            fields.append((b"Connection", b"close"))
        await send(self._writer, written(response.line, fields))
        if framing.length != 0:
            await copy_body(framing, self._upstream[0], self._writer)
        if closes:
            self.close()
        return not framing.until_close

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


async def _final(reader: asyncio.StreamReader) -> ResponseHead | None:
    """The answer after the interim ones, which browsers can do without."""
    for _ in range(MOST_INTERIM):
        head = await read_head(reader, HEAD_SECONDS)
        if not head:
            return None
        response = read_response(head)
        if response.status == _SWITCHING:
            raise BadMessage("nobody asked for another protocol")
        if response.status >= _SUCCESS:
            return response
    raise BadMessage("nothing but interim answers")


def _head_onward(request: RequestHead, url: WebUrl) -> bytes:
    fields = onward(request.fields, lambda name: name != b"host")
    return written(
        b"%b %b HTTP/1.1" % (request.method, url.target.encode("ascii")), [(b"Host", url.authority.encode()), *fields]
    )


def _wants_close(response: ResponseHead) -> bool:
    return any(key.lower() == b"connection" and b"close" in value.lower() for key, value in response.fields)


async def _first(*works: Awaitable[None]) -> None:
    """Run both until one ends; the other is stopped."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_silent(work)) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _silent(work: Awaitable[None]) -> None:
    with contextlib.suppress(OSError, TimeoutError, BadMessage):
        await work


async def _quiet(exchange: Awaitable[bool]) -> bool:
    """Whether the connection can go on; one that broke cannot."""
    try:
        return await exchange
    except (OSError, TimeoutError, BadMessage, ToolError):
        return False
