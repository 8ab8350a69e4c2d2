"""Tools of the toolset `remote`: nothing of it works without --allow-remote."""

import re
import shutil
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.access.places import free_place
from mcp_ref_git.changing.consent import is_protected
from mcp_ref_git.errors import BadArgument, BadRef, Policy
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.runner import Where
from mcp_ref_git.program.words import Glued, ObjectId, Place, Ref, RemoteName, Value
from mcp_ref_git.reading.status import look
from mcp_ref_git.remotes.addresses import judged
from mcp_ref_git.remotes.reaching import reach, served, urls_of, variables
from mcp_ref_git.remotes.updates import Update, differences, pushed, remote_refs
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.integrate import integrated
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show
from mcp_ref_kit.processes import Bounds

remote = Toolset[State]("remote", default=False)

# The longest that the core grants a tool; the operator's --remote-timeout ends the program before.
SECONDS = 300
MOST_REFS = 5000
_SPEC = re.compile(r"\+?(refs/heads/[^\s:]+):(refs/remotes/[^\s:]+)")
_LINE = re.compile(r"([0-9a-f]{40,64})\t(\S+)")

Name = Annotated[str, arg("Name of the remote.")]


class RemoteRefs(Struct, frozen=True):
    """refs: name, commit."""

    refs: list[dict[str, str]]
    truncated: bool


class Updated(Struct, frozen=True):
    """updates: ref, old, new, status."""

    updates: Sequence[Any]
    dry_run: bool = False


class Pulled(Struct, frozen=True):
    """What was fetched, and what came of joining it."""

    updates: Sequence[Update]
    result: str
    conflicts: Sequence[Any]
    head: str | None


class Cloned(Struct, frozen=True):
    """The new repository."""

    path: str
    branch: str | None
    head: str | None


@remote.tool(read_only=True, idempotent=True, open_world=True, seconds=SECONDS)
async def git_ls_remote(
    ctx: Ctx, *, repo_path: arguments.RepoPath = None, remote: Name = "origin"
) -> Output[RemoteRefs]:
    """List the branches and tags of a remote."""
    name = RemoteName.of(remote)
    async with ctx.state.reading(ctx, repo_path) as opened:
        urls = await urls_of(opened, name, ctx.state.permits, push=False)
        argv = served(Argv("ls-remote", "--heads", "--tags", "--quiet"), urls, push=False)
        answer = await reach(opened, argv.put(name), urls)
    found = [{"name": ref, "commit": commit} for commit, ref in _LINE.findall(answer.text)]
    data = RemoteRefs(found[:MOST_REFS], truncated=len(found) > MOST_REFS)
    return Output(data, safe("\n".join(f"{one['commit'][:12]} {one['name']}" for one in data.refs)))


@remote.tool(destructive=False, idempotent=True, open_world=True, seconds=SECONDS)
async def git_fetch(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    remote: Name = "origin",
    refspecs: Annotated[
        tuple[str, ...], arg("Branches, as name or name:name; else as configured.", max_length=50)
    ] = (),
    prune: Annotated[bool, arg("Forget what the remote has deleted.")] = False,
    tags: Annotated[bool, arg("All tags.")] = False,
) -> Output[Updated]:
    """Fetch from a remote."""
    name = RemoteName.of(remote)
    specs = [_fetched(text, name) for text in refspecs]
    async with ctx.state.writing(ctx, repo_path) as opened:
        updates = await _fetch(ctx, opened, name, specs, prune=prune, tags=tags)
    return Output(Updated(updates), safe(_said(updates)))


@remote.tool(destructive=True, idempotent=False, open_world=True, seconds=SECONDS)
async def git_pull(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    remote: Name = "origin",
    branch: Annotated[str, arg("Its branch, else the one of the same name.")] | None = None,
    mode: Annotated[Literal["ff-only", "rebase", "merge"], arg("How to join it.")] = "ff-only",
) -> Output[Pulled]:
    """Fetch a branch and join it to the current one."""
    name = RemoteName.of(remote)
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        current = (await look(opened)).branch
        if branch is None and current is None:
            raise BadArgument("HEAD is on no branch; name the `branch` to pull.")
        ref = Ref.of(branch or current or "")
        updates = await _fetch(ctx, opened, name, [_fetched(ref.text, name)], prune=False, tags=False)
        commit = await opened.commit(f"refs/remotes/{name.text}/{ref.text}")
        joining = _joining(mode, commit, f"{name.text}/{ref.text}")
        joined = await integrated(opened, joining, "pull")
    done = joined.data
    data = Pulled(updates, done.result, done.conflicts, done.head)
    return Output(data, safe(f"{done.result}\n{_said(updates)}"))


