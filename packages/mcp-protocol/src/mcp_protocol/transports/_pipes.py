"""Bytes in and out of a descriptor without a stream layer: the event loop polls pipes and sockets, a thread the rest.

Files cannot be polled, and a terminal's description is shared with the shell, so it must not become non-blocking.
"""

import asyncio
import os
import stat
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from mcp_protocol.errors import ConnectionLost

# A pipe holds 64 KiB unless it is asked for more; Linux gives everyone up to 1 MiB.
_CHUNK = 1 << 16
_MOST = 1 << 20

# Lines from here on are written by themselves: copying them together would cost more than a system call.
_LARGE = 1 << 15


class Reader:
    """Calls `on_data` with what arrives and `on_end` once at its end."""

    def __init__(self, fd: int, *, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._fd = fd
        self._on_data = on_data
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._polled = _is_pollable(fd)
        self._stopped = False
        self._chunk = _CHUNK

    def start(self) -> None:
        """Begin to read."""
        if self._polled:
            _widen(self._fd)
            os.set_blocking(self._fd, False)
            self._loop.add_reader(self._fd, self._ready)
        else:
            # A daemon: it may sit in read() when the process wants to end.
            Thread(target=self._read_all, name="stdin", daemon=True).start()

    def pause(self) -> None:
        """Read no more for now: the other side is not taking our answers."""
        if self._polled and not self._stopped:
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        """Read on."""
        if self._polled and not self._stopped:
            self._loop.add_reader(self._fd, self._ready)

    def stop(self) -> None:
        """Never read again."""
        self.pause()
        self._stopped = True

    def _ready(self) -> None:
        try:
            data = os.read(self._fd, self._chunk)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # a reset socket is an end
        # Memory for a whole chunk is taken before each read: only while much is coming is it much.
        self._chunk = min(4 * self._chunk, _MOST) if len(data) == self._chunk else _CHUNK
        if data:
            self._on_data(data)
        else:
            self.stop()
            self._on_end()

    def _read_all(self) -> None:
        try:
            while data := os.read(self._fd, _CHUNK):
                self._loop.call_soon_threadsafe(self._on_data, data)
            self._loop.call_soon_threadsafe(self._on_end)
        except (OSError, RuntimeError):  # the descriptor or the loop is closed: nobody wants the rest
            return


class Writer:
    """Queues lines and writes all that are ready at once; `on_full` and `on_space` follow the queue's length."""

    def __init__(self, fd: int, *, limit: int, on_lost: Callable[[], None]) -> None:
        self._fd = fd
        self._limit = limit
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._polled = _is_pollable(fd)
        if self._polled:
            os.set_blocking(fd, False)
            _widen(fd)
        self._lines: deque[bytes] = deque()
        self._rest = memoryview(b"")
        self._size = 0
        self._busy = False
        self._lost = False
        self._space = asyncio.Event()
        self._space.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.on_full: Callable[[], None] = _nothing
        self.on_space: Callable[[], None] = _nothing

    def write(self, line: bytes) -> None:
        """Queue one message; what is written in one turn of the loop goes out together."""
        if self._lost:
            return
        if len(line) < _LARGE:
            self._lines.append(line + b"\n")
        else:
            self._lines += (line, b"\n")
        self._size += len(line) + 1
        self._empty.clear()
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._flush)
        if self._size > self._limit and self._space.is_set():
            self._space.clear()
            self.on_full()

    async def drained(self) -> None:
        """Wait while the queue is over its limit.

        Raises:
            ConnectionLost: nobody reads any more.
        """
        await self._space.wait()
        if self._lost:
            raise ConnectionLost("The client is gone")

    async def flushed(self) -> None:
        """Wait until everything is written, or nobody reads any more."""
        await self._empty.wait()

    def _flush(self) -> None:
        if not self._rest:
            self._rest = memoryview(self._together())
        try:
            written = os.write(self._fd, self._rest)
        except BlockingIOError:
            written = 0
        except OSError:
            self._lose()
            return
        self._rest = self._rest[written:]
        self._size -= written
        self._settle()

    def _together(self) -> bytes:
        """What to write next: all lines up to the next large one, or that one."""
        if len(self._lines) == 1 or len(self._lines[0]) >= _LARGE:
            return self._lines.popleft()
        small: list[bytes] = []
        while self._lines and len(self._lines[0]) < _LARGE:
            small.append(self._lines.popleft())
        return b"".join(small)

    def _settle(self) -> None:
        """Go on now, later, or not at all; let the others know."""
        if self._rest and self._polled:
            self._loop.add_writer(self._fd, self._writable)
            return
        if self._rest or self._lines:
            # Not by recursion and not in a loop: the other side's next message may be waiting.
            self._loop.call_soon(self._flush)
        else:
            self._busy = False
            self._empty.set()
        if self._size <= self._limit and not self._space.is_set():
            self._space.set()
            self.on_space()

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        self._flush()

    def _lose(self) -> None:
        self._lost = True
        self._lines.clear()
        self._rest = memoryview(b"")
        self._size = 0
        self._space.set()
        self._empty.set()
        self._on_lost()


def _nothing() -> None:
    return


def _widen(fd: int) -> None:
    """Make a pipe hold as much as it may; where it may not, it works as it is."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415  other systems do not have it, or not this call

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _MOST)


def _is_pollable(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return os.name == "posix" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))
