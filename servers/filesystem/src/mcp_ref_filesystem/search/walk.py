"""Walks a tree on directory handles, bounded, in an order that does not change: where one walk ends another goes on.

The order: in each directory first its directories, each followed by what is in it, then the rest; by code points.
Links are never followed. Blocking: call it in a worker thread.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from msgspec import Struct, structs

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.results import Kind
from mcp_ref_filesystem.search.ignore import FILE, REPOSITORY, Ignore, rules_above
from mcp_ref_filesystem.search.match import Globs, Level
from mcp_ref_kit.paths import Directory, Exhausted, NotFound, PathError, mapped, show, unshow

# Names of one directory held at once, about 70 MB; of a larger one a part is seen, and that is said.
MOST_NAMES = 1_000_000


class Position(Struct, frozen=True):
    """What was dealt with last, as a shown path below the start; a `line` says that only a part of it was."""

    path: str
    directory: bool = False
    line: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the system's spelling."""
        return tuple(unshow(part) or part for part in self.path.split("/"))


class Scope(Struct, frozen=True, kw_only=True):
    """What a walk leaves out, and how far it goes; `deadline` is a time of the monotonic clock."""

    exclude: Globs = Globs()
    hidden: bool = True
    gitignore: bool = False
    max_depth: int = 64
    max_visited: int = 200_000
    deadline: float = float("inf")


class Names(Struct, frozen=True, kw_only=True):
    """The entries of one directory, sorted; `odd` holds the kind of those that are neither file nor directory."""

    directories: list[str]
    files: list[str]
    odd: dict[str, Kind]
    complete: bool

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.directories) + len(self.files)

    def kind(self, name: str) -> Kind:
        """What one of `files` is."""
        return self.odd.get(name, "file")


class Folder(Struct, frozen=True, kw_only=True):
    """A directory during the walk: its handle, its shown path below the start (ending in a slash), what applies."""

    handle: Directory
    path: str
    depth: int
    want: Level
    drop: Level
    ignore: Ignore | None


class Visit(Struct, frozen=True):
    """Some entries of a folder that are wanted: one of its directories, or all of the rest."""

    folder: Folder
    names: list[str]
    listed: Names
    directory: bool


class Cut(Exception):
    """The walk ended before the tree did; its position says where."""

    def __init__(self, reason: Literal["visited", "time"]) -> None:
        super().__init__(reason)
        self.reason: Literal["visited", "time"] = reason


def names_of(directory: Directory, *, most: int) -> Names:
    """Read one directory in one pass; the server's own temporary files are never there."""
    directories: list[str] = []
    files: list[str] = []
    odd: dict[str, Kind] = {}
    with mapped(directory.resolved.written), directory.scan() as entries:
        for entry in islice(entries, most):
            if entry.is_file(follow_symlinks=False):
                files.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                directories.append(entry.name)
            else:
                files.append(entry.name)
                odd[entry.name] = "symlink" if entry.is_symlink() else "other"
        complete = next(entries, None) is None
    directories.sort()
    files.sort()
    for names in (directories, files):
        _drop_temporaries(names)
    return Names(directories=directories, files=files, odd=odd, complete=complete)


def _drop_temporaries(names: list[str]) -> None:
    """Take out what is being made by this server; among sorted names it stands together."""
    start = end = bisect_left(names, TEMPORARY_PREFIX)
    while end < len(names) and names[end].startswith(TEMPORARY_PREFIX):
        end += 1
    del names[start:end]


def shown(names: list[str]) -> list[str]:
    """The names as results have them; names that need no escape, nearly all, cost one look at all of them together."""
    return names if "".join(names).isprintable() else [show(name) for name in names]


