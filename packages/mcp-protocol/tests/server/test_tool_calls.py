"""A call from arguments to result: what handlers get, what clients get, and case T1 for every kind of parameter."""

import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from mcp_protocol import CallToolResult, Context, Image, Link, Output, Text, ToolError, Toolset, arg
from mcp_protocol.encoding import encode
from mcp_protocol.server.entries import ToolEntry

Ctx = Context[None]
NO_CONTEXT: Any = None
tools = Toolset[None]("tools")


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """One row."""

    name: Annotated[str, arg("Its name.", max_length=9)]
    size: float = 0.0


class Cat(Struct, frozen=True, tag="cat", forbid_unknown_fields=True):
    lives: int


class Dog(Struct, frozen=True, tag="dog", forbid_unknown_fields=True):
    trick: str


@tools.tool(read_only=True)
async def row(ctx: Ctx, name: Annotated[str, arg("Name.")], size: Annotated[float, arg("Size.")] = 1.5) -> Row:
    """Make a row."""
    del ctx
    return Row(name, size)


@tools.tool()
async def pet(ctx: Ctx, cat: Annotated[bool, arg("Or a dog.")]) -> Cat | Dog:
    """Get a pet."""
    del ctx
    return Cat(9) if cat else Dog("sit")


@tools.tool()
async def text(ctx: Ctx) -> str:
    """Say something."""
    del ctx
    return "some\ud800thing"


@tools.tool()
async def summary(ctx: Ctx) -> Output[Row]:
    """Give data with a text of its own."""
    del ctx
    return Output(Row("a"), "One row.", Image(b"png", "image/png"))


@tools.tool()
async def silent_summary(ctx: Ctx) -> Output[Cat | Dog]:
    """Give data of either kind."""
    del ctx
    return Output(Dog("roll"))


@tools.tool()
async def picture(ctx: Ctx) -> Image:
    """Show one thing."""
    del ctx
    return Image(b"png", "image/png")


@tools.tool()
async def pictures(ctx: Ctx) -> Sequence[Text | Link]:
    """Show several."""
    del ctx
    return (Text("a"), Link("t://b", "b"))


@tools.tool()
async def nothing(ctx: Ctx) -> None:
    """Be silent."""
    del ctx


@tools.tool()
async def whole(ctx: Ctx) -> CallToolResult:
    """Answer in the protocol's own words."""
    del ctx
    return CallToolResult(content=[Text("failed")], is_error=True)


@tools.tool()
async def lie(ctx: Ctx, size: Annotated[float, arg("What to return.")] = 0.0) -> Row:
    """Return what the types forbid."""
    del ctx
    return Row(5 if size == 0 else "a", float("nan"))  # pyright: ignore[reportArgumentType]  the lie


@tools.tool(input_schema={"type": "object", "if": {}, "required": ["never checked"]})
async def anything(ctx: Ctx, arguments: dict[str, Any]) -> str:
    """Take the object as it is."""
    del ctx
    return json.dumps(arguments)


def named(name: str) -> ToolEntry:
    return next(entry for entry in tools.tools if entry.name == name)


async def call(tool: str, /, **arguments: Any) -> dict[str, Any]:
    """The result as it looks on the wire."""
    return json.loads(encode(await named(tool).call(NO_CONTEXT, arguments)))


async def test_a_struct_is_data_and_its_json_is_the_text() -> None:
    assert await call("row", name="a", size=2) == {
        "content": [{"type": "text", "text": '{"name":"a","size":2.0}'}],
        "structuredContent": {"name": "a", "size": 2.0},
    }


async def test_the_text_of_data_has_no_control_character_that_a_terminal_would_obey() -> None:
    result = await call("row", name="\x1b\x9b\x7fé")
    assert result["content"][0]["text"] == '{"name":"\\u001b\\u009b\\u007fé","size":1.5}'
    assert result["structuredContent"]["name"] == "\x1b\x9b\x7fé"


