"""Words about settings: what was probably meant, and how a value is shown. Pure."""

from collections.abc import Iterable
from typing import cast


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean X?`, or a full stop when no known name is near."""
    from difflib import get_close_matches  # noqa: PLC0415  only a mistake needs it, every start would pay

    near = get_close_matches(name.partition("=")[0], list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else "."


def listed(names: Iterable[str]) -> str:
    """`a`, `b`, `c` in the order they came."""
    return ", ".join(f"`{name}`" for name in names)


def shown(value: object) -> str:
    """A value as help and reports show it; nothing for what is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ",".join(cast("dict[str, object]", value))
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in cast("list[object]", value))
    return str(value)
