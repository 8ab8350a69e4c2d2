"""Open files and directories of a jail: descriptors, acted on relative to themselves, closed once.

Everything here blocks: call it in a worker thread.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Self

from mcp_ref_kit.paths.errors import InvalidPath, mapped
from mcp_ref_kit.paths.guard import Guard
from mcp_ref_kit.paths.names import JailPath


class Handle:
    """One descriptor with an owner; also closed, with a warning, when the owner is lost."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        """Close the descriptor; a second time does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self.fd >= 0:
            warnings.warn(f"unclosed {type(self).__name__}", ResourceWarning, stacklevel=2)
            self.close()


class OpenFile(Handle):
    """A regular file that was opened inside the jail.

    `stat` is from right after opening; `resolved` is the path beneath the root after links, for rules to judge.
    """

    __slots__ = ("resolved", "stat")

    def __init__(self, fd: int, found: os.stat_result, resolved: JailPath) -> None:
        super().__init__(fd)
        self.stat = found
        self.resolved = resolved

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer only at the end of the file, as it is at that moment."""
        raise NotImplementedError

    def take(self) -> int:
        """Give the descriptor away, for example to `os.fdopen`; the caller closes it."""
        fd, self.fd = self.fd, -1
        return fd


class Directory(Handle):
    """A directory that was opened inside the jail; children are reached by name, without following links."""

    __slots__ = ("guard", "resolved")

    def __init__(self, fd: int, guard: Guard, resolved: JailPath) -> None:
        super().__init__(fd)
        self.guard = guard
        self.resolved = resolved

    def scan(self) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        """The entries, in the system's order; one scan at a time. `entry.stat(follow_symlinks=False)` is an lstat.

        Never use an entry's `is_file()`, `is_dir()` or `stat()` without `follow_symlinks=False`: they follow links.
        """
        raise NotImplementedError

    def lstat(self, name: str) -> os.stat_result:
        """What the child is, links not followed."""
        raise NotImplementedError

    def readlink(self, name: str) -> str:
        """The target text of a child that is a link (system spelling: `show` it)."""
        raise NotImplementedError

    def open(self, name: str, flags: int = os.O_RDONLY) -> OpenFile:
        """Open a child that is a regular file; a link is NotAFile."""
        raise NotImplementedError

    def open_directory(self, name: str) -> "Directory":
        """Open a child that is a directory; a link is NotADirectory."""
        raise NotImplementedError
