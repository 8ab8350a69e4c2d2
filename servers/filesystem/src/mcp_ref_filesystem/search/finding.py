"""Finds entries by name, size and time, in the order of the walk. Blocking: run its steps in a worker thread."""

import time
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Kind, Truncation, joined, kind_of, stamp
from mcp_ref_filesystem.search.match import Globs, is_plain, substrings
from mcp_ref_filesystem.search.walk import Cut, Position, Scope, Visit, Walk
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Steps
from mcp_ref_kit.paths import PathError, show

EntryType = Literal["file", "directory", "symlink"]

_BILLION = 1_000_000_000


class NameQuery(Struct, frozen=True, kw_only=True):
    """What is looked for; times in the caller's words."""

    path: str
    pattern: str
    exclude: tuple[str, ...] = ()
    type: EntryType | None = None
    min_size: int | None = None
    max_size: int | None = None
    modified_after: str | None = None
    modified_before: str | None = None
    case_sensitive: bool = False
    gitignore: bool = False
    limit: int = 200


class Found(Struct, frozen=True, kw_only=True, gc=False):
    """An entry; size and time are its own, also for a link."""

    path: str
    type: Kind
    size: int
    mtime: str


class Filter(Struct, frozen=True, kw_only=True):
    """What an entry's own data must say; bounds are inclusive, times in nanoseconds."""

    type: Kind | None = None
    sizes: tuple[float, float] = (0, float("inf"))
    times: tuple[float, float] = (float("-inf"), float("inf"))

    def passes(self, found: Found, mtime: int) -> bool:
        """Whether an entry is wanted; only files have a size worth asking for."""
        sized = self.sizes == (0, float("inf")) or (
            found.type == "file" and self.sizes[0] <= found.size <= self.sizes[1]
        )
        return sized and self.type in {None, found.type} and self.times[0] <= mtime <= self.times[1]


class Finding:
    """One page of a search by name: run its steps to the end, then read what it has."""

    def __init__(self, start: Located, query: NameQuery, settings: Settings, after: Position | None = None) -> None:
        """Compile the query.

        Raises:
            ToolError: `invalid_argument`, for a pattern or a time that makes no sense.
        """
        self._start = start
        self._limit = min(query.limit, settings.max_results)
        self._filter = _filter(query)
        scope = Scope(
            exclude=Globs(query.exclude, ignore_case=not query.case_sensitive, floating=True),
            gitignore=query.gitignore,
            max_depth=settings.max_depth,
            max_visited=settings.max_visited,
            deadline=time.monotonic() + settings.search_timeout,
        )
        self._walk = Walk(start, scope, _wanted(query), after)
        self.found: list[Found] = []
        self.truncation: Truncation | None = None
        self._before = after
        self.position: Position | None = None

    @property
    def visited(self) -> int:
        """Entries looked at so far."""
        return self._walk.visited

    @property
    def denied(self) -> int:
        """Entries and directories passed over because a rule denies them."""
        return self._walk.denied

    def steps(self) -> Steps:
        """Search on, a directory at a time."""
        try:
            for visit in self._walk:
                for name in visit.names:
                    if not self._take(visit, name):
                        return
                yield self._walk.visited
        except Cut as cut:
            self._end(cut.reason, self._walk.position)

    def _take(self, visit: Visit, name: str) -> bool:
        """Take an entry that is wanted; False when there is no room for it."""
        folder = visit.folder
        try:
            status = folder.handle.lstat(name)
        except PathError:
            return True  # it went while we searched
        path = folder.path + show(name)
        entry = Found(
            path=joined(self._start.written, path),
            type=kind_of(status.st_mode),
            size=status.st_size,
            mtime=stamp(status.st_mtime_ns),
        )
        if not self._filter.passes(entry, status.st_mtime_ns):
            return True
        if not self._walk.allows(folder, name):
            return True
        if len(self.found) >= self._limit:
            self._end("limit", self._before)
            return False
        self.found.append(entry)
        self._before = Position(path, directory=visit.directory)
        return True

    def _end(self, reason: Literal["limit", "visited", "time"], position: Position | None) -> None:
        self.truncation = Truncation(reason, len(self.found))
        self.position = position


def _wanted(query: NameQuery) -> Globs:
    """What the pattern matches; without a glob character also whatever has it in its name."""
    ignore_case = not query.case_sensitive
    if is_plain(query.pattern):
        return substrings(query.pattern.strip("/"), ignore_case=ignore_case)
    return Globs([query.pattern], ignore_case=ignore_case)


def _filter(query: NameQuery) -> Filter:
    least = 0 if query.min_size is None else query.min_size
    most = float("inf") if query.max_size is None else query.max_size
    return Filter(
        type=query.type,
        sizes=(least, most),
        times=(
            _moment("modifiedAfter", query.modified_after, float("-inf")),
            _moment("modifiedBefore", query.modified_before, float("inf")),
        ),
    )


def _moment(argument: str, text: str | None, unset: float) -> float:
    """A caller's time in nanoseconds since 1970; without an offset it is UTC."""
    if text is None:
        return unset
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * _BILLION
    except (ValueError, OverflowError) as error:
        sentence = f"`{argument}` must be an ISO 8601 date or time, got {text[:40]!r}."
        raise ToolError(
            sentence, code="invalid_argument", hint="For example 2026-01-31 or 2026-01-31T12:00Z."
        ) from error
