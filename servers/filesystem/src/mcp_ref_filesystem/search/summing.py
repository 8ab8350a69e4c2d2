"""Sums up what a walk finds: sizes, largest files, duplicates, what is empty, extensions. Blocking, in steps."""

import hashlib
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Kind, Truncation, joined
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.walk import Cut, Scope, Visit, Walk
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Pulse, Steps
from mcp_ref_kit.paths import JailPath, PathError, show

What = Literal["size", "largest", "duplicates", "empty", "extensions"]

MIB = 1024 * 1024
# Paths named of one set of equal files.
MOST_NAMED = 20


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row: a path, a set of equal files, or an extension, with what is known of it."""

    path: str | None = None
    paths: tuple[str, ...] = ()
    extension: str | None = None
    type: Kind | None = None
    files: int | None = None
    bytes: int | None = None
    hash: str | None = None


class Totals(Struct, frozen=True, kw_only=True):
    """All that was looked at, and what was passed over."""

    files: int
    directories: int
    bytes: int
    denied: int
    unreadable: int


class Summary(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rows, the most weighty first; `truncated`: there are more, or not all was looked at."""

    path: str
    what: What
    items: list[Item]
    totals: Totals
    truncated: bool
    truncation: Truncation | None = None
    untrusted: bool = True


class File(Struct, frozen=True):
    """One file: its names beneath the start, and its size."""

    path: str
    size: int
    resolved: JailPath


class Seen(Struct):
    """Everything that was found; it grows while the walk goes on."""

    files: list[File] = []
    directories: dict[str, JailPath] = {}
    denied: int = 0


class Summing:
    """One summary: run its steps to the end, then read `summary`."""

    def __init__(self, pulse: Pulse, start: Located, what: What, limit: int, settings: Settings) -> None:
        self._pulse = pulse
        self._start = start
        self._what: What = what
        self._limit = limit
        # Leave time to put the answer together.
        self._deadline = time.monotonic() + settings.tool_timeout * 0.8
        scope = Scope(max_depth=settings.max_depth, max_visited=settings.max_visited, deadline=self._deadline)
        self._walk = Walk(start, scope, Globs(["**"]))
        self._seen = Seen()
        self._items: list[Item] = []
        self._cut: Truncation | None = None

    def steps(self) -> Steps:
        """Walk, then make the rows."""
        try:
            for visit in self._walk:
                self._take(visit)
                yield self._walk.visited
            for item in _ROWS[self._what](self._seen, self.check, self._start):
                self._items.append(item)
                self.check()
        except Cut as cut:
            self._cut = Truncation(cut.reason, len(self._seen.files))

    def check(self) -> None:
        """Do nothing, or end the work.

        Raises:
            Stopped: the call was cancelled.
            Cut: the time is up.
        """
        self._pulse.check()
        if time.monotonic() >= self._deadline:
            raise Cut("time")

    @property
    def summary(self) -> Summary:
        """What there is to say."""
        items = self._items[: self._limit]
        cut = self._cut
        if cut is None and len(self._items) > len(items):
            cut = Truncation("limit", len(items), len(self._items))
        totals = Totals(
            files=len(self._seen.files),
            directories=len(self._seen.directories),
            bytes=sum(file.size for file in self._seen.files),
            denied=self._seen.denied + self._walk.denied,
            unreadable=self._walk.unreadable + self._walk.unseen,
        )
        shown = [_placed(item, self._start.written) for item in items]
        return Summary(
            path=self._start.written,
            what=self._what,
            items=shown,
            totals=totals,
            truncated=cut is not None,
            truncation=cut,
        )

    def _take(self, visit: Visit) -> None:
        folder = visit.folder
        if visit.directory:
            for name in visit.names:
                self._seen.directories[folder.path + show(name)] = folder.handle.resolved.child(name)
            return
        for name in visit.names:
            resolved = folder.handle.resolved.child(name)
            if not self._start.allows(resolved):
                self._seen.denied += 1
                continue
            with suppress(PathError):  # it went while we walked
                found = folder.handle.lstat(name)
                if stat.S_ISREG(found.st_mode):
                    self._seen.files.append(File(folder.path + show(name), found.st_size, resolved))


