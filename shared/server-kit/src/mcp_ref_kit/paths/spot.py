"""A place for a name: the handle of a directory and one name in it, to make, rename and remove things there.

Nothing here ever follows a link at the name, and nothing resolves a path. Everything blocks: call it in a worker.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Self

from mcp_ref_kit.paths.errors import AlreadyExists, InvalidPath, NotFound, from_system, mapped
from mcp_ref_kit.paths.flags import ANONYMOUS, LISTING, NEW
from mcp_ref_kit.paths.guard import Guard
from mcp_ref_kit.paths.handles import (
    Directory,
    Handle,
    OpenFile,
    file_of,
    lstat_at,
    open_at,
    open_directory_at,
    readlink_at,
    single,
)
from mcp_ref_kit.paths.kernel import rename_new
from mcp_ref_kit.paths.names import JailPath

# EISDIR comes from kernels that do not know the flag, EPERM and ENOENT from a directory that was removed.
_NOT_ANONYMOUSLY = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM})
_OWN_DESCRIPTORS = Path("/proc/self/fd")
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_ABOUT_THE_TARGET = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR})
_INTO_ITSELF = "`{path}` cannot be moved into itself."


class Spot:
    """One name in one directory that is held open; whether something has that name is not settled.

    `resolved` is the path beneath the root after links, for rules to judge before anything is done.
    """

    __slots__ = ("guard", "name", "parent", "resolved")

    def __init__(self, parent: Handle, guard: Guard, name: str, resolved: JailPath) -> None:
        self.parent = parent
        self.guard = guard
        self.name = single(name)
        self.resolved = resolved

    @classmethod
    def within(cls, directory: Directory, name: str) -> "Spot":
        """A name in a directory that is open; the directory's handle is shared, so close that and not the spot."""
        return cls(directory, directory.guard, name, directory.resolved.child(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.parent.close()

    def close(self) -> None:
        """Close the directory's handle; spots made by `beside` share it."""
        self.parent.close()

    def beside(self, name: str) -> "Spot":
        """Another name in the same directory, sharing the handle (for temporaries)."""
        resolved = JailPath((*self.resolved.parts[:-1], name), self.resolved.written)
        return Spot(self.parent, self.guard, name, resolved)

    def lstat(self) -> os.stat_result:
        """What has the name now.

        Raises:
            NotFound: nothing.
        """
        return lstat_at(self.parent.fd, self.name, self.resolved)

    def exists(self) -> bool:
        """Whether anything has the name, a dangling link included."""
        try:
            with mapped(self.resolved.written):
                os.stat(self.name, dir_fd=self.parent.fd, follow_symlinks=False)
        except NotFound:
            return False
        return True

    def readlink(self) -> str:
        """The target text of the link that has the name."""
        return readlink_at(self.parent.fd, self.name, self.resolved)

    def open(self, flags: int = os.O_RDONLY) -> OpenFile:
        """Open the regular file of that name; a link is NotAFile."""
        return open_at(self.parent.fd, self.name, flags, self.guard, self.resolved)

    def open_directory(self) -> Directory:
        """Open the directory of that name; a link is NotADirectory."""
        return open_directory_at(self.parent.fd, self.name, self.guard, self.resolved)

    def create(self, mode: int = 0o600) -> OpenFile:
        """Make a new regular file of that name, for reading and writing (O_EXCL).

        Raises:
            AlreadyExists: the name is taken, be it by a dangling link.
        """
        with mapped(self.resolved.written):
            fd = os.open(self.name, NEW, mode, dir_fd=self.parent.fd)
            return file_of(fd, self.guard, self.resolved)

    def anonymous(self, mode: int = 0o600) -> OpenFile | None:
        """A new file in this directory without any name (O_TMPFILE), or None where the file system has none."""
        if not ANONYMOUS or not _OWN_DESCRIPTORS.is_dir():
            return None
        with mapped(self.resolved.written):
            try:
                fd = os.open(".", ANONYMOUS, mode, dir_fd=self.parent.fd)
            except OSError as error:
                if error.errno in _NOT_ANONYMOUSLY:
                    return None
                raise
            return file_of(fd, self.guard, self.resolved)

    def link(self, file: OpenFile) -> None:
        """Give a file from `anonymous` this name.

        Raises:
            AlreadyExists: the name is taken.
        """
        with mapped(self.resolved.written):
            # The documented way to name an anonymous file without privileges, open(2).
            os.link(_OWN_DESCRIPTORS / str(file.fd), self.name, dst_dir_fd=self.parent.fd, follow_symlinks=True)

    def symlink(self, target: str) -> None:
        """Make a symbolic link of that name; where the target leads is settled when it is followed.

        Raises:
            AlreadyExists: the name is taken.
        """
        with mapped(self.resolved.written):
            os.symlink(target, self.name, dir_fd=self.parent.fd)

    def mkdir(self, mode: int = 0o777) -> None:
        """Make a directory of that name (the process umask applies).

        Raises:
            AlreadyExists: the name is taken.
        """
        with mapped(self.resolved.written):
            os.mkdir(self.name, mode, dir_fd=self.parent.fd)

    def unlink(self) -> None:
        """Remove the file or link of that name."""
        with mapped(self.resolved.written):
            os.unlink(self.name, dir_fd=self.parent.fd)

    def rmdir(self) -> None:
        """Remove the empty directory of that name.

        Raises:
            NotEmpty: it is not empty.
        """
        with mapped(self.resolved.written):
            os.rmdir(self.name, dir_fd=self.parent.fd)

    def rename(self, to: "Spot", *, replace: bool = False) -> None:
        """Move whatever has the name to another spot in one step.

        Raises:
            AlreadyExists: the other name is taken and `replace` is not set (checked by the kernel).
            CrossDevice: the other spot is on another file system; copy and delete instead.
        """
        with mapped(self.resolved.written):
            try:
                if replace:
                    os.replace(self.name, to.name, src_dir_fd=self.parent.fd, dst_dir_fd=to.parent.fd)
                elif not rename_new(self.parent.fd, self.name, to.parent.fd, to.name):
                    rename_by_steps(self, to)
            except OSError as error:
                if error.errno in _ABOUT_THE_TARGET:
                    raise from_system(error, to.resolved.written) from error
                if error.errno == errno.EINVAL:
                    raise InvalidPath(to.resolved.written, _INTO_ITSELF.format(path=self.resolved.written)) from error
                raise

    def sync(self) -> None:
        """Flush the directory, so that a name that was made or removed survives a crash."""
        with mapped(self.resolved.written):
            fd = os.open(".", LISTING, dir_fd=self.parent.fd)  # the handle may be one that cannot be flushed
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def rename_by_steps(source: Spot, to: Spot) -> None:
    """Rename without replacing where no call does that: a second name first, or for directories a look."""
    if not stat.S_ISDIR(source.lstat().st_mode) and _linked(source, to):
        source.unlink()
        return
    if to.exists():
        raise AlreadyExists(to.resolved.written)
    # What appears just now is not replaced if it is a directory with something in it.
    os.rename(source.name, to.name, src_dir_fd=source.parent.fd, dst_dir_fd=to.parent.fd)


def _linked(source: Spot, to: Spot) -> bool:
    """Whether the file has got its second name; False where there are no hard links."""
    try:
        os.link(source.name, to.name, src_dir_fd=source.parent.fd, dst_dir_fd=to.parent.fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return False
    return True
