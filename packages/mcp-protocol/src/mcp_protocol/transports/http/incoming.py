"""One request to the endpoint as its handlers see it, and its body."""

from msgspec import Struct

from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.asgi import Receive, Send
from mcp_protocol.transports.http.exchange import BUSY, Whole, too_large
from mcp_protocol.transports.http.headers import Fields

# Bodies that are still coming in, all together: 16 of the largest at once. Small ones arrive whole and do not count.
_ROOM = 16


class Incoming(Struct, frozen=True):
    """What is known of a request before its body is read."""

    fields: Fields
    doubled: frozenset[bytes]
    principal: Principal
    receive: Receive
    send: Send
    query: bytes = b""


class Bodies:
    """Reads bodies within a limit each, and within a bound for all that are still coming in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._room = limit * _ROOM

    async def read(self, receive: Receive) -> bytes | Whole | None:
        """The whole body; why it is not read; or None if the client left before its end."""
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body: bytes = event.get("body", b"")
        if event.get("more_body", False):
            return await self._read_on(body, receive)
        return body if len(body) <= self._limit else too_large(self._limit)

    async def _read_on(self, piece: bytes, receive: Receive) -> bytes | Whole | None:
        body, more = bytearray(), True
        try:
            while True:
                self._room -= len(piece)
                body += piece
                if len(body) > self._limit:
                    return too_large(self._limit)
                if self._room < 0:
                    return BUSY
                if not more:
                    return bytes(body)
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                piece, more = event.get("body", b""), event.get("more_body", False)
        finally:
            self._room += len(body)
