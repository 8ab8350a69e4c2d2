"""Says in words why a value does not fit a schema: every fault with its place, the value, and what would fit.

It knows the schemas that `generate` writes. The decoder has the last word; this is asked only when it has refused.
"""

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mcp_protocol.schema.arg import python_pattern
from mcp_protocol.schema.values import is_array, is_object
from mcp_protocol.schema.words import KINDS, alike, between, choice, either, joined, names, shortened, shown

Schema = Mapping[str, Any]

# A call with a thousand faults needs the first few: the reader mends one kind at a time.
MOST_FAULTS = 5
# A refusal must not take longer than a call: beyond so many values (some 20 ms) the decoder's own remark will do.
_MOST_VALUES = 10_000

_KIND_OF: Mapping[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
_FORMATS: Mapping[str, tuple[type, str]] = {
    "date-time": (dt.datetime, "a date and time such as 2026-01-31T12:00:00Z"),
    "date": (dt.date, "a date such as 2026-01-31"),
    "time": (dt.time, "a time such as 12:00:00"),
    "duration": (dt.timedelta, "a duration such as PT1H30M"),
    "uuid": (uuid.UUID, "a UUID"),
}


def faults(value: Mapping[str, Any], schema: Schema, *, owner: str) -> list[str]:
    """What is wrong with the arguments of `owner`, a tool or prompt or form, as sentences; the first few."""
    search = _Search(owner, schema.get("$defs", {}))
    search.members(value, schema, "")
    return search.sentences


class _Search:
    def __init__(self, owner: str, definitions: Mapping[str, Schema]) -> None:
        self.sentences: list[str] = []
        self._left = _MOST_VALUES
        self._owner = owner
        self._definitions = definitions

    def members(self, value: Mapping[str, Any], schema: Schema, place: str) -> None:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        rest = schema.get("additionalProperties", {})
        missing = [name for name in schema.get("required", ()) if name not in value]
        for name, member in value.items():
            if self._full:
                return
            if name in properties:
                if member is not None or not _may_be_null(name, schema):
                    self._value(member, properties[name], joined(place, name))
            elif rest is False:
                meant = self._unknown(name, missing, list(properties), place)
                missing = [left for left in missing if left != meant]
            else:
                self._value(member, rest, f"{place}[{shown(name)}]")
        for name in missing:
            self._missing(properties[name], joined(place, name))

    @property
    def _full(self) -> bool:
        return len(self.sentences) >= MOST_FAULTS or self._left <= 0

    def _unknown(self, name: str, missing: Sequence[str], known: Sequence[str], place: str) -> str | None:
        meant = alike(name, missing) or alike(name, known)
        if meant:
            advice = f"did you mean `{meant}`?"
        elif known:
            advice = f"there {'is' if len(known) == 1 else 'are'} {names(known)}."
        else:
            advice = f"`{place or self._owner}` takes none."
        found = f"`{place}` has no member `{shortened(name)}`" if place else f"There is no argument `{shortened(name)}`"
        self.sentences.append(f"{found}; {advice}")
        return meant

    def _missing(self, schema: Schema, place: str) -> None:
        if not self._full:
            self.sentences.append(f"`{place}` is required, {self._wanted(schema)}{_meaning(schema)}.")

    def _value(self, value: Any, schema: Schema, place: str) -> None:
        self._left -= 1
        fitting = [option for option in self._options(schema) if _is_of(value, option)]
        meant = fitting[0] if len(fitting) == 1 else _tagged(value, fitting)
        if meant is None:
            self.sentences.append(f"`{place}` must be {self._wanted(schema)}, got {shown(value)}.")
            return
        found = [f"`{place}` must {fault}." for fault in _faults_of(value, meant)]
        self.sentences += found
        if found:
            return
        if is_object(value):
            self.members(value, meant, place)
        elif is_array(value):
            self._items(value, meant.get("items", {}), place)

    def _items(self, value: Sequence[Any], schema: Schema, place: str) -> None:
        for index, item in enumerate(value):
            if self._full:
                return
            self._value(item, schema, f"{place}[{index}]")

    def _options(self, schema: Schema) -> list[Schema]:
        followed = self._followed(schema)
        return [self._followed(option) for option in followed.get("anyOf", [followed])]

    def _followed(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return self._definitions[reference.rpartition("/")[2]] if reference else schema

    def _wanted(self, schema: Schema) -> str:
        return either([_wanted(option) for option in self._options(schema)])


def _meaning(schema: Schema) -> str:
    first, *_ = [*str(schema.get("description", "")).splitlines(), ""]
    return f": {first.rstrip('.')}" if first else ""


def _may_be_null(name: str, schema: Schema) -> bool:
    # An optional member whose default is None: the schema leaves both the null and the default out.
    return name not in schema.get("required", ()) and "default" not in schema["properties"][name]


def _is_of(value: Any, schema: Schema) -> bool:
    kind = schema.get("type")
    if "enum" in schema:
        return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in schema["enum"])
    if kind is None:
        return True
    return not _kinds(value).isdisjoint([kind] if isinstance(kind, str) else kind)


def _kinds(value: Any) -> set[str]:
    found = _KIND_OF[type(value)]
    if found == "integer" or (found == "number" and value.is_integer()):
        return {"integer", "number"}
    return {found}


def _wanted(schema: Schema) -> str:
    if "enum" in schema:
        return choice(schema["enum"])
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]][1]
    kind = schema.get("type", [])
    return either([KINDS[word] for word in ([kind] if isinstance(kind, str) else kind)]) or "any value"


