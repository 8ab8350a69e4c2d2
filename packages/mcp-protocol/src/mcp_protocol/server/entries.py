"""The rows of a toolset: a definition to list, and the typed function behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from mcp_protocol.errors import ResourceNotFound
from mcp_protocol.schema import Mirrored, mirrored_headers
from mcp_protocol.server.arguments import Arguments, TypedArguments
from mcp_protocol.server.context import Context
from mcp_protocol.server.output import Conversion
from mcp_protocol.server.templates import UriTemplate
from mcp_protocol.types import (
    BlobResourceContents,
    CallToolResult,
    Completion,
    GetPromptResult,
    Prompt,
    PromptMessage,
    PromptReference,
    Resource,
    ResourceContents,
    ResourceTemplate,
    ResourceTemplateReference,
    Text,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

Function = Callable[..., Awaitable[Any]]

# Whether a call of a tool may, or must, become a task (`await ctx.background()`).
Support = Literal["none", "allowed", "required"]

# The protocol's limit on the values of one completion.
MOST_VALUES = 100


class ToolEntry(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One tool. `admin` tools are offered in admin mode only; `seconds` is a deadline of its own."""

    name: str
    toolset: str
    description: str
    annotations: ToolAnnotations
    function: Function
    arguments: Arguments
    result: Conversion
    title: str | None = None
    admin: bool = False
    seconds: float | None = None
    task: Support = "none"
    meta: dict[str, Any] | None = None

    @cached_property
    def definition(self) -> Tool:
        """The tool as it is listed; its schemas are written at the first look.

        Raises:
            ValueError: a type has no portable schema.
        """
        with self._named():
            input_schema, output_schema = self.arguments.schema, self.result.schema
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=input_schema,
            output_schema=output_schema,
            annotations=self.annotations,
            meta=self.meta,
        )

    @cached_property
    def mirrored(self) -> tuple[Mirrored, ...]:
        """The arguments that an HTTP client repeats in headers.

        Raises:
            ValueError: an annotation is not valid.
        """
        with self._named():
            return mirrored_headers(self.arguments.schema)

    @contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except ValueError as error:
            raise ValueError(f"tool `{self.name}`: {error}") from error

    async def call(self, ctx: Context[Any], arguments: Any = None) -> CallToolResult:
        """Type the arguments, run the function, convert what it returns.

        Raises:
            ToolError: `invalid_argument`, or whatever the function raises.
        """
        return self.result.convert(await self.function(ctx, **self.arguments.typed(arguments)))


class ResourceEntry(Struct, frozen=True, kw_only=True, eq=False):
    """One resource with a fixed URI. `static`: the same for every caller, so caches may share it for `ttl_ms`.

    What is not `listed` is found by other ways: the files of skills.
    """

    uri: str
    definition: Resource
    function: Function
    ttl_ms: int = 0
    static: bool = False
    listed: bool = True

    def match(self, uri: str) -> dict[str, str] | None:
        """No values, for its own URI; None for any other."""
        return {} if uri == self.uri else None

    async def read(self, ctx: Context[Any], uri: str, values: Mapping[str, str]) -> list[ResourceContents]:
        """What the resource holds now."""
        return _contents(await self.function(ctx, **values), uri, self.definition.mime_type)


class TemplateEntry(Struct, frozen=True, kw_only=True, eq=False):
    """A family of resources. `kind` converts the values where the function wants more than text."""

    template: UriTemplate
    definition: ResourceTemplate
    function: Function
    kind: type[Struct] | None = None
    ttl_ms: int = 0
    static: bool = False

    def match(self, uri: str) -> dict[str, str] | None:
        """The values of the template's variables in this URI, or None if it is not of this family."""
        return self.template.match(uri)

    async def read(self, ctx: Context[Any], uri: str, values: Mapping[str, str]) -> list[ResourceContents]:
        """What the resource holds now.

        Raises:
            ResourceNotFound: a value is not of the type that the function wants.
        """
        return _contents(await self.function(ctx, **self._values(uri, values)), uri, self.definition.mime_type)

    def _values(self, uri: str, values: Mapping[str, str]) -> Mapping[str, Any]:
        if self.kind is None:
            return values
        try:
            return asdict(msgspec.convert(values, self.kind, strict=False))
        except msgspec.ValidationError as error:
            raise ResourceNotFound(uri) from error


class ResourceLister(Struct, frozen=True, eq=False):
    """Lists resources that come and go; templates, or other resources, read them."""

    function: Function

    async def list(self, ctx: Context[Any]) -> list[Resource]:
        """The resources that there are now."""
        return list(await self.function(ctx))


class PromptEntry(Struct, frozen=True, kw_only=True, eq=False):
    """One prompt."""

    name: str
    definition: Prompt
    function: Function
    arguments: TypedArguments

    async def get(self, ctx: Context[Any], arguments: Mapping[str, str]) -> GetPromptResult:
        """Fill the prompt in.

        Raises:
            ToolError: `invalid_argument`, or whatever the function raises.
        """
        written = await self.function(ctx, **self.arguments.typed(arguments))
        parts: list[PromptMessage | str] = [written] if isinstance(written, str | PromptMessage) else list(written)
        messages = [PromptMessage("user", Text(part)) if isinstance(part, str) else part for part in parts]
        return GetPromptResult(description=self.definition.description, messages=messages)


class CompletionEntry(Struct, frozen=True, kw_only=True, eq=False):
    """Suggests values for one argument of a prompt or variable of a template."""

    target: PromptEntry | TemplateEntry
    argument: str
    function: Function
    takes_context: bool

    def matches(self, reference: PromptReference | ResourceTemplateReference, argument: str) -> bool:
        """Whether this is what the client completes."""
        if argument != self.argument:
            return False
        if isinstance(self.target, PromptEntry):
            return isinstance(reference, PromptReference) and reference.name == self.target.name
        return isinstance(reference, ResourceTemplateReference) and reference.uri == self.target.template.text

    async def complete(self, ctx: Context[Any], prefix: str, settled: Mapping[str, str] | None = None) -> Completion:
        """At most 100 values for what has been typed; `settled` are the arguments that have a value already."""
        found = await (self.function(ctx, prefix, settled or {}) if self.takes_context else self.function(ctx, prefix))
        if isinstance(found, Completion):
            return found
        values = list(found)
        return Completion(values[:MOST_VALUES], total=len(values), has_more=len(values) > MOST_VALUES)


class WatchEntry(Struct, frozen=True, kw_only=True, eq=False):
    """Knows of the changes of a resource, or of a family of them."""

    target: ResourceEntry | TemplateEntry
    function: Function

    def match(self, uri: str) -> dict[str, str] | None:
        """The values for the function, or None if this URI is not watched here."""
        return self.target.match(uri)

    async def start(self, ctx: Context[Any], values: Mapping[str, str]) -> AsyncIterator[object]:
        """Begin to watch; each item is one change.

        Raises:
            ToolError: the caller may not watch it.
            ProtocolError: the same, or there is no such resource.
        """
        return await self.function(ctx, **values)


def _contents(found: Any, uri: str, mime_type: str | None) -> list[ResourceContents]:
    if isinstance(found, str):
        return [TextResourceContents(uri=uri, mime_type=mime_type, text=found)]
    if isinstance(found, bytes):
        return [BlobResourceContents(uri=uri, mime_type=mime_type, blob=found)]
    return [found] if isinstance(found, ResourceContents) else list(found)
