"""What the endpoint does with an admitted request: the body, its era, and then a handler or a session."""

import asyncio
from collections.abc import Awaitable, Callable

from mcp_protocol.errors import HeaderMismatch, ProtocolError
from mcp_protocol.jsonrpc import Batch, Message, Rejected, Request, decode
from mcp_protocol.revisions import Era
from mcp_protocol.server.app import App
from mcp_protocol.session.inbound import accept_modern
from mcp_protocol.transports.http import exchange
from mcp_protocol.transports.http.answers import respond
from mcp_protocol.transports.http.exchange import BUSY, Rules, error
from mcp_protocol.transports.http.headers import head_of
from mcp_protocol.transports.http.incoming import Bodies, Incoming, NoRoomError, TooLargeError
from mcp_protocol.transports.http.legacy import LegacyEndpoint
from mcp_protocol.transports.http.modern import ModernStream
from mcp_protocol.transports.http.watch import Runs


class Endpoint:
    """Both eras on one path, while the application is up; its tasks live in `group`."""

    def __init__(self, app: App, rules: Rules, group: asyncio.TaskGroup) -> None:
        self._app = app
        self._rules = rules
        self._runs = Runs(group)
        self._legacy = LegacyEndpoint(app, self._runs)
        self._bodies = Bodies(rules.body)
        self._sweeping = group.create_task(self._legacy.sweep())
        self.handlers: dict[str, Callable[[Incoming], Awaitable[None]]] = {
            "POST": self.post,
            "GET": self._legacy.get,
            "DELETE": self._legacy.delete,
        }

    async def stop(self) -> None:
        """End what would run for ever, let calls finish within the drain time, cancel the rest."""
        self._app.close()
        self._legacy.stop_listening()
        await self._runs.drain(self._app.limits.drain_seconds)
        self._legacy.close()
        self._sweeping.cancel()

    async def post(self, incoming: Incoming) -> None:
        """Judge the head, read the body, and hand its message to its era."""
        refused = exchange.unfit_post(incoming.fields, incoming.doubled, self._rules)
        if refused is None and self._app.services.gate.full:
            refused = BUSY
        if refused is not None:
            await respond(incoming.send, refused)
            return
        try:
            body = await self._bodies.read(incoming.receive)
        except TooLargeError:
            await respond(incoming.send, exchange.too_large(self._rules))
            return
        except NoRoomError:
            await respond(incoming.send, BUSY)
            return
        if body is not None:
            await self._message(incoming, decode(body, self._app.limits))

    async def _message(self, incoming: Incoming, message: Message | Batch | Rejected) -> None:
        twice = exchange.doubled_mirror(incoming.doubled)
        if twice is not None:
            request_id = message.id if isinstance(message, Request) else None
            await respond(incoming.send, error(HeaderMismatch(f"{twice} came twice"), request_id))
        elif exchange.era_of(incoming.fields, message) is Era.LEGACY:
            await self._legacy.post(incoming, message)
        elif isinstance(message, Request):
            await self._modern(incoming, message)
        else:
            await respond(incoming.send, exchange.no_request(message))

    async def _modern(self, incoming: Incoming, request: Request) -> None:
        app = self._app
        try:
            head = head_of(incoming.fields)
            call = accept_modern(request, head, app.profile, principal=incoming.principal, transport="http")
        except ProtocolError as problem:
            await respond(incoming.send, error(problem, request.id))
            return
        stream = ModernStream(incoming.receive, incoming.send, self._runs, keepalive=app.limits.keepalive_seconds)
        await stream.answer(app, call)
