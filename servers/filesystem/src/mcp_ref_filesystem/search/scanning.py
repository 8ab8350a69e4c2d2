"""Searches what files contain, file after file in the order of the walk. Blocking: run its steps in a worker thread."""

import time
from itertools import islice
from typing import Literal

from msgspec import Struct

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Truncation, joined
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.needle import Case, Needle, TooSlow, Way
from mcp_ref_filesystem.search.passages import Passage, count, passages, searchable
from mcp_ref_filesystem.search.walk import Cut, Folder, Position, Scope, Walk
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Pulse, Steps
from mcp_ref_kit.paths import Exhausted, PathError, show

Show = Literal["content", "files", "count"]
Reason = Literal["limit", "bytes", "visited", "time"]

# Characters of all passages of one page: as much as one answer may hold.
MOST_TEXT = 200_000


class ContentQuery(Struct, frozen=True, kw_only=True):
    """What is looked for, where, and how much of it is shown."""

    pattern: str
    path: str = "."
    mode: Way = "regex"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    case: Case = "smart"
    multiline: bool = False
    before: int = 0
    after: int = 0
    max_matches: int = 100
    max_per_file: int = 20
    max_file_bytes: int = 10 * 1024 * 1024
    output: Show = "content"
    gitignore: bool = True
    hidden: bool = False
    timeout_ms: int = 10_000


class Tally(Struct, frozen=True, omit_defaults=True):
    """A file and how many of its lines match."""

    path: str
    count: int | None = None


class Skipped(Struct, frozen=True, kw_only=True):
    """Files that were not searched, by reason."""

    binary: int
    large: int
    denied: int


class Scanning:
    """One page of a search in files: run its steps to the end, then read what it has."""

    def __init__(
        self, start: Located, query: ContentQuery, settings: Settings, pulse: Pulse, after: Position | None = None
    ) -> None:
        """Compile the query.

        Raises:
            ToolError: `invalid_argument`, for a pattern that makes no sense.
        """
        self._start = start
        self._query = query
        self._needle = Needle(query.pattern, query.mode, query.case, multiline=query.multiline, check=pulse.check)
        self._limit = min(query.max_matches, settings.max_results)
        self._began = time.monotonic()
        self.deadline = self._began + min(query.timeout_ms / 1000, settings.search_timeout)
        self._walk = Walk(start, _scope(query, settings, self.deadline), _wanted(query), after)
        self._resumed = after
        self._last: tuple[Folder, str] | None = None
        self._text = 0
        self._binary = 0
        self._large = 0
        self._denied = 0
        self.passages: list[Passage] = []
        self.tallies: list[Tally] = []
        self.scanned = 0
        self.truncation: Truncation | None = None
        self.position: Position | None = None

    @property
    def skipped(self) -> Skipped:
        """Files that were not searched."""
        return Skipped(binary=self._binary, large=self._large, denied=self._denied + self._walk.denied)

    @property
    def milliseconds(self) -> int:
        """How long the search has taken."""
        return round((time.monotonic() - self._began) * 1000)

    def steps(self) -> Steps:
        """Search on, a file at a time."""
        try:
            for visit in self._walk:
                if visit.directory:
                    continue
                for name in visit.names:
                    if name not in visit.listed.odd and not self._scan(visit.folder, name):
                        return
                    yield self.scanned
        except Cut as cut:
            self._end(cut.reason, self._walk.position)

    def _scan(self, folder: Folder, name: str) -> bool:
        """Search one file; False at the end of the page."""
        if self.scanned and time.monotonic() >= self.deadline:
            self._end("time", self._before)
            return False
        data = self._content(folder, name)
        if data is None:
            return True
        self.scanned += 1
        try:
            if self._needle.find(data, 0, len(data)) is not None and not self._take(data, folder, name):
                return False
        except TooSlow:
            self._large += 1
        self._last = (folder, name)
        return True

    def _content(self, folder: Folder, name: str) -> bytes | None:
        """What a file holds, or None, counted, for one that is not to be searched."""
        if not self._walk.allows(folder, name):
            return None
        try:
            data = folder.handle.read(name, self._query.max_file_bytes)
        except Exhausted:
            raise
        except PathError as error:
            self._denied += error.code == "denied_policy"
            return None
        if data is None:
            self._large += 1
            return None
        data = searchable(data)
        self._binary += data is None
        return data

    def _take(self, data: bytes, folder: Folder, name: str) -> bool:
        """Take what matches in a file; False at the end of the page."""
        path = folder.path + show(name)
        if self._query.output != "content":
            if len(self.tallies) >= self._limit:
                self._end("limit", self._before)
                return False
            lines = count(data, self._needle) if self._query.output == "count" else None
            self.tallies.append(Tally(joined(self._start.written, path), lines))
            return True
        return self._take_passages(data, path)

    def _take_passages(self, data: bytes, path: str) -> bool:
        resumed = self._resumed.line if self._resumed is not None and self._resumed.path == path else 0
        shown = joined(self._start.written, path)
        found = passages(data, self._needle, shown, context=(self._query.before, self._query.after))
        position = self._before
        for passage in islice(found, self._query.max_per_file):
            if passage.line <= resumed:
                continue
            if len(self.passages) >= self._limit or self._text >= MOST_TEXT:
                self._end("limit" if len(self.passages) >= self._limit else "bytes", position)
                return False
            self.passages.append(passage)
            self._text += _size(passage)
            position = Position(path, line=passage.line)
        return True

    @property
    def _before(self) -> Position | None:
        """The file that was searched last, or where the walk stands if that is further on."""
        if self._last is None:
            return self._walk.position
        folder, name = self._last
        return Position(folder.path + show(name))

    def _end(self, reason: Reason, position: Position | None) -> None:
        shown = len(self.passages) if self._query.output == "content" else len(self.tallies)
        self.truncation = Truncation(reason, shown)
        self.position = position


def _scope(query: ContentQuery, settings: Settings, deadline: float) -> Scope:
    return Scope(
        exclude=Globs(query.exclude, floating=True),
        hidden=query.hidden,
        gitignore=query.gitignore,
        max_depth=settings.max_depth,
        max_visited=settings.max_visited,
        deadline=deadline,
    )


def _wanted(query: ContentQuery) -> Globs:
    return Globs(query.include or ("**",), floating=True)


def _size(passage: Passage) -> int:
    return sum(map(len, (passage.path, passage.text, *passage.before, *passage.after)))
