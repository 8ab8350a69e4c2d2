"""Globs over relative paths, matched name by name on the way down a tree. Pure.

`*`, `?` and `[...]` stop at slashes and match a leading dot, `**` crosses slashes, `{a,b}` is written out.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.search.segments import Segment, Test, containing, segment_of

# A pattern split at its slashes (None stands for `**`), and whether it is for directories only.
Compiled = tuple[tuple[Segment | None, ...], bool]
Position = tuple[int, int]

# Longer than any path that could match, and short enough that 256 of them stay cheap.
MAX_PATTERN = 1024
# `{a,b}{a,b}...` doubles with each group.
MAX_ALTERNATIVES = 256
# Sets of positions remembered; an ordinary pattern has a handful, however large the tree.
MAX_LEVELS = 4096
_GLOB_CHARACTERS = frozenset("*?[]{}\\")


class Globs:
    """A set of globs; a path matches when one of them does.

    `floating`: a pattern without a slash matches that name at any depth, as in .gitignore.
    """

    def __init__(self, patterns: Iterable[str] = (), *, ignore_case: bool = False, floating: bool = False) -> None:
        """Compile the patterns.

        Raises:
            ToolError: `invalid_argument`, for one that is too long or has too many alternatives.
        """
        self.ignore_case = ignore_case
        written = [one for pattern in patterns for one in expanded(pattern)]
        self._patterns = [_compiled(one, ignore_case=ignore_case, floating=floating) for one in written]
        self._levels: dict[frozenset[Position], Level] = {}

    @classmethod
    def of(cls, patterns: Iterable[Compiled], *, ignore_case: bool = False) -> "Globs":
        """The set of patterns that are compiled already."""
        made = cls(ignore_case=ignore_case)
        made._patterns.extend(patterns)
        return made

    def __bool__(self) -> bool:
        """Whether there is any pattern at all."""
        return bool(self._patterns)

    def start(self) -> "Level":
        """What matches the names in the directory that the walk begins at."""
        return self.level(self._reached((index, 0) for index in range(len(self._patterns))))

    def matches(self, path: str, *, directory: bool = False) -> bool:
        """Whether one of the globs matches the whole of a relative path."""
        *parents, name = path.split("/")
        level = self.start()
        for parent in parents:
            level = level.below(parent)
        return level.hits(name, directory=directory)

    def level(self, positions: Iterable[Position]) -> "Level":
        """The level for these positions; one object for each set of them, however large the tree."""
        key = frozenset(positions)
        found = self._levels.get(key)
        if found is None:
            if len(self._levels) >= MAX_LEVELS:
                self._levels.clear()
            found = self._levels[key] = Level(self, sorted(key))
        return found

    def advance(self, position: Position) -> Iterator[Position]:
        """Where a name that passed the test at this position leads."""
        index, at = position
        return self._reached(((index, at + 1),))

    def segment(self, position: Position) -> tuple[Segment | None, bool, bool]:
        """The segment at a position, whether it is the last one, and whether the pattern is for directories only."""
        (segments, directory), at = self._patterns[position[0]], position[1]
        return segments[at], at + 1 == len(segments), directory

    def _reached(self, positions: Iterable[Position]) -> Iterator[Position]:
        for index, first in positions:
            segments, at = self._patterns[index][0], first
            while at < len(segments):
                yield (index, at)
                if segments[at] is not None:
                    break
                at += 1


class Finals:
    """The last segments of some patterns: whether one of them fits a name."""

    __slots__ = ("_exact", "_suffixes", "_tests")

    def __init__(self, segments: Iterable[Segment]) -> None:
        """Gather what can be tested at once: a hundred lines like `*.pyc` and `dist` cost two look-ups."""
        exact: set[str] = set()
        suffixes: list[str] = []
        self._tests: list[Test] = []
        for segment in segments:
            if segment.exact is not None:
                exact.add(segment.exact)
            elif segment.suffix is not None:
                suffixes.append(segment.suffix)
            else:
                self._tests.append(segment.test)
        self._exact = frozenset(exact)
        self._suffixes = tuple(suffixes)

    def __bool__(self) -> bool:
        """Whether there is anything to test."""
        return bool(self._exact or self._suffixes or self._tests)

    def fit(self, name: str) -> bool:
        """Whether one of them fits."""
        return (
            name.endswith(self._suffixes)
            or name in self._exact
            or (bool(self._tests) and any(test(name) for test in self._tests))
        )


class Level:
    """What the globs say about the names of one directory."""

    __slots__ = ("_any", "_branches", "_carried", "_default", "_directories", "_fold", "_globs", "certain", "dead")

    def __init__(self, globs: Globs, positions: list[Position]) -> None:
        """Sort the positions into tests that decide and tests that lead on."""
        self._globs = globs
        self._fold = str.lower if globs.ignore_case else str
        self._branches: list[tuple[Test, Position]] = []
        self._carried: list[Position] = []
        self._default: Level | None = None
        self.certain = False
        """Every name matches here, and everything beneath."""
        finals: tuple[list[Segment], list[Segment]] = ([], [])
        for position in positions:
            self._sort(position, finals)
        self._any, self._directories = Finals(finals[0]), Finals(finals[1])
        self.dead = not (self.certain or self._any or self._directories or self._branches or self._carried)
        """Nothing matches here or beneath."""

    def hits(self, name: str, *, directory: bool = False) -> bool:
        """Whether this name matches; some patterns are for directories only."""
        if self.certain:
            return True
        folded = self._fold(name)
        return self._any.fit(folded) or (directory and self._directories.fit(folded))

    def select(self, names: Iterable[str]) -> list[str]:
        """Those of these files that match, in their order."""
        if self.certain:
            return list(names)
        if not self._any:
            return []
        fit, fold = self._any.fit, self._fold
        return [name for name in names if fit(fold(name))]

    def below(self, name: str) -> "Level":
        """The level inside the directory of this name."""
        folded = self._fold(name)
        taken = [after for test, position in self._branches if test(folded) for after in self._globs.advance(position)]
        if taken:
            return self._globs.level(self._carried + taken)
        if self._default is None:
            self._default = self._globs.level(self._carried)
        return self._default

    def _sort(self, position: Position, finals: tuple[list[Segment], list[Segment]]) -> None:
        segment, last, directory = self._globs.segment(position)
        if segment is None:
            self._carried += (position, *self._globs.advance(position))
            self.certain = self.certain or (last and not directory)
            if last and directory:
                finals[1].append(_ANY_NAME)
        elif last:
            finals[directory].append(segment)
        else:
            self._branches.append((segment.test, position))


_ANY_NAME = segment_of("*")


def substrings(text: str, *, ignore_case: bool = False) -> Globs:
    """Globs for whatever has the text in its name, at any depth; with slashes, in the names around them."""
    first, *rest = (text.lower() if ignore_case else text).split("/")
    if not rest:
        return Globs.of([((None, containing(first)), False)], ignore_case=ignore_case)
    starts, ends = rest[-1], first
    inner = tuple(Segment(part.__eq__, exact=part) for part in rest[:-1])
    edges = (Segment(lambda name: name.endswith(ends), suffix=ends), Segment(lambda name: name.startswith(starts)))
    return Globs.of([((None, edges[0], *inner, edges[1]), False)], ignore_case=ignore_case)


def compiled_parts(parts: Iterable[str], *, directory: bool, ignore_case: bool = False) -> Compiled:
    """One pattern from the texts between its slashes, `**` among them; nothing else is special in them."""
    segments = (None if part == "**" else segment_of(part, ignore_case=ignore_case) for part in parts)
    return tuple(segments), directory


def is_plain(pattern: str) -> bool:
    """Whether the pattern has no glob character at all."""
    return not _GLOB_CHARACTERS.intersection(pattern)


def expanded(pattern: str) -> list[str]:
    """The pattern's `{a,b}` groups written out, nested ones too; a group without a comma is literal text.

    Raises:
        ToolError: `invalid_argument`, for a pattern that is too long or has too many alternatives.
    """
    if len(pattern) > MAX_PATTERN:
        raise _unusable(f"A pattern may have {MAX_PATTERN} characters, got {len(pattern)}.")
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        first = waiting.pop()
        group = _group(first)
        if group is None:
            done.append(first)
        else:
            start, commas, end = group
            inner = [first[left + 1 : right] for left, right in pairwise([start, *commas, end])]
            waiting.extend(first[:start] + part + first[end + 1 :] for part in reversed(inner))
        if len(done) + len(waiting) > MAX_ALTERNATIVES:
            raise _unusable(f"`{pattern[:80]}` has more than {MAX_ALTERNATIVES} alternatives.")
    return done


def _compiled(pattern: str, *, ignore_case: bool, floating: bool) -> Compiled:
    body = pattern.strip("/").removeprefix("./")
    parts = [part for part in body.split("/") if part != "."] if body else []
    if floating and len(parts) == 1 and not pattern.startswith(("/", "./")):
        parts.insert(0, "**")
    return compiled_parts(parts, directory=pattern.endswith("/"), ignore_case=ignore_case)


def _group(pattern: str) -> tuple[int, list[int], int] | None:
    """Where the first brace group with a comma opens, has its commas, and closes."""
    opened: list[tuple[int, list[int]]] = []
    found: tuple[int, list[int], int] | None = None
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "{":
            opened.append((at, []))
        elif character == "," and opened:
            opened[-1][1].append(at)
        elif character == "}" and opened:
            start, commas = opened.pop()
            if commas and (found is None or start < found[0]):
                found = (start, commas, at)
        at += 1
    return found


def _unusable(sentence: str) -> ToolError:
    return ToolError(sentence, code="invalid_argument")
