"""A stream of bytes to lines: bounded, split at the newline byte only, and in step again after a line too long."""

from msgspec import Struct


class Oversized(Struct, frozen=True):
    """A line over the limit was dropped; reading goes on after its newline."""

    limit: int


class LineFramer:
    """Cuts a stream into lines without their line ends, which may be CR LF too; empty lines are skipped."""

    def __init__(self, limit: int) -> None:
        """`limit` is the most bytes of one line, its end not counted."""
        self._limit = limit
        self._open = bytearray()
        self._skipping = False

    @property
    def rest(self) -> bytes:
        """The line that has begun but not ended: all there is when the stream ends without a newline."""
        return bytes(self._open).removesuffix(b"\r")

    def feed(self, data: bytes) -> list[bytes | Oversized]:
        """The lines that these bytes complete, and a marker as soon as one is known to be too long."""
        *ended, begun = data.split(b"\n")
        found: list[bytes | Oversized] = []
        for piece in ended:
            self._end(piece, found)
        if begun and not self._skipping:
            self._open += begun
            if self._exceeds(self._open):
                self._open.clear()
                self._skipping = True
                found.append(Oversized(self._limit))
        return found

    def _end(self, piece: bytes, found: list[bytes | Oversized]) -> None:
        if self._skipping:
            self._skipping = False
            return
        if self._open:
            self._open += piece
            piece = bytes(self._open)
            self._open.clear()
        if self._exceeds(piece):
            found.append(Oversized(self._limit))
        elif line := piece.removesuffix(b"\r"):
            found.append(line)

    def _exceeds(self, line: bytes | bytearray) -> bool:
        # A "\r" at the end may belong to the line's end: it does not count until something follows it.
        return len(line) - line.endswith(b"\r") > self._limit
