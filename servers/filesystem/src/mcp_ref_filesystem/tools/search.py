# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that search: for names, and in what files contain."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any

from mcp_protocol import Output, Toolset, arg
from mcp_ref_filesystem.pages import Bookmark, Page
from mcp_ref_filesystem.results import Truncation
from mcp_ref_filesystem.search.finding import EntryType, Finding, Found, NameQuery
from mcp_ref_filesystem.search.needle import Case, Way
from mcp_ref_filesystem.search.passages import Passage
from mcp_ref_filesystem.search.scanning import ContentQuery, Scanning, Show, Skipped, Tally
from mcp_ref_filesystem.slices import Pulse, carry_out
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING, Cursor, DirectoryPath, Exclude, Gitignore
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

search = Toolset[State]("search")


MIB = 1024 * 1024
# A file is searched as a whole, in memory.
MOST_FILE_BYTES = 64 * MIB


class FoundFiles(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """matches: path, type, size, mtime."""

    matches: Sequence[Any]


class NamePage(FoundFiles, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known, and how many entries were looked at."""

    matches: Sequence[Found]
    visited: int
    truncation: Truncation | None = None
    untrusted: bool


class FoundContent(Page, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """matches: path, line, column, text, before, after, submatches; files: path, count."""

    matches: Sequence[Any]
    files: Sequence[Any] = ()


class ContentPage(FoundContent, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known, and what was searched for it."""

    matches: Sequence[Passage]
    files: Sequence[Tally] = ()
    files_scanned: int
    files_skipped: Skipped
    elapsed_ms: int
    truncation: Truncation | None = None
    untrusted: bool


@search.tool(**LOOKING)
async def search_files(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: DirectoryPath,
    pattern: Annotated[str, arg("Glob of the path below, as **/*.py; plain text: part of a name.", min_length=1)],
    excludePatterns: Exclude = None,
    type: Annotated[EntryType, arg("Kind.")] | None = None,  # noqa: A002  the wire's name
    minSize: Annotated[int, arg("Bytes.", ge=0)] | None = None,
    maxSize: Annotated[int, arg("Bytes.", ge=0)] | None = None,
    modifiedAfter: Annotated[str, arg("ISO 8601.")] | None = None,
    modifiedBefore: Annotated[str, arg("ISO 8601.")] | None = None,
    caseSensitive: Annotated[bool, arg("Tell a from A.")] = False,
    gitignore: Gitignore = False,
    limit: Annotated[int, arg("Most matches.", ge=1)] = 200,
    cursor: Cursor = None,
) -> Output[FoundFiles]:
    """Find files and directories beneath a directory by name, size and time."""
    query = NameQuery(
        path=path,
        pattern=pattern,
        exclude=excludePatterns or (),
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


@search.tool(**LOOKING)
async def search_content(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("Regex (RE2) or text.", min_length=1)],
    path: DirectoryPath = ".",
    mode: Annotated[Way, arg("Meaning of `pattern`.")] = "regex",
    include: Annotated[tuple[str, ...], arg("Only files that fit these globs.")] | None = None,
    excludePatterns: Exclude = None,
    caseSensitive: Annotated[Case, arg("smart: if `pattern` has a capital.")] = "smart",
    multiline: Annotated[bool, arg("Match across lines.")] = False,
    before: Annotated[int, arg("Lines of context.", ge=0, le=20)] = 0,
    after: Annotated[int, arg("Lines of context.", ge=0, le=20)] = 0,
    maxMatches: Annotated[int, arg("Most lines or files.", ge=1)] = 100,
    maxPerFile: Annotated[int, arg("Most lines of a file.", ge=1)] = 20,
    maxFileBytes: Annotated[int, arg("Skip larger files.", ge=1)] = 10 * MIB,
    output: Annotated[Show, arg("Lines, files, or counts by file.")] = "content",
    gitignore: Gitignore = True,
    hidden: Annotated[bool, arg("Include dotfiles.")] = False,
    timeoutMs: Annotated[int, arg("Then answer what there is.", ge=100)] = 10_000,
    cursor: Cursor = None,
) -> Output[FoundContent]:
    """Search the contents of the files beneath a directory, line by line."""
    query = ContentQuery(
        pattern=pattern,
        path=path,
        mode=mode,
        include=include or (),
        exclude=excludePatterns or (),
        case=caseSensitive,
        multiline=multiline,
        before=before,
        after=after,
        max_matches=maxMatches,
        max_per_file=maxPerFile,
        max_file_bytes=min(maxFileBytes, MOST_FILE_BYTES),
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
    page = NamePage(
        matches=finding.found,
        visited=finding.visited,
        truncated=finding.truncation is not None,
        truncation=finding.truncation,
        next_cursor=bookmark.seal(finding.position),
        untrusted=True,
    )
    text = "\n".join(found.path for found in page.matches) or "No matches found"
    return Output(page, safe(text) + more(page.truncation, page.next_cursor))


async def scan(ctx: Ctx, query: ContentQuery, cursor: str | None) -> Output[FoundContent]:
    """One page of a search in files."""
    bookmark = await Bookmark.of(ctx, "search_content", query)
    start = await ctx.state.locate(ctx, query.path)
    pulse = Pulse()
    scanning = Scanning(start, query, ctx.state.settings, pulse, bookmark.open(cursor))
    await carry_out(ctx, scanning.steps(), pulse, "files")
    page = ContentPage(
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
    return Output(page, safe(text or "No matches found") + more(page.truncation, page.next_cursor))


def as_text(passages: Sequence[Passage]) -> str:
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


def _tallied(files: Sequence[Tally]) -> str:
    return "\n".join(one.path if one.count is None else f"{one.path}:{one.count}" for one in files)
