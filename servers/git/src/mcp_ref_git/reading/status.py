"""The state of a work tree, from `status --porcelain=v2`. Pure, but for the one command."""

import os
from typing import Literal

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show

Untracked = Literal["normal", "all", "no"]
Group = Literal["staged", "unstaged", "untracked", "ignored"]

# What a letter of the porcelain format says.
CHANGES = {
    "M": "modified",
    "T": "type-changed",
    "A": "added",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "U": "unmerged",
}
CONFLICTS = {
    "DD": "both deleted",
    "AU": "added by us",
    "UD": "deleted by them",
    "UA": "added by them",
    "DU": "deleted by us",
    "AA": "both added",
    "UU": "both modified",
}
_WITHOUT = "(initial)"
_DETACHED = "(detached)"


class Change(Struct, frozen=True, omit_defaults=True):
    """A path and what happened to it; `old_path` where it was renamed or copied."""

    path: str
    status: str
    old_path: str | None = None
    name_encoded: bool = False


class Conflict(Struct, frozen=True, omit_defaults=True):
    """A path that both sides changed."""

    path: str
    kind: str
    name_encoded: bool = False


class Seen(Struct):
    """Everything that the command said."""

    head: str | None = None
    branch: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    stashes: int = 0
    changes: list[tuple[Group, Change]] = []
    conflicts: list[Conflict] = []

    @property
    def total(self) -> int:
        """How many entries there are."""
        return len(self.conflicts) + len(self.changes)

    def of(self, group: Group) -> list[Change]:
        """The changes of one group."""
        return [change for found, change in self.changes if found == group]

    def part(self, skip: int, limit: int) -> "Seen":
        """Some of the entries; conflicts come first."""
        before = len(self.conflicts)
        changes = self.changes[max(skip - before, 0) : max(skip + limit - before, 0)]
        return Seen(changes=changes, conflicts=self.conflicts[skip : skip + limit])


def command(untracked: Untracked, *, ignored: bool, paths: tuple[RepoPath, ...] = ()) -> Argv:
    """The command whose output `parse` reads."""
    argv = Argv("status", "--porcelain=v2", "--branch", "--ahead-behind", "--show-stash", "-z", "--find-renames")
    argv.add("--ignore-submodules=dirty")
    argv.add("--untracked-files=normal", when=untracked == "normal")
    argv.add("--untracked-files=all", when=untracked == "all")
    argv.add("--untracked-files=no", when=untracked == "no")
    argv.add("--ignored=matching", when=ignored)
    return argv.paths(paths)


async def look(opened: Opened, untracked: Untracked = "no", *paths: RepoPath) -> Seen:
    """The state of the work tree, or of some paths."""
    return await opened.parsed(parse, await opened.git(command(untracked, ignored=False, paths=paths)))


def parse(data: bytes) -> Seen:
    """What the command printed."""
    seen = Seen()
    fields = iter(os.fsdecode(data).split("\0"))
    for field in fields:
        if field.startswith("# "):
            _header(seen, field[2:])
        elif field:
            kind, rest = field[0], field[2:]
            old = next(fields, None) if kind == "2" else None
            if kind == "u":
                seen.conflicts.append(_conflict(rest))
            else:
                seen.changes += _changes(kind, rest, old)
    return seen


def _header(seen: Seen, line: str) -> None:
    name, _, value = line.partition(" ")
    if name == "branch.oid":
        seen.head = None if value == _WITHOUT else value
    elif name == "branch.head":
        seen.branch = None if value == _DETACHED else value
    elif name == "branch.upstream":
        seen.upstream = value
    elif name == "branch.ab":
        ahead, _, behind = value.partition(" ")
        seen.ahead, seen.behind = int(ahead), -int(behind)
    elif name == "stash":
        seen.stashes = int(value)


# Fields before the path, by the kind of a line: an ordinary change, a rename.
_BEFORE = {"1": 7, "2": 8}
_BEFORE_CONFLICT = 9
_LOOSE: dict[str, Group] = {"?": "untracked", "!": "ignored"}


def _conflict(rest: str) -> Conflict:
    path = rest.split(" ", _BEFORE_CONFLICT)[-1]
    return Conflict(show(path), CONFLICTS.get(rest[:2], "unmerged"), name_encoded=is_encoded(path))


def _changes(kind: str, rest: str, old: str | None) -> list[tuple[Group, Change]]:
    if kind in _LOOSE:
        return [(_LOOSE[kind], Change(show(rest), _LOOSE[kind], name_encoded=is_encoded(rest)))]
    before = _BEFORE.get(kind)
    if before is None:
        return []
    letters, path = rest[:2], rest.split(" ", before)[-1]
    name, odd = show(path), is_encoded(path)
    earlier = None if old is None else show(old)
    found: list[tuple[Group, Change]] = []
    groups: tuple[tuple[Group, str], ...] = (("staged", letters[0]), ("unstaged", letters[1]))
    for group, letter in groups:
        if letter != ".":
            moved = earlier if letter in "RC" else None
            found.append((group, Change(name, CHANGES.get(letter, letter), moved, name_encoded=odd)))
    return found
