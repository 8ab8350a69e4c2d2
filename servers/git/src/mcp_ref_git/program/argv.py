"""The one builder of command lines: options are written in this program, values have passed a type. Pure."""

from collections.abc import Iterable
from typing import LiteralString, Self

from mcp_ref_git.program.words import Pattern, RepoPath, Told, Value

# Linux takes 2 MiB of arguments and environment; longer lists of paths go by stdin.
MOST_PATH_BYTES = 100_000


class Argv:
    """One command of git. Options can only be literals of this source; the type checker holds that."""

    __slots__ = ("_after", "_words", "stdin")

    def __init__(self, command: LiteralString, *options: LiteralString) -> None:
        self._words: list[str] = [command, *options]
        self._after: list[str] | None = None
        self.stdin: bytes | None = None

    def add(self, *options: LiteralString, when: bool = True) -> Self:
        """Options as they are written here."""
        if when:
            self._words += options
        return self

    def attach(self, option: LiteralString, value: Told | None) -> Self:
        """A value in one word with its option, as `--author=...` or `-L...`; nothing for None."""
        if value is not None:
            self._words.append(f"{option}{value if isinstance(value, int) else value.text}")
        return self

    def put(self, *values: Value | None) -> Self:
        """Values that stand alone: ids, checked names. None is left out."""
        for value in values:
            if value is None:
                continue
            if value.text.startswith("-"):
                raise AssertionError("a value that looks like an option has passed its type")
            self._words.append(value.text)
        return self

    def put_text(self, text: Pattern) -> Self:
        """A pattern as the value of the option before it, whatever it begins with."""
        self._words.append(text.text)
        return self

    def paths(self, paths: Iterable[RepoPath]) -> Self:
        """Paths after `--`; without any, `--` still ends what could be a revision."""
        self._after = [path.text for path in paths]
        return self

    def paths_by_stdin(self, paths: Iterable[RepoPath]) -> Self:
        """The same for a command that reads them from its input."""
        self._words += ["--pathspec-from-file=-", "--pathspec-file-nul"]
        return self.feed(b"".join(_bytes(path.text) + b"\0" for path in paths))

    def feed(self, data: bytes) -> Self:
        """What the command reads from its input."""
        self.stdin = data
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command line after the program."""
        return (*self._words, *(() if self._after is None else ("--", *self._after)))


def size_of(paths: Iterable[RepoPath]) -> int:
    """Bytes that paths take on a command line."""
    return sum(len(_bytes(path.text)) + 1 for path in paths)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
