"""What the results of several tools share: kinds of entries, how a bounded result was cut, stamps of time. Pure."""

import stat
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

Kind = Literal["file", "directory", "symlink", "other"]


class Truncation(Struct, frozen=True):
    """Why a result was cut, how much is in it, and how much there is, where that is known."""

    reason: Literal["limit", "bytes", "time", "visited"]
    shown: int
    total: int | None = None


def stamp(nanoseconds: int) -> str:
    """A time of the file system as ISO 8601 in UTC, to the millisecond."""
    try:
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000 / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # a file system can hold years that a calendar cannot
        return "unknown"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kind_of(mode: int) -> Kind:
    """What an lstat's mode says that something is."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def joined(written: str, below: str) -> str:
    """A path below the one a caller wrote, in the caller's spelling: relative stays relative."""
    if written in {".", "./"}:
        return below
    return f"{written.rstrip('/')}/{below}"
