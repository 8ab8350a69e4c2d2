"""Type hints to JSON Schema 2020-12, in the subset that every client and model provider understands.

msgspec decides what a hint accepts; this says the same in the words of JSON Schema, which a test holds together.
msgspec's own generator sorts choices, hides the root behind a reference, titles everything by class name and writes
OpenAPI's `discriminator`; hence ours. Rules: ranges are inclusive, `enum` has a `type`, objects that a model fills
in are closed, references point into `$defs`, and what has no portable form is refused.

An optional input whose default is None is described without null: leaving it out says the same, and unions with null
are what providers understand least. The decoder takes the null all the same.
"""

import datetime as dt
import enum
import re
import uuid
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from inspect import cleandoc
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType

from mcp_protocol.schema.arg import portable_pattern
from mcp_protocol.schema.hints import NoneType, is_struct, noted, nullable, options, peel, struct_of, without

Schema = dict[str, Any]

_SCALARS: Mapping[Any, Schema] = {
    Any: {},
    msgspec.Raw: {},
    NoneType: {"type": "null"},
    None: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.date: {"type": "string", "format": "date"},
    dt.time: {"type": "string", "format": "time"},
    dt.timedelta: {"type": "string", "format": "duration"},
    uuid.UUID: {"type": "string", "format": "uuid"},
}
_ARRAYS = frozenset(
    {list, set, frozenset, tuple, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Set, abc.MutableSet}
)
_OBJECTS = frozenset({dict, abc.Mapping, abc.MutableMapping})
_EMPTY: tuple[Any, ...] = (list, dict, set, tuple)  # the factories whose value is the same every time

