"""One 2026-07-28 request over HTTP: it lives and dies with its connection, and nothing of it is kept."""

from typing import Any

from msgspec import Raw

from mcp_protocol.errors import ConnectionLost, LocalProtocolError
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import Call
from mcp_protocol.transports.http import sse
from mcp_protocol.transports.http.answers import EventStream, respond, respond_json
from mcp_protocol.transports.http.asgi import Receive, Send
from mcp_protocol.transports.http.exchange import STOPPING, challenged
from mcp_protocol.transports.http.watch import Runs, Watch, attend


class ModernStream:
    """The channel of one request: JSON at its end, or an event stream from its first notification on."""

    def __init__(self, receive: Receive, send: Send, runs: Runs, *, keepalive: float) -> None:
        self._receive = receive
        self._send = send
        self._keepalive = keepalive
        self._events: EventStream | None = None
        self._watch = Watch(runs, self._attend)
        self._left = False

    async def answer(self, app: App, call: Call) -> None:
        """Run the call and send its reply; when the client leaves, the handler is cancelled and nothing is sent."""
        reply = None
        with self._watch:
            reply = await app.answer(call, self)
        if self._left:
            return
        if self._events is None:
            if reply is None:
                await respond(self._send, STOPPING)
            else:
                await respond_json(self._send, reply.status, reply.data, *challenged(reply.challenge))
            return
        if reply is not None:
            await self._events.write(sse.event(reply.data))
        await self._events.end()

    async def send(self, message: bytes) -> None:
        """Send a notification on the request's own stream."""
        await self._stream().write(sse.event(message))

    async def release(self) -> None:
        """Keep it: since 2026-07-28 nobody can come back to a stream."""

    async def ask(self, method: str, params: Any) -> Raw:
        """Refuse: since 2026-07-28 questions travel in results."""
        del params
        raise LocalProtocolError(f"{method} cannot be sent to a 2026-07-28 client")

    def _stream(self) -> EventStream:
        if self._left:
            raise ConnectionLost("The client has left")
        if self._events is None:
            self._events = EventStream(self._send)
        return self._events

    async def _attend(self) -> None:
        await attend(self._receive, self._keepalive, self._breathe, self._leave)

    async def _breathe(self) -> None:
        await self._stream().write(sse.COMMENT)

    def _leave(self) -> None:
        self._left = True
        self._watch.cancel()
