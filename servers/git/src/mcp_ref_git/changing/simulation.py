"""What a merge, pick, revert or rebase would come to: computed by git in memory, with objects that are thrown away."""

from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_git.changing.backup import SIGNATURE
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.scratch import scratch
from mcp_ref_git.program.words import ObjectId
from mcp_ref_git.reading.conflicts import Sides, parse_unmerged
from mcp_ref_git.repository import Opened

# Commits that are tried one after the other.
MOST_STEPS = 100
_CONFLICT = 1


class Outcome(Struct, frozen=True):
    """The tree that would come of it, and the paths in conflict; nothing after the first conflict is tried."""

    tree: ObjectId
    conflicts: list[Sides]


class Step(Struct, frozen=True):
    """One application of a change: from a base to theirs."""

    base: ObjectId
    theirs: ObjectId


async def try_merge(opened: Opened, ours: ObjectId, theirs: ObjectId) -> Outcome:
    """What merging two commits would come to."""
    found = opened.repository.found
    async with scratch(opened.workers, found.git_dir, found.common_dir) as variables:
        return await _merged(opened, ours, theirs, variables)


async def try_steps(opened: Opened, ours: ObjectId, steps: Sequence[Step]) -> Outcome:
    """What applying some changes to a commit, one after the other, would come to."""
    found = opened.repository.found
    async with scratch(opened.workers, found.git_dir, found.common_dir) as variables:
        outcome = Outcome(await opened.tree(ours.text), [])
        for step in steps:
            base = await _commit(opened, await opened.tree(step.base.text), [], variables)
            mine = await _commit(opened, outcome.tree, [base], variables)
            other = await _commit(opened, await opened.tree(step.theirs.text), [base], variables)
            outcome = await _merged(opened, mine, other, variables)
            if outcome.conflicts:
                break
        return outcome


async def _merged(opened: Opened, ours: ObjectId, theirs: ObjectId, variables: dict[str, str]) -> Outcome:
    argv = Argv("merge-tree", "--write-tree", "-z", "--no-messages", "--allow-unrelated-histories").put(ours, theirs)
    answer = await opened.attempt(argv, extra=variables)
    if answer.code not in (0, _CONFLICT):
        raise opened.failed("merge-tree", answer)
    tree, _, rest = answer.out.partition(b"\0")
    return Outcome(ObjectId.of(tree.decode()), parse_unmerged(rest))


async def _commit(opened: Opened, tree: ObjectId, parents: Sequence[ObjectId], variables: dict[str, str]) -> ObjectId:
    """A commit that only this computation knows: it gives git the base to compare with."""
    argv = Argv("commit-tree", "--no-gpg-sign").put(tree)
    for parent in parents:
        argv.add("-p").put(parent)
    answer = await opened.git(argv.feed(b"simulated\n"), extra={**variables, **SIGNATURE})
    return ObjectId.of(answer.text.strip())
