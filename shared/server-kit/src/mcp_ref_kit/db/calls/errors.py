"""What a database refuses or fails with, in twelve words that are the same for every engine."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote, quote_plus

from mcp_protocol.errors import ToolError
from mcp_ref_kit.settings.secret import Secret

Code = Literal[
    "syntax",
    "not_found",
    "permission",
    "read_only",
    "invalid_argument",
    "confirm_required",
    "timeout",
    "cancelled",
    "too_large",
    "conflict",
    "busy",
    "connection",
    "unsupported",
]
# The same call may succeed later.
RETRYABLE: frozenset[Code] = frozenset({"timeout", "cancelled", "busy", "connection"})

MOST_WORDS = 500
_MOST_NAMES = 3
_LONGEST_NAME = 64
# Replacing shorter texts would tear ordinary words apart, and they protect nothing.
_SHORTEST_HIDDEN = 4
_HIDDEN = "..."


class DbError(ToolError):
    """A failed call: what went wrong, and what the engine calls it.

    `position` is the first wrong character in the caller's own text, counted from 1. `retryable` follows from the
    code unless it is said.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        hint: str | None = None,
        position: int | None = None,
        engine_code: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, retryable=code in RETRYABLE if retryable is None else retryable)
        self.position = position
        self.engine_code = engine_code

    @property
    def text(self) -> str:
        """`CODE: sentence`, and a line for each other fact."""
        facts = (("hint", self.hint), ("position", self.position), ("engine", self.engine_code))
        return "\n".join([f"{self.code}: {self.message}", *(f"{name}: {fact}" for name, fact in facts if fact)])

    @property
    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        return {**super().facts, "engine_code": self.engine_code, "position": self.position}


def bad_argument(name: str, how: str, hint: str | None = None) -> DbError:
    """An argument is not as it has to be: ("limit", "must be at least 1")."""
    return DbError(f"`{name}` {how}.", code="invalid_argument", hint=hint)


def unknown(noun: str, name: str, known: Iterable[str], hint: str | None = None) -> DbError:
    """There is no such thing; the hint has names that are close, else `hint`."""
    near = close_names(name, known)
    meant = f"Did you mean {_either(near)}?" if near else hint
    return DbError(f"There is no {noun} {quoted(name)}.", code="not_found", hint=meant)


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """At most three known names that were probably meant, the nearest first."""
    if len(name) > _LONGEST_NAME:
        return []
    from difflib import get_close_matches  # noqa: PLC0415  only a mistake needs it, every start would pay

    by_letters: dict[str, str] = {}
    for each in known:
        by_letters.setdefault(each.casefold(), each)
    near = get_close_matches(name.casefold(), list(by_letters), n=_MOST_NAMES)
    return [by_letters[letters] for letters in near]


def quoted(name: str) -> str:
    """A name that somebody else chose, fit for a message."""
    shown = one_line(name)
    return f"`{shown[:_LONGEST_NAME]}…`" if len(shown) > _LONGEST_NAME else f"`{shown}`"


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text).strip()


class Scrub:
    """An engine's own words, fit for a caller: one bounded line, without what is the operator's own."""

    def __init__(self, secrets: Iterable[Secret] = (), others: Iterable[str] = ()) -> None:
        """Hide passwords and connection strings, and `others`: paths, hosts. Percent-encoded forms too."""
        texts = {form for secret in secrets for form in _forms(secret.reveal())} | set(others)
        # Longest first: one may be the beginning of another.
        self._hidden = sorted((text for text in texts if len(text) >= _SHORTEST_HIDDEN), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """What may be shown of it."""
        shown = one_line(text)
        for hidden in self._hidden:
            shown = shown.replace(hidden, _HIDDEN)
        return shown if len(shown) <= MOST_WORDS else f"{shown[:MOST_WORDS]}…"


def by_word(table: Mapping[str, Code], word: str, default: Code) -> Code:
    """The code of an engine's own one, by its longest beginning that the table has: SQLSTATE classes, RESP words."""
    for end in range(len(word), 0, -1):
        if word[:end] in table:
            return table[word[:end]]
    return default


def _forms(text: str) -> tuple[str, ...]:
    return (text, quote(text, safe=""), quote_plus(text))


def _either(names: list[str]) -> str:
    shown = [quoted(name) for name in names]
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
