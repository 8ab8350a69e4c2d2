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
from mcp_protocol.transports.http.endpoint import Endpoint
from mcp_protocol.transports.http.exchange import STOPPING, Rules, challenge, plain
from mcp_protocol.transports.http.headers import Fields, collect
from mcp_protocol.transports.http.incoming import Incoming

Authenticate = Callable[[Fields], Principal | Awaitable[Principal]]
"""Who sends a request with these headers (lower-case names); raises Unauthorized or Forbidden."""


class HttpOptions(Struct, frozen=True, kw_only=True):
    """Where the endpoint is and who may speak to it.

    `hosts` are exact Host values (`127.0.0.1:8000`), `origins` exact origins of web pages. `routes` are other paths
    behind the same two rules, `probes` paths for anyone who reaches the port.
    """

    path: str = "/mcp"
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    authenticate: Authenticate | None = None
    routes: Mapping[str, Application] = field(default_factory=dict[str, Application])
    probes: Mapping[str, Application] = field(default_factory=dict[str, Application])


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
        self._endpoint: Endpoint | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run until the ASGI server stops."""
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
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

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("raw_path") or scope["path"].encode()
        probe = self._probes.get(path)
        if probe is not None:
            await probe(scope, receive, send)
            return
        fields, doubled = collect(scope["headers"])
        refused = exchange.stranger(fields, doubled, self._rules)
        if refused is not None:
            await respond(send, refused)
        elif path == self._rules.path:
            await self._admit(scope["method"], Incoming(fields, doubled, LOCAL, receive, send))
        elif path in self._routes:
            await self._routes[path](scope, receive, send)
        else:
            await respond(send, plain(404, "There is nothing here"))

    async def _admit(self, method: str, incoming: Incoming) -> None:
        endpoint = self._endpoint
        if endpoint is None:
            await respond(incoming.send, STOPPING)
            return
        handler = endpoint.handlers.get(method)
        if handler is None or (method != "POST" and exchange.is_modern(incoming.fields)):
            await respond(incoming.send, exchange.wrong_method(incoming.fields))
            return
        if self._authenticate is not None:
            try:
                incoming = replace(incoming, principal=await _principal(self._authenticate, incoming))
            except Unauthorized as problem:
                await respond(incoming.send, challenge(problem))
                return
        await handler(incoming)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with asyncio.TaskGroup() as group:
            self._endpoint = Endpoint(self._app, self._rules, group)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.drain()
        await send({"type": "lifespan.shutdown.complete"})


async def _principal(authenticate: Authenticate, incoming: Incoming) -> Principal:
    fields = incoming.fields
    if b"authorization" in incoming.doubled:  # of two tokens none counts
        fields = {name: value for name, value in fields.items() if name != b"authorization"}
    found = authenticate(fields)
    return found if isinstance(found, Principal) else await found
