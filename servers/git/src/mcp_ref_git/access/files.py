"""Files that came with a repository, read by this server itself: only ordinary ones, up to a bound. Blocking.

A pipe or a device in the place of one would be waited for, or would never end.
"""

import os
import stat
from pathlib import Path

from mcp_ref_git.errors import Unsafe

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
# Sockets cannot be opened: nobody waits there, and git's own monitor has one.
_WAITED_FOR = (stat.S_ISFIFO, stat.S_ISCHR, stat.S_ISBLK)


def read_plain(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Raises:
        Unsafe: it is no ordinary file, or longer than that.
        OSError: it is not there, or cannot be read.
    """
    with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123  flags that no method of Path takes
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise special()
        data = file.read(most + 1)
    if len(data) > most:
        raise Unsafe(f"A file of this repository's own is longer than {most} bytes.")
    return data


def is_waited_for(mode: int) -> bool:
    """Whether a program that opens such a thing may wait for ever, or read for ever."""
    return any(kind(mode) for kind in _WAITED_FOR)


def special() -> Unsafe:
    """The refusal of what is no ordinary file."""
    return Unsafe("A part of this repository is a pipe or a device, where git would wait for ever.")
