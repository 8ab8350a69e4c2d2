"""The client and the server of this package against each other: five revisions, in memory and over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from msgspec import Struct

from mcp_protocol import Context, ResourceNotFound, Server, Toolset, arg
from mcp_protocol.client import Answers, Change, Client, RemoteError
from mcp_protocol.revisions import LATEST, Revision
from mcp_protocol.transports.http.app import HttpOptions
from mcp_protocol.transports.http.serve import Listen, serve
from mcp_protocol.transports.memory import InProcess, join
from mcp_protocol.types import (
    CallToolResult,
    ElicitParams,
    ElicitResult,
    LoggingMessageParams,
    ProgressParams,
    PromptReference,
    ResourceTemplateReference,
    Root,
    Text,
)

PATIENCE = 10  # seconds, for a whole test


class State:
    """What tools and tests tell each other."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.changes = asyncio.Queue[str]()


Ctx = Context[State]
tools = Toolset[State]("tools")


class Sum(Struct, frozen=True):
    """A sum."""

    sum: int


class Person(Struct, frozen=True):
    """Who it is."""

    name: Annotated[str, arg("The name.")]


@tools.tool(read_only=True)
async def add(
    ctx: Ctx,  # noqa: ARG001  every tool has it
    a: Annotated[int, arg("One.")],
    region: Annotated[str, arg("Where.", extra_json_schema={"x-mcp-header": "Region"})] = "here",  # noqa: ARG001  as `ctx`
) -> Sum:
    """Add one."""
    return Sum(a + 1)


@tools.tool(read_only=True)
async def steps(ctx: Ctx) -> str:
    """Report two steps, and log a line."""
    await ctx.progress(1, 2)
    await ctx.log("info", "half")
    await ctx.progress(2, 2)
    return "two"


@tools.tool()
async def greet(ctx: Ctx) -> str:
    """Ask for a name and for the roots."""
    person = await ctx.elicit(Person, "Who?")
    roots = await ctx.list_roots()
    return f"Hello {person.name if person else 'nobody'} of {', '.join(root.uri for root in roots)}"


@tools.tool(read_only=True)
async def wait(ctx: Ctx) -> str:
    """Wait for ever."""
    ctx.state.started.set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ctx.state.cancelled.set()
        raise
    return ""


@tools.tool()
async def change(ctx: Ctx) -> str:
    """Say that something has changed."""
    await ctx.list_changed("tools")
    await ctx.resource_updated("data:///one")
    return "changed"


@tools.resource("data:///{name}", mime_type="text/plain")
async def data(ctx: Ctx, name: str) -> str:  # noqa: ARG001  every resource has it
    """A number by its name."""
    if name != "one":
        raise ResourceNotFound(f"data:///{name}")
    return "1"


@tools.watch(data)
async def watch_data(ctx: Ctx, name: str) -> AsyncIterator[object]:
    """Changes of a number."""
    del name

    async def changes() -> AsyncIterator[object]:
        while True:
            yield await ctx.state.changes.get()

    return changes()


@tools.prompt()
async def review(ctx: Ctx, code: Annotated[str, arg("The code.")]) -> str:  # noqa: ARG001  every prompt has it
    """Review some code."""
    return f"Review {code}"


@tools.complete(review, "code")
async def codes(ctx: Ctx, prefix: str) -> list[str]:  # noqa: ARG001  every completion has it
    """Two languages."""
    return [prefix + "ython", prefix + "ascal"]


@tools.complete(data, "name")
async def names(ctx: Ctx, prefix: str) -> list[str]:  # noqa: ARG001  every completion has it
    """All names."""
    return [name for name in ("one",) if name.startswith(prefix)]


class Settings(Struct, frozen=True):
    """The state is shared with the test."""

    state: State


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[State]:
    yield settings.state


SERVER = Server("ours", Settings, lifespan, toolsets=[tools], instructions="Be kind", changing=frozenset({"tools"}))


@asynccontextmanager
async def connected(
    transport: str, revision: str, state: State, answers: Answers | None = None
) -> AsyncGenerator[Client]:
    async with SERVER.run(Settings(state)) as app:
        if transport == "memory":
            async with join(app) as end, Client(end, revision=revision, answers=answers) as client:
                yield client
            return
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(app, HttpOptions(), Listen(port=0), announce=url.set_result, stop=stop))
            async with Client(await url, revision=revision, answers=answers) as client:
                yield client
            stop.set()


