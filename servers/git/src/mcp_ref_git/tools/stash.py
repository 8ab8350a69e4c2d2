"""Tools that put work aside and bring it back."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.environment import EACH_LITERAL
from mcp_ref_git.program.words import Glued, Literally, ObjectId, Pattern
from mcp_ref_git.reading.conflicts import unmerged
from mcp_ref_git.reading.stashes import Stash, read_stashes
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_kit.content.encodings import safe

stashing = Toolset[State]("write")

Index = Annotated[int, arg("As listed.", ge=0)]


class _Stashed(Struct, frozen=True):
    stash: Any


class _Applied(Struct, frozen=True, kw_only=True):
    applied: bool


class Application(_Applied, frozen=True, kw_only=True):
    """The same with all that is known."""

    applied: bool
    conflicts: Sequence[str]
    dropped: bool
    commit: str


@stashing.tool(destructive=False, idempotent=False, open_world=False)
async def git_stash_push(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    message: Annotated[str, arg("What it is.")] | None = None,
    include_untracked: Annotated[bool, arg("New files too.")] = False,
    paths: arguments.Paths = (),
) -> Output[_Stashed]:
    """Put changes aside."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        given = await opened.paths(paths)
        if size_of(given) > MOST_PATH_BYTES:
            raise BadArgument("`paths` is too long.")
        before = await latest(opened)
        argv = Argv("stash", "push", "--quiet").add("--include-untracked", when=include_untracked)
        argv.attach("--message=", None if message is None else Pattern.of(message, "message"))
        # With literal pathspecs stash cannot name the top level, and leaves new files behind: each path says it alone.
        literal = [Literally(f":(top,literal){path.text}") for path in given]
        await opened.git(argv.paths(literal) if given else argv, extra=EACH_LITERAL)
        after = await latest(opened)
    if after is None or after == before:
        raise ToolError("There is nothing to put aside.", code="nothing_to_commit")
    return Output(_Stashed(after), safe(f"Saved as stash 0: {after.message}"))


@stashing.tool(destructive=False, idempotent=False, open_world=False)
async def git_stash_apply(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    index: Index = 0,
    pop: Annotated[bool, arg("Then drop it.")] = False,
) -> Output[_Applied]:
    """Bring a stash back into the work tree."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        stash = await stash_at(opened, index)
        answer = await opened.attempt(Argv("stash", "apply", "--quiet").put(ObjectId.of(stash.commit)))
        conflicts = [one.path for one in await unmerged(opened)] if answer.code else []
        if answer.code and not conflicts:
            raise opened.failed("stash apply", answer)
        drops = pop and not answer.code
        if drops:
            await drop(opened, index)
    data = Application(applied=not conflicts, dropped=drops, commit=stash.commit, conflicts=conflicts)
    said = f"Conflicts in {', '.join(conflicts)}; the stash was kept" if conflicts else "Applied"
    return Output(data, safe(said))


async def stash_at(opened: Opened, index: int) -> Stash:
    """A stash by its number.

    Raises:
        BadArgument: there is none.
    """
    found = await read_stashes(opened, index + 1)
    if index >= len(found):
        raise BadArgument(f"There is no stash {index}.", hint="Call git_stash_list.")
    return found[index]


async def latest(opened: Opened) -> Stash | None:
    """Stash 0."""
    return next(iter(await read_stashes(opened, 1)), None)


async def drop(opened: Opened, index: int) -> None:
    """Forget a stash; whoever calls holds the lock since its number was looked up."""
    await opened.git(Argv("stash", "drop", "--quiet").put(Glued(f"stash@{{{index}}}")))
