"""Tools whose input schemas are the point: every keyword kept as written, an argument mirrored in a header."""

from typing import Annotated, Any

from mcp_protocol import Context, Text, Toolset, arg

schemas: Toolset[None] = Toolset("schemas")
Ctx = Context[None]

CONTACT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

Region = Annotated[str | None, arg("Where to run it.", extra_json_schema={"x-mcp-header": "Region"})]


@schemas.tool(read_only=True, open_world=False, input_schema=CONTACT)
async def json_schema_2020_12_tool(ctx: Ctx, contact: dict[str, Any]) -> Text:
    """Take an object with a schema of many keywords."""
    del ctx
    return Text(f"Took {len(contact)} members.")


@schemas.tool(read_only=True, open_world=False)
async def test_x_mcp_header(ctx: Ctx, region: Region = None) -> Text:  # noqa: PT028  a tool, not a test
    """Take an argument that is repeated in a header."""
    del ctx
    return Text(f"Region: {region}")
