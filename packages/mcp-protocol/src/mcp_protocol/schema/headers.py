"""`x-mcp-header`: which arguments of a tool are mirrored in HTTP headers (2026-07-28, custom parameter headers).

A server refuses a bad annotation when the tool is registered; a client drops a tool that has one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeGuard

from msgspec import Struct

from mcp_protocol.schema.values import is_array, is_object

KEYWORD = "x-mcp-header"

# RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# Not a number: its text is not unique (1, 1.0, 1e0), so header and body could not be compared.
Kind = Literal["string", "integer", "boolean"]
_KINDS: frozenset[object] = frozenset({"string", "integer", "boolean"})

# Where JSON Schema 2020-12 keeps schemas inside a schema: under names, in a list, directly.
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE = frozenset(
    {"items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else"}
    | {"unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)


class Mirrored(Struct, frozen=True):
    """One mirrored argument: where it stands in the arguments, `Mcp-Param-<header>`, how to compare it."""

    path: tuple[str, ...]
    header: str
    kind: Kind


def mirrored_headers(schema: Mapping[str, Any]) -> tuple[Mirrored, ...]:
    """The mirrored arguments of an input schema, in its order.

    Raises:
        ValueError: an annotation is no token, is used twice, or stands where no header can carry it.
    """
    found = tuple(_reachable(schema, ()))
    if (everywhere := _count(schema)) != len(found):
        raise ValueError(
            f"{everywhere - len(found)} of the {KEYWORD} annotations are not reached through properties alone"
        )
    names = [mirrored.header.lower() for mirrored in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{KEYWORD} {twice!r} is used twice; header names have no case")
    return found


def _reachable(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Mirrored]:
    properties = schema.get("properties")
    for name, inner in (properties if is_object(properties) else {}).items():
        if not is_object(inner):
            continue
        if KEYWORD in inner:
            yield _mirrored(inner, (*path, name))
        yield from _reachable(inner, (*path, name))


def _mirrored(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mirrored:
    header, kind = schema[KEYWORD], schema.get("type")
    where = f"{KEYWORD} of {'.'.join(path)}"
    if not isinstance(header, str) or not _TOKEN.fullmatch(header):
        raise ValueError(f"{where} must be a header name (letters, digits and hyphens), not {header!r}")
    if not _is_kind(kind):
        raise ValueError(f"{where} needs a parameter of type string, integer or boolean, not {kind!r}")
    return Mirrored(path, header, kind)


def _is_kind(kind: object) -> TypeGuard[Kind]:
    return isinstance(kind, str) and kind in _KINDS


def _count(schema: Any) -> int:
    if not is_object(schema):
        return 0
    return (KEYWORD in schema) + sum(_count(inner) for inner in _inner(schema))


def _inner(schema: dict[str, Any]) -> Iterator[Any]:
    for word, value in schema.items():
        if word in _NAMED and is_object(value):
            yield from value.values()
        elif word in _LISTED and is_array(value):
            yield from value
        elif word in _SINGLE:
            yield value
