"""Processes that swap two names in one step, over and over, under whatever is being tested."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.require import missing

# How long a race lasts; 60 before a release.
RACE_SECONDS = float(os.environ.get("MCP_RACE_SECONDS", "2.5"))

_RACER = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, EXCHANGE = -100, 2
first, second = (os.fsencode(name) for name in sys.argv[1:])
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("ready", flush=True)
while True:
    for _ in range(1000):
        libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, EXCHANGE)
"""


@contextmanager
def racing(*pairs: tuple[Path, Path]) -> Generator[None]:
    """One process for each pair of names, for the length of the block."""
    if not hasattr(ctypes.CDLL(None), "renameat2"):
        missing("names cannot be exchanged here")
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, first, second], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for first, second in pairs
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        yield
    finally:
        for racer in racers:
            racer.communicate(timeout=10)