_KEYWORDS: Mapping[str, Mapping[str, str]] = {
    "integer": {"ge": "minimum", "le": "maximum", "multiple_of": "multipleOf"},
    "number": {"ge": "minimum", "le": "maximum", "multiple_of": "multipleOf"},
    "string": {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}
_ANNOTATIONS = ("title", "description", "examples")
_TYPE_NAMES: Mapping[Any, str] = {str: "string", int: "integer", bool: "boolean"}


class Field(Struct, frozen=True, kw_only=True):
    """One member of an object: its name on the wire, its hint, its default (UNSET where there is none to show)."""

    name: str
    hint: Any
    default: Any = UNSET
    required: bool = True


class Generator:
    """Writes the schemas of one root; `closed` for what a model sends, open for what we send."""

    def __init__(self, *, closed: bool) -> None:
        self.definitions: dict[str, Schema] = {}
        self._closed = closed
        self._names: dict[Any, str] = {}
        self._writers: dict[Any, Callable[[Any], Schema]] = {
            **dict.fromkeys(_ARRAYS, self._array),
            **dict.fromkeys(_OBJECTS, self._mapping),
            **dict.fromkeys((Union, UnionType), self._union),
            Literal: lambda bare: _enumeration(list(get_args(bare))),
        }

    def schema(self, hint: Any) -> Schema:
        """The schema of a value.

        Raises:
            ValueError: the type has no portable form.
        """
        bare, notes = peel(hint)
        found = self._bare(bare)
        if not notes:
            return found
        said = noted(notes)
        if "gt" in said or "lt" in said:
            raise ValueError("use ge and le: exclusive bounds are not understood everywhere")
        if "pattern" in said:
            said["pattern"] = portable_pattern(said["pattern"])
        words = _KEYWORDS.get(str(found.get("type")), {})
        found |= {words[name]: value for name, value in said.items() if name in words}
        found |= {name: said[name] for name in _ANNOTATIONS if name in said}
        for note in notes:
            found |= note.extra_json_schema or {}
        return found

    def object(self, fields: Sequence[Field], *, closed: bool, omits: bool = False) -> Schema:
        """The schema of an object; `omits` says that members with their default are left out, null among them."""
        properties = {field.name: self._placed(field, omits=omits) for field in fields}
        required = [field.name for field in fields if field.required]
        found: Schema = {"type": "object"}
        if properties:
            found["properties"] = properties
        if required:
            found["required"] = required
        if closed:
            found["additionalProperties"] = False
        return found

    def struct(self, hint: Any) -> Schema:
        """The schema of a Struct itself, not a reference to it."""
        cls = struct_of(hint)
        if cls is None:
            raise ValueError(f"{hint!r} is not a msgspec.Struct")
        config = cls.__struct_config__
        if config.array_like:
            raise ValueError(f"{cls.__name__} is array_like, which has no portable schema: use an ordinary Struct")
        if self._closed and not config.forbid_unknown_fields:
            raise ValueError(f"declare {cls.__name__} with forbid_unknown_fields=True: misspelt names must not pass")
        found = self.object(fields_of(hint), closed=config.forbid_unknown_fields, omits=config.omit_defaults)
        text = described(cls)
        return {"type": "object"} | ({"description": text} if text else {}) | found

    def _placed(self, field: Field, *, omits: bool) -> Schema:
        try:
            return self._member(field, omits=omits)
        except ValueError as error:
            raise ValueError(f"`{field.name}`: {error}") from error

    def _member(self, field: Field, *, omits: bool) -> Schema:
        hint = without(field.hint, UnsetType)
        never_null = field.default is None and (self._closed or omits)
        found = self.schema(without(hint, NoneType) if never_null else hint)
        if self._closed and field.default is not None and field.default is not UNSET:
            found["default"] = msgspec.json.decode(msgspec.json.encode(field.default))
        return found

    def _bare(self, bare: Any) -> Schema:
        if bare in _SCALARS:
            return dict(_SCALARS[bare])
        origin = get_origin(bare) or bare
        if is_struct(origin):
            return {"$ref": f"#/$defs/{self._name(bare)}"}
        if isinstance(origin, enum.EnumMeta):
            return _enum_class(bare)
        write = self._writers.get(origin)
        if write is None:
            raise ValueError(f"{_shown(bare)} has no portable JSON Schema: use a Struct, a list or a plain type")
        return write(bare)

    def _array(self, bare: Any) -> Schema:
        items = get_args(bare)
        if get_origin(bare) is tuple and (len(items) != 2 or items[1] is not Ellipsis):  # noqa: PLR2004  tuple[X, ...]
            raise ValueError(f"{_shown(bare)} has members by position: use a Struct, or tuple[X, ...]")
        item = self.schema(items[0]) if items else {}
        return {"type": "array"} | ({"items": item} if item else {})

    def _mapping(self, bare: Any) -> Schema:
        key, value = get_args(bare) or (str, Any)
        if key is not str:
            raise ValueError(f"{_shown(bare)} has keys other than plain str, which JSON does not have")
        values = self.schema(value)
        return {"type": "object"} | ({"additionalProperties": values} if values else {})

    def _union(self, bare: Any) -> Schema:
        found = [self.schema(member) for member in options(bare) if member is not NoneType]
        if nullable(bare):
            if len(found) == 1:
                return _or_null(found[0])
            found.append({"type": "null"})
        return {"anyOf": found}

    def _name(self, hint: Any) -> str:
        name = self._names.get(hint)
        if name is None:
            wanted = re.sub(r"\W+", "_", _shown(hint)).strip("_")
            name = next(free for free in _numbered(wanted) if free not in self.definitions)
            self._names[hint] = name
            self.definitions[name] = {}  # taken before its fields are read: they may refer to it
            self.definitions[name] = self.struct(hint)
        return name


def fields_of(hint: Any) -> list[Field]:
    """The members of a Struct, its tag first."""
    cls = struct_of(hint)
    config = cls.__struct_config__ if cls else None
    found: list[Field] = []
    if config and config.tag_field is not None:
        found.append(Field(name=config.tag_field, hint=Literal[config.tag]))
    for field in msgspec.structs.fields(hint):
        default = field.default_factory() if field.default_factory in _EMPTY else field.default
        default = UNSET if default is NODEFAULT else default
        found.append(Field(name=field.encode_name, hint=field.type, default=default, required=field.required))
    return found


def described(thing: Any) -> str:
    """The docstring written on this very class or function, its indentation taken off; empty if there is none."""
    return cleandoc(thing.__doc__ or "")


def _enum_class(cls: Any) -> Schema:
    found = _enumeration([member.value for member in cls])
    text = described(cls)
    return found | ({"description": text} if text else {})


def _enumeration(values: list[Any]) -> Schema:
    kinds = {_TYPE_NAMES.get(type(value)) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else None
    return ({"type": kind} if kind else {}) | {"enum": values}


def _or_null(found: Schema) -> Schema:
    # Not the short `"type": [..., "null"]`: readers that map schemas to one type each refuse a list of types.
    outer = {word: found.pop(word) for word in ("title", "description") if word in found and "$ref" not in found}
    return outer | {"anyOf": [found, {"type": "null"}]}


def _numbered(name: str) -> abc.Iterator[str]:
    yield name
    yield from (f"{name}{number}" for number in range(2, 1000))


def _shown(hint: Any) -> str:
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    arguments = ", ".join(_shown(argument) for argument in get_args(hint))
    name = getattr(get_origin(hint), "__name__", None)
    return f"{name}[{arguments}]" if name else repr(hint)
