"""Forms of elicitation: a flat Struct as the schema that a client shows, and the check that an answer matches it."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from mcp_protocol.revisions import LATEST, Revision
from mcp_protocol.schema.arg import TITLES
from mcp_protocol.schema.explain import faults
from mcp_protocol.schema.generate import Generator, Schema, fields_of
from mcp_protocol.schema.hints import peel, plain, without
from mcp_protocol.schema.values import integral

Form = TypeVar("Form", bound=Struct)

# What the elicitation schemas have for each type; clients may refuse anything else.
_ALLOWED: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "format", "enum", "enumNames"}),
    "number": frozenset({"minimum", "maximum"}),
    "integer": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
    "array": frozenset({"minItems", "maxItems", "items"}),
}
_EVERYWHERE = frozenset({"type", "title", "description", "default"})
_FORMATS = frozenset({None, "email", "uri", "date", "date-time"})

# A form travels through the client in clear and may be logged there: a URL is the way to ask for a secret.
_SECRET = frozenset({"password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "credential"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def form_schema(form: type[Struct], revision: Revision = LATEST) -> Schema:
    """The `requestedSchema` of a form, as that revision writes it.

    Raises:
        ValueError: a field is not flat, or asks for a secret.
    """
    found = _shown(form)
    if revision >= Revision.V2025_11_25:
        return found
    return found | {"properties": {name: _of_2025_06_18(field) for name, field in found["properties"].items()}}


def read_form(form: type[Form], content: Mapping[str, Any]) -> Form:
    """The filled form; members that it does not have are ignored.

    Raises:
        ValueError: the answer does not match the form; the text says where.
    """
    schema = _plain(form)
    known = integral({name: value for name, value in content.items() if name in schema["properties"]})
    try:
        return msgspec.convert(known, form)
    except msgspec.ValidationError as error:
        found = faults(known, schema, owner=form.__name__)
        raise ValueError(" ".join(found) or str(error)) from error


@lru_cache(maxsize=256)
def _plain(form: type[Struct]) -> Schema:
    found = Generator(closed=True).object(fields_of(form), closed=False)
    found.setdefault("properties", {})
    return found


@lru_cache(maxsize=256)
def _shown(form: type[Struct]) -> Schema:
    found = _plain(form)
    fields = {
        field.name: _titled(_checked(found["properties"][field.name], f"{form.__name__}.{field.name}"), field.hint)
        for field in fields_of(form)
    }
    return {"type": "object"} | found | {"properties": fields}


def _checked(schema: Schema, place: str) -> Schema:
    kind = schema.get("type", "$ref")
    if kind not in _ALLOWED:
        raise ValueError(f"{place}: a form is flat, of strings, numbers, booleans and choices")
    if extra := schema.keys() - _ALLOWED[kind] - _EVERYWHERE:
        raise ValueError(f"{place}: forms do not have {', '.join(sorted(extra))}")
    if schema.get("format") not in _FORMATS:
        raise ValueError(f"{place}: forms know the formats email, uri, date and date-time, not {schema['format']}")
    if kind == "array":
        schema = schema | {"items": _choices(schema.get("items", {}), place)}
    if kind == "string" and not _SECRET.isdisjoint(_words(place)):
        raise ValueError(f"{place}: a form must not ask for a secret; ask the user to visit a URL")
    return schema


def _choices(items: Schema, place: str) -> Schema:
    if items.get("type") != "string" or "enum" not in items:
        raise ValueError(f"{place}: a list in a form is a choice of several: list[Literal[...]] of strings")
    return {"type": "string", "enum": items["enum"]}


def _words(place: str) -> set[str]:
    words = [word.lower() for word in _WORD.findall(place.rpartition(".")[2])]
    pairs = [one + other for one, other in pairwise(words)]
    return {*words, *pairs} | {word.removesuffix("s") for word in words}


def _titled(schema: Schema, hint: Any) -> Schema:
    titles = _titles(hint)
    if not titles:
        return schema
    if schema["type"] == "array":
        return schema | {"items": {"anyOf": _named(schema["items"]["enum"], titles)}}
    values = schema["enum"]
    return {word: value for word, value in schema.items() if word != "enum"} | {"oneOf": _named(values, titles)}


def _titles(hint: Any) -> Mapping[str, str]:
    outer = peel(hint).notes
    inner = peel(without(hint, type(None))).notes
    items = [note for item in getattr(plain(hint), "__args__", ()) for note in peel(item).notes]
    found: list[Mapping[str, str]] = [titles for note in [*outer, *inner, *items] if (titles := _titles_in(note))]
    return found[0] if found else {}


def _titles_in(note: Meta) -> Mapping[str, str]:
    return (note.extra or {}).get(TITLES, {})


def _named(values: Sequence[str], titles: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"const": value, "title": titles.get(value, value)} for value in values]


def _of_2025_06_18(field: Schema) -> Schema:
    """The field without what came with 2025-11-25: defaults but of booleans, titles as pairs."""
    older = {word: value for word, value in field.items() if word != "default" or field["type"] == "boolean"}
    pairs = older.pop("oneOf", None)
    if pairs is not None:
        older |= {"enum": [pair["const"] for pair in pairs], "enumNames": [pair["title"] for pair in pairs]}
    return older
