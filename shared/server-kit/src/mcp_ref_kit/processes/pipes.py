"""The ends of a program's pipes on our side, read and written as the event loop says that they can be."""

import asyncio
import os
from collections.abc import Callable

# As much as a pipe holds.
PIECE = 64 * 1024


class Source:
    """A pipe that is read piece by piece: `got` takes each, and an empty one at the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, got: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._fd: int | None = fd
        self._got = got
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._read, fd)

    def close(self) -> None:
        """Read no further."""
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None

    def _read(self, fd: int) -> None:
        try:
            piece = os.read(fd, PIECE)
        except BlockingIOError:
            return
        if not piece:
            self.close()
        self._got(piece)


class Sink:
    """A pipe that is given all of its bytes, as fast as they are read, and closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, data: bytes) -> None:
        self._loop = loop
        self._fd: int | None = fd
        self._left = memoryview(data)
        os.set_blocking(fd, False)
        loop.add_writer(fd, self._write, fd)

    def close(self) -> None:
        """Write no further."""
        if self._fd is not None:
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._fd = None

    def _write(self, fd: int) -> None:
        try:
            self._left = self._left[os.write(fd, self._left) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # nobody reads: that is the program's own affair
            self._left = self._left[:0]
        if not self._left:
            self.close()