def _tagged(value: Any, options: Sequence[Schema]) -> Schema | None:
    """Of several that fit, the one whose tag the value carries; where it carries none, one that asks for the tag."""
    if not options or not is_object(value):
        return next(iter(options), None)
    tag = next(name for name, member in options[0]["properties"].items() if len(member.get("enum", ())) == 1)
    for option in options:
        if value.get(tag) in option["properties"][tag]["enum"]:
            return option
    tags = [option["properties"][tag]["enum"][0] for option in options]
    return {"properties": {tag: {"type": "string", "enum": tags}}, "required": [tag]}


def _faults_of(value: Any, schema: Schema) -> Iterator[str]:
    for kind, look in _LOOKS:
        if isinstance(value, kind) and not isinstance(value, bool):
            yield from look(value, schema)


def _number_faults(value: float, schema: Schema) -> Iterator[str]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if (least is not None and value < least) or (most is not None and value > most):
        yield f"be {between(least, most)}, got {shown(value)}"
    if step is not None and value % step:
        yield f"be a multiple of {step}, got {shown(value)}"
    if schema.get("type") == "number" and not math.isfinite(_as_float(value)):
        yield f"be within the range of a 64-bit float, got {shown(value)}"


def _string_faults(value: str, schema: Schema) -> Iterator[str]:
    if wrong := _wrong_size(len(value), schema.get("minLength"), schema.get("maxLength"), "character"):
        yield wrong
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(python_pattern(pattern), value):
        yield f"match the pattern `{pattern}`, got {shown(value)}"
    if (wanted := _FORMATS.get(schema.get("format", ""))) and not _converts(value, wanted[0]):
        yield f"be {wanted[1]}, got {shown(value)}"
    if schema.get("contentEncoding") == "base64" and not _converts(value, bytes):
        yield f"be base64 text, got {shown(value)}"


def _array_faults(value: list[Any], schema: Schema) -> Iterator[str]:
    if wrong := _wrong_size(len(value), schema.get("minItems"), schema.get("maxItems"), "item"):
        yield wrong


def _object_faults(value: dict[str, Any], schema: Schema) -> Iterator[str]:
    if wrong := _wrong_size(len(value), schema.get("minProperties"), schema.get("maxProperties"), "member"):
        yield wrong


_LOOKS: tuple[tuple[Any, Callable[[Any, Schema], Iterator[str]]], ...] = (
    (int | float, _number_faults),
    (str, _string_faults),
    (list, _array_faults),
    (dict, _object_faults),
)


def _wrong_size(size: int, least: int | None, most: int | None, unit: str) -> str | None:
    if (least is None or size >= least) and (most is None or size <= most):
        return None
    last = most if most is not None else least
    return f"have {between(least, most)} {unit}{'' if last == 1 else 's'}, got {size}"


def _converts(value: str, kind: type) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
