"""Tools of the toolset `integrate`: merge, rebase, cherry-pick, revert; each can be tried without touching anything."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.changing.simulation import MOST_STEPS, Outcome, Step, try_merge, try_steps
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.words import Glued, ObjectId, Pattern
from mcp_ref_git.reading.conflicts import Sides, unmerged
from mcp_ref_git.reading.operation import check_saved_state, operation_of
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_kit.content.encodings import safe

integrate = Toolset[State]("integrate", default=False)

# The tree without a file, which every repository has.
_EMPTY = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}

Action = Literal["start", "continue", "abort", "skip"]
Verdict = Literal["merged", "fast-forward", "conflict", "up-to-date", "aborted"]
Strategy = Literal["ours", "theirs", "patience", "ignore-all-space", "no-renames"]

Doing = Annotated[Action, arg("Begin, or go on with what is under way.")]
Option = Annotated[Strategy, arg("How conflicts are decided or lines compared.")] | None
DryRun = Annotated[bool, arg("Only say what would come of it.")]
Refs = Annotated[tuple[str, ...], arg("Branches or commits.", max_length=20)]


class Integrated(Struct, frozen=True):
    """What came of it; conflicts: path, ours, theirs, base."""

    result: Verdict
    conflicts: Sequence[Any]
    head: str | None
    dry_run: bool


class Plan(Struct, frozen=True, kw_only=True):
    """One call of one of the four."""

    command: Literal["merge", "rebase", "cherry-pick", "revert"]
    refs: tuple[str, ...]
    action: Action
    option: Strategy | None
    dry_run: bool


@integrate.tool(destructive=True, idempotent=False, open_world=False)
async def git_merge(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    refs: Refs = (),
    action: Doing = "start",
    strategy_option: Option = None,
    dry_run: DryRun = False,
) -> Output[Integrated]:
    """Merge a branch into the current one."""
    plan = Plan(command="merge", refs=refs, action=action, option=strategy_option, dry_run=dry_run)
    return await _integrate(ctx, repo_path, plan)


@integrate.tool(destructive=True, idempotent=False, open_world=False)
async def git_rebase(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    refs: Annotated[tuple[str, ...], arg("The new base.", max_length=1)] = (),
    action: Doing = "start",
    strategy_option: Option = None,
    dry_run: DryRun = False,
) -> Output[Integrated]:
    """Move the commits of the current branch onto another base."""
    plan = Plan(command="rebase", refs=refs, action=action, option=strategy_option, dry_run=dry_run)
    return await _integrate(ctx, repo_path, plan)


@integrate.tool(destructive=True, idempotent=False, open_world=False)
async def git_cherry_pick(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    refs: Refs = (),
    action: Doing = "start",
    strategy_option: Option = None,
    dry_run: DryRun = False,
) -> Output[Integrated]:
    """Apply commits to the current branch."""
    plan = Plan(command="cherry-pick", refs=refs, action=action, option=strategy_option, dry_run=dry_run)
    return await _integrate(ctx, repo_path, plan)


@integrate.tool(destructive=True, idempotent=False, open_world=False)
async def git_revert(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    refs: Refs = (),
    action: Doing = "start",
    strategy_option: Option = None,
    dry_run: DryRun = False,
) -> Output[Integrated]:
    """Undo commits by new ones."""
    plan = Plan(command="revert", refs=refs, action=action, option=strategy_option, dry_run=dry_run)
    return await _integrate(ctx, repo_path, plan)


async def _integrate(ctx: Ctx, repo_path: str | None, plan: Plan) -> Output[Integrated]:
    if (plan.action == "start") != bool(plan.refs):
        raise BadArgument("`refs` names what to begin with; to continue, abort or skip it is left out.")
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        if plan.dry_run:
            return await _tried(opened, plan)
        if plan.action != "start":
            return await _continued(opened, plan)
        commits = await opened.commits(plan.refs, "refs")
        return await integrated(opened, _starting(plan, commits), plan.command)


async def integrated(opened: Opened, argv: Argv, command: str) -> Output[Integrated]:
    """Run a command that moves HEAD, and say what came of it."""
    before = await opened.head()
    answer = await opened.attempt(argv)
    conflicts = await unmerged(opened) if answer.code else []
    if answer.code and not conflicts:
        raise opened.failed(command, answer)
    after = await opened.head()
    return _output(_verdict(answer.out, before == after, conflicts), conflicts, after, dry_run=False)


def _starting(plan: Plan, commits: Sequence[ObjectId]) -> Argv:
    argv = Argv(plan.command)
    if plan.command == "merge":
        argv.add("--no-edit", "--no-autostash", "--no-verify", "--no-verify-signatures", "--no-stat")
        names = ", ".join(f"'{named(ref)}'" for ref in plan.refs)
        argv.add("-m").put(Glued(f"Merge {names}"))
    elif plan.command == "rebase":
        argv.add("--merge", "--no-autostash", "--no-verify", "--no-autosquash", "--no-stat", "--quiet")
    else:
        argv.add("--allow-empty", when=plan.command == "cherry-pick").add("--no-edit", when=plan.command == "revert")
    argv.attach("--strategy-option=", None if plan.option is None else Pattern(plan.option))
    return argv.put(*commits)


async def _continued(opened: Opened, plan: Plan) -> Output[Integrated]:
    under_way = await opened.workers.run(operation_of, opened.git_dir)
    if under_way != plan.command:
        raise BadArgument(f"No {plan.command} is under way.")
    await opened.workers.run(check_saved_state, opened.git_dir)
    if plan.action == "skip" and plan.command == "merge":
        raise BadArgument("A merge has nothing to skip; abort it.")
    argv = Argv(plan.command).add("--continue", when=plan.action == "continue")
    argv.add("--abort", when=plan.action == "abort").add("--skip", when=plan.action == "skip")
    found = await integrated(opened, argv, plan.command)
    if plan.action == "abort":
        return _output("aborted", [], await opened.head(), dry_run=False)
    return found


async def _tried(opened: Opened, plan: Plan) -> Output[Integrated]:
    if plan.action != "start":
        raise BadArgument("`dry_run` is for `start`.")
    head = await opened.commit("HEAD")
    commits = await opened.commits(plan.refs, "refs")
    if plan.command == "merge":
        outcome = await _tried_merges(opened, head, commits)
    else:
        ours, steps = await _steps(opened, plan, head, commits)
        outcome = await try_steps(opened, ours, steps) if steps else None
    if outcome is None:
        return _output("up-to-date", [], head, dry_run=True)
    return _output("conflict" if outcome.conflicts else "merged", outcome.conflicts, head, dry_run=True)


async def _tried_merges(opened: Opened, head: ObjectId, commits: Sequence[ObjectId]) -> Outcome | None:
    if len(commits) != 1:
        raise BadArgument("`dry_run` of a merge takes one branch.")
    base = await opened.attempt(Argv("merge-base", "--is-ancestor").put(commits[0], head))
    return None if base.code == 0 else await try_merge(opened, head, commits[0])


async def _steps(
    opened: Opened, plan: Plan, head: ObjectId, commits: Sequence[ObjectId]
) -> tuple[ObjectId, list[Step]]:
    """What would be applied to what."""
    if plan.command == "rebase":
        listing = Argv("rev-list", "--reverse", "--no-merges", "--right-only", "--cherry-pick")
        listing.attach("--max-count=", MOST_STEPS + 1).put(Glued.between(commits[0], head, common=True))
        ids = [ObjectId.of(line) for line in (await opened.git(listing)).text.split()]
        if len(ids) > MOST_STEPS:
            raise BadArgument(f"`dry_run` tries at most {MOST_STEPS} commits.")
        return commits[0], [await _step(opened, one, backwards=False) for one in ids]
    return head, [await _step(opened, one, backwards=plan.command == "revert") for one in commits]


async def _step(opened: Opened, commit: ObjectId, *, backwards: bool) -> Step:
    parent = await _parent(opened, commit)
    return Step(commit, parent) if backwards else Step(parent, commit)


async def _parent(opened: Opened, commit: ObjectId) -> ObjectId:
    """The first parent, or the empty tree before the first commit."""
    (parent,) = await opened.things([f"{commit.text}^{{commit}}^"])
    return ObjectId.of(_EMPTY[opened.repository.found.object_format]) if parent is None else parent.id


def _verdict(said: bytes, still: bool, conflicts: Sequence[Sides]) -> Verdict:  # noqa: FBT001  whether HEAD moved
    if conflicts:
        return "conflict"
    if still:
        return "up-to-date"
    return "fast-forward" if b"Fast-forward" in said else "merged"


def _output(
    verdict: Verdict, conflicts: Sequence[Sides], head: ObjectId | None, *, dry_run: bool
) -> Output[Integrated]:
    data = Integrated(verdict, conflicts, None if head is None else head.text, dry_run)
    said = f"{'Would be ' if dry_run else ''}{verdict}"
    return Output(data, safe("\n".join([said, *(f"conflict: {one.path}" for one in conflicts)])))
