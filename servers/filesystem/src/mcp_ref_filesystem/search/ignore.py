""".gitignore files on the way down a tree: asked from the innermost outwards, the last line that fits decides.

The patterns are strangers' text. They are matched by our own globs, in linear time: pathspec 1.1 hands each line to
`re`, and one line that RE2 refuses takes the whole file with it.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from mcp_ref_filesystem.search.match import Compiled, Globs, Level, compiled_parts
from mcp_ref_filesystem.search.segments import class_end
from mcp_ref_kit.paths import Directory, JailPath, PathError, Root

FILE = ".gitignore"
# git's own folder is never part of what git lists.
REPOSITORY = ".git"
# What is larger was not written by hand; it is passed over.
MAX_BYTES = 256 * 1024
MAX_LINE = 1024

Block = tuple[bool, Level]


class Ignore:
    """The rules in force in one directory: blocks of lines of one sign, the one that decides first in front."""

    __slots__ = ("_blocks",)

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        """Hold blocks; `inside` and `below` make them."""
        self._blocks = list(blocks)

    def hides(self, name: str, *, directory: bool) -> bool:
        """Whether the entry of this name is ignored."""
        if name == REPOSITORY:
            return True
        for hidden, level in self._blocks:
            if level.hits(name, directory=directory):
                return hidden
        return False

    def keep(self, names: list[str], *, directories: bool) -> list[str]:
        """Those of the names that are not ignored."""
        if not self._blocks and REPOSITORY not in names:
            return names
        return [name for name in names if not self.hides(name, directory=directories)]

    def below(self, name: str) -> "Ignore":
        """What of the rules reaches into the directory of this name."""
        if not self._blocks:
            return self
        levels = [(hidden, level.below(name)) for hidden, level in self._blocks]
        return Ignore(block for block in levels if not block[1].dead)

    def inside(self, directory: Directory, *, has_file: bool, is_repository: bool) -> "Ignore":
        """The rules in a directory, its own file read; a repository begins anew, as for git."""
        above = Ignore() if is_repository else self
        text = _read(directory) if has_file else ""
        return above.under(blocks_of(text)) if text else above

    def under(self, blocks: list[Block]) -> "Ignore":
        """These rules after others that decide first."""
        return Ignore([*blocks, *self._blocks])


def rules_above(root: Root, start: JailPath) -> Ignore:
    """The rules that the directories above `start` lay on it, from the allowed directory down."""
    ignore = Ignore()
    for depth, name in enumerate(start.parts):
        with root.open_directory(JailPath(start.parts[:depth], start.written)) as directory:
            has_file, is_repository = (_has(directory, known) for known in (FILE, REPOSITORY))
            ignore = ignore.inside(directory, has_file=has_file, is_repository=is_repository).below(name)
    return ignore


def blocks_of(text: str) -> list[Block]:
    """The lines of one file as blocks, the last line first."""
    lines = [rule for line in text.split("\n") if (rule := _rule(line.removesuffix("\r"))) is not None]
    grouped = groupby(reversed(lines), key=itemgetter(0))
    return [(hidden, Globs.of(pattern for _, pattern in rules).start()) for hidden, rules in grouped]


def _rule(line: str) -> tuple[bool, Compiled] | None:
    """A line's sign and pattern, or None for a comment, an empty line, and what can fit nothing."""
    if not line or line.startswith("#") or len(line) > MAX_LINE:
        return None
    hidden = not line.startswith("!")
    pattern = _without_trailing_spaces(line if hidden else line[1:])
    body = pattern.removesuffix("/")
    anchored = "/" in body
    parts = ["**" if part.strip("*") == "" and len(part) > 1 else part for part in body.removeprefix("/").split("/")]
    if not body or any(_fits_nothing(part) for part in parts):
        return None
    return hidden, compiled_parts(parts if anchored else ["**", *parts], directory=pattern.endswith("/"))


def _without_trailing_spaces(line: str) -> str:
    kept = line.rstrip(" ")
    if kept == line:
        return line
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 else kept


def _fits_nothing(part: str) -> bool:
    """Whether git gives up on a segment: a class that is not closed, a backslash with nothing after it."""
    at = 0
    while at < len(part):
        if part[at] == "\\":
            at += 2
        elif part[at] == "[":
            at = class_end(part, at + 1) + 1
            if at == 1:
                return True
        else:
            at += 1
    return at > len(part) or not part


def _has(directory: Directory, name: str) -> bool:
    try:
        directory.lstat(name)
    except PathError:
        return False
    return True


def _read(directory: Directory) -> str:
    """The text of a directory's file; nothing where it cannot be read or is too large to be honest."""
    try:
        with directory.open(FILE) as file:
            data = file.read_at(0, MAX_BYTES + 1)
    except PathError:
        return ""
    return "" if len(data) > MAX_BYTES else data.decode(errors="surrogateescape").removeprefix("\ufeff")
