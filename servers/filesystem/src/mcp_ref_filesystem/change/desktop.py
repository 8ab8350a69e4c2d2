"""Deleting into the trash of the desktop, where the user finds it. Blocking; needs the extra `trash`."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mcp_protocol import ToolError
from mcp_ref_kit.paths import Spot, mapped

# The call that tells the path of a directory that is held open: /proc on Linux, F_GETPATH on macOS.
F_GETPATH = 50
LONGEST = 1024


def to_desktop_trash(spot: Spot) -> None:
    """Move what is at a spot to the trash of the desktop.

    That trash knows paths only. The path is that of the directory in hand at this moment; whoever swaps it for
    another one in between makes the wrong thing land in the trash, from where the user can take it back.

    Raises:
        ToolError: the extra is not installed, or the desktop refuses.
    """
    try:
        send: Any = import_module("send2trash").send2trash
    except ImportError as error:
        message = "The desktop trash needs the extra `trash` of this server."
        raise ToolError(message, code="io", hint="pip install mcp-ref-filesystem[trash]") from error
    with mapped(spot.resolved.written):
        send(os.fspath(_path_of(spot.parent.fd) / spot.name))
    if spot.exists():
        raise ToolError(f"`{spot.resolved.written}` could not be moved to the trash.", code="io")


def _path_of(fd: int) -> Path:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415  absent on Windows

        return Path(os.fsdecode(fcntl.fcntl(fd, F_GETPATH, bytes(LONGEST)).rstrip(b"\0")))
    return Path(f"/proc/self/fd/{fd}").readlink()
