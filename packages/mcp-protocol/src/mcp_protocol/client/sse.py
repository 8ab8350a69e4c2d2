"""Server-sent events out of a stream of bytes, however it is cut (HTML standard, "Server-sent events")."""

from msgspec import Struct

from mcp_protocol.errors import MessageTooLarge


class Event(Struct, frozen=True):
    """One event; "message" when the stream did not name it."""

    data: bytes
    name: str = "message"


class EventReader:
    """Bytes in, events out; keeps the id and the delay for a reconnection."""

    def __init__(self, limit: int) -> None:
        """`limit` is the most bytes of one event."""
        self.last_id: str | None = None
        self.retry_seconds: float | None = None
        self._limit = limit
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._name = ""
        self._size = 0
        self._after_return = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises:
            MessageTooLarge: an event is over the limit.
        """
        if not data:
            return []
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]  # the second half of a line end
        self._after_return = data.endswith(b"\r")
        events: list[Event] = []
        for piece in data.splitlines(keepends=True):
            line = piece.rstrip(b"\r\n")
            self._line.append(line)
            self._size += len(line)
            if self._size > self._limit:
                raise MessageTooLarge(f"The server sent an event of more than {self._limit} bytes")
            if len(line) < len(piece):
                self._end_line(events)
        return events

    def _end_line(self, events: list[Event]) -> None:
        line = b"".join(self._line)
        self._line.clear()
        if line:
            self._field(line)
            return
        if any(self._data):
            events.append(Event(b"\n".join(self._data), self._name or "message"))
        self._data.clear()
        self._name = ""
        self._size = 0

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value.decode(errors="replace")
        elif name == b"id" and b"\x00" not in value:
            self.last_id = value.decode(errors="replace") or None
        elif name == b"retry" and value.isdigit():
            self.retry_seconds = min(int(value[:9]), 600_000) / 1000
