"""What goes on from what was typed: refs, tags, remotes, authors, paths of a commit."""

from typing import LiteralString

from mcp_protocol import Completion, ToolError
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.reading.objects import names_in_tree
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx
from mcp_ref_kit.paths import show

# What a completion may hold (2025-11-25, completion).
MOST = 100
# Commits whose authors are offered.
_RECENT = 2000


async def repositories_named(ctx: Ctx, typed: str) -> Completion:
    """Short names of repositories."""
    return _beginning(typed, list(await ctx.state.repositories.named(ctx)))


async def refs_named(opened: Opened, typed: str) -> Completion:
    """Branches, remote branches and tags."""
    return _beginning(typed, ["HEAD", *await _refs(opened, "refs/heads", "refs/remotes", "refs/tags")])


async def commits_named(opened: Opened, typed: str) -> Completion:
    """Full ids of recent commits."""
    if (await opened.head()) is None:
        return _beginning(typed, [])
    listing = Argv("rev-list", "--all").attach("--max-count=", _RECENT).paths(())
    return _beginning(typed, (await opened.git(listing)).text.split())


async def paths_at(opened: Opened, revision: str, typed: str) -> Completion:
    """Paths of a commit that go on from what was typed; directories end in a slash."""
    directory, slash, _ = typed.rpartition("/")
    try:
        commit = await opened.commit(revision)
        inside = RepoPath.of(directory or "." if slash else ".")
        thing = await opened.inside(commit, inside)
        if thing is None and inside.other is not None:
            thing = await opened.inside(commit, inside.other)
    except ToolError:
        return _beginning(typed, [])
    if thing is None or thing.kind != "tree":
        return _beginning(typed, [])
    before = f"{directory}/" if slash else ""
    return _beginning(typed, [before + name for name in await names_in_tree(opened, thing)])


async def _refs(opened: Opened, *namespaces: LiteralString) -> list[str]:
    listing = Argv("for-each-ref", "--sort=-committerdate", "--format=%(refname:lstrip=2)", *namespaces)
    return list(dict.fromkeys((await opened.git(listing)).lines))


def _beginning(typed: str, values: list[str]) -> Completion:
    found = [show(value) for value in values if value.startswith(typed)]
    return Completion(found[:MOST], total=len(found), has_more=len(found) > MOST)
