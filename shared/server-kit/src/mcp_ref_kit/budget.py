"""Results that fit: text cut between characters, with a mark that says how to get the rest. Pure."""

from unicodedata import combining

_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
# Marks stack; more of them in a row than this are an attack on whoever counts them.
_MOST_MARKS = 32


def cut(text: str, most: int) -> str:
    """At most the first `most` characters, never parting a letter from its marks or a joined emoji."""
    if len(text) <= most:
        return text
    end = max(most, 0)
    for _ in range(_MOST_MARKS):
        if end == 0 or not (_continues(text[end]) or text[end - 1] == "\u200d"):
            return text[:end]
        end -= 1
    return text[: max(most, 0)]


def _continues(character: str) -> bool:
    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return combining(character) != 0 or character in _JOINERS or skin_tone