def _placed(item: Item, written: str) -> Item:
    """The row with its paths as the caller writes them."""
    path = None if item.path is None else joined(written, item.path)
    return replace(item, path=path, paths=tuple(joined(written, one) for one in item.paths))


Check = Callable[[], None]


def _sizes(seen: Seen, check: Check, start: Located) -> Iterator[Item]:
    """Each entry of the directory with all beneath it."""
    del start
    files: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    directories = {path for path in seen.directories if "/" not in path}
    for file in seen.files:
        top = file.path.partition("/")[0]
        files[top] += 1
        sizes[top] += file.size
    check()
    for name in sorted({*files, *directories}, key=lambda name: (-sizes[name], name)):
        kind: Kind = "directory" if name in directories else "file"
        yield Item(path=name, type=kind, files=files[name], bytes=sizes[name])


def _largest(seen: Seen, check: Check, start: Located) -> Iterator[Item]:
    del start
    check()
    for file in sorted(seen.files, key=lambda file: (-file.size, file.path)):
        yield Item(path=file.path, bytes=file.size)


def _duplicates(seen: Seen, check: Check, start: Located) -> Iterator[Item]:
    """Files with the same bytes, those first that waste most; only files of one size are hashed."""
    by_size: dict[int, list[File]] = defaultdict(list)
    for file in seen.files:
        if file.size:
            by_size[file.size].append(file)
    suspects = [group for group in by_size.values() if len(group) > 1]
    for group in sorted(suspects, key=lambda group: -group[0].size * (len(group) - 1)):
        by_hash: dict[str, list[str]] = defaultdict(list)
        for file in group:
            digest = _hash(file, check, start)
            if digest is not None:
                by_hash[digest].append(file.path)
        for digest, paths in sorted(by_hash.items(), key=lambda found: -len(found[1])):
            if len(paths) > 1:
                named = tuple(paths[:MOST_NAMED])
                yield Item(paths=named, files=len(paths), bytes=group[0].size, hash=digest)


def _hash(file: File, check: Check, start: Located) -> str | None:
    digest = hashlib.sha256()
    try:
        with start.root.open(file.resolved) as opened:
            if not start.allows(opened.resolved):
                return None  # a link has taken its place
            size = 0
            while block := opened.read_at(size, MIB):
                check()
                digest.update(block)
                size += len(block)
    except PathError:
        return None  # it went, or may not be read
    return digest.hexdigest()


def _empty(seen: Seen, check: Check, start: Located) -> Iterator[Item]:
    """Files without bytes, and directories with nothing in them."""
    filled = {path.rpartition("/")[0] for path in seen.directories}
    filled |= {file.path.rpartition("/")[0] for file in seen.files}
    for path in sorted(seen.directories.keys() - filled):
        check()
        if _is_empty(start, seen.directories[path]):
            yield Item(path=path, type="directory")
    for file in seen.files:
        if not file.size:
            yield Item(path=file.path, type="file")


def _is_empty(start: Located, path: JailPath) -> bool:
    """Look again: what holds only links or denied things is not empty."""
    if not start.allows(path, makes="directory"):
        return False
    try:
        with start.root.open_directory(path) as directory, directory.scan() as entries:
            return next(entries, None) is None
    except PathError:
        return False


def _extensions(seen: Seen, check: Check, start: Located) -> Iterator[Item]:
    del start
    files: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    for file in seen.files:
        stem, _, extension = file.path.rpartition("/")[2].lower().rpartition(".")
        key = extension if stem else ""
        files[key] += 1
        sizes[key] += file.size
    check()
    for key in sorted(files, key=lambda key: (-sizes[key], key)):
        yield Item(extension=key, files=files[key], bytes=sizes[key])


_ROWS: Mapping[What, Callable[[Seen, Check, Located], Iterator[Item]]] = {
    "size": _sizes,
    "largest": _largest,
    "duplicates": _duplicates,
    "empty": _empty,
    "extensions": _extensions,
}
