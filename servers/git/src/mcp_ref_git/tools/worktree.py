"""Tools of the toolset `worktree`: further work trees of one repository, inside of what is allowed."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.access.places import free_place
from mcp_ref_git.errors import BadArgument, Denied
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.words import Place, Ref
from mcp_ref_git.reading.worktrees import WorkTree, parse_worktrees
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

worktree = Toolset[State]("worktree", default=False)

TreePath = Annotated[str, arg("Its path, absolute or in the repository.")]


class WorkTrees(Struct, frozen=True):
    """The work trees, the main one first."""

    worktrees: list[WorkTree]


class Added(Struct, frozen=True):
    """The new work tree."""

    path: str
    branch: str | None
    head: str


class Removed(Struct, frozen=True):
    """What was removed, and the commit it was at."""

    path: str
    branch: str | None
    head: str | None


class Pruned(Struct, frozen=True):
    """Administrative files of work trees that are gone."""

    pruned: list[str]
    dry_run: bool


@worktree.tool(**LOOKING)
async def git_worktree_list(ctx: Ctx, *, repo_path: arguments.RepoPath = None) -> Output[WorkTrees]:
    """List the work trees of a repository."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        found = await listed(opened)
    lines = "\n".join(f"{one.path} {one.branch or '(detached)'} {one.head or ''}" for one in found)
    return Output(WorkTrees(found), safe(lines))


@worktree.tool(destructive=False, idempotent=False, open_world=False)
async def git_worktree_add(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    path: TreePath,
    branch: Annotated[str, arg("Branch or commit to check out, else HEAD.")] | None = None,
    new_branch: Annotated[str, arg("Create this branch there.")] | None = None,
    detach: Annotated[bool, arg("Be on no branch.")] = False,
) -> Output[Added]:
    """Add a work tree, inside of what is allowed."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        place = await _free(opened, path)
        argv = Argv("worktree", "add", "--quiet").add("--detach", when=detach)
        if new_branch is not None:
            argv.add("-b").put(Ref.of(new_branch))
            argv.put(place, await opened.commit(branch or "HEAD", "branch"))
        elif detach or branch is None:
            argv.put(place, await opened.commit(branch or "HEAD", "branch"))
        else:
            argv.put(place, await _branch(opened, branch))
        if new_branch is None and branch is None and not detach:
            raise BadArgument("Name a `branch`, a `new_branch`, or `detach`.")
        await opened.git(argv)
        found = next(one for one in await listed(opened) if one.path == show(place.text))
    return Output(Added(found.path, found.branch, found.head or ""), safe(f"Added {found.path}"))


@worktree.tool(destructive=True, idempotent=False, open_world=False)
async def git_worktree_remove(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    path: TreePath,
    force: Annotated[bool, arg("Although it has changes, which are lost.")] = False,
) -> Output[Removed]:
    """Remove a work tree; its branch stays."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        found = next((one for one in await listed(opened) if path in (one.path, _relative(opened, one))), None)
        if found is None or found.main:
            raise BadArgument(f"`{named(path)}` is no linked work tree of this repository.")
        if not opened.repository.reach.holds(found.path):
            raise Denied(named(path))
        argv = Argv("worktree", "remove").add("--force", when=force).put(Place(found.path))
        answer = await opened.attempt(argv)
        if answer.code and b"use --force" in answer.err:
            hint = "With force=true they are lost."
            raise ToolError("The work tree has changes or new files.", code="would_overwrite", hint=hint)
        if answer.code:
            raise opened.failed("worktree remove", answer)
    return Output(Removed(found.path, found.branch, found.head), safe(f"Removed {found.path}"))


@worktree.tool(destructive=False, idempotent=True, open_world=False)
async def git_worktree_prune(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    dry_run: Annotated[bool, arg("Only say what would go.")] = True,
) -> Output[Pruned]:
    """Forget work trees whose directories are gone."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        answer = await opened.git(Argv("worktree", "prune", "--verbose").add("--dry-run", when=dry_run))
    said = (answer.out + answer.err).decode("utf-8", "replace")
    pruned = [line.removeprefix("Removing worktrees/").partition(":")[0] for line in said.splitlines() if line]
    return Output(Pruned(pruned, dry_run), safe("\n".join(pruned) or "Nothing to prune"))


async def listed(opened: Opened) -> list[WorkTree]:
    """The work trees as git knows them."""
    return parse_worktrees((await opened.git(Argv("worktree", "list", "--porcelain", "-z"))).out)


async def _free(opened: Opened, path: str) -> Place:
    """A place for a work tree: also inside of a place that is one repository, for it stays part of that."""
    found = opened.repository.found
    place = await opened.workers.run(free_place, opened.repository.reach, path, inside=found.path)
    return Place(str(place))


async def _branch(opened: Opened, name: str) -> Ref:
    ref = Ref.of(name)
    (there,) = await opened.things([f"refs/heads/{ref.text}"])
    if there is None:
        raise BadArgument(f"There is no branch `{ref.text}`.", hint="Use new_branch, or detach=true for a commit.")
    return ref


def _relative(opened: Opened, tree: WorkTree) -> str:
    return tree.path.removeprefix(f"{opened.repository.found.path}/")
