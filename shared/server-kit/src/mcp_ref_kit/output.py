"""Stdout of a process that does not serve: help, version, report, snippets."""

import os
import sys


def say(text: str) -> int:
    """Write to stdout; a reader that has seen enough is no error."""
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where Python flushes the rest at exit
    return 0
