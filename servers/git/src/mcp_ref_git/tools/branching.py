"""Tools that make and change branches: git_create_branch, git_checkout."""

from typing import Annotated

from msgspec import Struct, field

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.errors import BadRef
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Glued, Ref
from mcp_ref_git.reading.status import look
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_kit.content.encodings import safe

branching = Toolset[State]("write")


class _Created(Struct, frozen=True):
    branch: str


class Created(_Created, frozen=True):
    """The new branch, and where it begins."""

    branch: str
    commit: str
    base: str


class _Switched(Struct, frozen=True, kw_only=True):
    detached: bool


class Switch(_Switched, frozen=True, kw_only=True):
    """From where to where."""

    from_: str | None = field(name="from")
    to: str | None
    detached: bool
    head: str | None


@branching.tool(destructive=False, idempotent=False, open_world=False)
async def git_create_branch(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    branch_name: arguments.Branch,
    base_branch: Annotated[str, arg("Else HEAD.")] | None = None,
    checkout: Annotated[bool, arg("Switch to it.")] = False,
    track: Annotated[str, arg("As origin/main.")] | None = None,
) -> Output[_Created]:
    """Create a branch."""
    name = Ref.of(branch_name)
    async with ctx.state.writing(ctx, repo_path) as opened:
        commit = await opened.commit(base_branch or track or "HEAD", "base_branch")
        await opened.git(Argv("branch", "--no-track").put(name, commit))
        if track is not None:
            await _follow(opened, name, Ref.of(track))
        before = await look(opened) if checkout or (base_branch is None and not opened.is_bare) else None
        if checkout:
            _ = opened.top
            await opened.git(Argv("switch", "--quiet", "--no-guess", "--no-recurse-submodules").put(name))
    base = base_branch or track or (before.branch if before is not None else None) or "HEAD"
    data = Created(name.text, commit.text, base)
    return Output(data, safe(f"Created branch '{name.text}' from '{base}'"))


@branching.tool(destructive=False, idempotent=True, open_world=False)
async def git_checkout(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    branch_name: Annotated[str, arg("Branch; with detach any commit.")],
    create: Annotated[bool, arg("Create it at HEAD.")] = False,
    detach: Annotated[bool, arg("Be on no branch.")] = False,
) -> Output[_Switched]:
    """Switch branches, unless changes would be lost."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        before = await look(opened)
        argv = Argv("switch", "--quiet", "--no-recurse-submodules", "--no-guess")
        if detach:
            argv.add("--detach").put(await opened.commit(branch_name, "branch_name"))
        elif create:
            argv.add("--create").put(Ref.of(branch_name))
        else:
            argv = await _existing(opened, argv, Ref.of(branch_name))
        await opened.git(argv)
        after = await look(opened)
    data = Switch(from_=before.branch or before.head, to=after.branch, detached=after.branch is None, head=after.head)
    where = f"branch '{after.branch}'" if after.branch else f"{after.head}, detached"
    return Output(data, safe(f"Switched to {where}"))


async def _existing(opened: Opened, argv: Argv, name: Ref) -> Argv:
    """To a branch that is there, or to a new one for the only remote branch of that name."""
    (local,) = await opened.things([f"refs/heads/{name.text}"])
    if local is not None:
        return argv.put(name)
    remote = await _only_remote(opened, name)
    await opened.git(Argv("branch", "--no-track").put(name, await opened.commit(f"refs/remotes/{remote.text}")))
    await _follow(opened, name, remote)
    return argv.put(name)


async def _only_remote(opened: Opened, name: Ref) -> Ref:
    answer = await opened.git(Argv("for-each-ref", "--format=%(refname:lstrip=2)", "refs/remotes"))
    found = [line for line in answer.lines if line.partition("/")[2] == name.text]
    if len(found) == 1:
        return Ref.of(found[0])
    if found:
        raise BadRef(f"`{name.text}` is on several remotes.", hint="Use git_create_branch with `track`.")
    hint = "With detach=true any commit can be checked out; with create=true a new branch."
    raise BadRef(f"There is no branch `{name.text}`.", hint=hint)


async def _follow(opened: Opened, name: Ref, remote: Ref) -> None:
    (there,) = await opened.things([f"refs/remotes/{remote.text}"])
    if there is None:
        raise ToolError(f"There is no remote branch `{remote.text}`.", code="bad_ref")
    await opened.git(Argv("branch").attach("--set-upstream-to=", Glued(f"refs/remotes/{remote.text}")).put(name))
