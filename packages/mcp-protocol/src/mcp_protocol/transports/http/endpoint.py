"""What the endpoint does with an admitted request: the body, its era, and then a handler or a session."""

import asyncio
from collections.abc import Awaitable, Callable

from mcp_protocol.errors import ProtocolError
from mcp_protocol.jsonrpc import Batch, Message, Rejected, Request, decode
from mcp_protocol.revisions import Era
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import Call
from mcp_protocol.session.inbound import accept_modern
from mcp_protocol.transports.http import exchange, legacy_sse
from mcp_protocol.transports.http.answers import respond
from mcp_protocol.transports.http.exchange import BUSY, Rules, Whole, error
from mcp_protocol.transports.http.headers import head_of, traced
from mcp_protocol.transports.http.incoming import Bodies, Incoming
from mcp_protocol.transports.http.legacy import LegacyEndpoint
from mcp_protocol.transports.http.legacy_sse import SseEndpoint
from mcp_protocol.transports.http.modern import ModernStream
from mcp_protocol.transports.http.watch import Runs, guarded

Handler = Callable[[Incoming], Awaitable[None]]


class Endpoint:
    """Both eras on one path, and HTTP+SSE on its two, while the application is up; its tasks live in `group`."""

    def __init__(self, app: App, rules: Rules, group: asyncio.TaskGroup) -> None:
        self._app = app
        self._rules = rules
        self._runs = Runs(group)
        self._legacy = LegacyEndpoint(app, self._runs)
        self._bodies = Bodies(rules.body)
        self._keepalive = app.limits.keepalive_seconds
        self._sse = SseEndpoint(app, rules, self._runs, self._bodies)
        self._sweeping = group.create_task(self._legacy.sweep())
        self.handlers: dict[str, Handler] = {
            "POST": self.post,
            "GET": self._legacy.get,
            "DELETE": self._legacy.delete,
        }
        self.sse: dict[bytes, tuple[str, Handler]] = {
            legacy_sse.STREAM: ("GET", self._sse.get),
            legacy_sse.MESSAGES: ("POST", self._sse.post),
        }

    async def stop(self) -> None:
        """End what would run for ever, let calls finish within the drain time, cancel the rest."""
        self._app.close()
        self._legacy.stop_listening()
        self._runs.group.create_task(guarded(self._sse.stop))
        await self._runs.drain(self._app.limits.drain_seconds)
        self._legacy.close()
        self._sweeping.cancel()

    async def post(self, incoming: Incoming) -> None:
        """Judge the head, read the body, and hand its message to its era."""
        refused = exchange.unfit_post(incoming.fields, incoming.doubled, self._rules)
        if refused is None and self._app.services.gate.full:
            refused = BUSY
        body = refused or await self._bodies.read(incoming.receive)
        if isinstance(body, bytes):
            await self._answer(incoming, decode(body, self._app.limits))
        elif body is not None:
            await respond(incoming.send, body)

    def _answer(self, incoming: Incoming, message: Message | Batch | Rejected) -> Awaitable[None]:
        refused = exchange.doubled_mirror(incoming.doubled, message)
        if refused is None and exchange.era_of(incoming.fields, message) is Era.LEGACY:
            return self._legacy.post(incoming, message)
        call = refused or self._modern(incoming, message)
        if isinstance(call, Whole):
            return respond(incoming.send, call)
        stream = ModernStream(incoming.receive, incoming.send, self._runs, keepalive=self._keepalive)
        return stream.answer(self._app, call)

    def _modern(self, incoming: Incoming, message: Message | Batch | Rejected) -> Call | Whole:
        """Steps 8 to 15 of the ladder."""
        if not isinstance(message, Request):
            return exchange.no_request(message)
        try:
            head = head_of(incoming.fields)
            profile, principal = self._app.profile, incoming.principal
            call = accept_modern(message, head, profile, principal=principal, transport="http")
            return traced(call, incoming.fields)
        except ProtocolError as problem:
            return error(problem, message.id)
