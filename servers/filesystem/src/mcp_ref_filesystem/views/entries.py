"""The entries of one directory, page by page. Blocking: run it in a worker thread."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice, takewhile
from stat import filemode
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.results import Kind, Truncation, kind_of, stamp
from mcp_ref_filesystem.room import Room
from mcp_ref_filesystem.search.ignore import FILE, REPOSITORY, rules_above
from mcp_ref_filesystem.search.walk import MOST_NAMES, Names, Position, names_of
from mcp_ref_kit.paths import Directory, PathError, is_encoded, mapped, show
from mcp_ref_kit.workers import Stop

SortBy = Literal["name", "size", "mtime"]
Order = Literal["asc", "desc"]

# What an entry takes as JSON beside its name.
_PLAIN = 50
_SIZED = 130


class Entry(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """One entry; name_encoded: the name is written with escapes, and is accepted back like that."""

    name: str
    type: Kind
    target: str | None = None
    name_encoded: bool = False


class SizedEntry(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """One entry with what an lstat says of it."""

    name: str
    type: Kind
    size: int
    mtime: str
    mode: str
    name_encoded: bool = False


class Totals(Struct, frozen=True, kw_only=True):
    """All entries together; the bytes are those of files."""

    files: int
    directories: int
    bytes: int


class ListQuery(Struct, frozen=True, kw_only=True):
    """Which entries of a directory are wanted."""

    path: str
    limit: int = 1000
    hidden: bool = True
    gitignore: bool = False


class SizedQuery(Struct, frozen=True, kw_only=True):
    """In which order the entries of a directory are wanted."""

    path: str
    sort_by: SortBy = "name"
    order: Order | None = None
    limit: int = 1000


class Listing(Struct, frozen=True, kw_only=True):
    """One page of entries."""

    entries: list[Entry]
    total: int
    truncation: Truncation | None
    position: Position | None


class SizedListing(Struct, frozen=True, kw_only=True):
    """One page of entries with their sizes, and what they all add up to."""

    entries: list[SizedEntry]
    totals: Totals
    truncation: Truncation | None
    position: Position | None


def list_entries(located: Located, query: ListQuery, most_characters: int, after: Position | None) -> Listing:
    """The entries after a position: directories first, then the rest, by code points."""
    with located.open_directory() as directory:
        listed = _visible(located, directory, query)
        total = len(listed.directories) + len(listed.files)
        rest = [(name, True) for name in _rest(listed.directories, after, directories=True)]
        rest += [(name, False) for name in _rest(listed.files, after, directories=False)]
        room = Room(most_characters)
        entries: list[Entry] = []
        for name, is_directory in rest[: query.limit]:
            entry = _entry(directory, name, "directory" if is_directory else listed.kind(name))
            if not room.take(len(entry.name) + len(entry.target or "") + _PLAIN):
                break
            entries.append(entry)
    if len(entries) == len(rest):
        return Listing(entries=entries, total=total, truncation=None, position=None)
    last = rest[len(entries) - 1]
    reason: Literal["limit", "bytes"] = "limit" if len(entries) == query.limit else "bytes"
    return Listing(
        entries=entries,
        total=total,
        truncation=Truncation(reason, len(entries), total),
        position=Position(show(last[0]), directory=last[1]),
    )


def list_sized(
    stop: Stop, located: Located, query: SizedQuery, most_characters: int, after: Position | None
) -> SizedListing:
    """The entries in the order asked for: by default names from the first, sizes and times from the greatest."""
    with located.open_directory() as directory:
        found = list(_statuses(stop, directory))
    descending = query.order == "desc" if query.order else query.sort_by != "name"
    rank = partial(_rank, query.sort_by, descending)
    found.sort(key=rank)
    start = 0 if after is None else bisect_right(found, rank(_at(after)), key=rank)
    room = Room(most_characters)
    shown = list(takewhile(lambda status: room.take(len(status.name) + _SIZED), found[start : start + query.limit]))
    ends = start + len(shown) == len(found)
    reason: Literal["limit", "bytes"] = "limit" if len(shown) == query.limit else "bytes"
    return SizedListing(
        entries=[_sized(status) for status in shown],
        totals=_totals(found),
        truncation=None if ends else Truncation(reason, len(shown), len(found)),
        position=None if ends else _position(shown[-1], query.sort_by),
    )


class Status(Struct, frozen=True, kw_only=True, gc=False):
    """What an lstat says of one name."""

    name: str
    kind: Kind
    size: int
    mtime_ns: int
    mode: int = 0


def _visible(located: Located, directory: Directory, query: ListQuery) -> Names:
    """The entries that are not to be left out."""
    listed = names_of(directory, most=MOST_NAMES)
    directories, files = listed.directories, listed.files
    if query.gitignore:
        has_file, is_repository = FILE in files, REPOSITORY in directories or REPOSITORY in files
        ignore = rules_above(located.root, directory.resolved)
        ignore = ignore.inside(directory, has_file=has_file, is_repository=is_repository)
        directories = ignore.keep(directories, directories=True)
        files = ignore.keep(files, directories=False)
    if not query.hidden:
        directories = [name for name in directories if name[0] != "."]
        files = [name for name in files if name[0] != "."]
    return Names(directories=directories, files=files, odd=listed.odd, complete=listed.complete)


def _rest(names: list[str], after: Position | None, *, directories: bool) -> list[str]:
    """The names that come after a position; it stands among the directories or among the files."""
    if after is None or (after.directory and not directories):
        return names
    if directories and not after.directory:
        return []
    return names[bisect_right(names, after.names[0]) :]


def _entry(directory: Directory, name: str, kind: Kind) -> Entry:
    target = None
    if kind == "symlink":
        with suppress(PathError):  # replaced since the directory was read
            target = show(directory.readlink(name))
    return Entry(name=show(name), type=kind, target=target, name_encoded=is_encoded(name))


def _statuses(stop: Stop, directory: Directory) -> Iterator[Status]:
    with mapped(directory.resolved.written), directory.scan() as entries:
        for entry in islice(entries, MOST_NAMES):
            stop.check()
            if entry.name.startswith(TEMPORARY_PREFIX):
                continue
            with suppress(FileNotFoundError):  # removed since the directory was read
                found = entry.stat(follow_symlinks=False)
                kind, mode = kind_of(found.st_mode), found.st_mode
                yield Status(name=entry.name, kind=kind, size=found.st_size, mtime_ns=found.st_mtime_ns, mode=mode)


def _rank(sort_by: SortBy, descending: bool, status: Status) -> tuple[int, Any]:  # noqa: FBT001  bound by partial
    if sort_by != "name":
        value = status.size if sort_by == "size" else status.mtime_ns
        return -value if descending else value, status.name
    # Code points from the last to the first, a longer name before the one it continues.
    name = (*(-ord(character) for character in status.name), 1) if descending else status.name
    return status.kind != "directory", name


def _position(status: Status, sort_by: SortBy) -> Position:
    value = {"name": 0, "size": status.size, "mtime": status.mtime_ns}[sort_by]
    return Position(show(status.name), directory=status.kind == "directory", line=value)


def _at(after: Position) -> Status:
    kind: Kind = "directory" if after.directory else "file"
    return Status(name=after.names[0], kind=kind, size=after.line, mtime_ns=after.line)


def _sized(status: Status) -> SizedEntry:
    return SizedEntry(
        name=show(status.name),
        type=status.kind,
        size=status.size,
        mtime=stamp(status.mtime_ns),
        mode=filemode(status.mode),
        name_encoded=is_encoded(status.name),
    )


def _totals(found: list[Status]) -> Totals:
    files = [status for status in found if status.kind != "directory"]
    size = sum(status.size for status in files if status.kind == "file")
    return Totals(files=len(files), directories=len(found) - len(files), bytes=size)
