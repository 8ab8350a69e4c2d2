"""Positions in the list methods, sealed for the client to bring back."""

from mcp_protocol.errors import InvalidParams
from mcp_protocol.server.services import Services

_PURPOSE = "cursor"
# A sealed offset is far shorter; longer texts are not ours and not worth decoding.
_LONGEST = 256


class Cursors:
    """Positions in the lists, sealed for the client to bring back; bound to the method and the caller."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def close(self, offset: int, method: str, principal: str) -> str:
        """The cursor of a position."""
        expires = self._services.now() + self._services.limits.cursor_seconds
        return self._services.seal.close(str(offset).encode(), bound=(_PURPOSE, method, principal), expires=expires)

    def open(self, cursor: str | None, method: str, principal: str) -> int:
        """The position of a cursor; no cursor is the start, an empty one is a bad one.

        Raises:
            InvalidParams: forged, expired, or of another list or caller.
        """
        if cursor is None:
            return 0
        if len(cursor) <= _LONGEST:
            payload = self._services.seal.open(cursor, bound=(_PURPOSE, method, principal), now=self._services.now())
            if payload is not None:
                return int(payload)
        raise InvalidParams("The cursor is not valid here; list again without it")
