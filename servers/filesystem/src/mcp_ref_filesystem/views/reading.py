"""Reads a part of a text file as a page: in bounded memory, however large the file is. Blocking, stoppable."""

import codecs
import hashlib

from msgspec import Struct, structs

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Truncation, stamp
from mcp_ref_filesystem.text.lines import Source, Window, line_feeds, skip_back, skip_lines, tail_window, window
from mcp_ref_kit.content.encodings import (
    LATIN_1,
    SNIFFED,
    UTF_8,
    Encoding,
    LineEnding,
    is_utf8,
    line_ending,
    named,
    safe,
    sniff,
    whole_characters,
)
from mcp_ref_kit.paths import OpenFile
from mcp_ref_kit.workers import Stop

MIB = 1024 * 1024
# Up to here all of a file is looked at, for its etag and its lines; beyond it that would take longer than the read.
SURVEYED = 64 * MIB
# Up to here a file is read once and held; only of what is larger a part comes without a look at the rest.
HELD = MIB
# A path and the other members of a page.
ROOM = 5000
# Bytes of UTF-8 that no character begins with.
_CONTINUATION = bytes(range(0x80, 0xC0))


class Slice(Struct, frozen=True, kw_only=True):
    """Which lines of a file are wanted, and how."""

    head: int | None = None
    tail: int | None = None
    offset: int | None = None
    limit: int | None = None
    max_bytes: int = 256 * 1024
    most_characters: int = 400_000
    line_numbers: bool = False
    encoding: str = "auto"

    @property
    def is_whole(self) -> bool:
        """Whether all of the file is wanted."""
        return self.head is None and self.tail is None and self.offset is None and self.limit is None

    @property
    def is_part(self) -> bool:
        """Whether it is known beforehand that the rest of a large file is not wanted, or was told of before."""
        return self.head is not None or self.tail is not None or self.offset not in {None, 1}


