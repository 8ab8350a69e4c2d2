"""The end of a sentence about an unknown name: what was probably meant. Pure."""

from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean X?`, or a full stop when no known name is near."""
    from difflib import get_close_matches  # noqa: PLC0415  only a mistake needs it, every start would pay

    near = get_close_matches(name.partition("=")[0], list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else "."


def listed(names: Iterable[str]) -> str:
    """`a`, `b`, `c` in the order they came."""
    return ", ".join(f"`{name}`" for name in names)
