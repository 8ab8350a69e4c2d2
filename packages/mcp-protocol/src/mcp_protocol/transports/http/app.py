"""The endpoint as an ASGI 3 application: who may speak, in which era, and what runs while it is up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from mcp_protocol.errors import Unauthorized
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.transports.http import exchange
from mcp_protocol.transports.http.answers import respond
from mcp_protocol.transports.http.asgi import Application, Receive, Scope, Send
from mcp_protocol.transports.http.endpoint import Endpoint, Handler
from mcp_protocol.transports.http.exchange import NOT_FOUND, STOPPING, Rules, challenge
from mcp_protocol.transports.http.headers import Fields, collect
from mcp_protocol.transports.http.incoming import Incoming
from mcp_protocol.transports.http.legacy_sse import MESSAGES, STREAM

Authenticate = Callable[[Fields], Principal | Awaitable[Principal]]
"""Who sends a request with these headers (lower-case names); raises Unauthorized or Forbidden."""


class HttpOptions(Struct, frozen=True, kw_only=True):
    """Where the endpoint is and who may speak to it.

    `hosts` are exact Host values (`127.0.0.1:8000`), `origins` exact origins of web pages. `routes` are other paths
    behind the same two rules, `probes` paths for anyone who reaches the port. `legacy_sse` offers HTTP+SSE of
    2024-11-05 as well, at `/sse` and `/messages`: deprecated since 2025-03-26, for clients that have nothing newer.
    """

    path: str = "/mcp"
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    authenticate: Authenticate | None = None
    routes: Mapping[str, Application] = field(default_factory=dict[str, Application])
    probes: Mapping[str, Application] = field(default_factory=dict[str, Application])
    legacy_sse: bool = False


class HttpApp:
    """One running server on one endpoint; the server's lifespan belongs to whoever made `app`."""

    def __init__(self, app: App, options: HttpOptions) -> None:
        self._app = app
        self._authenticate = options.authenticate
        self._rules = Rules(
            path=options.path.encode(),
            hosts=frozenset(host.lower().encode() for host in options.hosts),
            origins=frozenset(origin.encode() for origin in options.origins),
            body=app.limits.message,
        )
        self._routes = {path.encode(): route for path, route in options.routes.items()}
        self._probes = {path.encode(): probe for path, probe in options.probes.items()}
        self._sse = (STREAM, MESSAGES) if options.legacy_sse else ()
        self._endpoint: Endpoint | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run until the ASGI server stops."""
        kind = scope["type"]
        if kind == "http":
            await self._answer(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def drain(self) -> None:
        """Stop, gently: nothing new is answered, calls in flight may finish."""
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.stop()

    def _answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Who answers a request: decided without waiting, for most requests are small."""
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        probe = self._probes.get(path)
        if probe is not None:
            return probe(scope, receive, send)
        fields, doubled = collect(scope["headers"])
        refused = exchange.stranger(fields, doubled, self._rules)
        if refused is not None:
            return respond(send, refused)
        incoming = Incoming(fields, doubled, LOCAL, receive, send, scope.get("query_string", b""))
        if path == self._rules.path:
            return self._admit(scope["method"], incoming)
        if path in self._sse:
            return self._admit_sse(path, scope["method"], incoming)
        return self._routes.get(path, _nothing)(scope, receive, send)

    def _admit(self, method: str, incoming: Incoming) -> Awaitable[None]:
        endpoint = self._endpoint
        if endpoint is None:
            return respond(incoming.send, STOPPING)
        refused = exchange.wrong_method(method, incoming.fields)
        if refused is not None:
            return respond(incoming.send, refused)
        return self._identify(endpoint.handlers[method], incoming)

    def _admit_sse(self, path: bytes, method: str, incoming: Incoming) -> Awaitable[None]:
        endpoint = self._endpoint
        if endpoint is None:
            return respond(incoming.send, STOPPING)
        allowed, handler = endpoint.sse[path]
        refused = exchange.not_allowed(method, (allowed,))
        if refused is not None:
            return respond(incoming.send, refused)
        return self._identify(handler, incoming)

    def _identify(self, handler: Handler, incoming: Incoming) -> Awaitable[None]:
        if self._authenticate is None:
            return handler(incoming)
        return _identified(self._authenticate, handler, incoming)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with asyncio.TaskGroup() as group:
            self._endpoint = Endpoint(self._app, self._rules, group)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.drain()
        await send({"type": "lifespan.shutdown.complete"})


async def _identified(authenticate: Authenticate, handler: Handler, incoming: Incoming) -> None:
    """Step 3: find out who asks, then let them."""
    fields = incoming.fields
    if b"authorization" in incoming.doubled:  # of two tokens none counts
        fields = {name: value for name, value in fields.items() if name != b"authorization"}
    try:
        found = authenticate(fields)
        principal = found if isinstance(found, Principal) else await found
    except Unauthorized as problem:
        await respond(incoming.send, challenge(problem))
        return
    await handler(replace(incoming, principal=principal))


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, NOT_FOUND)
