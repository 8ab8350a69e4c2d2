"""A stream of bytes to lines: bounded, split at the newline byte only, and in step again after a line too long."""

from msgspec import Struct

# Parts of a line below this are copied together: a view of each byte of a slow stream would cost more than the line.
_SMALL = 4096


class Oversized(Struct, frozen=True):
    """A line over the limit was dropped; reading goes on after its newline."""

    limit: int


class LineFramer:
    """Cuts a stream into lines without their line ends, which may be CR LF too; empty lines are skipped."""

    def __init__(self, limit: int) -> None:
        """`limit` is the most bytes of one line, its end not counted."""
        self._limit = limit
        self._open: list[memoryview | bytearray] = []
        self._size = 0
        self._skipping = False

    @property
    def rest(self) -> bytes:
        """The line that has begun but not ended: all there is when the stream ends without a newline."""
        return b"".join(self._open).removesuffix(b"\r")

    def feed(self, data: bytes) -> list[bytes | Oversized]:
        """The lines that these bytes complete, and a marker as soon as one is known to be too long."""
        found: list[bytes | Oversized] = []
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._end(data, start, end, found)
            start = end + 1
        if start < len(data) and not self._skipping:
            self._begin(data, start, found)
        return found

    def _end(self, data: bytes, start: int, end: int, found: list[bytes | Oversized]) -> None:
        if self._skipping:
            self._skipping = False
            return
        line = data[start:end]
        if self._open:
            # A long line is copied once, here; its parts so far are views of what was read.
            self._open.append(memoryview(line))
            line = b"".join(self._open)
            self._forget()
        line = line.removesuffix(b"\r")
        if len(line) > self._limit:
            found.append(Oversized(self._limit))
        elif line:
            found.append(line)

    def _begin(self, data: bytes, start: int, found: list[bytes | Oversized]) -> None:
        part = memoryview(data)[start:]
        last = self._open[-1] if self._open else None
        if len(part) >= _SMALL:
            self._open.append(part)
        elif isinstance(last, bytearray):
            last += part
        else:
            self._open.append(bytearray(part))
        self._size += len(part)
        # A "\r" at the end may belong to the line's end: it does not count until something follows it.
        if self._size - data.endswith(b"\r") > self._limit:
            self._forget()
            self._skipping = True
            found.append(Oversized(self._limit))

    def _forget(self) -> None:
        self._open = []
        self._size = 0