async def test_defaults_are_the_functions_own() -> None:
    assert (await call("row", name="a"))["structuredContent"] == {"name": "a", "size": 1.5}


async def test_members_of_a_union_carry_their_tag() -> None:
    assert (await call("pet", cat=True))["structuredContent"] == {"type": "cat", "lives": 9}
    assert (await call("pet", cat=False))["structuredContent"] == {"type": "dog", "trick": "sit"}


async def test_a_text_is_also_the_member_result() -> None:
    assert await call("text") == {
        "content": [{"type": "text", "text": "some\ufffdthing"}],
        "structuredContent": {"result": "some\ufffdthing"},
    }


async def test_data_may_have_content_of_its_own() -> None:
    assert await call("summary") == {
        "content": [
            {"type": "text", "text": "One row."},
            {"type": "image", "data": "cG5n", "mimeType": "image/png"},
        ],
        "structuredContent": {"name": "a", "size": 0.0},
    }
    assert (await call("silent_summary"))["content"] == [{"type": "text", "text": '{"type":"dog","trick":"roll"}'}]


async def test_mere_content_has_no_data() -> None:
    assert await call("picture") == {"content": [{"type": "image", "data": "cG5n", "mimeType": "image/png"}]}
    assert (await call("pictures"))["content"] == [
        {"type": "text", "text": "a"},
        {"type": "resource_link", "uri": "t://b", "name": "b"},
    ]
    assert await call("nothing") == {"content": []}
    assert await call("whole") == {"content": [{"type": "text", "text": "failed"}], "isError": True}


async def test_t10_structured_content_fits_the_output_schema() -> None:
    """Attack case T10."""
    for name, arguments in (("row", {"name": "a"}), ("pet", {"cat": True}), ("text", {}), ("summary", {})):
        result = await call(name, **arguments)
        oracle: Any = Draft202012Validator(named(name).definition.output_schema)
        oracle.validate(result["structuredContent"])


@pytest.mark.parametrize(("size", "place"), [(0.0, "name"), (1.0, "size")])
async def test_t10_data_that_does_not_fit_is_the_servers_fault_and_stays_inside(size: float, place: str) -> None:
    """Attack case T10: a Struct's constructor checks nothing, and NaN would become null."""
    with pytest.raises(TypeError, match=rf"tool `lie` returned what its output schema does not allow: .*{place}"):
        await call("lie", size=size)


@pytest.mark.parametrize("given", [None, {}])
async def test_no_arguments_are_the_empty_object(given: Any) -> None:
    result = await named("text").call(NO_CONTEXT, given)
    assert result.content
    with pytest.raises(ToolError, match="`name` is required"):
        await named("row").call(NO_CONTEXT, given)


async def test_a_schema_of_ones_own_leaves_the_judgement_to_the_tool() -> None:
    assert (await call("anything", a=1, b=[None]))["content"][0]["text"] == '{"a": 1, "b": [null]}'
    with pytest.raises(ToolError, match="must be an object, got 5"):
        await named("anything").call(NO_CONTEXT, 5)
    assert (await named("anything").call(NO_CONTEXT, None)).structured_content == {"result": "{}"}


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    old: str
    lines: list[int]


@tools.tool()
async def everything(  # noqa: PLR0913  one parameter of each kind
    ctx: Ctx,
    *,
    text: Annotated[str, arg("T.", min_length=1, max_length=4096)] = "a",
    pattern: Annotated[str, arg("P.", pattern="^[a-z]+$")] = "a",
    count: Annotated[int, arg("C.", ge=1, le=1000)] = 1,
    any_count: Annotated[int, arg("A.")] = 1,
    share: Annotated[float, arg("S.", ge=0, le=1)] = 0.5,
    flag: Annotated[bool, arg("F.")] = False,
    order: Annotated[Literal["up", "down"], arg("O.")] = "up",
    names: Annotated[list[str], arg("N.", max_length=100)] | None = None,
    edits: Annotated[list[Edit], arg("E.", max_length=100)] | None = None,
    env: Annotated[dict[str, str], arg("V.", max_length=100)] | None = None,
    day: Annotated[dt.date | None, arg("D.")] = None,
    optional: Annotated[int, arg("P.", ge=0)] | None = None,
) -> str:
    """Take one of each kind."""
    del ctx, text, pattern, count, any_count, share, flag, order, names, edits, env, day, optional
    ENTERED.append(True)
    return "fine"


