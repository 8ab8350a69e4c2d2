"""The processes below the server or the tests, as the system tells of them."""

import os
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find processes")


def below(pid: int | None = None) -> list[int]:
    """The living processes below one, or below this one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid() if pid is None else pid]
    while waiting:
        waiting += (more := parents.get(waiting.pop(), []))
        found += more
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_main(words: str) -> bool:
    """Whether a command line is that of a browser, and not of one of its parts."""
    return "chrom" in words and "--type=" not in words and "crashpad" not in words
