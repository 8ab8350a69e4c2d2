"""What a content search looks for, in the bytes of a file. Pure.

Everything is searched as UTF-8 bytes: a whole file at once, so that a file without a match costs one call.
"""

import re
import time
from collections.abc import Callable
from typing import Literal

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.search.regex import Pattern, compiled, quoted

Way = Literal["regex", "literal", "word"]
Case = Literal["smart", "yes", "no"]
Span = tuple[int, int]

# RE2 may need a thousand times the memory of its pattern; no honest one is longer.
MAX_PATTERN = 4096
# A caller's pattern may need two microseconds for each byte: between stretches of this size the work can be stopped.
_STRETCH = 64 * 1024
# What has no line feed to stop at is tried on a stretch first, and left alone if all of it would take this long.
_LONG = 4 * _STRETCH
_MOST_SECONDS = 0.25
# What a regular expression writes with a letter without meaning that letter.
_NOT_LETTERS = re.compile(r"\\(?:[pP]\{\^?\w+\}|[pP]\w|x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|.)|\(\?P?<\w+>", re.DOTALL)


class TooSlow(Exception):
    """The pattern would take too long on a text."""


class Needle:
    """A pattern; `find` gives its matches one after the other. `check` is called often and may raise."""

    def __init__(
        self,
        pattern: str,
        way: Way = "regex",
        case: Case = "smart",
        *,
        multiline: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Compile it.

        Raises:
            ToolError: `invalid_argument`, with what is wrong and where.
        """
        _refuse(pattern, way, multiline=multiline)
        self._check = check
        self._whole_words = way == "word"
        self._multiline = multiline
        ignore_case = case == "no" or (case == "smart" and is_lower(pattern, way))
        self._text: bytes | None = None
        if way != "regex" and not (ignore_case and pattern.upper() != pattern.lower()):
            self._text = pattern.encode(errors="replace")
        source = pattern if way == "regex" else quoted(pattern)
        self._pattern = (
            compiled(source, ignore_case=ignore_case, within_lines=not multiline) if not self._text else None
        )

    def find(self, data: bytes, start: int, end: int) -> Span | None:
        """The first match that begins at or after `start` and ends by `end`.

        Raises:
            TooSlow: it would take too long.
        """
        found = self._next(data, start, end)
        while found is not None and self._whole_words and not is_word(data, found):
            found = self._next(data, found[0] + 1, end)
        return found

    def _next(self, data: bytes, start: int, end: int) -> Span | None:
        if start > end:
            return None  # RE2 would begin at the end instead
        if self._text is not None:
            at = data.find(self._text, start, end)
            return None if at < 0 else (at, at + len(self._text))
        if self._pattern is None:
            return None
        if end - start <= _STRETCH:
            match = self._pattern.search(data, start, end)
            return None if match is None else match.span()
        return self._searched(self._pattern, data, start, end)

    def _searched(self, pattern: Pattern, data: bytes, start: int, end: int) -> Span | None:
        """The same, in stretches that end where a line does."""
        while start <= end:
            self._check()
            feed = -1 if self._multiline else data.find(b"\n", start + _STRETCH, end)
            stop = end if feed < 0 else feed
            if stop - start > _LONG:
                _try(pattern, data, start, stop)
            match = pattern.search(data, start, stop)
            if match is not None:
                return match.span()
            start = stop + 1
        return None


def _try(pattern: Pattern, data: bytes, start: int, stop: int) -> None:
    began = time.monotonic()
    pattern.search(data, start, start + _STRETCH)
    if (time.monotonic() - began) * (stop - start) / _STRETCH > _MOST_SECONDS:
        raise TooSlow


def _refuse(pattern: str, way: Way, *, multiline: bool) -> None:
    if not 0 < len(pattern) <= MAX_PATTERN:
        message = f"`pattern` must have 1 to {MAX_PATTERN} characters, got {len(pattern)}."
        raise ToolError(message, code="invalid_argument")
    if way != "regex" and "\n" in pattern and not multiline:
        hint = "Set multiline to look for text that spans lines."
        raise ToolError("`pattern` holds a line feed.", code="invalid_argument", hint=hint)


def is_lower(pattern: str, way: Way) -> bool:
    """Whether no letter that the pattern looks for is a capital: smart case then disregards case."""
    letters = _NOT_LETTERS.sub("", pattern) if way == "regex" else pattern
    return letters == letters.lower()


def is_word(data: bytes, span: Span) -> bool:
    """Whether a match is not a part of a longer word, whatever the script."""
    before = data[max(0, span[0] - 4) : span[0]].decode(errors="ignore")[-1:]
    after = data[span[1] : span[1] + 4].decode(errors="ignore")[:1]
    return not (_in_word(before) or _in_word(after))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
