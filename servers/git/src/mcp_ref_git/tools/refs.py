"""Tools that list what has a name: branches, tags, stashes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.pages import Bookmark, Offset, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Glued, RefPattern, Value
from mcp_ref_git.reading.refs import Branch, TagEntry, read_branches, read_refs, read_tags, ref_listing
from mcp_ref_git.reading.stashes import Stash, read_stashes
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Limit
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

refs = Toolset[State]("read")

BranchType = Literal["local", "remote", "all"]
BranchSort = Literal["-committerdate", "committerdate", "-authordate", "authordate", "refname", "-refname"]
TagSort = Literal["-creatordate", "creatordate", "refname", "-refname", "version", "-version"]
Glob = Annotated[str, arg("Glob.")] | None


class _Branches(Page, frozen=True, kw_only=True):
    branches: Sequence[Any]


class BranchesPage(_Branches, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    branches: Sequence[Branch]
    current: str | None
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class _Tags(Page, frozen=True, kw_only=True):
    tags: Sequence[Any]


class TagsPage(_Tags, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    tags: Sequence[TagEntry]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class _Stashes(Struct, frozen=True, kw_only=True):
    stashes: Sequence[Any]
    truncated: bool


class StashesPage(_Stashes, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    stashes: Sequence[Stash]
    untrusted: bool


class BranchQuery(Struct, frozen=True, kw_only=True):
    """What a page of branches is asked for."""

    branch_type: BranchType
    contains: str | None
    not_contains: str | None
    merged: str | None
    no_merged: str | None
    pattern: str | None
    sort: BranchSort
    limit: int


class TagQuery(Struct, frozen=True):
    """What a page of tags is asked for."""

    pattern: str | None
    sort: TagSort
    limit: int


@refs.tool(**LOOKING)
async def git_branch(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    branch_type: Annotated[BranchType, arg("Which.")] = "local",
    contains: Annotated[str, arg("A commit.")] | None = None,
    not_contains: Annotated[str, arg("A commit.")] | None = None,
    merged: Annotated[str, arg("Into this.")] | None = None,
    no_merged: Annotated[str, arg("Into this.")] | None = None,
    pattern: Glob = None,
    sort: Annotated[BranchSort, arg("Order.")] = "-committerdate",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Output[_Branches]:
    """List branches."""
    query = BranchQuery(
        branch_type=branch_type,
        contains=contains,
        not_contains=not_contains,
        merged=merged,
        no_merged=no_merged,
        pattern=pattern,
        sort=sort,
        limit=limit,
    )
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_branch", query, Offset)
        start = bookmark.open(cursor) or Offset(0)
        argv = ref_listing().attach("--sort=", Value(sort)).attach("--count=", start.skip + limit + 1)
        await _filter(opened, argv, query)
        _add_names(argv, query)
        found = await read_refs(opened, argv)
        shown = await read_branches(opened, found[start.skip : start.skip + limit])
        current = next((one.name for one in shown if one.current), None) or await _current(opened)
    cut = len(found) > start.skip + limit
    cursor = bookmark.seal(Offset(start.skip + limit) if cut else None)
    truncation = Truncation("limit", len(shown)) if cut else None
    page = BranchesPage(
        branches=shown, current=current, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True
    )
    lines = "\n".join(f"{'*' if one.current else ' '} {one.name}" for one in shown)
    return Output(page, safe(lines + more(truncation, cursor)))


@refs.tool(**LOOKING)
async def git_tags(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    pattern: Glob = None,
    sort: Annotated[TagSort, arg("Order.")] = "-creatordate",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Output[_Tags]:
    """List tags."""
    query = TagQuery(pattern, sort, limit)
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_tags", query, Offset)
        start = bookmark.open(cursor) or Offset(0)
        order = sort.replace("version", "version:refname")
        argv = ref_listing().attach("--sort=", Value(order)).attach("--count=", start.skip + limit + 1)
        argv.put(_within("refs/tags/", pattern))
        found = await read_refs(opened, argv)
        shown = await read_tags(opened, found[start.skip : start.skip + limit])
    cut = len(found) > start.skip + limit
    cursor = bookmark.seal(Offset(start.skip + limit) if cut else None)
    truncation = Truncation("limit", len(shown)) if cut else None
    page = TagsPage(tags=shown, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    lines = "\n".join(f"{one.name} {one.commit[:12]} {one.subject}" for one in shown)
    return Output(page, safe(lines + more(truncation, cursor)))


@refs.tool(**LOOKING)
async def git_stash_list(ctx: Ctx, *, repo_path: arguments.RepoPath = None, limit: Limit = 50) -> Output[_Stashes]:
    """List stashes, latest first."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        found = await read_stashes(opened, limit + 1)
    cut = len(found) > limit
    page = StashesPage(stashes=found[:limit], truncated=cut, untrusted=True)
    lines = "\n".join(f"stash {one.index}: {one.message}" for one in page.stashes)
    return Output(page, safe(lines + (f"\n[the first {limit}; raise limit for more]" if cut else "")))


async def _current(opened: Opened) -> str | None:
    """The branch that is checked out, where it is none of those that were found."""
    answer = await opened.attempt(Argv("symbolic-ref", "--quiet", "--short", "HEAD"))
    return answer.text.strip() or None


async def _filter(opened: Opened, argv: Argv, query: BranchQuery) -> None:
    for text, argument in (
        (query.contains, "contains"),
        (query.not_contains, "not_contains"),
        (query.merged, "merged"),
        (query.no_merged, "no_merged"),
    ):
        if text is not None:
            commit = await opened.commit(text, argument)
            argv.attach(_FILTERS[argument], commit)


_FILTERS: dict[str, Literal["--contains=", "--no-contains=", "--merged=", "--no-merged="]] = {
    "contains": "--contains=",
    "not_contains": "--no-contains=",
    "merged": "--merged=",
    "no_merged": "--no-merged=",
}


def _add_names(argv: Argv, query: BranchQuery) -> None:
    if query.branch_type in {"local", "all"}:
        argv.put(_within("refs/heads/", query.pattern))
    if query.branch_type in {"remote", "all"}:
        argv.put(_within("refs/remotes/", query.pattern))


def _within(namespace: Literal["refs/heads/", "refs/remotes/", "refs/tags/"], pattern: str | None) -> Value:
    return Glued(namespace if pattern is None else f"{namespace}{RefPattern.of(pattern).text}")
