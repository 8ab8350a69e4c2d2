"""One request to the endpoint as its handlers see it, and its body."""

from msgspec import Struct

from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.asgi import Receive, Send
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


class NoRoomError(Exception):
    """Too much is being read already."""


class TooLargeError(Exception):
    """The body is over the limit."""


class Bodies:
    """Reads bodies within a limit each, and within a bound for all that are still coming in."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._room = limit * _ROOM

    async def read(self, receive: Receive) -> bytes | None:
        """The whole body; None if the client left before its end.

        Raises:
            TooLargeError: it is over the limit.
            NoRoomError: the server reads too many large ones at once.
        """
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body: bytes = event.get("body", b"")
        if event.get("more_body", False):
            return await self._read_on(body, receive)
        if len(body) > self._limit:
            raise TooLargeError
        return body

    async def _read_on(self, start: bytes, receive: Receive) -> bytes | None:
        body = bytearray()
        piece, more = start, True
        try:
            while True:
                self._room -= len(piece)
                body += piece
                if len(body) > self._limit:
                    raise TooLargeError
                if self._room < 0:
                    raise NoRoomError
                if not more:
                    return bytes(body)
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                piece, more = event.get("body", b""), event.get("more_body", False)
        finally:
            self._room += len(body)
