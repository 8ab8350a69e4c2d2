"""Tools that change what the next commit will hold, and the files of the work tree: add, reset, restore."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.changing.backup import save
from mcp_ref_git.changing.consent import require_destructive, require_head, require_unprotected
from mcp_ref_git.changing.staging import Staged, add_files
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.reading.status import Change, look
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import ConfirmHead
from mcp_ref_kit.content.encodings import safe

stage = Toolset[State]("write")

ResetMode = Literal["mixed", "soft", "hard", "keep"]
Files = Annotated[tuple[str, ...], arg("Literal; `.` for all.", min_length=1, max_length=1000)]


class _Reset(Struct, frozen=True, kw_only=True):
    unstaged: Sequence[Any]


class Moved(_Reset, frozen=True, kw_only=True):
    """The same with where HEAD was and is."""

    unstaged: list[str]
    head_before: str | None
    head_after: str | None


class _Restored(Struct, frozen=True):
    restored: Sequence[Any]


class Restored(_Restored, frozen=True):
    """The paths that changed, and the ref under which their former content is kept."""

    restored: list[str]
    backup: str


class _Added(Struct, frozen=True):
    staged: Sequence[Any]
    ignored: Sequence[Any]


class Addition(_Added, frozen=True):
    """What became of the files, and what was added without a filter that the repository configures."""

    staged: Sequence[Change]
    ignored: list[str]
    unchanged: list[str]
    filters_skipped: list[str]


@stage.tool(destructive=False, idempotent=True, open_world=False)
async def git_add(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    files: Files,
    update: Annotated[bool, arg("Tracked only.")] = False,
    force: Annotated[bool, arg("And ignored.")] = False,
    intent_to_add: Annotated[bool, arg("Names only.")] = False,
) -> Output[_Added]:
    """Stage files for the next commit."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        paths = await opened.paths(files)
        staged = await add_files(opened, paths, update=update, force=force, intent=intent_to_add)
    data = Addition(staged.staged, staged.ignored, staged.unchanged, staged.filters_skipped)
    return Output(data, safe(_said(staged)))


@stage.tool(destructive=True, idempotent=True, open_world=False)
async def git_reset(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    paths: arguments.Paths = (),
    mode: Annotated[ResetMode, arg("Others: destructive toolset.")] = "mixed",
    target: Annotated[str, arg("As for mode.")] = "HEAD",
    confirm_head: ConfirmHead = None,
) -> Output[_Reset]:
    """Unstage changes, or move the branch."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        given = await opened.paths(paths)
        if mode == "mixed" and target == "HEAD":
            return await _unstaged(opened, given)
        if given:
            raise BadArgument("`paths` cannot be reset to another commit; use git_restore.")
        return await _moved(opened, mode, target, confirm_head)


@stage.tool(destructive=True, idempotent=True, open_world=False)
async def git_restore(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    paths: Files,
    source: Annotated[str, arg("Commit, else the index; HEAD if staged.")] | None = None,
    staged: Annotated[bool, arg("In the index.")] = False,
    worktree: Annotated[bool, arg("In the work tree.")] = True,
) -> Output[_Restored]:
    """Restore files; a backup ref keeps what is lost."""
    if not (staged or worktree):
        raise BadArgument("Restore in the index (`staged`), the work tree (`worktree`), or both.")
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        given = await opened.paths(paths)
        commit = None if source is None else await opened.commit(source, "source")
        backup = await save(opened, given, "files before they were restored.")
        before = await _states(opened, given)
        argv = Argv("restore", "--quiet", "--no-recurse-submodules").attach("--source=", commit)
        argv.add("--staged", when=staged).add("--worktree", when=worktree).paths_by_stdin(given)
        await opened.git(argv)
        after = await _states(opened, given)
    changed = sorted({path for path, _ in before ^ after})
    return Output(Restored(changed, backup), safe(f"Restored {len(changed)} files; backup: {backup}"))


def looked_at(paths: Sequence[RepoPath]) -> Sequence[RepoPath]:
    """The paths for a command line, or all where they are too long for one."""
    return paths if size_of(paths) <= MOST_PATH_BYTES else ()


async def _unstaged(opened: Opened, paths: Sequence[RepoPath]) -> Output[_Reset]:
    before = await look(opened, "no", *looked_at(paths))
    argv = Argv("reset", "--quiet")
    await opened.git(argv.paths_by_stdin(paths) if paths else argv)
    after = await look(opened, "no", *looked_at(paths))
    left = {change.path for change in after.of("staged")}
    gone = [change.path for change in before.of("staged") if change.path not in left]
    return Output(
        Moved(unstaged=gone, head_before=before.head, head_after=after.head),
        "All staged changes reset" if not paths else f"Unstaged {len(gone)} files",
    )


async def _moved(opened: Opened, mode: ResetMode, target: str, confirm_head: str | None) -> Output[_Reset]:
    require_destructive(opened.settings, f"git_reset with mode {mode} or a target")
    head = await require_head(opened, confirm_head)
    before = await look(opened)
    if before.branch is not None:
        require_unprotected(opened.settings, before.branch, "reset")
    commit = await opened.commit(target, "target")
    argv = Argv("reset", "--quiet", "--no-recurse-submodules")
    argv.add("--mixed", when=mode == "mixed").add("--soft", when=mode == "soft")
    argv.add("--hard", when=mode == "hard").add("--keep", when=mode == "keep")
    await opened.git(argv.put(commit).paths(()))
    data = Moved(
        unstaged=[change.path for change in before.of("staged")], head_before=head.text, head_after=commit.text
    )
    return Output(data, f"HEAD is now at {commit.text}; it was at {head.text}")


async def _states(opened: Opened, paths: Sequence[RepoPath]) -> set[tuple[str, str]]:
    """Each file and in what state it is."""
    seen = await look(opened, "no", *looked_at(paths))
    states = {(change.path, f"{group} {change.status}") for group, change in seen.changes}
    return states | {(conflict.path, conflict.kind) for conflict in seen.conflicts}


def _said(staged: Staged) -> str:
    said = "Files staged successfully" if staged.staged else "Nothing new was staged"
    if staged.ignored:
        said += f"\nIgnored: {', '.join(staged.ignored)} (force=true adds them)"
    if staged.filters_skipped:
        said += f"\nAdded without the filter that the repository configures: {', '.join(staged.filters_skipped)}"
    return said
