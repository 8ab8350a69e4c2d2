"""`arg`: what an author says of a parameter or a field, beside its type."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from msgspec import Meta

# Where `Meta.extra` keeps the titles of choices: JSON Schema has them only in the forms of elicitation.
TITLES = "titles"

# Python lets `$` match before a final newline and `\d` match any script's digits; JSON Schema does neither.
ASCII = "(?a)"
END = r"\Z"


class Constraints(TypedDict, total=False):
    """What may follow the text. Ranges are `ge` and `le` only: they alone are understood everywhere."""

    ge: float
    le: float
    multiple_of: float
    min_length: int
    max_length: int
    pattern: str
    tz: bool
    title: str
    titles: Mapping[str, str]
    examples: list[Any]
    format: str
    extra_json_schema: dict[str, Any]


def arg(text: str, **constraints: Unpack[Constraints]) -> Meta:
    """What a parameter or field means, and its constraints; it stands in `Annotated` beside the type.

    `pattern` is anchored by `^` and `$` as in JSON Schema: a final newline does not match. `titles` names the
    choices of a form's enum; `format` (email, uri) is a hint for whoever fills in the form and is not checked.
    """
    given: dict[str, Any] = dict(constraints)
    extra_json_schema: dict[str, Any] = dict(given.pop("extra_json_schema", {}))
    if "format" in given:
        extra_json_schema["format"] = given.pop("format")
    if "pattern" in given:
        given["pattern"] = python_pattern(given["pattern"])
    if TITLES in given:
        given["extra"] = {TITLES: dict(given.pop(TITLES))}
    return Meta(description=text, extra_json_schema=extra_json_schema or None, **given)


def portable_pattern(pattern: str) -> str:
    """The pattern as its author wrote it, from the form that Python needs to read it as JSON Schema does."""
    body = pattern.removeprefix(ASCII)
    return body.removesuffix(END) + "$" if body.endswith(END) else body


def python_pattern(pattern: str) -> str:
    """The pattern of a schema for Python's `re`, which takes more for the end and for a digit."""
    anchored = pattern.endswith("$") and not pattern.endswith(r"\$")
    return ASCII + (pattern[:-1] + END if anchored else pattern)