async def elicit(params: ElicitParams) -> ElicitResult:
    assert params.message == "Who?"
    return ElicitResult(action="accept", content={"name": "Ada"})


async def roots() -> Sequence[Root]:
    return [Root("file:///home")]


def said(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, Text)
    return block.text


TRANSPORTS = pytest.mark.parametrize("transport", ["memory", "http"])
REVISIONS = pytest.mark.parametrize("revision", [*map(str, Revision), "auto"])


@TRANSPORTS
@REVISIONS
async def test_client_and_server_understand_each_other(transport: str, revision: str) -> None:
    logged: list[LoggingMessageParams] = []
    answers = Answers(elicit=elicit, roots=roots, log=logged.append)
    async with asyncio.timeout(PATIENCE), connected(transport, revision, State(), answers) as client:
        assert client.revision == (LATEST if revision == "auto" else revision)
        assert client.peer.info
        assert (client.peer.info.name, client.peer.instructions) == ("ours", "Be kind")
        await _calls(client, logged)
        await _reads(client)
        await _changes(client)
        await client.ping()


async def _calls(client: Client, logged: list[LoggingMessageParams]) -> None:
    assert said(await client.call_tool("add", {"a": 1, "region": "\u00e9"})) == '{"sum":2}'
    assert {tool.name for tool in await client.list_tools()} == {"add", "steps", "greet", "wait", "change"}
    assert said(await client.call_tool("add", {"a": 1})) == '{"sum":2}'
    assert (await client.call_tool("add", {})).is_error
    await client.set_level("info")
    heard: list[ProgressParams] = []
    assert said(await client.call_tool("steps", on_progress=heard.append)) == "two"
    assert heard[-1].progress == 2
    assert [line.data for line in logged] == ["half"]
    if client.revision >= Revision.V2025_06_18:
        assert said(await client.call_tool("greet")) == "Hello Ada of file:///home"
    with pytest.raises(RemoteError, match="-32602"):
        await client.call_tool("no such tool")


async def _reads(client: Client) -> None:
    assert (await client.read_resource("data:///one")).contents[0].text == "1"
    with pytest.raises(RemoteError) as caught:
        await client.read_resource("data:///two")
    assert caught.value.code == (-32602 if client.revision is LATEST else -32002)
    assert caught.value.data == {"uri": "data:///two"}
    assert [template.uri_template for template in await client.list_resource_templates()] == ["data:///{name}"]
    assert [prompt.name for prompt in await client.list_prompts()] == ["review"]
    assert (await client.get_prompt("review", {"code": "x"})).messages[0].content == Text("Review x")
    assert (await client.complete(PromptReference(name="review"), "code", "p")).values == ["python", "pascal"]
    template = ResourceTemplateReference(uri="data:///{name}")
    assert (await client.complete(template, "name", "o")).values == ["one"]


async def _changes(client: Client) -> None:
    async with client.listen(tools=True, uris=["data:///one"]) as changes:
        await client.call_tool("change")
        assert {await anext(changes), await anext(changes)} == {
            Change("notifications/tools/list_changed"),
            Change("notifications/resources/updated", "data:///one"),
        }


@TRANSPORTS
@pytest.mark.parametrize("revision", [str(LATEST), "2025-11-25"])
async def test_a_cancelled_call_stops_the_work(transport: str, revision: str) -> None:
    state = State()
    async with (
        asyncio.timeout(PATIENCE),
        connected(transport, revision, state) as client,
        asyncio.TaskGroup() as group,
    ):
        call = group.create_task(client.call_tool("wait"))
        await state.started.wait()
        call.cancel()
        await state.cancelled.wait()


async def test_a_thousand_calls_at_once_get_their_own_answers() -> None:
    connection = connected("memory", str(LATEST), State())
    async with asyncio.timeout(PATIENCE), connection as client, asyncio.TaskGroup() as group:
        calls = [group.create_task(client.call_tool("add", {"a": number})) for number in range(1000)]
    assert [call.result().structured_content for call in calls] == [{"sum": number + 1} for number in range(1000)]


async def test_a_server_of_this_process_is_a_target_and_runs_for_as_long_as_the_client_is_connected() -> None:
    async with Client(InProcess(SERVER, Settings(State()))) as client:
        assert client.revision == LATEST
        assert await client.list_tools()
