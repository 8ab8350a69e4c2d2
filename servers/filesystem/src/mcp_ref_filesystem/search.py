# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that search: for names, and in what files contain."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_ref_filesystem.arguments import Cursor, DirectoryPath, Exclude, Gitignore
from mcp_ref_filesystem.finding import Finding, Found, NameQuery
from mcp_ref_filesystem.needle import Case, Way
from mcp_ref_filesystem.pages import Bookmark, Page, more
from mcp_ref_filesystem.passages import Passage
from mcp_ref_filesystem.scanning import ContentQuery, Scanning, Show, Skipped, Tally
from mcp_ref_filesystem.slices import Pulse, carry_out
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text import safe

search = Toolset[State]("search")


MIB = 1024 * 1024
# A file is searched as a whole, in memory.
MOST_FILE_BYTES = 64 * MIB


class FoundFiles(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was found, and how many entries were looked at."""

    matches: list[Found]
    visited: int


class FoundContent(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Matching lines, or with another `output` files."""

    matches: list[Passage]
    files: tuple[Tally, ...] = ()
    files_scanned: int
    files_skipped: Skipped
    elapsed_ms: int


@search.tool(read_only=True, destructive=False, idempotent=True, open_world=False)
async def search_files(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: DirectoryPath,
    pattern: Annotated[str, arg("Glob for the path below `path`: **/*.py; plain text: part of a name.", min_length=1)],
    excludePatterns: Exclude = (),
    type: Literal["file", "directory", "symlink"] | None = None,  # noqa: A002  the wire's name
    minSize: Annotated[int | None, arg("Bytes.", ge=0)] = None,
    maxSize: Annotated[int | None, arg("Bytes.", ge=0)] = None,
    modifiedAfter: Annotated[str | None, arg("ISO 8601.")] = None,
    modifiedBefore: str | None = None,
    caseSensitive: bool = False,
    gitignore: Gitignore = False,
    limit: Annotated[int, arg("Most matches.", ge=1, le=100_000)] = 200,
    cursor: Cursor = None,
) -> Output[FoundFiles]:
    """Find files and directories by name, size and time, in a directory and all beneath it."""
    query = NameQuery(
        path=path,
        pattern=pattern,
        exclude=excludePatterns,
        type=type,
        min_size=minSize,
        max_size=maxSize,
        modified_after=modifiedAfter,
        modified_before=modifiedBefore,
        case_sensitive=caseSensitive,
        gitignore=gitignore,
        limit=limit,
    )
    return await find(ctx, query, cursor)


@search.tool(read_only=True, destructive=False, idempotent=True, open_world=False)
async def search_content(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("Regular expression (RE2), or text by `mode`.", min_length=1)],
    path: DirectoryPath = ".",
    mode: Way = "regex",
    include: Annotated[tuple[str, ...], arg("Globs of files to search: *.py.", max_length=100)] = (),
    excludePatterns: Exclude = (),
    caseSensitive: Annotated[Case, arg("smart: only if the pattern has a capital.")] = "smart",
    multiline: Annotated[bool, arg("A match may span lines.")] = False,
    before: Annotated[int, arg("Lines of context.", ge=0, le=20)] = 0,
    after: Annotated[int, arg("Lines of context.", ge=0, le=20)] = 0,
    maxMatches: Annotated[int, arg("Most matching lines (or files).", ge=1, le=100_000)] = 100,
    maxPerFile: Annotated[int, arg("Most lines of one file.", ge=1, le=100_000)] = 20,
    maxFileBytes: Annotated[int, arg("Larger files are skipped.", ge=1, le=MOST_FILE_BYTES)] = 10 * MIB,
    output: Annotated[Show, arg("Matching lines, or only files, or lines counted.")] = "content",
    gitignore: Gitignore = True,
    hidden: Annotated[bool, arg("Also names that begin with a dot.")] = False,
    timeoutMs: Annotated[int, arg("Then answers what it has.", ge=100, le=300_000)] = 10_000,
    cursor: Cursor = None,
) -> Output[FoundContent]:
    """Search the text of all files in a directory and beneath it, line by line."""
    query = ContentQuery(
        pattern=pattern,
        path=path,
        mode=mode,
        include=include,
        exclude=excludePatterns,
        case=caseSensitive,
        multiline=multiline,
        before=before,
        after=after,
        max_matches=maxMatches,
        max_per_file=maxPerFile,
        max_file_bytes=maxFileBytes,
        output=output,
        gitignore=gitignore,
        hidden=hidden,
        timeout_ms=timeoutMs,
    )
    return await scan(ctx, query, cursor)


async def find(ctx: Ctx, query: NameQuery, cursor: str | None) -> Output[FoundFiles]:
    """One page of a search by name."""
    bookmark = await Bookmark.of(ctx, "search_files", query)
    start = await ctx.state.locate(ctx, query.path)
    finding = Finding(start, query, ctx.state.settings, bookmark.open(cursor))
    await carry_out(ctx, finding.steps(), Pulse(), "entries")
    page = FoundFiles(
        matches=finding.found,
        visited=finding.visited,
        truncated=finding.truncation is not None,
        truncation=finding.truncation,
        next_cursor=bookmark.seal(finding.position),
        untrusted=True,
    )
    text = "\n".join(found.path for found in page.matches) or "No matches found"
    return Output(page, safe(text) + more(page))


async def scan(ctx: Ctx, query: ContentQuery, cursor: str | None) -> Output[FoundContent]:
    """One page of a search in files."""
    bookmark = await Bookmark.of(ctx, "search_content", query)
    start = await ctx.state.locate(ctx, query.path)
    pulse = Pulse()
    scanning = Scanning(start, query, ctx.state.settings, pulse, bookmark.open(cursor))
    await carry_out(ctx, scanning.steps(), pulse, "files")
    page = FoundContent(
        matches=scanning.passages,
        files=tuple(scanning.tallies),
        files_scanned=scanning.scanned,
        files_skipped=scanning.skipped,
        elapsed_ms=scanning.milliseconds,
        truncated=scanning.truncation is not None,
        truncation=scanning.truncation,
        next_cursor=bookmark.seal(scanning.position),
        untrusted=True,
    )
    text = as_text(page.matches) if query.output == "content" else _tallied(page.files)
    return Output(page, safe(text or "No matches found") + more(page))


def as_text(passages: list[Passage]) -> str:
    """Passages under the names of their files: `12:` before a line that matches, `11-` before one round it."""
    return "\n\n".join(
        "\n".join([path, *_numbered(list(found))]) for path, found in groupby(passages, key=attrgetter("path"))
    )


def _numbered(passages: list[Passage]) -> Iterator[str]:
    lines: dict[int, str] = {}
    for passage in passages:
        first = passage.line - len(passage.before)
        around = (*passage.before, None, *passage.after)
        for line, text in enumerate(around, first):
            if text is None:
                lines[line] = f"{line}:{passage.text}" + ("..." if passage.cut else "")
            else:
                lines.setdefault(line, f"{line}-{text}")
    last = 0
    for line in sorted(lines):
        if last and line > last + 1 and any(passage.before or passage.after for passage in passages):
            yield "--"
        yield lines[line]
        last = line


def _tallied(files: tuple[Tally, ...]) -> str:
    return "\n".join(one.path if one.count is None else f"{one.path}:{one.count}" for one in files)
