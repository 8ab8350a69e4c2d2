# ruff: noqa: N803  argument names are the wire's
"""Tools for zip and tar archives: list, extract, create.

What does the work is imported by its tool: zipfile, tarfile and lzma would cost every start some milliseconds.
"""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_filesystem.archives.members import ArchiveEntry
from mcp_ref_filesystem.pages import Bookmark, Page
from mcp_ref_filesystem.results import Truncation
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.walk import Position
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING, Cursor, Exclude, Overwrite
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

archive = Toolset[State]("archive", default=False)

Archive = Annotated[str, arg("Path of a zip, tar, tar.gz or tar.xz file.")]


class ArchiveList(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Members in the order of the archive."""

    path: str
    entries: list[ArchiveEntry]
    truncation: Truncation | None = None
    untrusted: bool = True


class ExtractResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How much was extracted."""

    path: str
    destination: str
    files: int
    bytes: int
    change_id: str | None = None


class PackResult(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The archive, and what is not in it: denied by rules; skipped as links, special or unreadable."""

    path: str
    files: int
    bytes: int
    denied: int
    skipped: int
    change_id: str | None = None


class ArchiveQuery(Struct, frozen=True):
    """Which archive, and how many members on a page."""

    path: str
    limit: int


@archive.tool(**LOOKING)
async def list_archive(
    ctx: Ctx,
    *,
    path: Archive,
    limit: Annotated[int, arg("Most members on a page.", ge=1, le=10_000)] = 1000,
    cursor: Cursor = None,
) -> Output[ArchiveList]:
    """List what an archive holds, without extracting it."""
    from mcp_ref_filesystem.archives.containers import list_members  # noqa: PLC0415  see above

    query = ArchiveQuery(path, limit)
    bookmark = await Bookmark.of(ctx, "list_archive", query)
    start = bookmark.open(cursor)
    skip = 0 if start is None else start.line
    target = await ctx.state.locate(ctx, path)
    entries = await ctx.state.workers.run_stoppable(list_members, target, skip, limit + 1)
    cut = len(entries) > limit
    page = ArchiveList(
        path=path,
        entries=entries[:limit],
        truncated=cut,
        truncation=Truncation("limit", limit) if cut else None,
        next_cursor=bookmark.seal(Position("", line=skip + limit)) if cut else None,
    )
    lines = [f"{entry.type:9} {entry.size:>12} {entry.mtime} {entry.name}" for entry in page.entries]
    return Output(page, safe("\n".join(lines)) + more(page.truncation, page.next_cursor))


@archive.tool(destructive=True, idempotent=False, open_world=False)
async def extract_archive(
    ctx: Ctx,
    *,
    path: Archive,
    destination: Annotated[str, arg("Directory to extract into; made if it is missing.")],
    include: Annotated[tuple[str, ...], arg("Globs of members; without: all.", max_length=100)] = (),
    overwrite: Overwrite = False,
) -> Output[ExtractResult]:
    """Extract an archive, all or nothing. One with links, devices or paths that lead out is refused whole."""
    from mcp_ref_filesystem.archives.extracting import Wanted, extract  # noqa: PLC0415  see above

    source = await ctx.state.locate(ctx, path)
    target = await ctx.state.locate(ctx, destination, write=True)
    wanted = Wanted(include=Globs(include, floating=True), overwrite=overwrite)
    done = await ctx.state.changes.run(ctx, "extract_archive", [target], extract, source, target, wanted)
    result = ExtractResult(
        path=path, destination=destination, files=done.files, bytes=done.bytes, change_id=done.change
    )
    return Output(result, f"Successfully extracted {done.files} files to {destination}")


@archive.tool(destructive=False, idempotent=False, open_world=False)
async def create_archive(
    ctx: Ctx,
    *,
    paths: Annotated[list[str], arg("Files and directories to put in.", min_length=1, max_length=100)],
    destination: Annotated[str, arg("Path of the archive; its ending decides: .zip, .tar, .tar.gz, .tar.xz.")],
    excludePatterns: Exclude = None,
) -> Output[PackResult]:
    """Make an archive. Links and denied paths are left out and counted."""
    from mcp_ref_filesystem.archives.packing import pack  # noqa: PLC0415  see above

    sources = [await ctx.state.locate(ctx, path) for path in paths]
    target = await ctx.state.locate(ctx, destination, write=True)
    exclude = Globs(excludePatterns or (), floating=True)
    depth = ctx.state.settings.max_depth
    done = await ctx.state.changes.run(ctx, "create_archive", [target], pack, sources, target, exclude, max_depth=depth)
    result = PackResult(
        path=destination,
        files=done.files,
        bytes=done.bytes,
        denied=done.denied,
        skipped=done.skipped,
        change_id=done.change,
    )
    return Output(result, f"Successfully packed {done.files} files into {destination}")
