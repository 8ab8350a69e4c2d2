"""The answer to one HTTP request as ASGI events: a whole body, or an event stream."""

import asyncio
from contextlib import suppress

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.transports.http.asgi import Event, Send
from mcp_protocol.transports.http.exchange import SAFE, Header, Whole

# `X-Accel-Buffering` asks nginx to pass events on at once (2026-07-28 transports, "Receiving messages").
_STREAM: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    *SAFE,
)


# A JSON-RPC answer.
_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"), *SAFE)

_NO_CONTENT = 204  # has no length either (RFC 9110 section 8.6)


async def respond(send: Send, response: Whole) -> None:
    """Send a whole answer."""
    body = response.body
    headers = [*response.headers, *SAFE]
    if response.status != _NO_CONTENT:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """Send a JSON-RPC answer."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*_JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body})


class EventStream:
    """An event stream on one connection; it begins with the first write."""

    def __init__(self, send: Send, *headers: Header) -> None:
        self._send = send
        self._headers = headers
        self._turn = asyncio.Lock()
        self.started = False
        self.gone = False

    async def write(self, data: bytes) -> None:
        """Send bytes of the stream; waits while the reader is behind.

        Raises:
            ConnectionLost: the reader is gone.
        """
        async with self._turn:
            if self.gone:
                raise ConnectionLost("The client has left")
            await self._put({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End the stream; one that never began is an empty one, and a reader that is gone needs no end."""
        async with self._turn:
            if not self.gone:
                with suppress(ConnectionLost):
                    await self._put({"type": "http.response.body", "body": b""})
                self.gone = True

    async def _put(self, event: Event) -> None:
        try:
            if not self.started:
                self.started = True
                headers = [*_STREAM, *self._headers]
                await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send(event)
        except OSError as error:  # what ASGI 2.4 servers raise; others drop what is sent to nobody
            self.gone = True
            raise ConnectionLost("The client has left") from error
