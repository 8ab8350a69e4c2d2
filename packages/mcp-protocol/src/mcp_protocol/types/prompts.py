"""Prompts: their definitions, and the messages they make."""

from typing import Any

from msgspec import Raw

from mcp_protocol.types.content import ContentBlock
from mcp_protocol.types.structs import Icon, PaginatedResult, Params, Result, Role, Wire


class PromptArgument(Wire, frozen=True, kw_only=True):
    """One argument of a prompt; its value is always a string."""

    name: str
    title: str | None = None
    description: str | None = None
    required: bool = False


class Prompt(Wire, frozen=True, kw_only=True):
    """The definition of one prompt."""

    name: str
    title: str | None = None
    description: str | None = None
    arguments: list[PromptArgument] | None = None
    icons: list[Icon] | None = None
    meta: dict[str, Any] | None = None


class ListPromptsResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of prompts."""

    prompts: list[Prompt]


class GetPromptParams(Params, frozen=True, kw_only=True):
    """Which prompt, with which arguments; on 2026-07-28 also the answers to what was asked before."""

    name: str
    arguments: dict[str, str] | None = None
    input_responses: dict[str, Raw] | None = None
    request_state: str | None = None


class PromptMessage(Wire, frozen=True):
    """One message of a prompt."""

    role: Role
    content: ContentBlock


class GetPromptResult(Result, frozen=True, kw_only=True):
    """The messages of a prompt, its arguments filled in."""

    description: str | None = None
    messages: list[PromptMessage]
