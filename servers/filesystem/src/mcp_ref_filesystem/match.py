"""Globs over relative paths, matched name by name on the way down a tree. Pure.

`*`, `?` and `[...]` stop at slashes and match a leading dot, `**` crosses slashes, `{a,b}` is written out.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.segments import Test, everything, segment_test

# A pattern already split at its slashes: None stands for `**`, and the flag says that it ended in a slash.
Segments = tuple[tuple[Test | None, ...], bool]
Position = tuple[int, int]

# Longer than any path that could match, and short enough that 256 of them stay cheap.
MAX_PATTERN = 1024
# `{a,b}{a,b}...` doubles with each group.
MAX_ALTERNATIVES = 256
# Sets of positions remembered; an ordinary pattern has a handful, however large the tree.
MAX_LEVELS = 4096
GLOB_CHARACTERS = frozenset("*?[]{}\\")


class Globs:
    """A set of globs; a path matches when one of them does. `*` and `?` stop at slashes, `**` does not.

    `floating`: a pattern without a slash matches that name at any depth, as in .gitignore. With `ignore_case`
    the names handed in must be in lower case already.
    """

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool = False, floating: bool = False) -> None:
        """Compile the patterns.

        Raises:
            ToolError: `invalid_argument`, for one that is too long or has too many alternatives.
        """
        self.ignore_case = ignore_case
        self._floating = floating
        self._patterns = [self._compiled(one) for pattern in patterns for one in expanded(pattern)]
        self._levels: dict[frozenset[Position], Level] = {}

    def __bool__(self) -> bool:
        """Whether there is any pattern at all."""
        return bool(self._patterns)

    def start(self) -> "Level":
        """What matches the names in the directory that the walk begins at."""
        return self.level(self._reached((index, 0) for index in range(len(self._patterns))))

    def matches(self, path: str, *, directory: bool = False) -> bool:
        """Whether one of the globs matches the whole of a relative path."""
        *parents, name = (path.lower() if self.ignore_case else path).split("/")
        level = self.start()
        for parent in parents:
            level = level.below(parent)
        return level.hits(name) or (directory and level.hits_directory(name))

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

    def segment(self, position: Position) -> tuple[Test | None, bool, bool]:
        """The test at a position, whether it is the last one, and whether it is for directories only."""
        (tests, directory), at = self._patterns[position[0]], position[1]
        return tests[at], at + 1 == len(tests), directory

    def _reached(self, positions: Iterable[Position]) -> Iterator[Position]:
        for index, first in positions:
            tests, at = self._patterns[index][0], first
            while at < len(tests):
                yield (index, at)
                if tests[at] is not None:
                    break
                at += 1

    def _compiled(self, pattern: str) -> Segments:
        directory = pattern.endswith("/")
        body = pattern.strip("/").removeprefix("./")
        parts = [part for part in body.split("/") if part != "."] if body else []
        if self._floating and len(parts) == 1 and not pattern.startswith(("/", "./")):
            parts.insert(0, "**")
        tests = (None if part == "**" else segment_test(part, ignore_case=self.ignore_case) for part in parts)
        return tuple(tests), directory


class Level:
    """What the globs say about the names of one directory."""

    __slots__ = ("_branches", "_carried", "_default", "_directories", "_files", "_globs", "certain", "dead")

    def __init__(self, globs: Globs, positions: list[Position]) -> None:
        """Sort the positions into tests that decide and tests that lead on."""
        self._globs = globs
        self._files: list[Test] = []
        self._directories: list[Test] = []
        self._branches: list[tuple[Test, Position]] = []
        self._carried: list[Position] = []
        self._default: Level | None = None
        self.certain = False
        """Every name matches here, and everything beneath."""
        for position in positions:
            self._sort(position)
        self.dead = not (self.certain or self._files or self._directories or self._branches or self._carried)
        """Nothing matches here or beneath."""

    def hits(self, name: str) -> bool:
        """Whether this name matches, whatever it is."""
        return self.certain or any(test(name) for test in self._files)

    def hits_directory(self, name: str) -> bool:
        """Whether this name matches because it is a directory: the pattern ends in a slash."""
        return any(test(name) for test in self._directories)

    def select(self, names: Iterable[str]) -> list[str]:
        """The names that match whatever they are, in their order."""
        if self.certain:
            return list(names)
        if not self._files:
            return []
        if len(self._files) == 1:
            return list(filter(self._files[0], names))
        return [name for name in names if self.hits(name)]

    def below(self, name: str) -> "Level":
        """The level inside the directory of this name."""
        taken = [after for test, position in self._branches if test(name) for after in self._globs.advance(position)]
        if taken:
            return self._globs.level(self._carried + taken)
        if self._default is None:
            self._default = self._globs.level(self._carried)
        return self._default

    def _sort(self, position: Position) -> None:
        test, last, directory = self._globs.segment(position)
        if test is None:
            self._carried += (position, *self._globs.advance(position))
            self.certain = self.certain or (last and not directory)
            if last and directory:
                self._directories.append(everything)
        elif last:
            (self._directories if directory else self._files).append(test)
        else:
            self._branches.append((test, position))


def is_plain(pattern: str) -> bool:
    """Whether the pattern has no glob character at all."""
    return not GLOB_CHARACTERS.intersection(pattern)


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
            edges = [start, *commas, end]
            inner = [first[left + 1 : right] for left, right in pairwise(edges)]
            waiting.extend(first[:start] + part + first[end + 1 :] for part in reversed(inner))
        if len(done) + len(waiting) > MAX_ALTERNATIVES:
            raise _unusable(f"`{pattern[:80]}` has more than {MAX_ALTERNATIVES} alternatives.")
    return done


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
