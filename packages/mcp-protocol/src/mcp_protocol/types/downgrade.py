"""Values that an older peer would not understand, put in a way that it does: one small function per kind of value."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec import Raw, Struct
from msgspec.structs import replace

from mcp_protocol.errors import MissingCapability
from mcp_protocol.revisions import Revision
from mcp_protocol.types.content import AudioContent, ResourceLink, TextContent
from mcp_protocol.types.input import (
    CreateMessageParams,
    CreateMessageResult,
    ElicitParams,
    MultiSelectSchema,
    SamplingMessage,
    StringSchema,
)
from mcp_protocol.types.structs import Wire
from mcp_protocol.types.tools import CallToolResult, Tool


def _audio(block: AudioContent) -> TextContent:
    """A sound, only mentioned."""
    return TextContent(f"[audio: {block.mime_type}, {len(block.data)} bytes]", block.annotations)


def _link(block: ResourceLink) -> TextContent:
    """A link, as its name and address."""
    about = f"\n{block.description}" if block.description else ""
    return TextContent(f"{block.title or block.name}: {block.uri}{about}", block.annotations)


def _structured(result: CallToolResult) -> CallToolResult:
    """Data of a tool is an object, or is left to the text."""
    return result if _is_object(result.structured_content) else replace(result, structured_content=None)


def _output_schema(tool: Tool) -> Tool:
    """The schema of such data is that of an object, or is left out."""
    schema = tool.output_schema
    if not isinstance(schema, dict) or cast("dict[str, Any]", schema).get("type") == "object":
        return tool
    return replace(tool, output_schema=None)


def _titled(field: StringSchema) -> StringSchema:
    """A choice with titles, in the form of 2025-06-18."""
    if field.one_of is None:
        return field
    values, titles = [choice.const for choice in field.one_of], [choice.title for choice in field.one_of]
    return replace(field, one_of=None, enum=values, enum_names=titles)


def _several(_: MultiSelectSchema) -> MultiSelectSchema:
    """A choice of several has no older form."""
    raise MissingCapability("The client cannot ask for a choice of several", required={"elicitation": {}})


def _question(params: ElicitParams) -> ElicitParams:
    """A URL to visit has no older form."""
    if params.mode == "url":
        raise MissingCapability("The client cannot be sent to a URL", required={"elicitation": {"url": {}}})
    return params


def _conversation(params: CreateMessageParams) -> CreateMessageParams:
    """A message of several blocks becomes several messages of one."""
    messages = [
        SamplingMessage(message.role, block)
        for message in params.messages
        for block in (message.content if isinstance(message.content, list) else [message.content])
    ]
    return replace(params, messages=messages)


def _sampled(result: CreateMessageResult) -> CreateMessageResult:
    """An answer of several blocks keeps its first."""
    return replace(result, content=result.content[0]) if isinstance(result.content, list) else result


def _is_object(value: Any) -> bool:
    if isinstance(value, Raw):
        return bytes(value).lstrip()[:1] == b"{"
    return value is None or isinstance(value, Mapping | Struct)


# Below the named revision a value of the type goes through the function.
UNTIL: Mapping[type[Wire], tuple[Revision, Callable[[Any], Wire]]] = {
    AudioContent: (Revision.V2025_03_26, _audio),
    ResourceLink: (Revision.V2025_06_18, _link),
    CallToolResult: (Revision.V2026_07_28, _structured),
    Tool: (Revision.V2026_07_28, _output_schema),
    StringSchema: (Revision.V2025_11_25, _titled),
    MultiSelectSchema: (Revision.V2025_11_25, _several),
    ElicitParams: (Revision.V2025_11_25, _question),
    CreateMessageParams: (Revision.V2025_11_25, _conversation),
    CreateMessageResult: (Revision.V2025_11_25, _sampled),
}


def changes(kind: type[Wire], revision: Revision) -> bool:
    """Whether values of this type go through a function for that revision."""
    return kind in UNTIL and revision < UNTIL[kind][0]


def understood(value: Wire, revision: Revision) -> Wire:
    """The value itself, or what stands for it in that revision."""
    return UNTIL[type(value)][1](value) if changes(type(value), revision) else value
