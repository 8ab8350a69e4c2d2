"""The two schemas of a tool: closed for its arguments, open for its result, and an object in both cases."""

from collections.abc import Sequence
from typing import Any

from mcp_protocol.schema.generate import Field, Generator, Schema
from mcp_protocol.schema.hints import options, peel, struct_of


def input_schema(fields: Sequence[Field]) -> Schema:
    """The schema of a tool's arguments.

    Raises:
        ValueError: a type has no portable form.
    """
    generator = Generator(closed=True)
    return _with_definitions(generator.object(fields, closed=True), generator)


def output_schema(result: Any) -> Schema:
    """The schema of what a tool returns: a Struct, or a union of tagged ones.

    A union at the top is not portable, so its members become one flat object: the tag lists its values, what all
    members require is required, and the rest is optional. Each member satisfies it; a client reads the tag first.

    Raises:
        ValueError: a type has no portable form.
    """
    generator = Generator(closed=False)
    members = [generator.struct(member) for member in options(peel(result).hint)]
    merged = members[0] if len(members) == 1 else _merged(members)
    return _with_definitions(merged, generator)


def text_schema() -> Schema:
    """The schema of a tool that returns a `str`."""
    return {"type": "object", "properties": {"result": {"type": "string"}}, "required": ["result"]}


def is_union_of_structs(hint: Any) -> bool:
    """Whether every member is a Struct, and, where there are several, tagged: the client must tell them apart."""
    classes = [struct_of(member) for member in options(peel(hint).hint)]
    tagged = all(cls is not None and cls.__struct_config__.tag_field is not None for cls in classes)
    return all(cls is not None for cls in classes) and (len(classes) == 1 or tagged)


def _merged(members: Sequence[Schema]) -> Schema:
    properties: dict[str, Schema] = {}
    for member in members:
        for name, found in member.get("properties", {}).items():
            properties[name] = _either(properties[name], found) if name in properties else found
    shared = [name for name in properties if all(name in member.get("required", ()) for member in members)]
    return {"type": "object", "properties": properties, "required": shared}


def _either(one: Schema, other: Schema) -> Schema:
    if one == other:
        return one
    if "enum" in one and "enum" in other and one.get("type") == other.get("type"):
        return one | {"enum": list(dict.fromkeys([*one["enum"], *other["enum"]]))}
    return {"anyOf": [*one.get("anyOf", [one]), *other.get("anyOf", [other])]}


def _with_definitions(root: Schema, generator: Generator) -> Schema:
    return root | ({"$defs": generator.definitions} if generator.definitions else {})