class Reading(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Text."""

    content: str
    truncated: bool
    next_offset: int | None = None


class TextPage(Reading, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known; total_lines and etag only where the whole file was looked at."""

    path: str
    encoding: str
    bom: bool
    line_ending: LineEnding
    start_line: int | None = None
    end_line: int | None = None
    total_lines: int | None = None
    size: int
    mtime: str
    etag: str | None = None
    truncation: Truncation | None = None
    untrusted: bool


class Survey(Struct, frozen=True):
    """What is known of a file that was looked at from end to end."""

    etag: str
    lines: int
    utf8: bool


def read_text(stop: Stop, located: Located, wanted: Slice) -> tuple[TextPage, str]:
    """One page of a text file, and its content as a text block may show it.

    Raises:
        ToolError: `is_binary`, `encoding`, or `invalid_argument` for lines that it has not.
    """
    check_slice(wanted)
    with located.open() as file:
        page = read_page(stop, file, located.written, wanted)
        shown = safe(page.content)
        # JSON writes a control character as six.
        if len(page.content) + 5 * (len(page.content) - len(shown)) + ROOM <= wanted.most_characters:
            return page, shown
        fewer = min(wanted.max_bytes, wanted.most_characters) // 6
        page = read_page(stop, file, located.written, structs.replace(wanted, max_bytes=fewer))
        return page, safe(page.content)


def check_slice(wanted: Slice) -> None:
    """Refuse wishes that exclude each other.

    Raises:
        ToolError: `invalid_argument`.
    """
    ways = (wanted.head is not None, wanted.tail is not None, wanted.offset is not None or wanted.limit is not None)
    if sum(ways) > 1:
        sentence = "`head`, `tail` and `offset` with `limit` exclude each other."
        raise ToolError(sentence, code="invalid_argument")
    if wanted.offset == 0:
        raise ToolError("`offset` counts from 1, or from -1 at the end; got 0.", code="invalid_argument")


def read_page(stop: Stop, file: OpenFile, written: str, wanted: Slice) -> TextPage:
    """The same of a file that is open."""
    size = file.stat.st_size
    held = file.read_at(0, size) if size <= max(wanted.max_bytes, HELD) else None
    beginning = file.read_at(0, SNIFFED) if held is None else held[:SNIFFED]
    encoding = sniff(beginning) if wanted.encoding == "auto" else named(wanted.encoding, beginning)
    if encoding is None:
        raise binary(written)
    if held is None:
        source = Source(read=file.read_at, size=size, encoding=encoding, check=stop.check)
    else:
        stop.check()
        source = Source.of_bytes(held, encoding)
    survey = surveyed(source) if _is_worth_it(wanted, source.size) else None
    part = _part(source, wanted, survey, written)
    if wanted.encoding == "auto" and encoding == UTF_8:
        part = structs.replace(part, encoding=_settled(part))
    return _page(file, written, wanted, part)


def binary(written: str) -> ToolError:
    """The refusal of a file that is not text."""
    hint = "Use read_media_file for images, sounds and documents, read_file_range for bytes."
    return ToolError(f"`{written}` is not a text file.", code="is_binary", hint=hint)


def surveyed(source: Source) -> Survey:
    """Look at a file from end to end, in blocks."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    feeds, utf8, last = 0, source.encoding.name == UTF_8.name, b""
    for block in source.blocks(0, source.size):
        digest.update(block)
        feeds += line_feeds(block, source.encoding)
        utf8 = utf8 and ((block.isascii() and not decoder.getstate()[0]) or _decodes(decoder, block))
        last = block
    utf8 = utf8 and not decoder.getstate()[0]
    unfinished = source.size > source.start and not last.endswith("\n".encode(source.encoding.name))
    return Survey(digest.hexdigest()[:16], feeds + unfinished, utf8)


class Part(Struct, frozen=True):
    """The bytes to show, the number of their first line, and what they are a part of."""

    found: Window
    first: int | None
    encoding: Encoding
    survey: Survey | None


def _is_worth_it(wanted: Slice, size: int) -> bool:
    """Whether to survey a file; for a part of it only if it is small, or lines are to be numbered from the end."""
    from_end = wanted.tail is not None or (wanted.offset or 0) < 0
    return size <= (HELD if wanted.is_part and not (wanted.line_numbers and from_end) else SURVEYED)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _part(source: Source, wanted: Slice, survey: Survey | None, written: str) -> Part:
    """Where the wanted lines are."""
    start: int | None
    if wanted.tail is not None:
        start = skip_back(source, wanted.tail, within=wanted.max_bytes)
        found = tail_window(source, start, most_bytes=wanted.max_bytes)
        first = None if survey is None else max(survey.lines - _lines_in(found.data, source.encoding), 0) + 1
        return Part(found, first, source.encoding, survey)
    offset = wanted.offset or 1
    if offset < 0:
        start = skip_back(source, -offset)
        first = None if survey is None else max(survey.lines + offset, 0) + 1
    else:
        start, first = skip_lines(source, offset - 1), offset
    if start is None or (start >= source.size and offset > 1):
        raise _beyond(offset, survey, written)
    most_lines = wanted.limit if wanted.head is None else wanted.head
    found = window(source, start, most_lines=most_lines, most_bytes=wanted.max_bytes)
    return Part(found, first, source.encoding, survey)


def _lines_in(data: bytes, encoding: Encoding) -> int:
    feed = "\n".encode(encoding.name)
    return line_feeds(data, encoding) + bool(data and not data.endswith(feed))


def _beyond(offset: int, survey: Survey | None, written: str) -> ToolError:
    last = "" if survey is None else f", {survey.lines}"
    return ToolError(f"`offset` {offset} is beyond the last line{last}, of `{written}`.", code="invalid_argument")


def _settled(part: Part) -> Encoding:
    """UTF-8, or latin-1 for what is not: the file, or where it was not looked at whole, the part."""
    if part.survey is not None:
        return UTF_8 if part.survey.utf8 else LATIN_1
    return UTF_8 if is_utf8(_characters(part)) else LATIN_1


def _characters(part: Part) -> bytes:
    """The bytes of the part without halves of characters where a line was cut."""
    data = part.found.data
    if part.found.whole_lines:
        return data
    if part.found.at_end:
        return data.lstrip(_CONTINUATION) if part.encoding == UTF_8 else data
    return whole_characters(data, part.encoding)


def _page(file: OpenFile, written: str, wanted: Slice, part: Part) -> TextPage:
    found, survey = part.found, part.survey
    text = part.encoding.decode(_characters(part))
    is_all = found.complete and found.at_end and found.start == len(part.encoding.mark)
    lines = survey.lines if survey and is_all else text.count("\n") + bool(text and not text.endswith("\n"))
    first = part.first if lines else None
    last = None if first is None else first + lines - 1
    content = text if wanted.is_whole and found.complete else _without_last_end(text)
    if wanted.line_numbers and first is not None:
        content = _numbered(content, first)
    return TextPage(
        path=written,
        content=content,
        encoding=part.encoding.name,
        bom=bool(part.encoding.mark),
        line_ending=line_ending(text),
        start_line=first,
        end_line=last,
        total_lines=None if survey is None else survey.lines,
        size=file.stat.st_size,
        mtime=stamp(file.stat.st_mtime_ns),
        etag=None if survey is None else survey.etag,
        truncated=not found.complete,
        truncation=None if found.complete else Truncation("bytes", lines, None if survey is None else survey.lines),
        next_offset=None if found.at_end or last is None else last + 1,
        untrusted=True,
    )


def _without_last_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _numbered(text: str, first: int) -> str:
    return "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(text.split("\n"), first))
