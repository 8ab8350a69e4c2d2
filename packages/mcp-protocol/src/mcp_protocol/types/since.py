"""Which revision added or removed which field of which definition, read off the five official schemas. Pure data."""

from collections.abc import Mapping
from functools import cache

from mcp_protocol.revisions import Revision
from mcp_protocol.types.completion import CompleteParams, PromptReference
from mcp_protocol.types.content import (
    AudioContent,
    EmbeddedResource,
    ImageContent,
    ResourceContents,
    ResourceLink,
    TextContent,
)
from mcp_protocol.types.input import (
    CreateMessageParams,
    ElicitParams,
    ElicitResult,
    ListRootsResult,
    NumberSchema,
    Root,
    SamplingMessage,
    StringSchema,
)
from mcp_protocol.types.lifecycle import (
    ClientCapabilities,
    ElicitationCapability,
    RootsCapability,
    SamplingCapability,
    ServerCapabilities,
)
from mcp_protocol.types.notifications import ProgressParams
from mcp_protocol.types.prompts import GetPromptParams, Prompt, PromptArgument
from mcp_protocol.types.resources import ReadResourceParams, Resource, ResourceTemplate
from mcp_protocol.types.structs import Annotations, CacheableResult, Implementation, Wire
from mcp_protocol.types.tools import CallToolParams, CallToolResult, Tool

Fields = Mapping[type[Wire], str]

# Field names of a definition, separated by blanks, under the revision that brought them.
ADDED: Mapping[Revision, Fields] = {
    Revision.V2025_03_26: {
        Tool: "annotations",
        ProgressParams: "message",
        ServerCapabilities: "completions",
    },
    Revision.V2025_06_18: {
        Annotations: "last_modified",
        ClientCapabilities: "elicitation",
        CompleteParams: "context",
        CallToolResult: "structured_content",
        Implementation: "title",
        PromptReference: "title",
        PromptArgument: "title",
        Prompt: "title meta",
        Resource: "title meta",
        ResourceTemplate: "title meta",
        Tool: "title meta output_schema",
        TextContent: "meta",
        ImageContent: "meta",
        AudioContent: "meta",
        EmbeddedResource: "meta",
        ResourceContents: "meta",
        Root: "meta",
    },
    Revision.V2025_11_25: {
        Implementation: "icons description website_url",
        Prompt: "icons",
        Resource: "icons",
        ResourceLink: "icons",
        ResourceTemplate: "icons",
        Tool: "icons execution",
        ClientCapabilities: "tasks",
        ServerCapabilities: "tasks",
        ElicitationCapability: "form url",
        SamplingCapability: "context tools",
        ElicitParams: "mode url elicitation_id",
        StringSchema: "default one_of",
        NumberSchema: "default",
        CreateMessageParams: "tools tool_choice",
        SamplingMessage: "meta",
    },
    Revision.V2026_07_28: {
        CacheableResult: "ttl_ms cache_scope",
        ClientCapabilities: "extensions",
        ServerCapabilities: "extensions",
        CallToolParams: "input_responses request_state",
        GetPromptParams: "input_responses request_state",
        ReadResourceParams: "input_responses request_state",
    },
}
REMOVED: Mapping[Revision, Fields] = {
    Revision.V2026_07_28: {
        Tool: "execution",
        ClientCapabilities: "tasks",
        ServerCapabilities: "tasks",
        RootsCapability: "list_changed",
        ElicitParams: "elicitation_id",
        ElicitResult: "meta",
        ListRootsResult: "meta",
    },
}


@cache
def lacking(kind: type[Wire], revision: Revision) -> frozenset[str]:
    """The fields of a definition (inherited ones included) that a revision does not have."""
    tables = [table for since, table in ADDED.items() if since > revision]
    tables += [table for until, table in REMOVED.items() if until <= revision]
    return frozenset(
        name
        for table in tables
        for parent in kind.__mro__
        if issubclass(parent, Wire)
        for name in table.get(parent, "").split()
    )
