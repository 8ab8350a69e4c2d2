"""Completion: suggestions for an argument of a prompt or a resource template."""

from mcp_protocol.types.structs import Params, Result, Wire


class PromptReference(Wire, frozen=True, kw_only=True, tag="ref/prompt"):
    """The prompt whose argument is being typed."""

    name: str
    title: str | None = None


class ResourceTemplateReference(Wire, frozen=True, kw_only=True, tag="ref/resource"):
    """The resource template (or resource) whose variable is being typed."""

    uri: str


class CompleteArgument(Wire, frozen=True):
    """The argument's name, and what has been typed so far."""

    name: str
    value: str


class CompleteContext(Wire, frozen=True):
    """The arguments that are settled already. Since 2025-06-18."""

    arguments: dict[str, str] | None = None


class CompleteParams(Params, frozen=True, kw_only=True):
    """What is being completed."""

    ref: PromptReference | ResourceTemplateReference
    argument: CompleteArgument
    context: CompleteContext | None = None


class Completion(Wire, frozen=True):
    """At most 100 values, how many there are, and whether some were left out."""

    values: list[str]
    total: int | None = None
    has_more: bool | None = None


class CompleteResult(Result, frozen=True, kw_only=True):
    """The suggestions."""

    completion: Completion
