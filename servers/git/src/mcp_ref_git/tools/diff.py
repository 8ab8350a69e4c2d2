"""Tools that compare: the work tree, the index, two commits."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.pages import Bookmark, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import names
from mcp_ref_git.program.scratch import scratch
from mcp_ref_git.program.words import ObjectId, RepoPath
from mcp_ref_git.reading.commits import FileChange
from mcp_ref_git.reading.diffs import Compared, Diff, Position, Shape, read_diff
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, ContextLines, Cursor, Paths
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

diff = Toolset[State]("read")

# Untracked files whose text is shown as new.
MOST_UNTRACKED = 500

Stat = Annotated[bool, arg("Numbers only.")]
NameOnly = Annotated[bool, arg("Names only.")]
Generated = Annotated[bool, arg("Without lock files.")]
MaxChars = Annotated[int, arg("Longest text.", ge=200)]


class _Changes(Page, frozen=True, kw_only=True):
    files: Sequence[Any]
    diff: str


class ChangesPage(_Changes, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    files: Sequence[FileChange]
    excluded: list[str]
    base_commit: str | None = None
    target_commit: str | None = None
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class DiffQuery(Struct, frozen=True, kw_only=True):
    """What a page of diff is asked for."""

    context_lines: int
    paths: tuple[str, ...]
    stat: bool
    name_only: bool
    exclude_generated: bool
    max_chars: int
    include_untracked: bool = False
    target: str = ""
    base: str | None = None
    merge_base: bool = False
    find_renames: bool = True
    ignore_whitespace: bool = False
    word_diff: bool = False

    def shape(self, most: int) -> Shape:
        """How that looks."""
        return Shape(
            context=self.context_lines,
            renames=self.find_renames,
            ignore_whitespace=self.ignore_whitespace,
            words=self.word_diff,
            exclude_generated=self.exclude_generated,
            text=not (self.stat or self.name_only),
            numbers=not self.name_only,
            most=min(self.max_chars, most),
        )


@diff.tool(**LOOKING)
async def git_diff_unstaged(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    context_lines: ContextLines = 3,
    paths: Paths = (),
    stat: Stat = False,
    name_only: NameOnly = False,
    include_untracked: Annotated[bool, arg("New files too.")] = False,
    exclude_generated: Generated = True,
    max_chars: MaxChars = 100_000,
    cursor: Cursor = None,
) -> Output[_Changes]:
    """Show unstaged changes."""
    query = DiffQuery(
        context_lines=context_lines,
        paths=paths,
        stat=stat,
        name_only=name_only,
        exclude_generated=exclude_generated,
        max_chars=max_chars,
        include_untracked=include_untracked,
    )
    async with ctx.state.reading(ctx, repo_path) as opened:
        _ = opened.top
        bookmark = Bookmark(ctx, opened, "git_diff_unstaged", query, Position)
        found = await _unstaged(opened, query, bookmark.open(cursor) or Position())
    return _answer(found, "Unstaged changes", bookmark, Position())


@diff.tool(**LOOKING)
async def git_diff_staged(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    context_lines: ContextLines = 3,
    paths: Paths = (),
    stat: Stat = False,
    name_only: NameOnly = False,
    exclude_generated: Generated = True,
    max_chars: MaxChars = 100_000,
    cursor: Cursor = None,
) -> Output[_Changes]:
    """Show staged changes."""
    query = DiffQuery(
        context_lines=context_lines,
        paths=paths,
        stat=stat,
        name_only=name_only,
        exclude_generated=exclude_generated,
        max_chars=max_chars,
    )
    async with ctx.state.reading(ctx, repo_path) as opened:
        _ = opened.top
        bookmark = Bookmark(ctx, opened, "git_diff_staged", query, Position)
        compared = Compared(cached=True, paths=tuple(await opened.paths(paths)))
        found = await read_diff(
            opened, compared, query.shape(opened.settings.max_diff_chars), bookmark.open(cursor) or Position()
        )
    return _answer(found, "Staged changes", bookmark, Position())


@diff.tool(**LOOKING)
async def git_diff(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    target: Annotated[str, arg("Compare with this.")],
    base: Annotated[str, arg("Else the work tree.")] | None = None,
    merge_base: Annotated[bool, arg("From where they parted.")] = False,
    context_lines: ContextLines = 3,
    paths: Paths = (),
    stat: Stat = False,
    name_only: NameOnly = False,
    find_renames: Annotated[bool, arg("Find renames.")] = True,
    ignore_whitespace: Annotated[bool, arg("Ignore white space.")] = False,
    word_diff: Annotated[bool, arg("By words.")] = False,
    exclude_generated: Generated = True,
    max_chars: MaxChars = 100_000,
    cursor: Cursor = None,
) -> Output[_Changes]:
    """Compare a commit to the work tree or another."""
    query = DiffQuery(
        target=target,
        base=base,
        merge_base=merge_base,
        context_lines=context_lines,
        paths=paths,
        stat=stat,
        name_only=name_only,
        find_renames=find_renames,
        ignore_whitespace=ignore_whitespace,
        word_diff=word_diff,
        exclude_generated=exclude_generated,
        max_chars=max_chars,
    )
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_diff", query, Position)
        position = bookmark.open(cursor) or await _pinned(opened, query)
        base_id, target_id = (None if one is None else ObjectId.of(one) for one in (position.base, position.target))
        compared = Compared(base=base_id, target=target_id, paths=tuple(await opened.paths(paths)))
        if base_id is None:
            _ = opened.top
        found = await read_diff(opened, compared, query.shape(opened.settings.max_diff_chars), position)
    return _answer(found, f"Diff with {target}", bookmark, position)


async def _unstaged(opened: Opened, query: DiffQuery, position: Position) -> Diff:
    compared = Compared(paths=tuple(await opened.paths(query.paths)))
    shape = query.shape(opened.settings.max_diff_chars)
    if not query.include_untracked:
        return await read_diff(opened, compared, shape, position)
    new = await untracked(opened, compared.paths)
    found = opened.repository.found
    async with scratch(opened.workers, found.git_dir, found.common_dir) as variables:
        if new:
            adding = Argv("add", "--intent-to-add", "--force").paths_by_stdin(new)
            await opened.git(adding, extra=variables)
        return await read_diff(opened, compared, shape, position, variables)


async def untracked(opened: Opened, paths: Sequence[RepoPath]) -> list[RepoPath]:
    """Files that git does not know and does not ignore; repositories among them are left alone."""
    listing = Argv("ls-files", "--others", "--exclude-standard", "-z").paths(paths)
    answer = await opened.git(listing)
    return [RepoPath(name) for name in names(answer.out) if not name.endswith("/")][:MOST_UNTRACKED]


async def _pinned(opened: Opened, query: DiffQuery) -> Position:
    """The commits that the question names, as they are now."""
    if query.base is None:
        target = await opened.commit(query.target, "target")
        if not query.merge_base:
            return Position(base=None, target=target.text)
        head = await opened.commit("HEAD")
        return Position(base=None, target=(await merge_base(opened, target, head)).text)
    target, base = await opened.commits([query.target, query.base], "target")
    if query.merge_base:
        base = await merge_base(opened, base, target)
    return Position(base=base.text, target=target.text)


async def merge_base(opened: Opened, one: ObjectId, other: ObjectId) -> ObjectId:
    """Where two histories parted.

    Raises:
        ToolError: they have nothing in common.
    """
    answer = await opened.attempt(Argv("merge-base").put(one, other))
    if answer.code:
        raise opened.failed("merge-base", replace(answer, out=b"the two have no common history"))
    return ObjectId.of(answer.text.split()[0])


def _answer(found: Diff, heading: str, bookmark: Bookmark[Position], pinned: Position) -> Output[_Changes]:
    cursor = bookmark.seal(found.next)
    truncation = Truncation("chars", len(found.text)) if found.next is not None else None
    data = ChangesPage(
        files=found.files,
        diff=found.text,
        excluded=found.excluded,
        base_commit=pinned.base,
        target_commit=pinned.target,
        truncated=found.next is not None,
        truncation=truncation,
        next_cursor=cursor,
        untrusted=True,
    )
    return Output(data, safe(f"{heading}:\n{text_of(found)}{more(truncation, cursor)}"))


def text_of(found: Diff) -> str:
    """The diff, or its numbers where there is no text."""
    shown = found.text or "\n".join(_line(file) for file in found.files)
    if found.excluded:
        shown += f"\n[text left out, as it is generated: {', '.join(found.excluded[:20])}]"
    return shown


def _line(file: FileChange) -> str:
    name = file.path if file.old_path is None else f"{file.old_path} -> {file.path}"
    numbers = "binary" if file.binary else f"+{file.additions} -{file.deletions}"
    return f"{file.status}: {name}" + ("" if file.additions is None and not file.binary else f" ({numbers})")
