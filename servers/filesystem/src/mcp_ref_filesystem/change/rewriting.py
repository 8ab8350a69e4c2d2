"""Rewriting one file's text in place: read, transform, show the difference, store. Blocking."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.change.making import place_of
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import existing, expect_etag, store
from mcp_ref_filesystem.text.diff import clipped, unified
from mcp_ref_filesystem.text.splice import Applied
from mcp_ref_kit.content.encodings import Encoding, detect
from mcp_ref_kit.paths import NotFound, OpenFile

# An edit holds the text several times over; what is larger is a program's work.
MOST_EDITED = 64 * 1024 * 1024

Transform = Callable[[str], tuple[str, list[Applied]]]


class Edited(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """applied: index, count, startLine, endLine."""

    path: str
    diff: str
    applied: Sequence[Any]
    etag: str
    change_id: str | None = None


class EditResult(Edited, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known."""

    applied: Sequence[Applied]
    dry_run: bool


class Wish(Struct, frozen=True, kw_only=True):
    """Whether to write, what to show, and what to require."""

    dry_run: bool = False
    context: int = 3
    if_match: str | None = None


class Source(Struct, frozen=True):
    """A file as text, and what turns text back into its bytes."""

    data: bytes
    encoding: Encoding
    text: str

    def bytes_of(self, text: str) -> bytes:
        """The bytes of an edited text, with the mark that the file began with."""
        return self.encoding.mark + self.encoding.encode(text)


def rewrite(job: Job, target: Located, transform: Transform, wish: Wish) -> EditResult:
    """Transform the text of a file, or only see what that would do."""
    with Recording(job) as record, place_of(target, follow=True) as spot, existing(spot) as old:
        if old is None:
            raise NotFound(target.written)
        source = _read(target, old)
        expect_etag(target.written, wish.if_match, etag_of(source.data))
        text, applied = transform(source.text)
        data = source.bytes_of(text)
        etag, change = etag_of(data), None
        if not wish.dry_run and data != source.data:
            etag, change = store(record, target, spot, old, data)
    return EditResult(
        path=target.written,
        diff=clipped(unified(source.text, text, target.written, context=wish.context)),
        applied=applied,
        etag=etag,
        change_id=change,
        dry_run=wish.dry_run,
    )


def _read(target: Located, old: OpenFile) -> Source:
    """The whole file as text.

    Raises:
        ToolError: `too_large`, or `is_binary`.
    """
    if old.stat.st_size > MOST_EDITED:
        message = f"`{target.written}` has {old.stat.st_size} bytes; files up to {MOST_EDITED} can be edited."
        raise ToolError(message, code="too_large")
    data = old.read_at(0, MOST_EDITED + 1)
    encoding = detect(data)
    if encoding is None:
        raise ToolError(f"`{target.written}` is not a text file.", code="is_binary")
    return Source(data, encoding, encoding.decode(data[len(encoding.mark) :]))
