"""Reads a range of bytes, at the cost of the range, whatever the size of the file. Blocking."""

import base64
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_kit.content.encodings import SNIFFED
from mcp_ref_kit.content.media import mime_type_of

Form = Literal["base64", "hex", "text"]


class Bytes(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Bytes as text, and the size of the file."""

    data: str
    size: int
    next_start: int | None = None


class ByteRange(Bytes, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known: they are [start, end); the etag only if that is the whole file."""

    path: str
    start: int
    end: int
    mime_type: str
    etag: str | None = None
    untrusted: bool


def read_range(located: Located, start: int, length: int, form: Form) -> ByteRange:
    """The bytes from `start` (negative: from the end) as text of this form; what is not UTF-8 shows as U+FFFD.

    Raises:
        ToolError: `invalid_argument`, for a start beyond the end.
    """
    with located.open() as file:
        size = file.stat.st_size
        begin = max(size + start, 0) if start < 0 else start
        if begin > size:
            sentence = f"`start` {start} is beyond the end of `{located.written}`, {size}."
            raise ToolError(sentence, code="invalid_argument")
        data = file.read_at(begin, length)
        beginning = data if begin == 0 else file.read_at(0, min(SNIFFED, size))
    end = begin + len(data)
    return ByteRange(
        path=located.written,
        start=begin,
        end=end,
        size=size,
        data=_written(data, form),
        mime_type=mime_type_of(beginning, located.path.name),
        etag=etag_of(data) if len(data) == size else None,
        next_start=end if end < size and data else None,
        untrusted=True,
    )


def _written(data: bytes, form: Form) -> str:
    if form == "hex":
        return data.hex()
    return base64.b64encode(data).decode() if form == "base64" else data.decode(errors="replace")
