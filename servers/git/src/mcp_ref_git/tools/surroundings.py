"""More tools of the toolset `inspect`: remotes, submodules, conflicts."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_protocol import Output, Toolset
from mcp_ref_git.access.files import read_plain
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.redaction import without_credentials
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.reading.blobs import as_blob
from mcp_ref_git.reading.conflicts import Sides, unmerged
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

surroundings = Toolset[State]("inspect", default=False)

# Text of one side of a conflict.
MOST_SIDE = 20_000
MOST_CONFLICTS = 100
_GITLINK = b"160000 "


class Remote(Struct, frozen=True):
    """A configured remote; credentials in its addresses are hidden."""

    name: str
    url: str | None
    push_url: str | None


class Remotes(Struct, frozen=True):
    """The remotes."""

    remotes: list[Remote]
    untrusted: bool


class Submodule(Struct, frozen=True):
    """A submodule as the index and .gitmodules name it."""

    path: str
    commit: str
    url: str | None
    populated: bool


class Submodules(Struct, frozen=True):
    """The submodules; nothing looks into them."""

    submodules: list[Submodule]
    untrusted: bool


class _Conflicts(Struct, frozen=True):
    conflicts: Sequence[Any]
    truncated: bool


class Conflicted(Struct, frozen=True, omit_defaults=True):
    """A file in conflict: the three sides, and the work tree's with its markers."""

    path: str
    ours: str | None
    theirs: str | None
    base: str | None
    markers: str | None
    binary: bool = False


class ConflictsPage(_Conflicts, frozen=True):
    """The same with all that is known."""

    conflicts: Sequence[Conflicted]
    truncated: bool
    untrusted: bool


@surroundings.tool(**LOOKING)
async def git_remotes(ctx: Ctx, *, repo_path: arguments.RepoPath = None) -> Output[Remotes]:
    """List the configured remotes."""
    repository = await ctx.state.repositories.find(ctx, repo_path)
    found: dict[str, dict[str, str]] = {}
    for entry in repository.entries:
        section, _, rest = entry.key.partition(".")
        name, dot, last = rest.rpartition(".")
        if section == "remote" and dot:
            found.setdefault(name, {})[last] = without_credentials(entry.value)
    remotes = [Remote(name, one.get("url"), one.get("pushurl")) for name, one in found.items() if "url" in one]
    return Output(Remotes(remotes, untrusted=True), safe("\n".join(f"{one.name}\t{one.url}" for one in remotes)))


@surroundings.tool(**LOOKING)
async def git_submodules(ctx: Ctx, *, repo_path: arguments.RepoPath = None) -> Output[Submodules]:
    """List the submodules, without entering them."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        answer = await opened.git(Argv("ls-files", "--stage", "-z"))
        links = [record for record in answer.out.split(b"\0") if record.startswith(_GITLINK)]
        urls = await _urls(opened) if links else {}
        found: list[Submodule] = []
        for record in links:
            facts, _, name = record.partition(b"\t")
            path = name.decode("utf-8", "surrogateescape")
            there = not opened.is_bare and await opened.workers.run((opened.top / path / ".git").exists)
            commit = facts.split()[1].decode()
            found.append(Submodule(show(path), commit, urls.get(path), populated=there))
    lines = "\n".join(f"{one.commit[:12]} {one.path} {one.url or ''}" for one in found)
    return Output(Submodules(found, untrusted=True), safe(lines))


@surroundings.tool(**LOOKING)
async def git_conflicts(
    ctx: Ctx, *, repo_path: arguments.RepoPath = None, paths: arguments.Paths = ()
) -> Output[_Conflicts]:
    """Show each side of files in conflict."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        _ = opened.top
        sides = await unmerged(opened, tuple(await opened.paths(paths)))
        found = [await _sides(opened, one) for one in sides[:MOST_CONFLICTS]]
    page = ConflictsPage(found, truncated=len(sides) > MOST_CONFLICTS, untrusted=True)
    return Output(page, safe("\n".join(f"--- {one.path}\n{one.markers or '(no text)'}" for one in found)))


async def _urls(opened: Opened) -> dict[str, str]:
    """Addresses by path, from .gitmodules as it is in the index: never a link of the work tree."""
    (thing,) = await opened.things([":.gitmodules"])
    if thing is None or thing.kind != "blob" or thing.size > opened.settings.max_blob_bytes:
        return {}
    answer = await opened.attempt(Argv("config", "--null", "--list").attach("--blob=", thing.id))
    values: dict[str, dict[str, str]] = {}
    for field in answer.text.split("\0"):
        key, _, value = field.partition("\n")
        name, dot, last = key.removeprefix("submodule.").rpartition(".")
        if dot and key.startswith("submodule."):
            values.setdefault(name, {})[last] = value
    return {one["path"]: without_credentials(one["url"]) for one in values.values() if "path" in one and "url" in one}


async def _sides(opened: Opened, sides: Sides) -> Conflicted:
    texts = [await _text(opened, object_id) for object_id in (sides.ours, sides.theirs, sides.base)]
    path = await opened.path(sides.path)
    markers = await opened.workers.run(_work_text, opened, path)
    return Conflicted(sides.path, texts[0], texts[1], texts[2], markers, binary=None in texts and markers is None)


async def _text(opened: Opened, object_id: str | None) -> str | None:
    if object_id is None:
        return None
    (thing,) = await opened.things([object_id])
    if thing is None or thing.size > opened.settings.max_blob_bytes:
        return None
    answer = await opened.git(Argv("cat-file", "blob").put(thing.id))
    text = as_blob(answer.out, "").text
    return None if text is None else text[:MOST_SIDE]


def _work_text(opened: Opened, path: RepoPath) -> str | None:
    """The file with its markers; a link is not followed."""
    place = opened.top / path.text
    if place.is_symlink() or not place.is_file() or place.stat().st_size > opened.settings.max_blob_bytes:
        return None
    text = as_blob(read_plain(place, opened.settings.max_blob_bytes), path.text).text
    return None if text is None else text[:MOST_SIDE]
