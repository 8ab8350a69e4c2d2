"""Tools about repositories as a whole: which there are, and in what state one is."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.access.allowed import RootsMode
from mcp_ref_git.pages import Bookmark, Offset, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.reading.operation import Operation, operation_of
from mcp_ref_git.reading.status import Change, Conflict, Seen, Untracked, command, look, parse
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Limit, RepoPath
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

status = Toolset[State]("read")

# Repositories whose state is looked at for a list; of more only the names are told.
MOST_LOOKED_AT = 50


class _Repositories(Struct, frozen=True):
    repositories: Sequence[Any]


class Listed(Struct, frozen=True, omit_defaults=True):
    """A repository; `name` stands for it in resources. `error`: why it cannot be used."""

    name: str
    path: str
    branch: str | None = None
    head: str | None = None
    bare: bool = False
    worktrees: int | None = None
    dirty: bool | None = None
    error: str | None = None


class ClientRoots(Struct, frozen=True):
    """What the client's roots do, and which they are."""

    mode: RootsMode
    client: list[str]


class EffectiveRepositories(_Repositories, frozen=True, kw_only=True):
    """The same, and why these."""

    repositories: Sequence[Listed]
    allowed: list[str]
    roots: ClientRoots
    untrusted: bool


class _Status(Page, frozen=True, kw_only=True):
    staged: Sequence[Any]
    unstaged: Sequence[Any]
    untracked: Sequence[Any]
    conflicts: Sequence[Any]


class StatusPage(_Status, frozen=True, kw_only=True):
    """The same with all that is known."""

    branch: str | None
    head: str | None
    operation: Operation | None
    clean: bool
    detached: bool
    unborn: bool
    bare: bool
    upstream: str | None
    ahead: int | None
    behind: int | None
    staged: Sequence[Change]
    unstaged: Sequence[Change]
    untracked: Sequence[Change]
    ignored: Sequence[Change]
    conflicts: Sequence[Conflict]
    stash_count: int
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class StatusQuery(Struct, frozen=True):
    """What a page of status is asked for."""

    include_untracked: Untracked
    include_ignored: bool
    limit: int


@status.tool(**LOOKING)
async def git_repositories(ctx: Ctx) -> Output[_Repositories]:
    """List the repositories that can be used."""
    reach = await ctx.state.repositories.reach(ctx)
    found = await ctx.state.repositories.named(ctx)
    listed: list[Listed] = []
    for number, (name, path) in enumerate(found.items()):
        listed.append(await _listed(ctx, name, str(path), looks=number < MOST_LOOKED_AT))
    data = EffectiveRepositories(
        repositories=listed,
        allowed=[show(str(place.path)) for place in reach.places],
        roots=ClientRoots(reach.roots_mode, list(reach.roots)),
        untrusted=True,
    )
    lines = [f"{one.name}: {one.path}" + (f" ({one.branch})" if one.branch else "") for one in listed]
    return Output(data, safe("Repositories:\n" + ("\n".join(lines) or "(none)")))


@status.tool(**LOOKING)
async def git_status(
    ctx: Ctx,
    *,
    repo_path: RepoPath = None,
    include_untracked: Annotated[Untracked, arg("New files; all: in new directories too.")] = "normal",
    include_ignored: Annotated[bool, arg("And ignored.")] = False,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> Output[_Status]:
    """Show the branch, and what is staged, changed, new, in conflict."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        query = StatusQuery(include_untracked, include_ignored, limit)
        bookmark = Bookmark(ctx, opened, "git_status", query, Offset)
        start = bookmark.open(cursor)
        skip = 0 if start is None else start.skip
        seen = await _bare(opened) if opened.is_bare else await _seen(opened, query)
        operation = await ctx.state.workers.run(operation_of, opened.git_dir)
    page, total = seen.part(skip, limit), seen.total
    cut = skip + limit < total
    truncation = Truncation("limit", page.total, total) if cut else None
    data = StatusPage(
        branch=seen.branch,
        detached=seen.branch is None,
        unborn=seen.head is None,
        bare=opened.is_bare,
        head=seen.head,
        upstream=seen.upstream,
        ahead=seen.ahead,
        behind=seen.behind,
        operation=operation,
        staged=page.of("staged"),
        unstaged=page.of("unstaged"),
        untracked=page.of("untracked"),
        ignored=page.of("ignored"),
        conflicts=page.conflicts,
        stash_count=seen.stashes,
        clean=seen.total == len(seen.of("ignored")),
        truncated=cut,
        truncation=truncation,
        next_cursor=bookmark.seal(Offset(skip + limit) if cut else None),
        untrusted=True,
    )
    return Output(data, safe(f"Repository status:\n{_text(data)}{more(truncation, data.next_cursor)}"))


async def _seen(opened: Opened, query: StatusQuery) -> Seen:
    answer = await opened.git(command(query.include_untracked, ignored=query.include_ignored))
    return await opened.parsed(parse, answer)


async def _bare(opened: Opened) -> Seen:
    """Of a bare repository there is only its branch to tell."""
    symbolic = await opened.attempt(Argv("symbolic-ref", "--quiet", "--short", "HEAD"))
    head = await opened.head()
    return Seen(head=None if head is None else head.text, branch=symbolic.text.strip() or None)


async def _listed(ctx: Ctx, name: str, path: str, *, looks: bool) -> Listed:
    """A repository as far as it can be looked at; what is wrong with one is told beside the others."""
    if not looks:
        return Listed(name, show(path))
    try:
        async with ctx.state.reading(ctx, path) as opened:
            seen = await _bare(opened) if opened.is_bare else await look(opened)
            trees = await opened.git(Argv("worktree", "list", "--porcelain", "-z"))
    except ToolError as error:
        return Listed(name, show(path), error=error.text)
    return Listed(
        name,
        show(path),
        branch=seen.branch,
        head=seen.head,
        bare=opened.is_bare,
        worktrees=trees.out.count(b"worktree "),
        dirty=seen.total > 0,
    )


def _text(data: StatusPage) -> str:
    if data.bare:
        return f"On branch {data.branch}, bare"
    lines = [f"On branch {data.branch}" if data.branch else f"HEAD detached at {data.head}"]
    if data.unborn:
        lines.append("No commits yet")
    if data.upstream:
        lines.append(f"Upstream {data.upstream}: {data.ahead or 0} ahead, {data.behind or 0} behind")
    if data.operation:
        lines.append(f"A {data.operation} is under way")
    for heading, changes in (("Staged", data.staged), ("Changed, not staged", data.unstaged)):
        lines += _section(heading, [f"{one.status}: {_moved(one)}" for one in changes])
    lines += _section("Untracked", [one.path for one in data.untracked])
    lines += _section("Ignored", [one.path for one in data.ignored])
    lines += _section("Conflicts", [f"{one.kind}: {one.path}" for one in data.conflicts])
    return "\n".join([*lines, "Nothing to commit, working tree clean"] if data.clean else lines)


def _moved(change: Change) -> str:
    return change.path if change.old_path is None else f"{change.old_path} -> {change.path}"


def _section(heading: str, lines: list[str]) -> list[str]:
    return [f"{heading}:", *(f"  {line}" for line in lines)] if lines else []