@remote.tool(destructive=True, idempotent=False, open_world=True, seconds=SECONDS)
async def git_push(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    remote: Name = "origin",
    branch: Annotated[str, arg("Branch, as name or name:name; else the current one.")] | None = None,
    set_upstream: Annotated[bool, arg("Follow it from now on.")] = False,
    force_with_lease: Annotated[str, arg("Full id that the remote must still have.")] | None = None,
    delete: Annotated[bool, arg("Delete it there.")] = False,
    dry_run: Annotated[bool, arg("Only say what would happen.")] = True,
) -> Output[Updated]:
    """Push a branch to a remote; by default only tries."""
    name = RemoteName.of(remote)
    async with ctx.state.writing(ctx, repo_path) as opened:
        source, target = await _sides(opened, branch)
        lease = None if force_with_lease is None else ObjectId.of(force_with_lease)
        _check_push(opened, target, forced=lease is not None, delete=delete)
        urls = await urls_of(opened, name, ctx.state.permits, push=True)
        argv = Argv("push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--no-recurse-submodules")
        argv.add("--dry-run", when=dry_run).add("--set-upstream", when=set_upstream and not delete)
        whole = Glued.branch(target)
        argv.attach("--force-with-lease=", None if lease is None else Glued.lease(whole, lease))
        argv = served(argv, urls, push=True)
        argv.put(name, Glued.refspec(None if delete else Glued.branch(source), whole))
        answer = await opened.attempt(
            argv, extra=variables(urls), bounds=Bounds(seconds=opened.settings.remote_timeout)
        )
        updates = pushed(answer.text)
        if answer.code and not updates:
            raise failure("push", answer.err, opened.repository.where.allowed)
    rejected = next((one for one in updates if one.status.startswith("rejected")), None)
    if rejected is not None:
        hint = "Fetch first, and join what the remote has."
        raise ToolError(f"`{target.text}` was {rejected.status}.", code="conflict", hint=hint)
    return Output(Updated(updates, dry_run), safe(("Would push\n" if dry_run else "Pushed\n") + _said(updates)))


@remote.tool(destructive=False, idempotent=False, open_world=True, seconds=SECONDS)
async def git_clone(
    ctx: Ctx,
    *,
    url: Annotated[str, arg("Address by https or ssh.", min_length=1, max_length=2048)],
    path: Annotated[str, arg("Absolute path of a new directory.")],
    branch: Annotated[str, arg("Check out this branch.")] | None = None,
    depth: Annotated[int, arg("Only so many commits.", ge=1, le=1_000_000)] | None = None,
    filter: Annotated[Literal["blob:none", "tree:0"], arg("Leave out what is not needed yet.")] | None = None,  # noqa: A002  as git calls it
) -> Output[Cloned]:
    """Clone a remote repository into a new directory, without its submodules."""
    address = judged(url, ctx.state.permits)
    reachable = await ctx.state.repositories.reach(ctx)
    place = await ctx.state.workers.run(free_place, reachable, path)
    argv = Argv(
        "clone", "--quiet", "--template=", "--no-recurse-submodules", "--no-shallow-submodules", "--origin=origin"
    )
    argv.attach("--branch=", None if branch is None else Ref.of(branch)).attach("--depth=", depth)
    argv.attach("--filter=", None if filter is None else Value(filter))
    if not place.parent.is_dir():
        raise BadArgument("The directory above the new one must be there.")
    argv = served(argv, [address], push=False).add("--").put(address, Place(str(place)))
    done = False
    try:
        bounds = Bounds(seconds=ctx.state.settings.remote_timeout)
        where = Where(cwd=str(place.parent), allowed=(str(place),))
        answer = await ctx.state.git.run(where, argv, extra=variables([address]), bounds=bounds)
        if answer.code:
            raise failure("clone", answer.err, where.allowed)
        done = True
    finally:
        if not done:
            await ctx.state.workers.run(shutil.rmtree, place, ignore_errors=True)
    async with ctx.state.reading(ctx, str(place)) as opened:
        seen = await look(opened)
    return Output(Cloned(show(str(place)), seen.branch, seen.head), safe(f"Cloned into {show(str(place))}"))


