"""Tools of the toolset `destructive`: each says what is needed to get back what it removed."""

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.changing.backup import save
from mcp_ref_git.changing.consent import require_unprotected
from mcp_ref_git.errors import BadArgument, BadRef
from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.parsing import names
from mcp_ref_git.program.words import ObjectId, Ref, RepoPath
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.stash import Index, drop, stash_at
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

destructive = Toolset[State]("destructive", default=False)

# More files are not kept by one call.
MOST_CLEANED = 10_000
_AT_ONCE = 200


class Cleaned(Struct, frozen=True):
    """What was removed, or would be, and the ref under which it is kept."""

    removed: list[str]
    backup: str | None
    dry_run: bool


class Deleted(Struct, frozen=True):
    """What was removed, and the id to make it again from."""

    name: str
    commit: str


class Renamed(Struct, frozen=True):
    """From which name to which."""

    old: str
    new: str
    commit: str


@destructive.tool(destructive=True, idempotent=False, open_world=False, admin=True)
async def git_clean(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    paths: arguments.Paths = (),
    directories: Annotated[bool, arg("New directories, too.")] = False,
    ignored: Annotated[bool, arg("Ignored files, too.")] = False,
    dry_run: Annotated[bool, arg("Only say what would go.")] = True,
) -> Output[Cleaned]:
    """Remove files that git does not know; they are kept under a backup ref."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        given = await opened.paths(paths)
        if size_of(given) > MOST_PATH_BYTES:
            raise BadArgument("`paths` is too long.")
        doomed = await _unknown(opened, given, directories=directories, ignored=ignored)
        if dry_run or not doomed:
            return _cleaned(doomed, None, dry_run=dry_run)
        backup = await save(opened, doomed, "files before they were cleaned.")
        for start in range(0, len(doomed), _AT_ONCE):
            await opened.git(Argv("clean", "--force", "--quiet", "-x").paths(doomed[start : start + _AT_ONCE]))
        if directories:
            await opened.workers.run(_without_empty, opened.top, doomed)
    return _cleaned(doomed, backup, dry_run=False)


@destructive.tool(destructive=True, idempotent=False, open_world=False, admin=True)
async def git_delete_branch(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    branch_name: arguments.Branch,
    force: Annotated[bool, arg("Although it is not merged.")] = False,
) -> Output[Deleted]:
    """Delete a branch that is not protected."""
    name = Ref.of(branch_name)
    async with ctx.state.writing(ctx, repo_path) as opened:
        require_unprotected(opened.settings, name.text, "deleted")
        commit = await _tip(opened, "refs/heads/", name)
        await opened.git(Argv("branch").add("--delete").add("--force", when=force).put(name))
    return _deleted("branch", name, commit)


@destructive.tool(destructive=True, idempotent=False, open_world=False, admin=True)
async def git_rename_branch(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    branch_name: arguments.Branch,
    new_name: Annotated[str, arg("Its new name.")],
) -> Output[Renamed]:
    """Rename a branch that is not protected."""
    old, new = Ref.of(branch_name), Ref.of(new_name)
    async with ctx.state.writing(ctx, repo_path) as opened:
        for name in (old, new):
            require_unprotected(opened.settings, name.text, "renamed")
        commit = await _tip(opened, "refs/heads/", old)
        await opened.git(Argv("branch", "--move").put(old, new))
    return Output(Renamed(old.text, new.text, commit.text), safe(f"Renamed '{old.text}' to '{new.text}'"))


@destructive.tool(destructive=True, idempotent=False, open_world=False, admin=True)
async def git_tag_delete(
    ctx: Ctx, *, repo_path: arguments.RepoPath = None, name: Annotated[str, arg("Name of the tag.")]
) -> Output[Deleted]:
    """Delete a tag."""
    tag = Ref.of(name)
    async with ctx.state.writing(ctx, repo_path) as opened:
        target = await _tip(opened, "refs/tags/", tag)
        await opened.git(Argv("tag", "--delete").put(tag))
    return _deleted("tag", tag, target)


@destructive.tool(destructive=True, idempotent=False, open_world=False, admin=True)
async def git_stash_drop(ctx: Ctx, *, repo_path: arguments.RepoPath = None, index: Index) -> Output[Deleted]:
    """Drop a stash; its commit can still be applied by its id for a while."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        stash = await stash_at(opened, index)
        await drop(opened, index)
    return Output(Deleted(f"stash {index}", stash.commit), safe(f"Dropped stash {index}; it was {stash.commit}"))


async def _tip(opened: Opened, namespace: str, name: Ref) -> ObjectId:
    (thing,) = await opened.things([f"{namespace}{name.text}"])
    if thing is None:
        raise BadRef(f"There is no `{name.text}`.")
    return thing.id


async def _unknown(opened: Opened, paths: list[RepoPath], *, directories: bool, ignored: bool) -> list[RepoPath]:
    """Files that git does not know, without those of other repositories, or in new directories unless asked."""
    argv = Argv("ls-files", "--others", "-z").add("--exclude-standard", when=not ignored)
    found = [name for name in names((await opened.git(argv.paths(paths))).out) if not name.endswith("/")]
    if not directories:
        listing = Argv("ls-files", "--others", "--directory", "-z").add("--exclude-standard", when=not ignored)
        new = {name for name in names((await opened.git(listing)).out) if name.endswith("/")}
        asked = tuple(f"{path.text}/" for path in paths)
        found = [name for name in found if not any(name.startswith(one) and not name.startswith(asked) for one in new)]
    if len(found) > MOST_CLEANED:
        raise BadArgument(f"There are {len(found)} files; at most {MOST_CLEANED} go at once. Narrow `paths`.")
    return [RepoPath(name) for name in found]


def _without_empty(top: Path, gone: list[RepoPath]) -> None:
    """Remove the directories that held nothing else."""
    for path in gone:
        for parent in (top / path.text).parents:
            if parent == top or top not in parent.parents:
                break
            try:
                parent.rmdir()
            except OSError:
                break  # it holds something


def _cleaned(doomed: list[RepoPath], backup: str | None, *, dry_run: bool) -> Output[Cleaned]:
    removed = [show(path.text) for path in doomed]
    said = f"{'Would remove' if dry_run else 'Removed'} {len(removed)} files" + (
        f"; backup: {backup}" if backup else ""
    )
    return Output(Cleaned(removed, backup, dry_run), safe("\n".join([said, *removed])))


def _deleted(what: str, name: Ref, commit: ObjectId) -> Output[Deleted]:
    return Output(Deleted(name.text, commit.text), safe(f"Deleted {what} '{name.text}'; it was at {commit.text}"))
