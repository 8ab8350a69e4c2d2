"""Paths with conflicts, and the three sides of each, from the index. Pure, but for the command."""

import os

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show


class Sides(Struct, frozen=True, omit_defaults=True):
    """A path with a conflict: the object that each side has, null where it has none."""

    path: str
    ours: str | None
    theirs: str | None
    base: str | None
    name_encoded: bool = False


_STAGES = {"1": "base", "2": "ours", "3": "theirs"}


async def unmerged(opened: Opened, paths: tuple[RepoPath, ...] = ()) -> list[Sides]:
    """The paths that are in conflict."""
    answer = await opened.git(Argv("ls-files", "--unmerged", "-z").paths(paths))
    return parse_unmerged(answer.out)


def parse_unmerged(data: bytes) -> list[Sides]:
    """The paths of `ls-files --unmerged -z`, or of the conflicts of `merge-tree -z`."""
    found: dict[str, dict[str, str]] = {}
    for record in data.split(b"\0"):
        facts, tab, name = record.partition(b"\t")
        words = facts.decode("ascii", "replace").split()
        if tab and len(words) == 3 and words[2] in _STAGES:  # noqa: PLR2004  mode, object, stage
            found.setdefault(os.fsdecode(name), {})[_STAGES[words[2]]] = words[1]
    return [
        Sides(show(path), one.get("ours"), one.get("theirs"), one.get("base"), name_encoded=is_encoded(path))
        for path, one in found.items()
    ]
