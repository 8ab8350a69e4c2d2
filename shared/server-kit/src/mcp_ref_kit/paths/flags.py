"""The flags of `os.open` that the jail uses, as far as the platform has them; 0 elsewhere. Pure data."""

import os


def _flag(name: str) -> int:
    value: int = getattr(os, name, 0)  # Windows lacks most of them, macOS O_PATH and O_TMPFILE
    return value


NOFOLLOW = _flag("O_NOFOLLOW")
DIRECTORY = _flag("O_DIRECTORY")
PATH = _flag("O_PATH")
CLOEXEC = _flag("O_CLOEXEC")

# Non-blocking: opening a FIFO must not wait for its other end. No terminal becomes ours.
PLAIN = CLOEXEC | _flag("O_NONBLOCK") | _flag("O_NOCTTY")
LISTING = os.O_RDONLY | DIRECTORY | CLOEXEC
# O_PATH passes directories that may be entered but not listed, as the system's own lookup does.
PASSING = (PATH or os.O_RDONLY) | DIRECTORY | CLOEXEC
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | NOFOLLOW | PLAIN
ANONYMOUS = os.O_RDWR | _flag("O_TMPFILE") | PLAIN if _flag("O_TMPFILE") else 0
CREATING = os.O_CREAT | os.O_TRUNC
