"""Builds the tree beneath a directory, breadth first, so that what has no room is missing evenly. Blocking.

Directories are opened by their path from the start, one after the other: however wide the tree is, one handle is held.
"""

import time
from collections import deque
from collections.abc import Iterable
from itertools import takewhile
from typing import Literal

from msgspec import Struct

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Kind, Truncation
from mcp_ref_filesystem.room import Room
from mcp_ref_filesystem.search.ignore import FILE, REPOSITORY, Ignore, rules_above
from mcp_ref_filesystem.search.match import Globs, Level
from mcp_ref_filesystem.search.walk import MOST_NAMES, Names, names_of, shown
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Steps
from mcp_ref_kit.paths import Directory, Exhausted, JailPath, PathError

# What a node takes as JSON beside its name, in the data; the text takes less.
_NODE = 45


class Node(Struct, kw_only=True, omit_defaults=True, gc=False):
    """An entry; `omitted` counts what is in a directory and not shown, `error` says why that is not known."""

    name: str
    type: Kind
    children: "list[Node] | None" = None
    omitted: int = 0
    error: Literal["unreadable", "unseen"] | None = None


class Counts(Struct, frozen=True, kw_only=True):
    """Entries shown, entries of the same directories left out for want of room, entries that a rule denies."""

    directories: int
    files: int
    omitted: int
    denied: int


class TreeQuery(Struct, frozen=True, kw_only=True):
    """How much of a tree is wanted."""

    path: str
    exclude: tuple[str, ...] = ()
    max_depth: int = 4
    max_entries: int = 2000
    gitignore: bool = True
    files_per_directory: int = 200


class Branch(Struct, frozen=True):
    """A directory whose entries are yet to be looked at, and what applies to them."""

    node: Node
    path: JailPath
    depth: int
    drop: Level
    ignore: Ignore | None


class Tree:
    """One tree: run its steps to the end, then read what it has."""

    def __init__(self, start: Located, query: TreeQuery, settings: Settings) -> None:
        """Compile what is to be left out."""
        self._start = start
        self._query = query
        self._exclude = Globs(query.exclude, floating=True)
        self._most_visited = settings.max_visited
        self.deadline = time.monotonic() + settings.search_timeout
        self._room = Room(settings.max_output_chars)
        self._left = query.max_entries
        self._is_full = False
        self._all_allowed = False
        self._files = 0
        self._directories = 0
        self._omitted = 0
        self._denied = 0
        self._unseen: Literal["visited", "time"] | None = None
        self.visited = 0
        self.top = Node(name=".", type="directory")

    @property
    def counts(self) -> Counts:
        """How much is shown and how much is not."""
        return Counts(directories=self._directories, files=self._files, omitted=self._omitted, denied=self._denied)

    @property
    def truncation(self) -> Truncation | None:
        """Why something is missing; the total is known where every directory was looked into."""
        shown = self._directories + self._files
        if self._unseen is not None:
            return Truncation(self._unseen, shown)
        if self._omitted:
            return Truncation("bytes" if self._is_full else "limit", shown)
        return None

    def steps(self) -> Steps:
        """Build on, a directory at a time."""
        with self._start.open_directory() as directory:
            path = directory.resolved
        self._all_allowed = self._start.allows_all(path)
        ignore = rules_above(self._start.root, path) if self._query.gitignore else None
        waiting = deque([Branch(self.top, path, 0, self._exclude.start(), ignore)])
        while waiting:
            if self.visited >= self._most_visited or time.monotonic() >= self.deadline:
                self._give_up(waiting)
                return
            waiting.extend(self._grow(waiting.popleft()))
            yield self.visited

    def _give_up(self, waiting: Iterable[Branch]) -> None:
        self._unseen = "visited" if self.visited >= self._most_visited else "time"
        for branch in waiting:
            branch.node.error = "unseen"

    def _grow(self, branch: Branch) -> list[Branch]:
        """Put the entries of one directory into its node; the directories among them are the next branches."""
        listed = self._listed(branch)
        if listed is None:
            branch.node.error = "unreadable"
            return []
        names, ignore = listed
        total = names.count
        if branch.depth >= self._query.max_depth or self._left == 0:
            self._omit(branch.node, total)
            return []
        directories = self._fitting(names.directories)
        files = self._fitting(names.files[: self._query.files_per_directory])
        self._directories += len(directories)
        self._files += len(files)
        self._omit(branch.node, total - len(directories) - len(files))
        nodes = [Node(name=name, type="directory") for name in shown(directories)]
        leaves = [Node(name=name, type="file") for name in shown(files)]
        if names.odd:
            for leaf, name in zip(leaves, files, strict=True):
                leaf.type = names.kind(name)
        branch.node.children = nodes + leaves
        return [
            Branch(
                node,
                branch.path.child(name),
                branch.depth + 1,
                branch.drop.below(name),
                None if ignore is None else ignore.below(name),
            )
            for node, name in zip(nodes, directories, strict=True)
        ]

    def _listed(self, branch: Branch) -> tuple[Names, Ignore | None] | None:
        """The entries of a directory that are not to be left out, and the rules that hold in it."""
        try:
            directory = self._start.root.open_directory(branch.path)
        except Exhausted:
            raise
        except PathError:
            return None
        with directory:
            listed = names_of(directory, most=MOST_NAMES)
            self.visited += listed.count
            ignore = self._ignore_inside(branch, directory, listed)
        directories = self._kept(branch, listed.directories, ignore, directories=True)
        files = self._kept(branch, listed.files, ignore, directories=False)
        return Names(directories=directories, files=files, odd=listed.odd, complete=listed.complete), ignore

    def _ignore_inside(self, branch: Branch, directory: Directory, listed: Names) -> Ignore | None:
        if branch.ignore is None:
            return None
        is_repository = REPOSITORY in listed.directories or REPOSITORY in listed.files
        return branch.ignore.inside(directory, has_file=FILE in listed.files, is_repository=is_repository)

    def _kept(self, branch: Branch, names: list[str], ignore: Ignore | None, *, directories: bool) -> list[str]:
        if ignore is not None:
            names = ignore.keep(names, directories=directories)
        if self._exclude:
            names = [name for name in names if not branch.drop.hits(name, directory=directories)]
        if self._all_allowed:
            return names
        allowed = [name for name in names if self._start.allows(branch.path.child(name))]
        self._denied += len(names) - len(allowed)
        return allowed

    def _fitting(self, names: list[str]) -> list[str]:
        """As many of the names as there is room for."""
        wanted = names[: self._left]
        if not self._room.take(sum(map(len, wanted)) + _NODE * len(wanted)):
            wanted = list(takewhile(lambda name: self._room.take(len(name) + _NODE), wanted))
            self._is_full = True
            self._left = len(wanted)
        self._left -= len(wanted)
        return wanted

    def _omit(self, node: Node, number: int) -> None:
        node.omitted = number
        self._omitted += number
