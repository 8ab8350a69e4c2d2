"""The client follows calls that go on as tasks: to their result, through their questions, to their failure."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import Struct

from mcp_protocol import Context, Server, Text, ToolError, Toolset
from mcp_protocol.client import Answers, Client, RemoteError
from mcp_protocol.errors import DeadlineExceeded, McpError, RemoteProtocolError
from mcp_protocol.transports.memory import join
from mcp_protocol.types import ElicitParams, ElicitResult
from tests.scripted import Message, Scripted, result

tools = Toolset[list[str]]("tools")
Ctx = Context[list[str]]


class Name(Struct, frozen=True):
    """Who."""

    name: str


@tools.tool(task="required")
async def ask(ctx: Ctx) -> str:
    """Ask before and after going into the background."""
    first = await ctx.elicit(Name, "First?")
    await ctx.background()
    second = await ctx.elicit(Name, "Second?")
    return f"{first and first.name} {second and second.name}"


@tools.tool(task="allowed")
async def fail(ctx: Ctx) -> str:
    """Fail as a tool in the background."""
    await ctx.background()
    raise ToolError("No.", code="no")


@tools.tool(task="allowed")
async def crash(ctx: Ctx) -> str:
    """Fail as a program in the background."""
    await ctx.background()
    raise RuntimeError


@tools.tool(task="allowed")
async def wait(ctx: Ctx) -> str:
    """Wait to be cancelled."""
    await ctx.background()
    ctx.state.append("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        ctx.state.append("cancelled")
    return ""


@asynccontextmanager
async def lifespan(settings: list[str]) -> AsyncGenerator[list[str]]:
    """The list that the test looks at."""
    yield settings


SERVER = Server("t", list[str], lifespan, toolsets=[tools])


@asynccontextmanager
async def connected(state: list[str], *, tasks: bool = True) -> AsyncGenerator[Client]:
    async def elicit(params: ElicitParams) -> ElicitResult:
        return ElicitResult(action="accept", content={"name": params.message})

    async with (
        SERVER.run(state) as app,
        join(app) as end,
        Client(end, answers=Answers(elicit=elicit, tasks=tasks)) as client,
    ):
        yield client


async def test_a_task_is_followed_to_its_result_and_its_questions_are_answered() -> None:
    async with connected([]) as client:
        result = await client.call_tool("ask")
        assert result.content == [Text("First? Second?")]
        assert (await client.call_tool("fail")).is_error


async def test_a_task_that_fails_is_a_remote_error() -> None:
    async with connected([]) as client:
        with pytest.raises(RemoteError, match="Internal error"):
            await client.call_tool("crash")


async def test_a_client_that_declares_no_tasks_is_never_given_one() -> None:
    async with connected([], tasks=False) as client:
        assert (await client.call_tool("fail")).is_error
        with pytest.raises(RemoteError, match="-32021"):
            await client.call_tool("ask")


async def test_who_stops_waiting_cancels_the_task() -> None:
    state: list[str] = []
    async with connected(state) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.call_tool("wait")
        async with asyncio.timeout(5):
            while "cancelled" not in state:  # noqa: ASYNC110  the server runs in this loop
                await asyncio.sleep(0.01)


async def test_a_task_without_an_end_in_sight_is_followed_all_the_same() -> None:
    """`ttlMs` null: the handle never expires."""
    handle: dict[str, Any] = {"resultType": "task", "taskId": "t", "createdAt": "", "lastUpdatedAt": "", "ttlMs": None}
    done: dict[str, Any] = {"resultType": "complete", "result": {"content": [{"type": "text", "text": "done"}]}}

    def script(message: Message) -> list[Message]:
        if message["method"] == "tools/call":
            return [result(message, handle | {"status": "working", "pollIntervalMs": 1})]
        return [result(message, handle | done | {"status": "completed"})]

    async with Client(Scripted(script), answers=Answers(tasks=True)) as client:
        assert (await client.call_tool("t")).content == [Text("done")]


HANDLE: dict[str, Any] = {
    "resultType": "task",
    "taskId": "t",
    "createdAt": "",
    "lastUpdatedAt": "",
    "ttlMs": 60_000,
    "status": "working",
    "pollIntervalMs": 1,
}


def ending(*states: dict[str, Any], ttl: int = 60_000) -> Scripted:
    """A server whose one task goes through these states, and stays in the last one."""
    left = list(states)

    def script(message: Message) -> list[Message]:
        if message["method"] == "tools/call":
            return [result(message, HANDLE | {"ttlMs": ttl})]
        if message["method"] == "tasks/get":
            return [result(message, HANDLE | {"resultType": "complete"} | (left.pop(0) if len(left) > 1 else left[0]))]
        return [result(message, {"resultType": "complete"})]

    return Scripted(script)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"status": "cancelled"}, RemoteProtocolError),
        ({"status": "failed"}, RemoteProtocolError),
        ({"status": "failed", "error": {"code": -32603, "message": "broken"}}, RemoteError),
        ({"status": "dancing"}, RemoteProtocolError),
        ({"status": "completed", "result": "no result"}, RemoteProtocolError),
    ],
)
async def test_a_task_that_ends_otherwise_is_an_error(state: dict[str, Any], error: type[McpError]) -> None:
    async with Client(ending({"status": "working"}, state), answers=Answers(tasks=True)) as client:
        with pytest.raises(error):
            await client.call_tool("t")


async def test_a_task_is_followed_until_its_handle_expires_and_no_longer() -> None:
    async with Client(ending({"status": "working"}, ttl=50), answers=Answers(tasks=True)) as client:
        with pytest.raises(DeadlineExceeded, match="when it expired"):
            await client.call_tool("t")


async def test_a_question_of_a_task_is_answered_once_however_often_it_is_shown() -> None:
    asked: list[str] = []
    form: dict[str, Any] = {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}}
    question: dict[str, Any] = {"inputRequests": {"q": {"method": "elicitation/create", "params": form}}}
    done: dict[str, Any] = {"status": "completed", "result": {"content": []}}

    async def elicit(params: ElicitParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="decline")

    waiting = {"status": "input_required"} | question
    server = ending(waiting, waiting, {"status": "input_required"}, done)
    async with Client(server, answers=Answers(elicit=elicit, tasks=True)) as client:
        await client.call_tool("t")
    assert asked == ["Who?"]
    assert [message["method"] for message in server.sent].count("tasks/update") == 1
