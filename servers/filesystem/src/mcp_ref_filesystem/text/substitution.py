"""Where a pattern matches in a text and what replaces each match. Pure."""

import re
from collections.abc import Callable, Iterator

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.search.needle import Needle, Way
from mcp_ref_filesystem.search.regex import Match, Pattern, compiled
from mcp_ref_filesystem.text.splice import Span

# Matched at a time: a caller's pattern may need two microseconds for each byte, and nothing else stops it.
STRETCH = 64 * 1024
# A line longer than this is a program's output; trying a pattern on all of it could take seconds.
LONGEST_LINE = 1024 * 1024

REFERENCE = re.compile(r"\\(?:(?P<number>[0-9]{1,2})|g<(?P<name>\w{1,64})>|(?P<other>.))", re.DOTALL)
ESCAPES = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}

Found = Iterator[tuple[int, int, bytes]]


class LineTooLong(Exception):
    """A line is too long for a regular expression."""


class Substitution:
    r"""A pattern and its replacement. In a regular expression `\1` and `\g<name>` in the replacement are groups."""

    def __init__(self, pattern: str, replacement: str, way: Way, check: Callable[[], None]) -> None:
        """Compile it.

        Raises:
            ToolError: `invalid_argument`, with what is wrong and where.
        """
        self._check = check
        self._needle = Needle(pattern, way, "yes", check=check)
        self._regex: Pattern | None = compiled(pattern, within_lines=True) if way == "regex" else None
        try:
            self._new = replacement.encode()
        except UnicodeEncodeError as error:
            raise ToolError("`replacement` holds half a surrogate pair.", code="encoding") from error
        self._template = () if self._regex is None else tuple(_parsed(replacement, self._regex))

    def spans(self, text: str) -> list[Span]:
        """The replacements in a text that has line feeds only, from the first to the last.

        Raises:
            LineTooLong: a regular expression would have to be tried on a very long line.
            ToolError: `invalid_argument`, for a group that the pattern has not.
        """
        data = text.encode(errors="surrogatepass")
        found = self._literal(data) if self._regex is None else self._regular(self._regex, data)
        spans: list[Span] = []
        at = place = 0
        for start, end, new in found:
            place += len(data[at:start].decode())
            length = len(data[start:end].decode())
            spans.append(Span(place, place + length, new.decode()))
            place, at = place + length, end
        return spans

    def _literal(self, data: bytes) -> Found:
        at = 0
        while (span := self._needle.find(data, at, len(data))) is not None:
            self._check()
            yield (*span, self._new)
            at = span[1]

    def _regular(self, regex: Pattern, data: bytes) -> Found:
        last = (-1, -1)
        for match in self._matches(regex, data):
            span = match.span()
            # The library gives an empty match before a line feed twice, and one after the last is on no line.
            beyond = span[0] == len(data) and data.endswith(b"\n")
            if span != last and span[0] >= last[1] and not beyond:
                yield (*span, self._expanded(data, match))
                last = span

    def _matches(self, regex: Pattern, data: bytes) -> Iterator[Match]:
        start = 0
        while start <= len(data):
            self._check()
            feed = data.find(b"\n", start + STRETCH)
            stop = len(data) if feed < 0 else feed
            if stop - start > LONGEST_LINE:
                raise LineTooLong
            yield from regex.finditer(data, start, stop)
            start = stop + 1

    def _expanded(self, data: bytes, match: Match) -> bytes:
        pieces: list[bytes] = []
        for piece in self._template:
            if isinstance(piece, int):
                start, end = match.span(piece)
                pieces.append(data[start:end] if start >= 0 else b"")
            else:
                pieces.append(piece)
        return b"".join(pieces)


def _parsed(replacement: str, regex: Pattern) -> Iterator[bytes | int]:
    """The replacement as text and numbers of groups.

    Raises:
        ToolError: `invalid_argument`, for a group that is not there.
    """
    at = 0
    for found in REFERENCE.finditer(replacement):
        yield replacement[at : found.start()].encode()
        at = found.end()
        name = found["number"] or found["name"]
        if name is None:
            yield ESCAPES.get(found["other"], found[0]).encode()
            continue
        number = int(name) if name.isdecimal() else regex.groupindex.get(name, -1)
        if not 0 <= number <= regex.groups:
            message = f"`replacement` names the group {name!r}, which `pattern` has not."
            raise ToolError(message, code="invalid_argument", hint=r"\1 or \g<name> is a group, \\ a backslash.")
        yield number
    yield replacement[at:].encode()
