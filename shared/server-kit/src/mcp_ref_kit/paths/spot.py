"""A place for a name: the handle of a directory and one name in it, to make, rename and remove things there.

Nothing here ever follows a link at the name, and nothing resolves a path. Everything blocks: call it in a worker.
"""

import os
from typing import Self

from mcp_ref_kit.paths.guard import Guard
from mcp_ref_kit.paths.handles import Directory, Handle, OpenFile
from mcp_ref_kit.paths.names import JailPath


class Spot:
    """One name in one directory that is held open; whether something has that name is not settled.

    `resolved` is the path beneath the root after links, for rules to judge before anything is done.
    """

    __slots__ = ("guard", "name", "parent", "resolved")

    def __init__(self, parent: Handle, guard: Guard, name: str, resolved: JailPath) -> None:
        self.parent = parent
        self.guard = guard
        self.name = name
        self.resolved = resolved

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.parent.close()

    def close(self) -> None:
        """Close the directory's handle; spots made by `beside` share it."""
        self.parent.close()

    def beside(self, name: str) -> "Spot":
        """Another name in the same directory, sharing the handle (for temporaries)."""
        raise NotImplementedError

    def lstat(self) -> os.stat_result:
        """What has the name now.

        Raises:
            NotFound: nothing.
        """
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether anything has the name, a dangling link included."""
        raise NotImplementedError

    def readlink(self) -> str:
        """The target text of the link that has the name."""
        raise NotImplementedError

    def open(self, flags: int = os.O_RDONLY) -> OpenFile:
        """Open the regular file of that name; a link is NotAFile."""
        raise NotImplementedError

    def open_directory(self) -> Directory:
        """Open the directory of that name; a link is NotADirectory."""
        raise NotImplementedError

    def create(self, mode: int = 0o600) -> OpenFile:
        """Make a new regular file of that name, for reading and writing (O_EXCL).

        Raises:
            AlreadyExists: the name is taken, be it by a dangling link.
        """
        raise NotImplementedError

    def anonymous(self, mode: int = 0o600) -> OpenFile | None:
        """A new file in this directory without any name (O_TMPFILE), or None where the file system has none."""
        raise NotImplementedError

    def link(self, file: OpenFile) -> None:
        """Give a file from `anonymous` this name.

        Raises:
            AlreadyExists: the name is taken.
        """
        raise NotImplementedError

    def symlink(self, target: str) -> None:
        """Make a symbolic link of that name; where the target leads is settled when it is followed.

        Raises:
            AlreadyExists: the name is taken.
        """
        raise NotImplementedError

    def mkdir(self, mode: int = 0o777) -> None:
        """Make a directory of that name (the process umask applies).

        Raises:
            AlreadyExists: the name is taken.
        """
        raise NotImplementedError

    def unlink(self) -> None:
        """Remove the file or link of that name."""
        raise NotImplementedError

    def rmdir(self) -> None:
        """Remove the empty directory of that name.

        Raises:
            NotEmpty: it is not empty.
        """
        raise NotImplementedError

    def rename(self, to: "Spot", *, replace: bool = False) -> None:
        """Move whatever has the name to another spot in one step.

        Raises:
            AlreadyExists: the other name is taken and `replace` is not set (checked by the kernel).
            CrossDevice: the other spot is on another file system; copy and delete instead.
        """
        raise NotImplementedError

    def sync(self) -> None:
        """Flush the directory, so that a name that was made or removed survives a crash."""
        raise NotImplementedError
