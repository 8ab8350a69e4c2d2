"""The proxy of one session: every request and tunnel of its pages is judged here, and dialled at the judged address.

Requests come in absolute form, TLS and every WebSocket as CONNECT. One connection carries requests to many hosts, so
each request is judged by itself. What is refused is answered with 403 and told to the session.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.heads import (
    MOST_BYTES,
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
from mcp_ref_browser.guard.policy import SessionPolicy, refused
from mcp_ref_browser.guard.relay import copy_body, pump, read_head
from mcp_ref_kit.network import InvalidUrl, WebUrl
from mcp_ref_kit.network.guard import Stream

_log = logging.getLogger(__name__)

_HEAD_SECONDS = 300.0
_MOST_CONNECTIONS = 512
_SUCCESS = 200
_SWITCHING = 101

Refusal = Callable[[ToolError, str], None]
"""Told of each refusal: why, and where it was going."""
Dial = Callable[[Destination], Awaitable[Stream]]


class GuardProxy:
    """Listens on a port of its own on this machine, for one session."""

    def __init__(self, policy: SessionPolicy, on_refusal: Refusal, dial: Dial | None = None) -> None:
        """`dial` connects to what the policy judged; by default the policy does."""
        self.policy = policy
        self._on_refusal = on_refusal
        self._dial: Dial = dial or policy.connect
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> int:
        """Begin to listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MOST_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._writers.add(writer)
        conversation = _Conversation(self._dial, self._on_refusal, reader, writer)
        try:
            await conversation.run()
        except (OSError, TimeoutError, BadMessage, ToolError, asyncio.IncompleteReadError):
            pass  # either end went away or spoke something else: the connection ends
        except Exception:  # noqa: BLE001  one broken connection must not end the listener
            _log.exception("a connection of the guard failed")
        finally:
            self._writers.discard(writer)
            conversation.close()
            writer.close()


class _Conversation:
    """One connection from the browser: requests one after the other, or a tunnel."""

    def __init__(
        self, dial: Dial, on_refusal: Refusal, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._dial = dial
        self._on_refusal = on_refusal
        self._reader = reader
        self._writer = writer
        self._where: Destination | None = None
        self._upstream: Stream | None = None

    async def run(self) -> None:
        """Answer until either side is done."""
        while head := await read_head(self._reader, _HEAD_SECONDS):
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

    async def _tunnel(self, request: RequestHead) -> None:
        authority = request.target.decode("ascii")
        try:
            self._upstream = await self._dial(Destination.tunnel(authority))
        except (ToolError, OSError) as error:
            await self._refuse(error, authority)
            return
        self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._writer.drain()
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
            fresh = await self._reach(Destination.of(url), reuse=framing.length == 0)
        except (ToolError, OSError) as error:
            await self._refuse(error, text)
            return False
        head = _head_onward(request, url)
        response = await self._asked(head, framing)
        if response is None and not fresh:  # it was kept open, and closed just now
            self.close()
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
            writer.write(head)
            await writer.drain()
            await copy_body(framing, self._reader, writer)
            while first := await read_head(reader, _HEAD_SECONDS):
                response = read_response(first)
                if response.status >= _SUCCESS or response.status == _SWITCHING:
                    return response
        except ConnectionError:
            return None
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
        self._writer.write(written(response.line, fields))
        await self._writer.drain()
        if framing.length != 0:
            await self._relayed(framing)
        if closes:
            self.close()
        return not framing.until_close

    async def _relayed(self, framing: Framing) -> None:
        """Copy the body; a browser that goes away meanwhile ends it."""
        if self._upstream is None:
            return
        if framing.length is not None and framing.length <= MOST_BYTES:
            await copy_body(framing, self._upstream[0], self._writer)
            return
        await _first(copy_body(framing, self._upstream[0], self._writer), _gone(self._reader))

    async def _refuse(self, error: ToolError | OSError, where: str) -> None:
        told = isinstance(error, ToolError) and refused(error)
        code = error.code if isinstance(error, ToolError) else "failed"
        if told and isinstance(error, ToolError):
            self._on_refusal(error, where)
        status = b"403 Forbidden" if told else b"502 Bad Gateway"
        body = b"This address is refused by the policy of the browser server.\n" if told else b"No connection.\n"
        fields = [
            (b"Content-Type", b"text/plain"),
            (b"Content-Length", str(len(body)).encode()),
            (b"Cache-Control", b"no-store"),
            (b"X-MCP-Guard", code.encode()),
            (b"Connection", b"close"),
        ]
        self._writer.write(written(b"HTTP/1.1 " + status, fields) + body)
        with contextlib.suppress(OSError):
            await self._writer.drain()


def _head_onward(request: RequestHead, url: WebUrl) -> bytes:
    fields = onward(request.fields, lambda name: name != b"host")
    return written(
        b"%b %b HTTP/1.1" % (request.method, url.target.encode("ascii")), [(b"Host", url.authority.encode()), *fields]
    )


def _wants_close(response: ResponseHead) -> bool:
    return any(key.lower() == b"connection" and b"close" in value.lower() for key, value in response.fields)


async def _gone(reader: asyncio.StreamReader) -> None:
    """Wait until the browser closes its side; browsers send nothing before they have their answer."""
    await reader.read(1)


async def _first(*works: Awaitable[None]) -> None:
    """Run both until one ends; the other is stopped."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_quiet(work)) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _quiet(work: Awaitable[None]) -> None:
    with contextlib.suppress(OSError, TimeoutError, BadMessage):
        await work
