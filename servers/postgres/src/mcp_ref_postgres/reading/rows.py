"""Rows inside of cells, from the engine's JSON of them: lists of values, with every digit. Pure."""

import json
from typing import Any, cast


def listed(text: str) -> Any:
    """A row, or an array of rows, as lists of values; what has a point stays as it is written."""
    try:
        value = json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):  # nested beyond what readers can follow
        return text
    return _values(value)


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return [_values(item) for item in cast("list[Any]", value)]
    return value
