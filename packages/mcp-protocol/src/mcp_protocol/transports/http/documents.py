"""Fixed JSON documents beside the endpoint, such as the metadata of a protected resource (RFC 9728)."""

from collections.abc import Mapping

from mcp_protocol.transports.http.answers import respond
from mcp_protocol.transports.http.asgi import Application, Receive, Scope, Send
from mcp_protocol.transports.http.exchange import JSON, Whole, plain

_METHODS = frozenset({"GET", "HEAD"})
# They change with a restart; clients need not ask for each other.
_KEPT = (b"cache-control", b"max-age=300")


def documents(bodies: Mapping[str, bytes]) -> dict[str, Application]:
    """Routes that give these bodies to anyone who may speak to the server, token or not."""
    return {path: _Document(body) for path, body in bodies.items()}


class _Document:
    def __init__(self, body: bytes) -> None:
        self._answer = Whole(200, body, ((b"content-type", JSON), _KEPT))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["method"] in _METHODS:
            await respond(send, self._answer)
        else:
            await respond(send, plain(405, "This method is not served here", (b"allow", b"GET, HEAD")))
