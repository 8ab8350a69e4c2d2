"""The driver's own objects as plain values: rows as lists, ranges as the engine writes them. Pure."""

from functools import cache
from typing import Any, cast

_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
# In the text of a range a bound with one of these is quoted.
_MARKS = frozenset(' ,()[]"\\')


def plain(value: Any) -> Any:
    """Composites as lists, ranges as text, at any depth."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    row, span = _driver_types()
    if isinstance(value, row | tuple):
        return [plain(item) for item in cast("tuple[Any, ...]", value)]
    return range_text(value) if isinstance(value, span) else str(value)


def range_text(value: Any) -> str:
    """A range as the engine writes it: `[1,5)`."""
    if value.isempty:
        return "empty"
    opening, closing = "[" if value.lower_inc else "(", "]" if value.upper_inc else ")"
    return f"{opening}{_bound(value.lower)},{_bound(value.upper)}{closing}"


def _bound(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    if text and not _MARKS.intersection(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _driver_types() -> tuple[type, type]:
    from asyncpg import Range, Record  # noqa: PLC0415  whoever has values of the driver has imported it

    return Record, Range