class Walk:
    """One walk from a located directory; iterate over it once, then read its counts."""

    def __init__(self, start: Located, scope: Scope, want: Globs, after: Position | None = None) -> None:
        """Prepare to visit what `want` matches, after a position of an earlier walk."""
        self._start = start
        self._scope = scope
        self._want = want
        self._after = after
        self._all_allowed = False
        self.position: Position | None = after
        """Where to go on, if the walk is given up now."""
        self.visited = 0
        """Entries looked at, without those that an earlier walk had seen."""
        self.denied = 0
        self.unreadable = 0
        self.unseen = 0
        """Directories that are too deep or hold too many entries to be seen whole."""

    def __iter__(self) -> Iterator[Visit]:
        """The wanted entries in order.

        Raises:
            Cut: at a bound.
        """
        handle = self._start.open_directory()
        self._all_allowed = self._start.allows_all(handle.resolved)
        try:
            ignore = rules_above(self._start.root, handle.resolved) if self._scope.gitignore else None
        except BaseException:  # whatever happens, the handle has no other owner yet
            handle.close()
            raise
        want, drop = self._want.start(), self._scope.exclude.start()
        folder = Folder(handle=handle, path="", depth=0, want=want, drop=drop, ignore=ignore)
        yield from self._walk(folder, () if self._after is None else self._after.names)

    def allows(self, folder: Folder, name: str) -> bool:
        """Whether an entry may be looked into; counts those that may not."""
        if self._all_allowed or self._start.allows(folder.handle.resolved.child(name)):
            return True
        self.denied += 1
        return False

    def check(self) -> None:
        """Do nothing, or end the walk; not before something new was visited, so that every page leads further.

        Raises:
            Cut: the time is up, or enough has been visited.
        """
        if self.visited >= self._scope.max_visited:
            raise Cut("visited")
        if self.visited and time.monotonic() >= self._scope.deadline:
            raise Cut("time")

    def _walk(self, folder: Folder, after: tuple[str, ...]) -> Iterator[Visit]:
        """Visit a folder; `after` are the names of the position that lie beneath it."""
        with folder.handle:
            listed = self._listed(folder, resumed=bool(after))
            folder = self._with_own_ignore(folder, listed)
            for name in self._directories(folder, listed, after):
                passed = bool(after) and name == after[0]
                if not passed and folder.want.hits(name, directory=True):
                    yield Visit(folder, [name], listed, directory=True)
                beneath = after[1:] if passed else ()
                if not beneath:
                    self.position = Position(folder.path + show(name), directory=True)
                    self.check()
                child = self._child(folder, name)
                if child is not None:
                    yield from self._walk(child, beneath)
            files = self._files(folder, listed, after)
            if files:
                yield Visit(folder, files, listed, directory=False)

    def _listed(self, folder: Folder, *, resumed: bool) -> Names:
        listed = names_of(folder.handle, most=MOST_NAMES)
        self.unseen += not listed.complete
        if not resumed:  # on the way back to a position nothing new is seen, however large the directories are
            self.visited += listed.count
        return listed

    def _with_own_ignore(self, folder: Folder, listed: Names) -> Folder:
        if folder.ignore is None:
            return folder
        is_repository = REPOSITORY in listed.directories or REPOSITORY in listed.files
        ignore = folder.ignore.inside(folder.handle, has_file=FILE in listed.files, is_repository=is_repository)
        return structs.replace(folder, ignore=ignore)

    def _directories(self, folder: Folder, listed: Names, after: tuple[str, ...]) -> list[str]:
        """The directories to visit; the first one may be the one that the position is at or in."""
        if self._is_at_file(after):
            return []
        names = listed.directories[bisect_left(listed.directories, after[0]) :] if after else listed.directories
        return self._kept(folder, names, directories=True)

    def _files(self, folder: Folder, listed: Names, after: tuple[str, ...]) -> list[str]:
        names = listed.files
        if self._is_at_file(after):
            partly = self._after is not None and self._after.line > 0
            names = names[(bisect_left if partly else bisect_right)(names, after[0]) :]
        return self._kept(folder, folder.want.select(names), directories=False)

    def _is_at_file(self, after: tuple[str, ...]) -> bool:
        return len(after) == 1 and self._after is not None and not self._after.directory

    def _kept(self, folder: Folder, names: list[str], *, directories: bool) -> list[str]:
        if not self._scope.hidden:
            names = [name for name in names if name[0] != "."]
        if folder.ignore is not None:
            names = folder.ignore.keep(names, directories=directories)
        if self._scope.exclude:
            names = [name for name in names if not folder.drop.hits(name, directory=directories)]
        return names

    def _child(self, folder: Folder, name: str) -> Folder | None:
        """A directory of the folder, opened, unless nothing in it can be wanted or read."""
        want, drop = folder.want.below(name), folder.drop.below(name)
        if want.dead or drop.certain:
            return None
        if folder.depth >= self._scope.max_depth:
            self.unseen += 1
            return None
        if not self.allows(folder, name):
            return None
        handle = self._opened(folder.handle, name)
        if handle is None:
            return None
        return Folder(
            handle=handle,
            path=f"{folder.path}{show(name)}/",
            depth=folder.depth + 1,
            want=want,
            drop=drop,
            ignore=None if folder.ignore is None else folder.ignore.below(name),
        )

    def _opened(self, directory: Directory, name: str) -> Directory | None:
        try:
            return directory.open_directory(name)
        except Exhausted:
            raise
        except NotFound:
            return None  # it went while we walked
        except PathError:
            self.unreadable += 1
            return None
