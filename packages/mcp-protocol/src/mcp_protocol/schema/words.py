"""Values and what is wanted instead of them, in the words of an error message: short, quoted, bounded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

_SHOWN = 60
_NAMES_SHOWN = 12
_LONGEST_NAME = 64

KINDS: Mapping[str, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def shown(value: Any) -> str:
    """A value as JSON, cut where it is long: a message must not carry a megabyte back."""
    if isinstance(value, str) and len(value) > _SHOWN:
        return f'{_json(value[:_SHOWN])[:-1]}…" ({len(value)} characters)'
    text = _json(value)
    return text if len(text) <= _SHOWN or isinstance(value, str) else f"{text[:_SHOWN]}…"


def choice(values: Sequence[Any]) -> str:
    """`"a", "b" or "c"`, with `one of` where there are several."""
    listed = either([shown(value) for value in values[:_NAMES_SHOWN]])
    more = f" and {len(values) - _NAMES_SHOWN} others" if len(values) > _NAMES_SHOWN else ""
    return f"one of {listed}{more}" if len(values) > 1 else listed


def either(words: Sequence[str]) -> str:
    """`a, b or c`, each once."""
    return _listed(list(dict.fromkeys(words)), "or")


def names(known: Sequence[str]) -> str:
    """Names in backticks: `a`, `b` and `c`."""
    some = [f"`{name}`" for name in known[:_NAMES_SHOWN]]
    return _listed([*some, f"{len(known) - _NAMES_SHOWN} more"] if len(known) > _NAMES_SHOWN else some, "and")


def between(least: Any, most: Any) -> str:
    """A range in words: `between 1 and 9`, `at least 1`, `at most 9`."""
    if least is None:
        return f"at most {most}"
    return f"at least {least}" if most is None else f"between {least} and {most}"


def joined(place: str, name: str) -> str:
    """The place of a member: `edits[2].oldText`."""
    return f"{place}.{shortened(name)}" if place else shortened(name)


def shortened(name: str) -> str:
    """A name that somebody else chose, fit for a message."""
    text = _json(name)[1:-1].replace("`", "'")
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def alike(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: the same letters in another style, else the nearest spelling."""
    known = list(known)
    bare = _letters(name[:_LONGEST_NAME])
    same = next((other for other in known if _letters(other) == bare), None)
    if same is not None or len(name) > _LONGEST_NAME:
        return same
    from difflib import get_close_matches  # noqa: PLC0415  3 ms that only a mistaken call has to pay

    return next(iter(get_close_matches(name, known, n=1)), None)


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _listed(words: Sequence[str], link: str) -> str:
    return f"{', '.join(words[:-1])} {link} {words[-1]}" if len(words) > 1 else "".join(words)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
