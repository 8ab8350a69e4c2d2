"""The one seam to RE2: patterns of callers, in time linear in what they are matched against."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from mcp_protocol.errors import ToolError

_LINES = "(?m)"


class Match(Protocol):
    """One match in bytes."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Where it begins and ends; (-1, -1) for a group that took no part."""
        ...


class Pattern(Protocol):
    """A compiled pattern; `position` and `end` count bytes, and what lies outside them is not looked at."""

    @property
    def groups(self) -> int:
        """How many groups it has."""
        ...

    @property
    def groupindex(self) -> Mapping[str, int]:
        """The numbers of the groups that have names."""
        ...

    def search(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Match | None:
        """The first match."""
        ...

    def fullmatch(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Match | None:
        """The match of all of it."""
        ...

    def finditer(self, text: bytes, pos: int | None = None, endpos: int | None = None) -> Iterator[Match]:
        """The matches, none inside another."""
        ...


def compiled(source: str, *, ignore_case: bool = False, within_lines: bool = False, dot_all: bool = False) -> Pattern:
    """Compile a caller's pattern; `^` and `$` match at every line.

    `within_lines`: nothing in it matches a line feed. `dot_all`: `.` does.

    Raises:
        ToolError: `invalid_argument`, with what is wrong and where.
    """
    re2: Any = import_module("re2")  # 8 ms that a server without a pattern need not pay
    options = re2.Options()
    options.log_errors = False  # they would go to stderr; the caller gets them
    options.case_sensitive = not ignore_case
    options.never_nl = within_lines
    options.dot_nl = dot_all
    try:
        return cast("Pattern", re2.compile(_LINES + source, options))
    except re2.error as error:
        raise _explained(source, error) from error
    except UnicodeEncodeError as error:
        raise _refused("`pattern` holds half a surrogate pair.") from error


def quoted(text: str) -> str:
    """The pattern that matches just this text."""
    return "".join(character if character.isalnum() else f"\\x{{{ord(character):x}}}" for character in text)


def _explained(source: str, error: Exception) -> ToolError:
    raw = error.args[0] if error.args else b""
    reason = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    reason = reason.replace(_LINES, "", 1)
    fault, _, fragment = reason.partition(": ")
    at = source.find(fragment) if fragment else len(source) - 1
    where = f" at character {at + 1}" if at >= 0 else ""
    hint = "RE2 syntax has no look-around and no back-references." if fault == "invalid perl operator" else None
    return _refused(f"`pattern` does not compile{where}: {reason[:200]}.", hint=hint)


def _refused(sentence: str, *, hint: str | None = None) -> ToolError:
    return ToolError(sentence, code="invalid_argument", hint=hint)
