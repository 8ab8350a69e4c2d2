"""The lines of one text that match, with lines round them. Pure.

Works on UTF-8 bytes and decodes only what is shown, so that a file without a match is never decoded.
"""

from collections.abc import Iterator

from msgspec import Struct

from mcp_ref_filesystem.search.needle import Needle, Span
from mcp_ref_kit.content.encodings import SNIFFED, UTF_8, sniff

# A minified file is one line: this much of it is shown, with the match in it.
SHOWN = 500
_LEAD = 150
# Matches told apart within one line.
_MOST_SPANS = 20
_WIDEST = 4  # bytes of one character


class Submatch(Struct, frozen=True):
    """Characters [start, end) of a text."""

    start: int
    end: int


class Passage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line that matches; of a long one a part (`cut`), which the submatches refer to."""

    path: str
    line: int
    column: int
    text: str
    before: list[str] = []
    after: list[str] = []
    submatches: list[Submatch]
    cut: bool = False


def searchable(data: bytes) -> bytes | None:
    """A file's content as UTF-8 with LF line ends, or None if it is not text."""
    if not data[:4].isascii() or b"\0" in data[:SNIFFED]:
        encoding = sniff(data[:SNIFFED])
        if encoding is None:
            return None
        data = data[len(encoding.mark) :]
        if encoding.name != UTF_8.name:
            data = data.decode(encoding.name, "replace").encode(errors="replace")
    if not data.isascii():
        data = _valid(data)
    return data.replace(b"\r\n", b"\n") if b"\r\n" in data else data


def passages(data: bytes, needle: Needle, path: str, *, context: tuple[int, int] = (0, 0)) -> Iterator[Passage]:
    """The matching lines from the first to the last; a match over several lines counts where it begins."""
    at, line, counted = 0, 1, 0
    while (span := needle.find(data, at, len(data))) is not None:
        start, end = _line_round(data, span)
        if start == len(data):
            return  # an empty match after the last line feed is on no line
        line += data.count(b"\n", counted, start)
        counted = start
        yield _passage(data, needle, (start, end), span, (path, line), context)
        at = end + 1


def count(data: bytes, needle: Needle) -> int:
    """How many lines match."""
    at, found = 0, 0
    while (span := needle.find(data, at, len(data))) is not None:
        start, end = _line_round(data, span)
        if start == len(data):
            break
        found += 1
        at = end + 1
    return found


def _valid(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


def _line_round(data: bytes, span: Span) -> Span:
    """The line that a match is on, or the lines, without the last line feed."""
    start = data.rfind(b"\n", 0, span[0]) + 1
    last = span[1] - 1 if span[1] > span[0] and data[span[1] - 1] == 0x0A else span[1]  # noqa: PLR2004  a line feed
    end = data.find(b"\n", last)
    return start, len(data) if end < 0 else end


def _passage(
    data: bytes, needle: Needle, line: Span, first: Span, name: tuple[str, int], context: tuple[int, int]
) -> Passage:
    column = _length(data, line[0], first[0])
    text, shift = _shown(data, line, first[0], column)
    spans: list[Submatch] = []
    for span in _spans(data, needle, line, first):
        begin = column - shift + _length(data, first[0], span[0])
        if begin > len(text):
            break
        spans.append(Submatch(begin, min(begin + _length(data, span[0], span[1]), len(text))))
    return Passage(
        path=name[0],
        line=name[1],
        column=column + 1,
        text=text,
        before=_lines_before(data, line[0], context[0]),
        after=_lines_after(data, line[1], context[1]),
        submatches=spans,
        cut=len(text) < _length(data, *line),
    )


def _spans(data: bytes, needle: Needle, line: Span, first: Span) -> Iterator[Span]:
    span: Span | None = first
    for _ in range(_MOST_SPANS):
        if span is None:
            return
        yield span
        span = needle.find(data, max(span[1], span[0] + 1), line[1]) if span[1] < line[1] else None


def _shown(data: bytes, line: Span, first: int, column: int) -> tuple[str, int]:
    """The text of a line, or the part of it round the match, and how many characters come before that part."""
    if line[1] - line[0] <= SHOWN or _length(data, *line) <= SHOWN:
        return data[line[0] : line[1]].decode(errors="replace"), 0
    lead = data[max(line[0], first - _LEAD * _WIDEST) : first].decode(errors="ignore")[-_LEAD:]
    room = SHOWN - len(lead)
    rest = data[first : min(line[1], first + room * _WIDEST)].decode(errors="ignore")[:room]
    return lead + rest, column - len(lead)


def _length(data: bytes, start: int, end: int) -> int:
    """Characters between two offsets."""
    part = data[start:end]
    return len(part) if part.isascii() else len(part.decode(errors="replace"))


def _lines_before(data: bytes, start: int, most: int) -> list[str]:
    lines: list[str] = []
    while len(lines) < most and start > 0:
        end = start - 1
        start = data.rfind(b"\n", 0, end) + 1
        lines.append(_clipped(data, start, end))
    return lines[::-1]


def _lines_after(data: bytes, end: int, most: int) -> list[str]:
    lines: list[str] = []
    while len(lines) < most and end + 1 < len(data):
        start = end + 1
        found = data.find(b"\n", start)
        end = len(data) if found < 0 else found
        lines.append(_clipped(data, start, end))
    return lines


def _clipped(data: bytes, start: int, end: int) -> str:
    return data[start : min(end, start + SHOWN * _WIDEST)].decode(errors="ignore")[:SHOWN]
