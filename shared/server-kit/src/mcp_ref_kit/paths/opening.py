"""How a directory becomes a root: opened without a link on the way, and refused if it is no place for files."""

import os
from pathlib import Path
from typing import Literal

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths.errors import PathError
from mcp_ref_kit.paths.flags import LISTING, PASSING
from mcp_ref_kit.paths.guard import Guard, Policy
from mcp_ref_kit.paths.handles import Handle
from mcp_ref_kit.paths.kernel import is_kernel_filesystem
from mcp_ref_kit.paths.names import JailPath
from mcp_ref_kit.paths.root import Kept, Root
from mcp_ref_kit.paths.walk import Base, Walk

Mechanism = Literal["auto", "walk"]
PERMISSIVE = Policy()


class Unreachable(SettingsError):
    """The directory is not there, is no directory, or may not be opened; that may change."""


def open_root(
    path: Path,
    *,
    real: Path | None = None,
    read_only: bool = False,
    policy: Policy = PERMISSIVE,
    mechanism: Mechanism = "auto",
) -> Root:
    """Open a directory as a root; links on the way to it are the operator's and are followed.

    With `real`, where it was before (or should have been): then no link is followed any more, anywhere on the way.

    Raises:
        Unreachable: it is missing or no directory.
        SettingsError: it is `/`, on procfs, sysfs or devfs, or the platform has no handles.
    """
    if os.open not in os.supports_dir_fd:
        raise SettingsError("This system cannot open files relative to a directory, so no directory is safe on it.")
    absolute = path.absolute()
    try:
        where = Path(os.path.realpath(absolute, strict=True)) if real is None else real
        handle = Kept(_open_without_links(where))
        _refuse_system(handle.fd, absolute)
    except OSError as error:
        raise Unreachable(f"The directory {absolute} cannot be opened: {_reason(error)}.") from error
    except PathError as error:
        raise Unreachable(f"The directory {absolute} cannot be opened: a link is on the way to it.") from error
    return Root(handle, absolute, where, read_only=read_only, policy=policy, fast=mechanism != "walk")


def _open_without_links(real: Path) -> int:
    slash = Handle(os.open(real.anchor, PASSING))
    with slash:
        guard = Guard(Policy(symlinks="never"), os.fstat(slash.fd).st_dev)
        with Walk(Base(slash, guard, (), None), JailPath(real.parts[1:], str(real))) as walk:
            return walk.open(LISTING)


def _refuse_system(fd: int, path: Path) -> None:
    found = os.fstat(fd)
    slash = Path("/").stat()
    if (found.st_dev, found.st_ino) == (slash.st_dev, slash.st_ino):
        raise SettingsError("The directory / cannot be allowed as a whole; name directories in it.")
    if is_kernel_filesystem(fd, found.st_dev):
        raise SettingsError(
            f"The directory {path} is a view of the system (procfs, sysfs, devfs) and cannot be allowed."
        )


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else "it is not reachable").lower()
