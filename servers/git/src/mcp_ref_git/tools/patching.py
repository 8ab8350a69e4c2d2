"""More tools of the toolset `integrate`: patches, tags, bisecting, new repositories."""

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.access.places import free_place
from mcp_ref_git.changing.bisection import Search, mark, proceed, require_under_way, reset, start
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import names
from mcp_ref_git.program.runner import Where
from mcp_ref_git.program.words import ObjectId, Place, Ref
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

patching = Toolset[State]("integrate", default=False)

LONGEST_PATCH = 2_000_000
_MOVED = re.compile(rb"^(?:rename|copy) (?:from|to) (.+?)\r?$", re.MULTILINE)
_REJECTED = re.compile(r"patch failed: (.+?):(\d+)$", re.MULTILINE)
_UNAPPLIED = re.compile(
    r"^error: (.+?): (?:patch does not apply|does not exist in index|No such file).*$", re.MULTILINE
)


class Patched(Struct, frozen=True):
    """Whether it applies, to which files, and where it does not."""

    ok: bool
    applied: bool
    files: list[str]
    rejects: list[str]
    conflicts: list[str]


class Tagged(Struct, frozen=True):
    """The new tag."""

    name: str
    commit: str
    annotated: bool
    signed: bool


class Initialised(Struct, frozen=True):
    """The new repository."""

    path: str
    branch: str


@patching.tool(destructive=True, idempotent=False, open_world=False)
async def git_apply_patch(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    patch: Annotated[str, arg("A unified diff.", min_length=1, max_length=LONGEST_PATCH)],
    check_only: Annotated[bool, arg("Only say whether it applies.")] = True,
    index: Annotated[bool, arg("Stage it as well.")] = False,
    reverse: Annotated[bool, arg("Take it back.")] = False,
    three_way: Annotated[bool, arg("Merge where it does not fit.")] = True,
) -> Output[Patched]:
    """Apply a patch to the work tree, or check whether it would apply."""
    data = patch.encode("utf-8", "replace")
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        files = await _files_of(opened, data)
        # With --3way git looks for links in the index alone, and would write through one that it does not know.
        await opened.paths([*files, *_moved_in(data)])
        argv = Argv("apply", "--whitespace=nowarn").add("--check", when=check_only)
        argv.add("--index", when=index and not three_way).add("--reverse", when=reverse)
        argv.add("--3way", when=three_way)
        answer = await opened.attempt(argv.feed(data))
        conflicts = [] if check_only or not three_way else await _conflicted(opened)
    said = answer.err.decode("utf-8", "replace")
    rejects = [f"{path}:{line}" for path, line in _REJECTED.findall(said)] or _UNAPPLIED.findall(said)
    if answer.code and not rejects and not conflicts:
        raise opened.failed("apply", answer)
    ok = not answer.code
    data_out = Patched(ok, applied=not check_only and ok, files=files, rejects=rejects, conflicts=conflicts)
    verdict = ("It applies" if check_only else "Applied") if ok else "It does not apply"
    return Output(data_out, safe("\n".join([verdict, *files, *(f"rejected: {one}" for one in rejects)])))


@patching.tool(destructive=False, idempotent=False, open_world=False)
async def git_tag_create(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    name: Annotated[str, arg("Name of the tag.")],
    target: Annotated[str, arg("Commit.")] = "HEAD",
    message: Annotated[str, arg("Makes it annotated.", max_length=100_000)] | None = None,
    sign: Annotated[bool, arg("Sign it.")] = False,
) -> Output[Tagged]:
    """Create a tag."""
    tag = Ref.of(name)
    if sign and message is None:
        raise BadArgument("A signed tag needs a `message`.")
    async with ctx.state.writing(ctx, repo_path) as opened:
        commit = await opened.commit(target, "target")
        argv = Argv("tag").add("--sign", when=sign).add("--no-sign", when=not sign)
        if message is not None:
            argv.add("--annotate", "--cleanup=whitespace", "--file=-").feed(message.encode("utf-8", "replace"))
        await opened.git(argv.put(tag, commit))
    data = Tagged(tag.text, commit.text, message is not None, sign)
    return Output(data, safe(f"Created tag '{tag.text}' at {commit.text}"))


@patching.tool(destructive=True, idempotent=False, open_world=False)
async def git_bisect(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    action: Annotated[Literal["start", "good", "bad", "skip", "reset"], arg("Begin, judge what is checked out, end.")],
    good: Annotated[tuple[str, ...], arg("Commits without the fault.", max_length=20)] = (),
    bad: Annotated[str, arg("A commit with it.")] | None = None,
) -> Output[Search]:
    """Search the commit that brought a fault, by halves; check out, judge, repeat."""
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        goods = await opened.commits(good, "good")
        bads = [] if bad is None else [await opened.commit(bad, "bad")]
        search = await _searched(opened, action, goods, bads)
    if search.first_bad is not None:
        said = f"{search.first_bad} is the first bad commit"
    elif search.remaining is not None:
        said = f"Judge {search.current}; about {search.remaining} are left after it"
    else:
        said = "The search is over" if search.finished else "Name good and bad commits"
    return Output(search, safe(said))


@patching.tool(destructive=False, idempotent=False, open_world=False)
async def git_init(
    ctx: Ctx,
    *,
    path: Annotated[str, arg("Absolute path of a new or empty directory.")],
    branch: Annotated[str, arg("Its first branch.")] = "main",
) -> Output[Initialised]:
    """Create a repository beneath an allowed directory."""
    name = Ref.of(branch)
    reach = await ctx.state.repositories.reach(ctx)
    place = await ctx.state.workers.run(free_place, reach, path, may_exist=True)
    parent = await ctx.state.workers.run(_existing, place)
    argv = Argv("init", "--quiet", "--template=").attach("--initial-branch=", name).put(Place(str(place)))
    await ctx.state.git.must(Where(cwd=str(parent)), argv)
    data = Initialised(show(str(place)), name.text)
    return Output(data, safe(f"Created {data.path} on branch '{name.text}'"))


def _existing(place: Path) -> Path:
    return next(parent for parent in place.parents if parent.is_dir())


async def _files_of(opened: Opened, patch: bytes) -> list[str]:
    answer = await opened.git(Argv("apply", "--numstat", "-z").feed(patch))
    fields = [name.rpartition("\t")[2] for name in names(answer.out)]
    return [show(name) for name in fields if name]


def _moved_in(patch: bytes) -> list[str]:
    """The other names of files that a patch renames or copies.

    Raises:
        BadArgument: one is quoted.
    """
    found = [line.decode("utf-8", "surrogateescape") for line in _MOVED.findall(patch)]
    if any(name.startswith('"') for name in found):
        raise BadArgument("`patch` renames a file with a name that cannot be judged.")
    return found


async def _conflicted(opened: Opened) -> list[str]:
    answer = await opened.git(Argv("diff", "--name-only", "--diff-filter=U", "-z"))
    return [show(name) for name in dict.fromkeys(names(answer.out))]


async def _searched(opened: Opened, action: str, goods: list[ObjectId], bads: list[ObjectId]) -> Search:
    if action == "start":
        if goods and not bads:
            raise BadArgument("`start` with `good` needs `bad`, too.")
        return await start(opened, goods, bads)
    if action == "reset":
        return await reset(opened)
    require_under_way(opened.git_dir)
    for commit in (goods if action == "good" else bads) or [await opened.commit("HEAD")]:
        await mark(opened, action, commit)
    return await proceed(opened)