ENTERED: list[bool] = []
# T1 allows 100 ms; under a tracer for coverage Python takes several times as long.
SOON = 0.1 if sys.gettrace() is None else 1.0
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 1,
    "negative": -1,
    "fraction": 0.5,
    "huge": 2**63,
    "enormous": 10**4000,
    "text": "ten",
    "empty text": "",
    "date": "2026-01-31",
    "a megabyte": "x" * 1_000_000,
    "line": "ab\n",
    "nothing in it": [],
    "many": list(range(100_000)),
    "many texts": ["x"] * 100_000,
    "many objects": [{"old": "a", "lines": ["x"]}] * 100_000,
    "object": {},
    "many members": {str(number): number for number in range(100_000)},
    "deep": json.loads("[" * 50 + "]" * 50),
}
# The oracle's `$` is Python's, and it does not look at formats.
UNJUDGED = {("pattern", "line")} | {("day", kind) for kind in VALUES if kind != "date"}
PARAMETERS = [*named("everything").definition.input_schema["properties"], "extra"]


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("kind", VALUES)
async def test_t1_what_the_schema_forbids_never_enters_the_tool(parameter: str, kind: str) -> None:
    """Attack case T1: every kind of parameter with every kind of value, refused quickly and in few words."""
    given = {parameter: VALUES[kind]}
    entry = named("everything")
    oracle: Any = Draft202012Validator(entry.definition.input_schema)
    if kind == "null" and parameter in {"names", "edits", "env", "day", "optional"}:
        allowed = True  # the default is None, which the schema leaves out
    else:
        allowed = oracle.is_valid(given) and (parameter, kind) not in UNJUDGED
    ENTERED.clear()
    started = time.process_time()
    if allowed:
        await entry.call(NO_CONTEXT, given)
    else:
        with pytest.raises(ToolError) as caught:
            await entry.call(NO_CONTEXT, given)
        assert caught.value.code == "invalid_argument"
        assert parameter in caught.value.message
        assert len(caught.value.message) < 1000
    assert time.process_time() - started < SOON
    assert bool(ENTERED) == allowed


async def test_t1_a_fault_behind_a_hundred_thousand_good_values_is_told_in_time() -> None:
    """Attack case T1."""
    tree = {"edits": [{"old": "a", "lines": [1] * 100_000 + ["x"]}]}
    started = time.process_time()
    with pytest.raises(ToolError) as caught:
        await named("everything").call(NO_CONTEXT, tree)
    assert time.process_time() - started < SOON
    assert caught.value.message == "`edits[0].lines[100000]`: Expected `int`, got `str`."


async def test_a_parameter_named_like_a_keyword_has_its_underscore_only_in_python() -> None:
    own = Toolset[None]("own")

    @own.tool()
    async def convert(
        ctx: Ctx, as_: Annotated[str, arg("Form.")] = "hex", from_: Annotated[int, arg("At.")] = 0
    ) -> str:
        """Convert."""
        del ctx
        return f"{as_} {from_}"

    (entry,) = own.tools
    assert list(entry.definition.input_schema["properties"]) == ["as", "from"]
    assert (await entry.call(NO_CONTEXT, {"as": "text", "from": 3})).structured_content == {"result": "text 3"}
    with pytest.raises(ToolError, match="as_"):
        await entry.call(NO_CONTEXT, {"as_": "text"})
