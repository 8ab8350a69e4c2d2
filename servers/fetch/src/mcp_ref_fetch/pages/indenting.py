"""JSON with a line for each value, where that does not make it much longer; blocking, so for a worker thread. Pure."""

import re

import msgspec

# A thousand brackets around a million values would be gigabytes of blanks.
_MOST_CHARACTERS = 10_000_000
_MOST_GROWTH = 3
_MOST_MARKS = 500_000
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def indented(text: str) -> str:
    """The same values on lines of their own; the text as it is where it is no JSON, or would grow too much."""
    if _longest(text) > max(_MOST_CHARACTERS, _MOST_GROWTH * len(text)):
        return text
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return text


def _longest(text: str) -> int:
    """A length that the indented text cannot exceed."""
    openings = text.count("[") + text.count("{")
    depth = openings if openings + text.count('"') > _MOST_MARKS else _depth(text)
    return len(text) + (text.count(",") + 2 * openings) * (2 * depth + 2)


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in _MARKS.finditer(text):
        character = mark[0][0]
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
