"""A text that is never shown: not in logs, reprs, JSON or error messages."""

import hmac
from typing import NoReturn

MASK = "********"


class Secret:
    """A secret text; only `reveal()` gives it out. Compared in constant time, refused by every encoder."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide `text`."""
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        """The mask."""
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        """The mask."""
        return MASK

    def __format__(self, spec: str) -> str:
        """The mask, padded as asked."""
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        """Whether the texts are the same, in a time that does not depend on where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._text), _bytes(other._text))

    def __hash__(self) -> int:
        """As the text's."""
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Refused: a pickle would show the text."""
        raise TypeError("a Secret is not pickled")


def _bytes(text: str) -> bytes:
    # Arguments and variables that are not UTF-8 arrive as lone surrogates.
    return text.encode("utf-8", "surrogateescape")
