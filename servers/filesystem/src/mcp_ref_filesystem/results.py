"""What the results of several tools share: kinds of entries, how a bounded result was cut, stamps of time. Pure."""

import stat
import time
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
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        moment = time.gmtime(seconds)
    except (OverflowError, OSError):  # a file system can hold years that a calendar cannot
        return "unknown"
    # At half the cost of datetime, which a listing of thousands would feel.
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{rest // 1_000_000:03d}Z"


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
