"""Finds nodes of a snapshot by text, pattern and role, and shows them with what they are in. Pure."""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from mcp_ref_browser.errors import invalid
from mcp_ref_browser.page.tree import ancestors, comparable, parents, role_of

MOST_PATTERN = 1000
_MEMORY = 8 * 1024 * 1024
_SLASHED = re.compile(r"/(.+)/([dgimsuvy]*)", re.DOTALL)
# Those that change what matches, and mean the same to both.
_FLAGS = frozenset("ims")
Test = Callable[[str], bool]


def containing(text: str) -> Test:
    """Whether a line has a text in it, whatever the case."""
    wanted = " ".join(text.split()).casefold()
    return lambda line: wanted in line.casefold()


def matching(pattern: str) -> Test:
    """Whether a pattern matches in a line, in linear time.

    Raises:
        BrowserError: it is no pattern.
    """
    re2: Any = import_module("re2")  # most calls have no pattern
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(pattern[:MOST_PATTERN], options)
    except re2.error as error:
        [said, *_] = error.args or (b"",)
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise invalid(
            f"`regex` is no pattern: {why[:200]}.", "Look-around and back references do not exist here."
        ) from error
    return lambda line: compiled.search(line) is not None


def spelled(pattern: str) -> str:
    """A pattern that may be written as in JavaScript, between slashes and with flags: `/error/i` is `(?i)error`."""
    written = _SLASHED.fullmatch(pattern)
    if written is None:
        return pattern
    flags = "".join(sorted(_FLAGS & set(written[2])))
    return f"(?{flags}){written[1]}" if flags else written[1]


def found(lines: Sequence[str], test: Test, role: str | None, most: int) -> tuple[list[int], int]:
    """The indices of the first nodes that pass, and how many there are."""
    hits = [at for at, line in enumerate(lines) if (role is None or role_of(line) == role) and test(comparable(line))]
    return hits[:most], len(hits)


def shown(lines: Sequence[str], hits: Sequence[int], context: int) -> list[str]:
    """The nodes with what they are in and lines around them; `>` marks what was found."""
    above = parents(lines)
    wanted: set[int] = set()
    for at in hits:
        wanted |= set(ancestors(above, at)) | set(range(max(0, at - context), min(len(lines), at + context + 1)))
    marked = set(hits)
    return [f"{'>' if at in marked else ' '} {lines[at]}" for at in sorted(wanted)]
