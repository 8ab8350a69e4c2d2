"""The way to stderr that never waits: what does not fit into a full pipe is dropped and counted."""

import io
import os
import select
import sys
from threading import Lock

# poll() promises room for so many bytes and no more (POSIX); writing more could block.
_ROOM: int = getattr(select, "PIPE_BUF", 512)


class Stderr(io.RawIOBase):
    """A raw stream on a file descriptor, for the log and for stray prints alike."""

    def __init__(self, descriptor: int = 2) -> None:
        """Write to `descriptor`, which stays open."""
        super().__init__()
        self._descriptor = descriptor
        self._lock = Lock()
        self._torn = False
        self._dropped = 0

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  the buffer protocol has no name in 3.11
        """Write what fits at once; always reports success, since nobody could act on a failure."""
        data = bytes(data)
        with self._lock:
            if self._torn:
                data = b"\n" + data
            done = self._push(data)
            if done < len(data):
                self._dropped += 1
                self._torn = self._torn or done > 0
            else:
                self._torn = False
        return len(data)

    def take_dropped(self) -> int:
        """How many writes were lost since the last time this was asked."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor, for those who hand it to a child."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._descriptor)

    def _push(self, data: bytes) -> int:
        done = 0
        try:
            while done < len(data) and self._has_room():
                done += os.write(self._descriptor, data[done : done + _ROOM])
        except OSError:
            pass  # closed by the other side, or a full disk
        return done

    def _has_room(self) -> bool:
        if sys.platform == "win32":
            return True
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in waiting.poll(0))
