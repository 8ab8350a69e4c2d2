"""Where a page of diff text ends: before a file, before a hunk, after a line, in this order of preference. Pure."""

import re

from msgspec import Struct

# At the beginning of a line only headers have these: what a file holds is behind a space, a plus or a minus.
_HEADER = re.compile(rb"^diff --(?:git|cc|combined) ", re.MULTILINE)
_HUNK = re.compile(rb"^@@+ ", re.MULTILINE)
# A page that ends before a hunk shows at least this share of what would fit.
_LEAST = 0.5


class Cut(Struct, frozen=True):
    """How much of a text is shown, how many files begin in it, and how much of the last one is in it."""

    end: int
    files: int
    of_last: int


def cut(text: bytes, most: int, *, is_inside: bool = False) -> Cut:
    """Where to end a text that is longer than `most`; `is_inside`: it begins within a file."""
    headers = [found.start() for found in _HEADER.finditer(text, 0, most)]
    end = _end(text, most, headers)
    begun = [at for at in headers if at < end]
    of_last = end - begun[-1] if begun else end
    return Cut(end, len(begun) + (1 if is_inside and not (begun and begun[0] == 0) else 0), of_last)


def header_of(text: bytes) -> bytes:
    """What stands above the first hunk of a file."""
    hunk = _HUNK.search(text)
    return b"" if hunk is None else text[: hunk.start()]


def _end(text: bytes, most: int, headers: list[int]) -> int:
    least = int(most * _LEAST)
    if headers and headers[-1] >= least:
        return headers[-1]
    hunks = [found.start() for found in _HUNK.finditer(text, least, most)]
    if hunks:
        return hunks[-1]
    line = text.rfind(b"\n", 0, most) + 1
    return line or most
