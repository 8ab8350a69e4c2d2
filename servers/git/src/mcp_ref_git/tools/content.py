"""Tools that look into files: blame, grep, and which files there are."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Struct, structs

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.pages import Bookmark, Offset, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Glued, ObjectId, Pattern, Place
from mcp_ref_git.reading.blame import Hunk, parse_blame
from mcp_ref_git.reading.files import FileEntry, Kind, list_files
from mcp_ref_git.reading.grep import Match, Matches, grep_command
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Limit, Paths
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

content = Toolset[State]("read")

Line = Annotated[int, arg("Line.", ge=1)] | None


class _Blame(Page, frozen=True, kw_only=True):
    hunks: Sequence[Any]


class BlamePage(_Blame, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    hunks: Sequence[Hunk]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class _Found(Page, frozen=True, kw_only=True):
    matches: Sequence[Any]


class FoundPage(_Found, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    matches: Sequence[Match]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class _Files(Page, frozen=True, kw_only=True):
    entries: Sequence[Any]


class FilesPage(_Files, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    entries: Sequence[FileEntry]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class BlameQuery(Struct, frozen=True, kw_only=True):
    """What a page of blame is asked for."""

    path: str
    revision: str | None
    start_line: int | None
    end_line: int | None
    ignore_whitespace: bool
    detect_moves: bool
    ignore_revs_file: str | None
    limit: int


class BlameStart(Struct, frozen=True):
    """Where a page begins; the commit is pinned, the work tree cannot be."""

    line: int
    commit: str | None


class GrepQuery(Struct, frozen=True, kw_only=True):
    """What a page of matches is asked for."""

    pattern: str
    revision: str | None
    paths: tuple[str, ...]
    mode: Literal["extended", "fixed"]
    case_sensitive: bool
    context: int
    max_matches: int


class GrepStart(Struct, frozen=True):
    """Where a page begins."""

    skip: int
    commit: str | None


class FilesQuery(Struct, frozen=True):
    """What a page of files is asked for."""

    paths: tuple[str, ...]
    kind: Kind
    limit: int


@content.tool(**LOOKING)
async def git_blame(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    path: arguments.Path,
    revision: Annotated[str, arg("Else the work tree.")] | None = None,
    start_line: Line = None,
    end_line: Line = None,
    ignore_whitespace: Annotated[bool, arg("Ignore white space.")] = False,
    detect_moves: Annotated[bool, arg("Follow moved lines.")] = False,
    ignore_revs_file: Annotated[str, arg("Commits to pass over.")] | None = None,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> Output[_Blame]:
    """Show who last changed each line."""
    query = BlameQuery(
        path=path,
        revision=revision,
        start_line=start_line,
        end_line=end_line,
        ignore_whitespace=ignore_whitespace,
        detect_moves=detect_moves,
        ignore_revs_file=ignore_revs_file,
        limit=limit,
    )
    if start_line is not None and end_line is not None and end_line < start_line:
        raise BadArgument("`end_line` must not be before `start_line`.")
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_blame", query, BlameStart)
        start = bookmark.open(cursor) or await _blame_start(opened, query)
        hunks = await _blamed(opened, query, start)
    shown = _first_lines(hunks, start.line + limit - 1)
    last = shown[-1].end if shown else 0
    cut = bool(hunks) and hunks[-1].end > last
    cursor = bookmark.seal(BlameStart(last + 1, start.commit) if cut else None)
    truncation = Truncation("limit", last - start.line + 1) if cut else None
    page = BlamePage(hunks=shown, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    lines = "\n".join(_blame_lines(shown))
    return Output(page, safe(lines + more(truncation, cursor)))


@content.tool(**LOOKING)
async def git_grep(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    pattern: Annotated[str, arg("What to look for.")],
    revision: Annotated[str, arg("Else the work tree.")] | None = None,
    paths: Paths = (),
    mode: Annotated[Literal["extended", "fixed"], arg("Expression or plain text.")] = "extended",
    case_sensitive: Annotated[bool, arg("Mind case.")] = True,
    context: Annotated[int, arg("Context lines.", ge=0, le=20)] = 0,
    max_matches: Limit = 100,
    cursor: Cursor = None,
) -> Output[_Found]:
    """Find text in tracked files or a commit."""
    query = GrepQuery(
        pattern=pattern,
        revision=revision,
        paths=paths,
        mode=mode,
        case_sensitive=case_sensitive,
        context=context,
        max_matches=max_matches,
    )
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_grep", query, GrepStart)
        commit = None if revision is None else (await opened.commit(revision)).text
        start = bookmark.open(cursor) or GrepStart(0, commit)
        matches = await _grepped(opened, query, start)
    cut = matches.has_more
    cursor = bookmark.seal(GrepStart(start.skip + max_matches, start.commit) if cut else None)
    truncation = Truncation("limit", len(matches.found)) if cut else None
    page = FoundPage(matches=matches.found, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    lines = "\n".join(f"{one.path}:{one.line}:{one.text}" for one in matches.found)
    return Output(page, safe(lines + more(truncation, cursor)))


@content.tool(**LOOKING)
async def git_ls_files(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    paths: Paths = (),
    kind: Annotated[Kind, arg("Which.")] = "tracked",
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Output[_Files]:
    """List tracked, modified, untracked or ignored files."""
    query = FilesQuery(paths, kind, limit)
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_ls_files", query, Offset)
        start = bookmark.open(cursor) or Offset(0)
        found = await list_files(opened, kind, await opened.paths(paths), start.skip + limit + 1)
    shown, cut = found[start.skip : start.skip + limit], len(found) > start.skip + limit
    cursor = bookmark.seal(Offset(start.skip + limit) if cut else None)
    truncation = Truncation("limit", len(shown)) if cut else None
    page = FilesPage(entries=shown, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    return Output(page, safe("\n".join(one.path for one in shown) + more(truncation, cursor)))


async def _blame_start(opened: Opened, query: BlameQuery) -> BlameStart:
    commit = None if query.revision is None else (await opened.commit(query.revision)).text
    return BlameStart(query.start_line or 1, commit)


async def _blamed(opened: Opened, query: BlameQuery, start: BlameStart) -> list[Hunk]:
    end = start.line + query.limit  # one line more than is shown
    if query.end_line is not None:
        end = min(end, query.end_line)
    argv = Argv("blame", "--porcelain", "--encoding=UTF-8", "--root", "--no-textconv").attach(
        "-L", Glued.lines(start.line, end)
    )
    argv.add("-w", when=query.ignore_whitespace).add("-M", when=query.detect_moves)
    if query.ignore_revs_file is not None:
        argv.attach("--ignore-revs-file=", await _regular_file(opened, query.ignore_revs_file))
    argv.put(None if start.commit is None else ObjectId.of(start.commit))
    if start.commit is None:
        _ = opened.top
    answer = await opened.attempt(argv.paths([await opened.path(query.path)]))
    if answer.code and b"has only 0 lines" in answer.err:
        return []
    if answer.code and b"has only " in answer.err:
        raise BadArgument(f"`start_line`: the file ends before line {start.line}.")
    if answer.code:
        raise opened.failed("blame", answer)
    return await opened.parsed(parse_blame, answer)


async def _regular_file(opened: Opened, text: str) -> Place:
    """A file of the work tree itself: a link could lead to any file of the disk, and errors would cite it."""
    path = await opened.path(text)
    place = opened.top / path.text
    if not await opened.workers.run(_is_regular, place):
        raise BadArgument("`ignore_revs_file` must be a regular file of the work tree.")
    return Place(str(place))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _first_lines(hunks: list[Hunk], last: int) -> list[Hunk]:
    """The hunks up to a line."""
    shown: list[Hunk] = []
    for hunk in hunks:
        if hunk.start > last:
            break
        shown.append(hunk if hunk.end <= last else _shortened(hunk, last))
    return shown


def _shortened(hunk: Hunk, last: int) -> Hunk:
    return structs.replace(hunk, end=last, lines=hunk.lines[: last - hunk.start + 1])


def _blame_lines(hunks: list[Hunk]) -> list[str]:
    return [
        f"{hunk.commit[:12]} ({hunk.author.name} {hunk.date[:10]} {hunk.start + number}) {line}"
        for hunk in hunks
        for number, line in enumerate(hunk.lines)
    ]


async def _grepped(opened: Opened, query: GrepQuery, start: GrepStart) -> Matches:
    argv = grep_command(
        Pattern.of(query.pattern, "pattern"),
        extended=query.mode == "extended",
        case_sensitive=query.case_sensitive,
        context=query.context,
    )
    if start.commit is None:
        _ = opened.top
    argv.put(None if start.commit is None else ObjectId.of(start.commit))
    matches = Matches(start.skip, query.max_matches, in_commit=start.commit)
    argv.paths(await opened.paths(query.paths))
    answer = await opened.attempt(argv, take=matches.take)
    matches.end()
    if answer.code not in (None, 0, 1):  # 1: nothing was found
        if b"egular expression" in answer.err or b"fatal: command line" in answer.err:
            raise BadArgument("`pattern` is no extended regular expression.", hint="Use mode=fixed for plain text.")
        raise opened.failed("grep", answer)
    return matches
