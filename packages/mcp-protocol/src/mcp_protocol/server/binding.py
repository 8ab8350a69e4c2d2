"""A decorated function into a row of its toolset: what its signature says is read once, when the module is imported.

Decoders are made at the first call of a tool, schemas at the first listing: a start that needs neither pays for
neither.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from mcp_protocol.schema.generate import described
from mcp_protocol.schema.headers import KEYWORD
from mcp_protocol.server.arguments import Arguments, TypedArguments, VerbatimArguments
from mcp_protocol.server.entries import (
    CompletionEntry,
    PromptEntry,
    ResourceEntry,
    TemplateEntry,
    ToolEntry,
    WatchEntry,
)
from mcp_protocol.server.output import conversion
from mcp_protocol.server.signature import Parameter, Signature, signature
from mcp_protocol.server.templates import UriTemplate
from mcp_protocol.types import Prompt, PromptArgument, Resource, ResourceTemplate, ToolAnnotations

Entry = TypeVar("Entry")
Handler = Callable[..., Any]

# Read to its end: `$` would let a final newline through.
_NAME = re.compile(r"[a-z0-9_]{1,64}")


def checked_name(name: str, kind: str) -> str:
    """The name of a tool, prompt or toolset.

    Raises:
        ValueError: it has other characters than clients and model providers agree on.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{kind} {name!r}: a name has 1 to 64 of a-z, 0-9 and _")
    return name


def tool(
    function: Handler, name: str | None, toolset: str, options: Mapping[str, Any], ui: Mapping[str, Any]
) -> ToolEntry:
    """The row of a tool; `ui` is what its `_meta` says of a document that shows its results.

    Raises:
        ValueError: no client could call it, or no model would know how to.
    """
    name = checked_name(function.__name__ if name is None else name, "tool")
    owner = f"tool `{name}`"
    found = signature(function, owner)
    entry = ToolEntry(
        name=name,
        toolset=toolset,
        description=_documented(function, owner),
        annotations=_annotations(options, owner),
        function=function,
        arguments=_arguments(name, found, options.get("input_schema")),
        result=conversion(found.result, owner),
        title=options.get("title"),
        admin=options.get("admin", False),
        seconds=options.get("seconds"),
        task=options.get("task", "none"),
        meta={**ui, **options.get("meta", {})} or None,
    )
    if any(KEYWORD in (note.extra_json_schema or {}) for one in found.parameters for note in one.notes):
        _ = entry.mirrored  # refuses a bad annotation now; other schemas wait for the first listing
    return entry


def resource(function: Handler, uri: str, options: Mapping[str, Any]) -> ResourceEntry | TemplateEntry:
    """The row of a resource, or of a family of them where the URI has variables.

    Raises:
        ValueError: the URI is none, or its variables are not the function's parameters.
    """
    owner = f"resource {uri!r}"
    template = UriTemplate(uri)
    found = signature(function, owner)
    named: dict[str, Any] = {
        "name": options.get("name", function.__name__),
        "title": options.get("title"),
        "description": _documented(function, owner),
        "mime_type": options.get("mime_type"),
    }
    caching = {"ttl_ms": options.get("ttl_ms", 0), "static": options.get("static", False)}
    _require_variables(found.parameters, template, owner)
    if not template.variables:
        return ResourceEntry(uri=uri, definition=Resource(uri=uri, **named), function=function, **caching)
    definition = ResourceTemplate(uri_template=uri, **named)
    kind = _values_type([parameter for parameter in found.parameters if parameter.name in template.names])
    return TemplateEntry(template=template, definition=definition, function=function, kind=kind, **caching)


def prompt(function: Handler, name: str | None, title: str | None) -> PromptEntry:
    """The row of a prompt.

    Raises:
        ValueError: an argument is not a string, or has no description.
    """
    name = checked_name(function.__name__ if name is None else name, "prompt")
    owner = f"prompt `{name}`"
    parameters = signature(function, owner).parameters
    _require_descriptions(parameters, owner)
    arguments = TypedArguments(name, parameters)
    for text, schema in arguments.schema.get("properties", {}).items():
        if schema.get("type") != "string":
            raise ValueError(f"{owner}: `{text}` must be a string, as all arguments of prompts are")
    listed = [PromptArgument(name=one.wire, description=one.description, required=one.required) for one in parameters]
    definition = Prompt(name=name, title=title, description=_documented(function, owner), arguments=listed or None)
    return PromptEntry(name=name, definition=definition, function=function, arguments=arguments)