async def _fetch(
    ctx: Ctx, opened: Opened, name: RemoteName, specs: Sequence[Value], *, prune: bool, tags: bool
) -> list[Update]:
    urls = await urls_of(opened, name, ctx.state.permits, push=False)
    before = await remote_refs(opened)
    argv = Argv("fetch", "--quiet", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-commit-graph")
    argv.add("--refmap=")  # only what is named here is updated
    specs = specs or configured(opened, name)
    argv.add("--prune", when=prune).add("--no-prune", when=not prune).add("--tags", when=tags)
    await reach(opened, served(argv, urls, push=False).put(name, *specs), urls)
    return differences(before, await remote_refs(opened))


def configured(opened: Opened, name: RemoteName) -> list[Value]:
    """The branches that are fetched where nothing is said: into tracking refs, wherever else the configuration says."""
    key = f"remote.{name.text}.fetch"
    wanted = [entry.value for entry in opened.repository.entries if entry.key == key]
    into = f"refs/remotes/{name.text}/"
    fit = [Value(text) for text in wanted if (found := _SPEC.fullmatch(text)) and f"{found[2]}".startswith(into)]
    return fit or [Value(f"+refs/heads/*:{into}*")]


def _fetched(text: str, remote: RemoteName) -> Glued:
    """A branch into its tracking ref; a name on the right means a tracking ref as well, never a branch of ours."""
    source, target = _names(text)
    return Glued(f"refs/heads/{source.text}:refs/remotes/{remote.text}/{target.text}")


def _names(text: str) -> tuple[Ref, Ref]:
    source, colon, target = text.partition(":")
    if source.startswith("+") or "*" in text:
        raise BadRef(f"`{named(text)}`: a refspec is `name` or `name:name`.")
    return Ref.of(source), Ref.of(target if colon else source)


async def _sides(opened: Opened, branch: str | None) -> tuple[Ref, Ref]:
    if branch is not None:
        return _names(branch)
    current = (await opened.attempt(Argv("symbolic-ref", "--quiet", "--short", "HEAD"))).text.strip()
    if not current:
        raise BadArgument("HEAD is on no branch; name the `branch` to push.")
    return Ref.of(current), Ref.of(current)


def _check_push(opened: Opened, target: Ref, *, forced: bool, delete: bool) -> None:
    settings = opened.settings
    if forced and not (settings.allow_force and settings.mode == "admin"):
        raise Policy("Pushes are not forced here.", hint="The operator can allow it by --allow-force in admin mode.")
    if delete and not settings.destroys:
        raise Policy("Deleting at the remote needs the destructive toolset in admin mode.")
    if (forced or delete) and is_protected(settings, target.text):
        raise Policy(f"`{target.text}` is protected: it is neither forced nor deleted.")


def _joining(mode: str, commit: ObjectId, label: str) -> Argv:
    if mode == "rebase":
        return Argv(
            "rebase", "--merge", "--no-autostash", "--no-verify", "--no-autosquash", "--no-stat", "--quiet"
        ).put(commit)
    argv = Argv("merge", "--no-edit", "--no-autostash", "--no-verify", "--no-verify-signatures", "--no-stat")
    argv.add("--ff-only", when=mode == "ff-only").add("--ff", when=mode == "merge")
    return argv.add("-m").put(Glued(f"Merge '{label}'")).put(commit)


def _said(updates: Sequence[Update]) -> str:
    return "\n".join(f"{one.status}: {one.ref} {(one.new or '')[:12]}" for one in updates) or "Nothing new"
