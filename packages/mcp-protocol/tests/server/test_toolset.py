"""What the decorators refuse, and that they leave a function as it was."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from msgspec import Struct

from mcp_protocol import Context, Image, Output, Resource, Text, Toolset, arg
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.types import ToolAnnotations

Ctx = Context[int]
Name = Annotated[str, arg("A name.")]


class Found(Struct, frozen=True):
    """What was found."""

    name: str


class Other(Struct, frozen=True):
    name: str


async def good(ctx: Ctx, name: Name) -> str:
    """Do it well."""
    del ctx
    return name


def test_a_decorated_function_is_the_same_function() -> None:
    toolset = Toolset[int]("t")
    assert toolset.tool()(good) is good
    assert toolset.resource("t://{name}")(good) is good
    assert toolset.prompt()(good) is good
    assert toolset.complete(good, "name")(suggest) is suggest
    assert toolset.resources(everything) is everything
    assert toolset.watch(good)(changes) is changes


async def suggest(ctx: Ctx, prefix: str) -> list[str]:
    """Suggest."""
    del ctx
    return [prefix]


async def everything(ctx: Ctx) -> list[Resource]:
    """List."""
    del ctx
    return []


async def changes(ctx: Ctx, name: str) -> AsyncIterator[object]:
    """Watch."""
    raise NotImplementedError


def test_the_name_is_the_functions_and_the_description_its_docstring() -> None:
    toolset = Toolset[int]("words")

    @toolset.tool(title="Say it", seconds=90, admin=True, meta={"a": 1})
    async def say(ctx: Ctx, name: Name) -> str:
        """Say a name.

        Twice, if it is short.
        """
        del ctx
        return name

    (entry,) = toolset.tools
    assert (entry.name, entry.toolset, entry.admin, entry.seconds) == ("say", "words", True, 90)
    definition = entry.definition
    assert definition.description == "Say a name.\n\nTwice, if it is short."
    assert (definition.name, definition.title, definition.meta) == ("say", "Say it", {"a": 1})
    assert entry.definition is definition
    assert say.__name__ == "say"


def test_unset_hints_are_the_cautious_values() -> None:
    toolset = Toolset[int]("t")
    toolset.tool("writes")(good)
    toolset.tool("reads", read_only=True, open_world=False)(good)
    toolset.tool("adds", destructive=False, idempotent=True)(good)
    assert [entry.annotations for entry in toolset.tools] == [
        _hints(read_only=False, destructive=True, idempotent=False, open_world=True),
        _hints(read_only=True, destructive=False, idempotent=False, open_world=False),
        _hints(read_only=False, destructive=False, idempotent=True, open_world=True),
    ]


def _hints(*, read_only: bool, destructive: bool, idempotent: bool, open_world: bool) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=idempotent,
        open_world_hint=open_world,
    )


def test_a_tool_cannot_promise_to_read_only_and_destroy() -> None:
    with pytest.raises(ValueError, match="both read-only and destructive"):
        Toolset[int]("t").tool(read_only=True, destructive=True)(good)


@pytest.mark.parametrize("name", ["", "A", "a-b", "a.b", "a b", "a\n", "é", "x" * 65, "\uff41", "a\0"])
def test_names_full_match(name: str) -> None:
    """Python-sdk issue 3076: a check with `$` let a final newline through."""
    for kind in ("tool", "prompt"):
        with pytest.raises(ValueError, match=rf"{kind} .*: a name has 1 to 64 of a-z, 0-9 and _"):
            getattr(Toolset[int]("t"), kind)(name)(good)
    with pytest.raises(ValueError, match=r"toolset .*: a name has"):
        Toolset[int](name)


def test_a_name_is_taken_once() -> None:
    toolset = Toolset[int]("t")
    for register in (toolset.tool("a"), toolset.prompt("a")):
        register(everything_fixed)
        with pytest.raises(ValueError, match="'a' is registered twice"):
            register(everything_fixed)
    toolset.resource("t://a")(everything_fixed)
    with pytest.raises(ValueError, match="'t://a' is registered twice"):
        toolset.resource("t://a")(everything_fixed)


async def everything_fixed(ctx: Ctx) -> str:
    """Take nothing."""
    raise NotImplementedError


def tool(function: Any, **options: Any) -> Any:
    toolset = Toolset[int]("t")
    toolset.tool("it", **options)(function)
    return toolset.tools[0]


async def undescribed(ctx: Ctx, name: str) -> str:
    """Forget to describe."""
    raise NotImplementedError


async def undocumented(ctx: Ctx) -> str:
    raise NotImplementedError


async def untyped(ctx: Ctx, name: Name) -> str:
    """Forget the types."""
    raise NotImplementedError


del untyped.__annotations__["name"]


async def without_context() -> str:
    """Forget the context."""
    raise NotImplementedError


async def keyword_context(*, ctx: Ctx) -> str:
    """Hide the context."""
    raise NotImplementedError


async def many(ctx: Ctx, *names: Name) -> str:
    """Take any number."""
    raise NotImplementedError


async def anything(ctx: Ctx, **names: Name) -> str:
    """Take anything."""
    raise NotImplementedError


async def positional(ctx: Ctx, name: Name, /) -> str:
    """Take it by position."""
    raise NotImplementedError


def plain(ctx: Ctx) -> str:
    """Block."""
    raise NotImplementedError


async def unresolved(ctx: Ctx, name: Name) -> str:
    """Name a type that is not there."""
    raise NotImplementedError


unresolved.__annotations__["name"] = "Missing"


REFUSED: list[tuple[Any, str]] = [
    (undescribed, "tool `it`: the parameter `name` has no description"),
    (undocumented, "tool `it` has no docstring"),
    (untyped, "tool `it`: the parameter `name` has no type"),
    (without_context, "tool `it` must take the context as its first parameter"),
    (keyword_context, "tool `it` must take the context as its first parameter"),
    (many, "cannot be named by a caller"),
    (anything, "cannot be named by a caller"),
    (positional, "cannot be named by a caller"),
    (plain, "tool `it` must be an async function"),
    (unresolved, "tool `it`: name 'Missing' is not defined"),
]


@pytest.mark.parametrize(("function", "words"), REFUSED)
def test_a_function_that_no_client_could_call_is_refused(function: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tool(function)


RESULTS: list[tuple[Any, bool | None]] = [
    (str, True),
    (Found, True),
    (Output[Found], True),
    (None, False),
    (Text, False),
    (list[Image], False),
    (list[Text | Image], False),
    (Text | None, False),
    (str | Image, False),
    (int, None),
    (dict[str, Any], None),
    (list[Found], None),
    (Found | None, None),
    (Found | Other, None),
    (Output[str], None),  # pyright: ignore[reportInvalidTypeArguments]  that is the fault
    (Any, None),
]


@pytest.mark.parametrize(("result", "has_schema"), RESULTS, ids=str)
def test_a_tool_returns_data_text_or_content_and_nothing_else(result: Any, has_schema: bool | None) -> None:  # noqa: FBT001  a table's column
    async def function(ctx: Ctx) -> None:
        """Return something."""

    function.__annotations__["return"] = result
    if has_schema is None:
        with pytest.raises(ValueError, match="tool `it` returns"):
            tool(function)
    else:
        schema = tool(function).definition.output_schema
        assert (schema is not None) == has_schema
        assert schema is None or schema["type"] == "object"


def test_a_tool_without_a_return_type_is_refused() -> None:
    async def function(ctx: Ctx):  # noqa: ANN202  that is the fault
        """Return what?"""

    with pytest.raises(ValueError, match="tool `it` has no return type"):
        tool(function)


def test_types_written_as_text_are_resolved() -> None:
    async def function(ctx: "Ctx", name: "Name") -> "Found":
        """Name types as text."""
        raise NotImplementedError

    definition = tool(function).definition
    assert definition.input_schema["properties"] == {"name": {"type": "string", "description": "A name."}}
    assert definition.output_schema["properties"] == {"name": {"type": "string"}}


def test_a_type_without_portable_schema_is_named_with_its_tool_when_it_is_listed() -> None:
    async def function(ctx: Ctx, pair: Annotated[tuple[int, str], arg("A pair.")]) -> str:
        """Take a pair."""
        raise NotImplementedError

    with pytest.raises(ValueError, match=r"tool `it`: `pair`: tuple\[int, str\] has members by position"):
        _ = tool(function).definition


def test_neither_schema_nor_decoder_is_made_before_it_is_needed() -> None:
    entry: ToolEntry = tool(good)
    assert not vars(entry)
    assert {"schema", "_struct"}.isdisjoint(vars(entry.arguments))
    entry.arguments.typed({"name": "a"})
    assert {"schema", "_struct"}.intersection(vars(entry.arguments)) == {"_struct"}


def test_an_invalid_header_annotation_is_refused_at_once() -> None:
    async def function(ctx: Ctx, zone: Annotated[float, arg("Z.", extra_json_schema={"x-mcp-header": "Z"})]) -> str:
        """Mirror a number."""
        raise NotImplementedError

    with pytest.raises(ValueError, match=r"tool `it`: x-mcp-header of zone needs"):
        tool(function)


def test_a_valid_header_annotation_is_mirrored_also_where_it_is_optional() -> None:
    async def function(
        ctx: Ctx, region: Annotated[str, arg("R.", extra_json_schema={"x-mcp-header": "Region"})] | None = None
    ) -> str:
        """Mirror a region."""
        raise NotImplementedError

    entry = tool(function)
    assert [(one.path, one.header, one.kind) for one in entry.mirrored] == [(("region",), "Region", "string")]
    assert tool(good).mirrored == ()


SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$anchor": "x"}}, "if": {}}


def test_a_schema_of_ones_own_is_listed_as_it_stands() -> None:
    async def function(ctx: Ctx, arguments: dict[str, Any]) -> str:
        """Take what comes."""
        raise NotImplementedError

    assert tool(function, input_schema=SCHEMA).definition.input_schema == SCHEMA
    with pytest.raises(ValueError, match="a schema of your own"):
        tool(function, input_schema={"type": "array"})
    with pytest.raises(ValueError, match="a schema of your own"):
        tool(everything_fixed, input_schema=SCHEMA)
