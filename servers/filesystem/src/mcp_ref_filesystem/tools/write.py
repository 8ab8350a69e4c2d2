# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that write: a whole file, more at its end, a directory."""

from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.etag import etag_of, etag_of_file
from mcp_ref_filesystem.change.making import made_directories, missing_directories, place_of
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import append, existing, expect_etag, store
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import CreateParents, FilePath, IfMatch, Overwrite
from mcp_ref_kit.content.encodings import SNIFFED, UTF_8, Encoding, detect, named, sniff
from mcp_ref_kit.paths import AlreadyExists, NotFound, OpenFile

write = Toolset[State]("write")

LineEnd = Literal["keep", "lf", "crlf"]

# A larger file gets no etag after an append: hashing all of it would cost more than the append.
MOST_HASHED = 64 * 1024 * 1024
# Up to here a whole file is looked at to find its encoding, beyond that only its beginning.
MOST_DETECTED = 4 * 1024 * 1024
# Enough of the end of a file to see how its lines end.
TAIL = 4096
BYTE_ORDER_MARK = "\ufeff"


class Written(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The new etag."""

    path: str
    etag: str
    change_id: str | None = None


class WriteResult(Written, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was written; unchanged: the file had these bytes already."""

    bytes: int
    created: bool
    unchanged: bool
    previous_etag: str | None = None


class Appendix(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The new size."""

    path: str
    size: int
    change_id: str | None = None


class AppendResult(Appendix, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with the bytes added, and the etag unless the file is very large."""

    bytes: int
    etag: str | None = None


class Created(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was missing."""

    path: str
    created: list[str]
    change_id: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """Bytes for a file, and on what conditions they are written."""

    data: bytes
    overwrite: bool = True
    create_parents: bool = False
    if_match: str | None = None


class Addition(Struct, frozen=True, kw_only=True):
    """Text for the end of a file, and on what conditions it is added."""

    text: str
    create: bool = True
    new_line: bool = True
    if_match: str | None = None


@write.tool(destructive=True, idempotent=True, open_world=False)
async def write_file(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: FilePath,
    content: Annotated[str, arg("All of the new text.")],
    createParents: CreateParents = False,
    overwrite: Overwrite = True,
    ifMatch: IfMatch = None,
    encoding: Annotated[str, arg("Such as utf-8 or utf-16.")] = "utf-8",
    lineEnding: Annotated[LineEnd, arg("keep: as in content.")] = "keep",
) -> Output[Written]:
    """Create a file or replace all of its text."""
    data = text_to_bytes(content, encoding, lineEnding)
    limit = ctx.state.settings.max_write_bytes
    if len(data) > limit:
        raise ToolError(f"{len(data)} bytes are over the limit of {limit} for one file.", code="too_large")
    target = await ctx.state.locate(ctx, path, write=True)
    what = Content(data=data, overwrite=overwrite, create_parents=createParents, if_match=ifMatch)
    done = await ctx.state.changes.run(ctx, "write_file", [target], write_content, target, what)
    return Output(done, f"Successfully wrote to {path}")


@write.tool(destructive=False, idempotent=False, open_world=False)
async def append_file(
    ctx: Ctx,
    *,
    path: FilePath,
    content: Annotated[str, arg("Text to add.")],
    createIfMissing: Annotated[bool, arg("Create a missing file.")] = True,
    ensureNewline: Annotated[bool, arg("Begin on a new line.")] = True,
    ifMatch: IfMatch = None,
) -> Output[Appendix]:
    """Add text at the end of a file."""
    target = await ctx.state.locate(ctx, path, write=True)
    what = Addition(text=content, create=createIfMissing, new_line=ensureNewline, if_match=ifMatch)
    done = await ctx.state.changes.run(ctx, "append_file", [target], append_content, target, what)
    return Output(done, f"Successfully appended {done.bytes} bytes to {path}")


@write.tool(destructive=False, idempotent=True, open_world=False)
async def create_directory(ctx: Ctx, path: Annotated[str, arg("Path of the directory.")]) -> Output[Created]:
    """Create a directory and those missing above it."""
    target = await ctx.state.locate(ctx, path, write=True)
    done = await ctx.state.changes.run(ctx, "create_directory", [target], make_directory, target)
    return Output(done, f"Successfully created directory {path}")


def write_content(job: Job, target: Located, content: Content) -> WriteResult:
    """Put bytes into a file, unless it has them already."""
    with Recording(job) as record:
        missing = missing_directories(target) if content.create_parents else []
        with (
            made_directories(record, target, missing),
            place_of(target, follow=True) as spot,
            existing(spot) as old,
        ):
            previous = None if old is None else etag_of_file(old.fd, check=job.stop.check)
            expect_etag(target.written, content.if_match, previous)
            if old is not None and not content.overwrite:
                raise AlreadyExists(target.written)
            etag, change = etag_of(content.data), None
            unchanged = old is not None and previous == etag and old.stat.st_size == len(content.data)
            if not unchanged:
                etag, change = store(record, target, spot, old, content.data)
    return WriteResult(
        path=target.written,
        bytes=len(content.data),
        created=old is None,
        unchanged=unchanged,
        etag=etag,
        previous_etag=previous,
        change_id=change,
    )


def append_content(job: Job, target: Located, addition: Addition) -> AppendResult:
    """Put text at the end of a file; a missing one is created with it."""
    with Recording(job) as record, place_of(target, follow=True) as spot, existing(spot) as old:
        if old is None:
            if not addition.create:
                raise NotFound(target.written)
            expect_etag(target.written, addition.if_match, None)
            data = UTF_8.encode(addition.text)
            etag, change = store(record, target, spot, None, data)
            return AppendResult(path=target.written, bytes=len(data), size=len(data), etag=etag, change_id=change)
        if addition.if_match is not None:
            expect_etag(target.written, addition.if_match, etag_of_file(old.fd, check=job.stop.check))
        data = _fitted(target.written, old, addition)
        change = append(record, target, spot, old, data) if data else None
        with spot.open() as new:
            size = new.stat.st_size
            etag = etag_of_file(new.fd, check=job.stop.check) if size <= MOST_HASHED else None
    return AppendResult(path=target.written, bytes=len(data), size=size, etag=etag, change_id=change)


def make_directory(job: Job, target: Located) -> Created:
    """Make a directory and what is missing above it."""
    with Recording(job) as record:
        missing = missing_directories(target, itself=True)
        with made_directories(record, target, missing):
            record.acted()
    names = [target.written.rstrip("/").rsplit("/", up)[0] for up in reversed(range(len(missing)))]
    return Created(path=target.written, created=names, change_id=record.id if missing else None)


def text_to_bytes(text: str, encoding: str, line_end: LineEnd) -> bytes:
    """Text as the caller wants it in a file; wide encodings get a byte order mark, which readers need.

    Raises:
        ToolError: `encoding`, for a character that the encoding lacks.
    """
    if line_end != "keep":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n" if line_end == "crlf" else "\n")
    marked = encoding.lower() in {"utf-8-sig", "utf-8-bom"}
    found = UTF_8 if marked else named(encoding, b"")
    found = UTF_8 if found is None else found
    if (marked or found.unit > 1) and not text.startswith(BYTE_ORDER_MARK):
        text = BYTE_ORDER_MARK + text
    return found.encode(text)


def _fitted(written: str, old: OpenFile, addition: Addition) -> bytes:
    """The addition in the encoding and line ends of the file, on a line of its own if that is wanted."""
    encoding = _encoding(old)
    if encoding is None:
        raise ToolError(f"`{written}` is not a text file.", code="is_binary", hint="Use write_file to replace it.")
    size = old.stat.st_size
    start = max(0, size - TAIL)
    tail = old.read_at(start - start % encoding.unit, TAIL + encoding.unit).decode(encoding.name, "replace")
    before, feed, _ = tail.rpartition("\n")
    end = "\r\n" if feed and before.endswith("\r") else "\n"
    text = addition.text.replace("\r\n", "\n").replace("\n", end)
    if addition.new_line and text and size > len(encoding.mark) and not tail.endswith(("\n", "\r")):
        text = end + text
    return encoding.encode(text)


def _encoding(old: OpenFile) -> Encoding | None:
    if old.stat.st_size <= MOST_DETECTED:
        return detect(old.read_at(0, MOST_DETECTED))
    return sniff(old.read_at(0, SNIFFED))
