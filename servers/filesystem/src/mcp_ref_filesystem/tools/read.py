# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that read files: text, several texts, bytes, pictures and sounds."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct, structs

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING, FilePath
from mcp_ref_filesystem.views.ranges import Bytes, Form, read_range
from mcp_ref_filesystem.views.reading import Reading, Slice, TextPage, read_text
from mcp_ref_filesystem.views.several import LEAST, Budget, FileText, as_text, read_several
from mcp_ref_filesystem.views.showing import Media, show_media
from mcp_ref_kit.content.encodings import safe

read = Toolset[State]("read")

KIB = 1024
MIB = 1024 * KIB
# What one answer holds as base64 or hex stays below the budget of a result.
LONGEST_RANGE = 128 * KIB
MOST_FILES = 100

Head = Annotated[int, arg("Only the first lines.", ge=1)] | None
Tail = Annotated[int, arg("Only the last lines.", ge=1)] | None


@read.tool(**LOOKING)
async def read_text_file(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: FilePath,
    head: Head = None,
    tail: Tail = None,
    offset: Annotated[int, arg("First line; negative: from the end.")] | None = None,
    limit: Annotated[int, arg("Number of lines.", ge=1)] | None = None,
    maxBytes: Annotated[int, arg("Most bytes of text.", ge=1)] = 256 * KIB,
    lineNumbers: Annotated[bool, arg("Number the lines.")] = False,
    encoding: Annotated[str, arg("Such as utf-16 or cp1252.")] = "auto",
) -> Output[Reading]:
    """Read a text file or some of its lines. If truncated, go on with offset=nextOffset."""
    wanted = Slice(
        head=head,
        tail=tail,
        offset=offset,
        limit=limit,
        max_bytes=maxBytes,
        line_numbers=lineNumbers,
        encoding=encoding,
    )
    return await text_of(ctx, path, wanted)


_DEPRECATED: ToolOptions = {**LOOKING, "title": "Read File (deprecated)"}


@read.tool(**_DEPRECATED)
async def read_file(ctx: Ctx, *, path: FilePath, head: Head = None, tail: Tail = None) -> Output[Reading]:
    """Older name of read_text_file."""
    return await text_of(ctx, path, Slice(head=head, tail=tail))


async def text_of(ctx: Ctx, path: str, wanted: Slice) -> Output[TextPage]:
    """One page of a text file, as the tools answer it."""
    settings = ctx.state.settings
    most = min(wanted.max_bytes, settings.max_read_bytes)
    wanted = structs.replace(wanted, max_bytes=most, most_characters=settings.max_output_chars)
    located = await ctx.state.locate(ctx, path)
    page, shown = await ctx.state.workers.run_stoppable(read_text, located, wanted)
    note = remark(page)
    return Output(page, shown, *([note] if note else []))


@read.tool(**LOOKING)
async def read_file_range(
    ctx: Ctx,
    *,
    path: FilePath,
    start: Annotated[int, arg("First byte; negative: from the end.")] = 0,
    length: Annotated[int, arg("Number of bytes.", ge=1, le=LONGEST_RANGE)] = 64 * KIB,
    as_: Annotated[Form, arg("Form of the bytes.")] = "base64",
) -> Output[Bytes]:
    """Read bytes of a file of any kind and size."""
    located = await ctx.state.locate(ctx, path)
    found = await ctx.state.workers.run(read_range, located, start, length, as_)
    return Output(found, safe(found.data))


@read.tool(**LOOKING)
async def read_media_file(
    ctx: Ctx,
    *,
    path: FilePath,
    maxBytes: Annotated[int, arg("Refuse a larger file.", ge=1)] = 5 * MIB,
    maxPixels: Annotated[int, arg("Shrink a larger picture.", ge=1)] | None = None,
) -> Output[Media]:
    """Read a picture or sound as such, another file as an embedded resource."""
    located = await ctx.state.locate(ctx, path)
    most = min(maxBytes, ctx.state.settings.max_media_bytes)
    shown = await ctx.state.workers.run(show_media, located, most, maxPixels)
    return Output(shown.media, shown.block)


class Texts(Struct, frozen=True, kw_only=True):
    """files: path, ok, content, etag, truncated, error."""

    files: Sequence[Any]


class AllTexts(Texts, frozen=True, kw_only=True):
    """The same with all that is known."""

    files: Sequence[FileText]
    untrusted: bool


@read.tool(**LOOKING)
async def read_multiple_files(
    ctx: Ctx,
    *,
    paths: Annotated[list[str], arg("Paths of files.", min_length=1, max_length=MOST_FILES)],
    maxBytesPerFile: Annotated[int, arg("Most bytes of one.", ge=LEAST)] = 64 * KIB,
    totalBytes: Annotated[int, arg("Most bytes of all.", ge=LEAST)] = 256 * KIB,
) -> Output[Texts]:
    """Read several text files; one that fails does not fail the others."""
    settings = ctx.state.settings
    most = min(totalBytes, settings.max_read_bytes, settings.max_output_chars * 3 // 4)
    located = [await _located(ctx, path) for path in paths]
    budget = Budget(min(maxBytesPerFile, most), most)
    found = await ctx.state.workers.run_stoppable(read_several, located, paths, budget)
    texts = AllTexts(files=found, untrusted=True)
    return Output(texts, safe(as_text(found)))


async def _located(ctx: Ctx, path: str) -> Located | ToolError:
    try:
        return await ctx.state.locate(ctx, path)
    except ToolError as error:
        return error


def remark(page: TextPage) -> str:
    """What a reader of the text must know of a page that was cut."""
    if page.truncation is None:
        return ""
    if page.start_line is None:
        return f"[The last {page.truncation.shown} lines that fit.]"
    of = "" if page.total_lines is None else f" of {page.total_lines}"
    rest = "" if page.next_offset is None else f" Go on with offset={page.next_offset}."
    return f"[Lines {page.start_line} to {page.end_line}{of}, cut by bytes.{rest}]"
