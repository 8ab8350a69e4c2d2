"""Text as bytes hold it: encodings, byte order marks, line ends, what is safe to show. Pure.

Decoding order: byte order mark, strict UTF-8, UTF-16 by its pattern of NULs, latin-1 (which takes anything).
"""

import codecs
import re
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import ToolError

LineEnding = Literal["lf", "crlf", "cr", "mixed", "none"]

# A NUL this early makes a file binary; a later one may be data in a log. The same span as grep's and git's.
SNIFFED = 8192
# UTF-16 without a mark is believed from this many bytes on, if this share of the high bytes is NUL (Latin text).
_LEAST = 8
_SHARE = 0.7

# The four-byte marks first: the mark of UTF-32-LE begins with that of UTF-16-LE.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_OF = {name: mark for mark, name in _MARKS}
_UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
# As `codecs` calls them. In each of these LF is the one byte 0x0a (or it is wide); what compresses or escapes is out.
_CODECS = frozenset(
    {
        "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "ascii", "iso8859-1", "koi8-r", "koi8-u",
        "mac-roman", "shift_jis", "euc_jp", "gb2312", "gbk", "gb18030", "big5", "euc_kr", "cp437", "cp850", "cp852",
        "cp866", "cp874", "cp932", "cp936", "cp949", "cp950",
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{number}" for number in range(2, 17)),
    }
)  # fmt: skip
_BOTH_ORDERS = frozenset({"utf-16", "utf16", "utf_16"})

# What a terminal obeys could hide or forge what a reader sees; tab, LF and CR are text.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PIECE = 32 * 1024
_FLAGS = bytes(code < 9 or code in {11, 12, 127} or 13 < code < 32 for code in range(256))  # noqa: PLR2004  code points


class Encoding(Struct, frozen=True):
    """How a file's bytes stand for text; `mark` is the byte order mark that it begins with, or nothing."""

    name: str
    mark: bytes = b""

    @property
    def unit(self) -> int:
        """Bytes of the smallest character: 1, 2 or 4."""
        return _UNITS.get(self.name, 1)

    def decode(self, data: bytes) -> str:
        """The text of bytes that stand after the mark.

        Raises:
            ToolError: `encoding`, where they are not of this encoding.
        """
        try:
            return data.decode(self.name)
        except UnicodeDecodeError as error:
            sentence = f"The bytes at {error.start} are not {self.name}: {error.reason}."
            raise ToolError(sentence, code="encoding", hint="Leave `encoding` at auto, or name another.") from error

    def encode(self, text: str) -> bytes:
        """The bytes of text, without a mark.

        Raises:
            ToolError: `encoding`, for a character that this encoding lacks, and for half a surrogate pair.
        """
        try:
            return text.encode(self.name)
        except UnicodeEncodeError as error:
            character = f"U+{ord(text[error.start]):04X}"
            sentence = f"{character} at character {error.start + 1} cannot be written in {self.name}."
            raise ToolError(sentence, code="encoding") from error


UTF_8 = Encoding("utf-8")
LATIN_1 = Encoding("latin-1")


def marked(data: bytes) -> Encoding | None:
    """The encoding that a byte order mark at the beginning names."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Encoding(name, mark)
    return None


def detect(data: bytes) -> Encoding | None:
    """The encoding of a whole file, or None if it is not text."""
    early = sniff(data[:SNIFFED])
    if early is not UTF_8:
        return early
    return UTF_8 if is_utf8(data) else LATIN_1


def sniff(beginning: bytes) -> Encoding | None:
    """What the first bytes tell: an encoding by mark or NULs, None for binary, else UTF-8, yet to be verified."""
    found = marked(beginning)
    if found is not None:
        return found
    if b"\0" not in beginning:
        return UTF_8
    return _by_nuls(beginning)


def named(name: str, beginning: bytes) -> Encoding | None:
    """The encoding a caller names, with the mark the file begins with; None if the file is binary all the same.

    Raises:
        ToolError: `invalid_argument`, for a name that is unknown or no encoding of text files.
    """
    proper = _proper(name)
    if proper == "utf-16":
        found = sniff(beginning)
        return found if found is not None and found.name in {"utf-16-le", "utf-16-be"} else Encoding("utf-16-le")
    mark = _MARK_OF.get(proper, b"")
    encoding = Encoding(proper, mark if mark and beginning.startswith(mark) else b"")
    return None if encoding.unit == 1 and b"\0" in beginning else encoding


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are strict UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def line_ending(text: str) -> LineEnding:
    """How the lines of a text end."""
    if "\r" not in text:
        return "lf" if "\n" in text else "none"
    pairs = text.count("\r\n")
    counts = {"crlf": pairs, "lf": text.count("\n") - pairs, "cr": text.count("\r") - pairs}
    used: list[LineEnding] = [name for name in ("crlf", "lf", "cr") if counts[name]]
    return "mixed" if len(used) > 1 else used[0]


def safe(text: str) -> str:
    """Text for a text block: without control characters other than tab, LF and CR."""
    # A table of bytes is ten times as fast as a pattern, most large texts are ASCII, small pieces stay in the cache.
    if text.isascii():
        pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
        suspect = any(1 in piece.encode().translate(_FLAGS) for piece in pieces)
    else:
        suspect = _CONTROL.search(text) is not None
    return _CONTROL.sub("", text) if suspect else text


def whole_characters(data: bytes, encoding: Encoding) -> bytes:
    """The bytes without the part of a character at their end, where they were cut off."""
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    try:
        decoder.decode(data)
    except UnicodeDecodeError:
        return data  # not of this encoding anyway: decoding says so
    pending = decoder.getstate()[0]
    return data[: len(data) - len(pending)]


def _by_nuls(beginning: bytes) -> Encoding | None:
    """UTF-16 without a mark: NULs in every other byte only, in most of those, and no character that text lacks."""
    even, odd = beginning[::2], beginning[1::2]
    big = 0 in even
    high, low = (even, odd) if big else (odd, even)
    if len(beginning) < _LEAST or len(beginning) % 2 or 0 in low or high.count(0) < len(high) * _SHARE:
        return None
    encoding = Encoding("utf-16-be" if big else "utf-16-le")
    return None if _CONTROL.search(beginning.decode(encoding.name, "ignore")) else encoding


def _proper(name: str) -> str:
    plain = name.strip().lower()
    if plain in _BOTH_ORDERS:
        return "utf-16"
    try:
        found = codecs.lookup(plain).name
    except (LookupError, ValueError):
        found = ""
    if found not in _CODECS:
        sentence = f"`encoding` {name[:40]!r} is not an encoding of text files."
        hint = "Use auto, utf-8, utf-16-le, utf-16-be, latin-1, cp1252, shift_jis, gb18030 or a similar one."
        raise ToolError(sentence, code="invalid_argument", hint=hint)
    return LATIN_1.name if found == "iso8859-1" else found
