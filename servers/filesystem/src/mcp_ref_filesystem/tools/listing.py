# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that list: entries of a directory, facts about a path, the directories that may be used."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.reach import Reach, RootsMode
from mcp_ref_filesystem.pages import Bookmark, Page
from mcp_ref_filesystem.results import Kind, Truncation
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING, Cursor, DirectoryPath, Gitignore
from mcp_ref_filesystem.views.entries import (
    Entry,
    ListQuery,
    Order,
    SizedEntry,
    SizedQuery,
    SortBy,
    Totals,
    list_entries,
    list_sized,
)
from mcp_ref_filesystem.views.info import Facts, as_text, file_info
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

listing = Toolset[State]("read")

_MARKS: dict[Kind, str] = {"directory": "[DIR]", "symlink": "[LINK]", "file": "[FILE]", "other": "[OTHER]"}
_UNITS = ("B", "KB", "MB", "GB", "TB")

Limit = Annotated[int, arg("Most entries.", ge=1)]


class Entries(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """entries: name, type, target; directories first."""

    entries: Sequence[Any]


class EntriesPage(Entries, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known."""

    path: str
    entries: Sequence[Entry]
    total: int
    truncation: Truncation | None = None
    untrusted: bool


class SizedEntries(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """entries: name, type, size, mtime, mode."""

    entries: Sequence[Any]


class SizedEntriesPage(SizedEntries, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known, and what all of the directory adds up to."""

    path: str
    entries: Sequence[SizedEntry]
    totals: Totals
    truncation: Truncation | None = None
    untrusted: bool


class Allowed(Struct, frozen=True, kw_only=True):
    """A directory; source: named by the operator, or by a root of the client inside of what the operator named."""

    path: str
    mode: Literal["read-only", "read-write"]
    source: Literal["operator", "root"]
    exists: bool


class ClientRoots(Struct, frozen=True):
    """What the client's roots do, and which they are."""

    mode: RootsMode
    client: list[str]


class AllowedDirectories(Struct, frozen=True, kw_only=True):
    """directories: path, mode, source, exists."""

    directories: Sequence[Any]


class EffectiveDirectories(AllowedDirectories, frozen=True, kw_only=True):
    """The same, and why these."""

    directories: Sequence[Allowed]
    roots: ClientRoots


@listing.tool(**LOOKING)
async def list_directory(
    ctx: Ctx,
    *,
    path: DirectoryPath = ".",
    limit: Limit = 1000,
    cursor: Cursor = None,
    hidden: Annotated[bool, arg("Include dotfiles.")] = True,
    gitignore: Gitignore = False,
) -> Output[Entries]:
    """List the entries of a directory."""
    query = ListQuery(path=path, limit=min(limit, ctx.state.settings.max_results), hidden=hidden, gitignore=gitignore)
    reach = await ctx.state.reach(ctx)
    if path == "." and len(reach.places) > 1:
        return _all_directories(reach)
    bookmark = await Bookmark.of(ctx, "list_directory", query)
    located = await ctx.state.locate(ctx, path)
    found = await ctx.state.workers.run(
        list_entries, located, query, ctx.state.settings.max_output_chars, bookmark.open(cursor)
    )
    page = EntriesPage(
        path=path,
        entries=found.entries,
        total=found.total,
        truncated=found.truncation is not None,
        truncation=found.truncation,
        next_cursor=bookmark.seal(found.position),
        untrusted=True,
    )
    return Output(page, safe(as_lines(page.entries)) + more(page.truncation, page.next_cursor))


@listing.tool(**LOOKING)
async def list_directory_with_sizes(
    ctx: Ctx,
    *,
    path: DirectoryPath,
    sortBy: Annotated[SortBy, arg("Order by.")] = "name",
    order: Annotated[Order, arg("Default: names asc, others desc.")] | None = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Output[SizedEntries]:
    """List the entries of a directory with size, time and mode."""
    query = SizedQuery(path=path, sort_by=sortBy, order=order, limit=min(limit, ctx.state.settings.max_results))
    bookmark = await Bookmark.of(ctx, "list_directory_with_sizes", query)
    located = await ctx.state.locate(ctx, path)
    found = await ctx.state.workers.run_stoppable(
        list_sized, located, query, ctx.state.settings.max_output_chars, bookmark.open(cursor)
    )
    page = SizedEntriesPage(
        path=path,
        entries=found.entries,
        totals=found.totals,
        truncated=found.truncation is not None,
        truncation=found.truncation,
        next_cursor=bookmark.seal(found.position),
        untrusted=True,
    )
    lines = [_sized_line(entry) for entry in page.entries]
    lines += ["", f"Total: {page.totals.files} files, {page.totals.directories} directories"]
    lines.append(f"Combined size: {size_text(page.totals.bytes)}")
    return Output(page, safe("\n".join(lines)) + more(page.truncation, page.next_cursor))


@listing.tool(**LOOKING)
async def get_file_info(ctx: Ctx, *, path: Annotated[str, arg("Path.")]) -> Output[Facts]:
    """Tell size, times, permissions, encoding and etag of a file, directory or link."""
    located = await ctx.state.locate(ctx, path)
    info = await ctx.state.workers.run_stoppable(file_info, located)
    return Output(info, safe(as_text(info)))


@listing.tool(**LOOKING)
async def list_allowed_directories(ctx: Ctx) -> Output[AllowedDirectories]:
    """List the directories that can be used."""
    reach = await ctx.state.reach(ctx)
    writable = ctx.state.settings.mode != "read-only"
    directories = await ctx.state.workers.run(_allowed, reach.places, writable=writable)
    found = EffectiveDirectories(directories=directories, roots=ClientRoots(reach.roots_mode, list(reach.roots)))
    return Output(found, safe("Allowed directories:\n" + "\n".join(one.path for one in directories)))


def size_text(number: int) -> str:
    """A number of bytes in the words of the official server."""
    size, unit = float(number), 0
    while size >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004  units are powers of it
        size /= 1024
        unit += 1
    return f"{size:.2f} {_UNITS[unit]}" if unit else f"{number} B"


def as_lines(entries: Sequence[Entry]) -> str:
    """One line for each entry, in the form of the official server."""
    return "\n".join(_line(entry) for entry in entries)


def _line(entry: Entry) -> str:
    return f"{_MARKS[entry.type]} {entry.name}" + (f" -> {entry.target}" if entry.target else "")


def _sized_line(entry: SizedEntry) -> str:
    size = "" if entry.type == "directory" else size_text(entry.size)
    return f"{_MARKS[entry.type]} {entry.name:<30} {size:>10}"


def _all_directories(reach: Reach) -> Output[Entries]:
    """What is listed for `.` where that could be any of several directories."""
    entries = [Entry(name=show(str(place.path)), type="directory") for place in reach.places]
    page = EntriesPage(path=".", entries=entries, total=len(entries), truncated=False, untrusted=True)
    return Output(page, safe(as_lines(entries)))


def _allowed(places: tuple[Place, ...], *, writable: bool) -> list[Allowed]:
    return [
        Allowed(
            path=show(str(place.path)),
            mode="read-write" if writable and not place.read_only else "read-only",
            source=place.source,
            exists=place.exists(),
        )
        for place in places
    ]