def completion(
    function: Handler, target: Handler, argument: str, entries: Sequence[PromptEntry | TemplateEntry]
) -> CompletionEntry:
    """The row of a completion.

    Raises:
        ValueError: the target is no prompt or template of the toolset, or has no such argument.
    """
    owner = f"completion {function.__name__!r}"
    entry = registered(target, entries, owner)
    known = entry.template.names if isinstance(entry, TemplateEntry) else _argument_names(entry)
    if argument not in known:
        raise ValueError(f"{owner}: `{target.__name__}` has no argument {argument!r}")
    takes = len(signature(function, owner).parameters)
    if takes not in (1, 2):
        raise ValueError(f"{owner} takes the context, what was typed, and if it wants to the settled arguments")
    return CompletionEntry(target=entry, argument=argument, function=function, takes_context=takes > 1)


def watch(function: Handler, target: Handler, entries: Sequence[ResourceEntry | TemplateEntry]) -> WatchEntry:
    """The row of a watch.

    Raises:
        ValueError: the target is no resource of the toolset, or the parameters differ from its variables.
    """
    owner = f"watch {function.__name__!r}"
    entry = registered(target, entries, owner)
    template = entry.template if isinstance(entry, TemplateEntry) else UriTemplate(entry.uri)
    _require_variables(signature(function, owner).parameters, template, owner)
    return WatchEntry(target=entry, function=function)


def registered(target: Handler, entries: Sequence[Any], owner: str) -> Any:
    """The row of a decorated function.

    Raises:
        ValueError: it is not in this toolset.
    """
    for entry in entries:
        if entry.function is target:
            return entry
    raise ValueError(f"{owner}: `{target.__name__}` is not registered in this toolset, or not yet")


def _documented(function: Handler, owner: str) -> str:
    text = described(function)
    if not text:
        raise ValueError(f"{owner} has no docstring: it is what a model and its user read")
    return text


def _annotations(options: Mapping[str, Any], owner: str) -> ToolAnnotations:
    read_only = options.get("read_only", False)
    destructive = options.get("destructive", not read_only)
    if read_only and destructive:
        raise ValueError(f"{owner} cannot be both read-only and destructive")
    return ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=options.get("idempotent", False),
        open_world_hint=options.get("open_world", True),
    )


def _arguments(name: str, found: Signature, schema: Mapping[str, Any] | None) -> Arguments:
    owner = f"tool `{name}`"
    if schema is None:
        _require_descriptions(found.parameters, owner)
        return TypedArguments(name, found.parameters)
    if len(found.parameters) != 1 or schema.get("type") != "object":
        raise ValueError(f"{owner}: a schema of your own is of type object, and the function takes one parameter")
    return VerbatimArguments(name, found.parameters[0].name, schema)


def _require_descriptions(parameters: Sequence[Parameter], owner: str) -> None:
    for parameter in parameters:
        if not parameter.description:
            raise ValueError(f"{owner}: the parameter `{parameter.name}` has no description; annotate it with arg()")


def _require_variables(parameters: Sequence[Parameter], template: UriTemplate, owner: str) -> None:
    unknown = {one.name for one in parameters if one.required} ^ set(template.names)
    if unknown - {one.name for one in parameters if not one.required and one.name in template.names}:
        raise ValueError(f"{owner}: parameters and variables differ in {', '.join(sorted(unknown))}")


def _values_type(parameters: Sequence[Parameter]) -> type[msgspec.Struct] | None:
    if all(parameter.hint is str for parameter in parameters):
        return None
    return msgspec.defstruct("Values", [(one.name, one.hint) for one in parameters], frozen=True)


def _argument_names(entry: PromptEntry) -> tuple[str, ...]:
    return tuple(argument.name for argument in entry.definition.arguments or ())
