"""Open files and directories of a jail: descriptors, acted on relative to themselves, closed once.

Everything here blocks: call it in a worker thread.
"""

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Self

from mcp_ref_kit.paths.errors import InvalidPath, NotADirectory, NotAFile, from_system, mapped
from mcp_ref_kit.paths.flags import CREATING, LISTING, NOFOLLOW, PLAIN
from mcp_ref_kit.paths.guard import Guard
from mcp_ref_kit.paths.names import JailPath, printable

_LINK_MET = frozenset({errno.ELOOP, errno.EMLINK})
_READING = os.O_RDONLY | NOFOLLOW | PLAIN


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

    def take(self) -> int:
        """Give the descriptor away, for example to `os.fdopen`; the caller closes it."""
        fd, self.fd = self.fd, -1
        return fd

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
        with mapped(self.resolved.written):
            first = os.pread(self.fd, length, offset)
            if not first or len(first) == length:
                return first
            pieces = [first]
            got = len(first)
            while got < length and (piece := os.pread(self.fd, length - got, offset + got)):
                pieces.append(piece)
                got += len(piece)
        return b"".join(pieces)


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
        with mapped(self.resolved.written):
            return os.scandir(self.fd)

    def lstat(self, name: str) -> os.stat_result:
        """What the child is, links not followed."""
        return lstat_at(self.fd, name, self.resolved.child(name))

    def readlink(self, name: str) -> str:
        """The target text of a child that is a link (system spelling: `show` it)."""
        return readlink_at(self.fd, name, self.resolved.child(name))

    def open(self, name: str, flags: int = os.O_RDONLY) -> OpenFile:
        """Open a child that is a regular file; a link is NotAFile."""
        return open_at(self.fd, name, flags, self.guard, self.resolved.child(name))

    def read(self, name: str, most: int) -> bytes | None:
        """The content of a child that is a regular file, or None if it has more than `most` bytes.

        For reading many files: two thirds of the cost of opening each, since nothing is kept.
        """
        try:
            fd = os.open(single(name), _READING, dir_fd=self.fd)
            try:
                found = os.fstat(fd)
                self.guard.admit_file(fd, found, name)
                return _content(fd, found.st_size) if found.st_size <= most else None
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno in _LINK_MET:
                raise NotAFile(name) from error
            raise from_system(error, name) from error

    def open_directory(self, name: str) -> "Directory":
        """Open a child that is a directory; a link is NotADirectory."""
        return open_directory_at(self.fd, name, self.guard, self.resolved.child(name))


def _content(fd: int, size: int) -> bytes:
    """The first `size` bytes, fewer where the file has shrunk."""
    first = os.read(fd, size)
    if len(first) == size:
        return first
    pieces = [first]
    while size > sum(map(len, pieces)) and (piece := os.read(fd, size - sum(map(len, pieces)))):
        pieces.append(piece)
    return b"".join(pieces)


def single(name: str) -> str:
    """The name, if it is one name and not a path.

    Raises:
        InvalidPath: it could lead elsewhere.
    """
    if not name or "/" in name or "\0" in name or name in {".", ".."}:
        raise InvalidPath(printable(name), f"`{printable(name)}` is not a single name.")
    return name


def existing(flags: int) -> int:
    """Flags for opening something that exists, whatever it is; never ones that make or empty it.

    Raises:
        ValueError: O_CREAT or O_TRUNC would act before any rule has seen where the path leads.
    """
    if flags & CREATING:
        raise ValueError("creating and truncating go through a Spot")
    return flags | PLAIN


def file_of(fd: int, guard: Guard, resolved: JailPath) -> OpenFile:
    """An OpenFile of a descriptor that was just opened, if it is a file the guard admits; else it is closed."""
    try:
        found = os.fstat(fd)
        guard.admit_file(fd, found, resolved.written)
    except BaseException:  # whatever happens, the descriptor has no other owner yet
        os.close(fd)
        raise
    return OpenFile(fd, found, resolved)


def directory_of(fd: int, guard: Guard, resolved: JailPath) -> Directory:
    """The same for a directory."""
    try:
        guard.admit(fd, os.fstat(fd), resolved.written)
    except BaseException:  # whatever happens, the descriptor has no other owner yet
        os.close(fd)
        raise
    return Directory(fd, guard, resolved)


def open_at(directory: int, name: str, flags: int, guard: Guard, resolved: JailPath) -> OpenFile:
    """Open one name as a regular file, links not followed."""
    try:
        fd = os.open(single(name), existing(flags) | NOFOLLOW, dir_fd=directory)
        return file_of(fd, guard, resolved)
    except OSError as error:
        if error.errno in _LINK_MET:
            raise NotAFile(resolved.written) from error
        raise from_system(error, resolved.written) from error


def open_directory_at(directory: int, name: str, guard: Guard, resolved: JailPath) -> Directory:
    """Open one name as a directory, links not followed."""
    try:
        fd = os.open(single(name), LISTING | NOFOLLOW, dir_fd=directory)
        return directory_of(fd, guard, resolved)
    except OSError as error:
        if error.errno in _LINK_MET:
            raise NotADirectory(resolved.written) from error
        raise from_system(error, resolved.written) from error


def lstat_at(directory: int, name: str, resolved: JailPath) -> os.stat_result:
    """What one name is, links not followed."""
    try:
        return os.stat(single(name), dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        raise from_system(error, resolved.written) from error


def readlink_at(directory: int, name: str, resolved: JailPath) -> str:
    """The target text of the link of one name."""
    with mapped(resolved.written):
        return os.readlink(single(name), dir_fd=directory)
