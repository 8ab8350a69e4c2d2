"""When something was created, which Python 3.11 cannot tell on Linux: statx, relative to a handle. Blocking."""

import ctypes
import os
import struct
from functools import cache
from typing import Any

_NANOSECONDS = 1_000_000_000
_BTIME = 0x800  # STATX_BTIME: of the mask asked for, and of the mask of what was found
_SIZE = 256  # of struct statx, for ever
_AT = 0x50  # stx_btime: seconds, nanoseconds
_NO_FOLLOW = 0x100  # AT_SYMLINK_NOFOLLOW


def birth_time(directory: int, name: str, found: os.stat_result) -> int | None:
    """Nanoseconds since 1970, or None where the system or the file system does not keep it."""
    known = getattr(found, "st_birthtime", None)  # macOS, the BSDs
    if known is not None:
        return int(known * _NANOSECONDS)
    statx = _statx()
    if statx is None:
        return None
    buffer = ctypes.create_string_buffer(_SIZE)
    if statx(directory, os.fsencode(name), _NO_FOLLOW, _BTIME, buffer) != 0:
        return None
    if not struct.unpack_from("=I", buffer)[0] & _BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _AT)
    return int(seconds) * _NANOSECONDS + int(nanoseconds)


@cache
def _statx() -> Any:
    try:
        return ctypes.CDLL(None).statx
    except (AttributeError, OSError):  # not Linux, or a C library from before 2018
        return None
