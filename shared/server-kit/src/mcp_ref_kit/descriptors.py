"""The three standard descriptors at start: those that are closed are filled, so that nothing else takes their place."""

import os
import sys


def fill() -> None:
    """Open the null device on each of 0, 1, 2 that is closed.

    Without this the first file or socket that is opened becomes descriptor 2, and the log is written into it.
    """
    closed = [number for number in range(3) if not _is_open(number)]
    for number in closed:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        os.set_inheritable(number, True)  # noqa: FBT003  os takes it by position only
    if closed:
        _replace_streams()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _replace_streams() -> None:
    """Python leaves None where it found a closed descriptor, and half of all libraries do not expect that."""
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  open for good, by number
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  open for good, by number
