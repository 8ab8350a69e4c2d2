"""An open file as a stream, plain or unpacked, of which nobody gets more at once than is good for memory. Blocking."""

import io
from collections.abc import Callable
from typing import Any, Protocol

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.settings import MIB
from mcp_ref_kit.paths import OpenFile

BLOCK = 64 * 1024
# The directory of a zip archive with 10,000 members has about 1 MiB.
MOST_AT_ONCE = 4 * MIB


class FileBytes(io.RawIOBase):
    """An open file as a stream that can be sought, with a position of its own."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__()
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self._file.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.stat.st_size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at


class Capped(io.BufferedReader):
    """A stream of which nobody gets too much at once: zipfile reads a directory of any claimed size in one piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes.

        Raises:
            ToolError: `too_large`.
        """
        data = super().read(MOST_AT_ONCE + 1 if size is None or size < 0 else min(size, MOST_AT_ONCE + 1))
        if len(data) > MOST_AT_ONCE:
            raise ToolError("The directory of the archive is too large.", code="too_large")
        return data


class Decoder(Protocol):
    """A decompressor that gives no more than it is asked for."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""
        ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes:
        """The next bytes."""
        ...


class Unpacked(io.RawIOBase):
    """A compressed file as the stream it holds; `count` hears of every byte. Several streams may follow each other."""

    def __init__(self, file: OpenFile, decoder: Callable[[], Decoder], count: Callable[[int], None]) -> None:
        super().__init__()
        self._raw = FileBytes(file)
        self._make = decoder
        self._decoder = decoder()
        self._count = count
        self._rest = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next unpacked bytes."""
        while True:
            if self._decoder.eof:
                self._rest = self._decoder.unused_data.lstrip(b"\0") or self._raw.read(BLOCK) or b""
                if not self._rest.lstrip(b"\0"):
                    return 0
                self._decoder = self._make()
            data = self._next(min(len(buffer), BLOCK))
            if data:
                self._count(len(data))
                buffer[: len(data)] = data
                return len(data)
            if not self._rest and not self._decoder.eof:
                self._rest = self._raw.read(BLOCK) or b""
                if not self._rest:
                    raise EOFError("the stream ends early")

    def _next(self, most: int) -> bytes:
        data = self._decoder.decompress(self._rest, most)
        # zlib hands back what it has not looked at, lzma keeps it.
        self._rest = getattr(self._decoder, "unconsumed_tail", b"")
        return data
