"""One allowed directory, held as a handle; every path is resolved by the kernel or by our own walk beneath it.

With `openat2` a path without links is one system call; where links are in the way, or where the call is missing
(old kernels, containers that forbid it, macOS), every component is opened without following and links are resolved
here. Everything blocks: call it in a worker thread. Windows has no calls relative to a directory handle, so a
directory cannot be opened as a root there.
"""

import os
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mcp_ref_kit.paths.guard import Guard, Policy
from mcp_ref_kit.paths.handles import Directory, Handle, OpenFile
from mcp_ref_kit.paths.names import JailPath
from mcp_ref_kit.paths.spot import Spot

Mechanism = Literal["auto", "openat2", "walk"]


class Seen(Struct, frozen=True):
    """What was found at a path, and the path beneath the root after links."""

    stat: os.stat_result
    resolved: JailPath


class Root:
    """One allowed directory. Paths are relative to it; a str is parsed as a caller's text first.

    `path` is as configured (absolute), `real` the same without links; an absolute link inside may use either.
    """

    __slots__ = ("_handle", "guard", "path", "read_only", "real")

    path: Path
    real: Path
    read_only: bool
    guard: Guard

    @property
    def fd(self) -> int:
        """The directory's descriptor; never close it, never use it with names that were not judged."""
        raise NotImplementedError

    def open(self, path: JailPath | str, flags: int = os.O_RDONLY) -> OpenFile:
        """Open an existing regular file; links inside are followed. Creating and truncating go through `parent`.

        Raises:
            OutsideRoot, NotFound, NotAFile, NotADirectory, TooManyLinks, LinkRefused, HardLinked, PathError
        """
        raise NotImplementedError

    def open_directory(self, path: JailPath | str) -> Directory:
        """Open a directory for listing; links inside are followed."""
        raise NotImplementedError

    def parent(self, path: JailPath | str, *, follow: bool = False, exact: bool = False) -> Spot:
        """The directory and last name of a path that need not exist, to act on the name itself.

        `follow`: where a link has the name, the spot is that of its target (writing through a link keeps the link).
        `exact`: do not look for the composed, decomposed or escaped form of a name that does not exist.

        Raises:
            RootItself: the path is the directory itself.
        """
        raise NotImplementedError

    def stat(self, path: JailPath | str) -> Seen:
        """What is at a path, links inside followed; nothing is opened, so any kind of file will do."""
        raise NotImplementedError

    def lstat(self, path: JailPath | str) -> Seen:
        """What is at a path, a link at its end not followed."""
        raise NotImplementedError

    def readlink(self, path: JailPath | str) -> str:
        """The target text of a link (system spelling: `show` it)."""
        raise NotImplementedError

    def narrowed(self, path: JailPath | str) -> "Root":
        """A directory inside as a root of its own, with the same policy."""
        raise NotImplementedError

    def is_current(self) -> bool:
        """Whether the configured path still names the directory that is held."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the handle; also done when the last reference goes."""
        raise NotImplementedError


def open_root(
    path: Path, *, read_only: bool = False, policy: Policy = Policy(), mechanism: Mechanism = "auto"
) -> Root:
    """Open a directory as a root; links on the way to it are the operator's and are followed.

    Raises:
        SettingsError: it is missing, no directory, `/`, on procfs, sysfs or devfs, or the platform has no handles.
    """
    raise NotImplementedError
