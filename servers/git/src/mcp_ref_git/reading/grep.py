"""Lines found by `git grep -z`, taken until there are enough. Pure."""

import os

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Pattern
from mcp_ref_kit.paths import is_encoded, show

# A line is shown up to here.
MOST_LINE = 500
_FIELDS = 4


class Match(Struct, frozen=True, omit_defaults=True):
    """A line; without a column it stands round a match."""

    path: str
    line: int
    column: int | None
    text: str
    name_encoded: bool = False


def grep_command(pattern: Pattern, *, extended: bool, case_sensitive: bool, context: int) -> Argv:
    """The command whose output `Matches` takes; never Perl's expressions, which take exponential time."""
    argv = Argv("grep", "-z", "--line-number", "--column", "--full-name", "-I", "--no-color", "--no-recurse-submodules")
    argv.add("--threads=2").add("--extended-regexp", when=extended).add("--fixed-strings", when=not extended)
    argv.add("--ignore-case", when=not case_sensitive)
    if context:
        argv.attach("--context=", context)
    return argv.add("-e").put_text(pattern)


class Matches:
    """Takes the output piece by piece; of the matches the first `skip` are passed over."""

    def __init__(self, skip: int, most: int, *, in_commit: str | None) -> None:
        self.found: list[Match] = []
        self.has_more = False
        self._skip = skip
        self._most = most
        self._prefix = "" if in_commit is None else f"{in_commit}:"
        self._rest = b""
        self._seen = 0

    def take(self, data: bytes) -> bool:
        """Read a piece; whether more is wanted."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
            if self.has_more:
                return False
        return True

    def end(self) -> None:
        """Read what stands after the last line end."""
        if self._rest and not self.has_more:
            self._line(self._rest)

    def _line(self, line: bytes) -> None:
        fields = line.split(b"\0", 3)
        is_match = len(fields) == _FIELDS
        if not is_match and len(fields) != _FIELDS - 1:
            return  # `--` between two places
        if is_match:
            self._seen += 1
            if self._seen > self._skip + self._most:
                self.has_more = True
                return
        if self._seen <= self._skip:
            return
        path = os.fsdecode(fields[0]).removeprefix(self._prefix)
        number = int(fields[1]) if fields[1].isdigit() else 0
        column = int(fields[2]) if is_match and fields[2].isdigit() else None
        text = fields[-1].decode("utf-8", "replace")[:MOST_LINE]
        self.found.append(Match(show(path), number, column, text, name_encoded=is_encoded(path)))
