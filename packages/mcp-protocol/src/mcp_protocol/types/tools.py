"""Tools: their definitions, the call, the result."""

from typing import Any, Literal

from msgspec import Raw

from mcp_protocol.types.content import ContentBlock
from mcp_protocol.types.structs import Icon, PaginatedResult, Params, Result, Wire


class ToolAnnotations(Wire, frozen=True, kw_only=True):
    """Hints about what a tool does; unset means the cautious value. Since 2025-03-26."""

    title: str | None = None
    read_only_hint: bool | None = None
    destructive_hint: bool | None = None
    idempotent_hint: bool | None = None
    open_world_hint: bool | None = None


class ToolExecution(Wire, frozen=True, kw_only=True):
    """How a tool runs as a task: 2025-11-25 only."""

    task_support: Literal["forbidden", "optional", "required"] | None = None


class Tool(Wire, frozen=True, kw_only=True):
    """The definition of one tool; schemas are JSON objects, or `Raw` when they are already encoded."""

    name: str
    title: str | None = None
    description: str | None = None
    input_schema: Any
    output_schema: Any = None
    annotations: ToolAnnotations | None = None
    execution: ToolExecution | None = None
    icons: list[Icon] | None = None
    meta: dict[str, Any] | None = None


class ListToolsResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of tools."""

    tools: list[Tool]


class CallToolParams(Params, frozen=True, kw_only=True):
    """Which tool, with which arguments; on 2026-07-28 also the answers to what the tool asked before."""

    name: str
    arguments: Raw = Raw(b"")
    input_responses: dict[str, Raw] | None = None
    request_state: str | None = None


class CallToolResult(Result, frozen=True, kw_only=True):
    """What a tool answered: content to read and, if the tool has an output schema, the same as data."""

    content: list[ContentBlock]
    structured_content: Any = None
    is_error: bool = False
