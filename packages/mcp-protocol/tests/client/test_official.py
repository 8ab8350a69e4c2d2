"""The client against a server on the official Python SDK: both eras, stdio and HTTP."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcp_protocol.client import Answers, Change, Client, Command, RemoteError
from mcp_protocol.client.process import running
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

SERVER = str(Path(__file__).with_name("official_server.py"))
PATIENCE = 20  # seconds: the SDK takes about one to start, more on a busy machine

REVISIONS = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]


@asynccontextmanager
async def connected(transport: str, revision: str, answers: Answers | None = None) -> AsyncGenerator[Client]:
    """A client of the server: of its stdio, or of its URL as a process of its own."""
    command = Command([sys.executable, SERVER, transport], stderr="keep")
    if transport == "stdio":
        async with Client(command, revision=revision, answers=answers) as client:
            yield client
        return
    async with running(command) as process:
        url = f"http://127.0.0.1:{int(await process.receive() or b'0')}/mcp"
        async with Client(url, revision=revision, answers=answers) as client:
            yield client


def said(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, Text)
    return block.text


async def elicit(params: ElicitParams) -> ElicitResult:
    assert params.requested_schema
    assert params.requested_schema.properties.keys() == {"name"}
    return ElicitResult(action="accept", content={"name": "Ada"})


async def roots() -> Sequence[Root]:
    return [Root("file:///home")]


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("revision", REVISIONS)
async def test_everything_works_with_the_official_server(transport: str, revision: str) -> None:
    logged: list[LoggingMessageParams] = []
    answers = Answers(elicit=elicit, roots=roots, log=logged.append)
    async with asyncio.timeout(PATIENCE), connected(transport, revision, answers) as client:
        assert client.peer.info
        assert (client.peer.info.name, client.peer.instructions) == ("official", "Be kind")
        await _lists(client)
        await _calls(client, logged)
        await _reads(client)
        await _changes(client)
        await client.ping()


async def _lists(client: Client) -> None:
    tools = {tool.name: tool for tool in await client.list_tools()}
    assert tools.keys() == {"add", "fail", "steps", "wait", "greet", "change"}
    assert tools["add"].input_schema["required"] == ["a", "b"]
    assert [prompt.name for prompt in await client.list_prompts()] == ["review"]
    assert [resource.uri for resource in await client.list_resources()] == ["data://one"]
    assert [template.uri_template for template in await client.list_resource_templates()] == ["data://{name}/size"]


async def _calls(client: Client, logged: list[LoggingMessageParams]) -> None:
    assert said(await client.call_tool("add", {"a": 1, "b": 2})) == "3"
    failed = await client.call_tool("fail")
    assert failed.is_error
    assert "on purpose" in said(failed)
    if client.revision == "2026-07-28":  # its legacy sessions have no logging/setLevel
        await client.set_level("debug")
    steps: list[ProgressParams] = []
    assert said(await client.call_tool("steps", on_progress=steps.append)) == "three"
    assert [(step.progress, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert [(line.logger, line.data) for line in logged] == [("steps", "done")]
    if client.revision >= "2025-06-18":
        assert said(await client.call_tool("greet")) == "Hello Ada of file:///home"


async def _reads(client: Client) -> None:
    (contents,) = (await client.read_resource("data://one")).contents
    assert (contents.text, contents.mime_type) == ("1", "text/plain")
    assert (await client.read_resource("data://abc/size")).contents[0].text == "3"
    with pytest.raises(RemoteError) as caught:
        await client.read_resource("other://x")
    assert caught.value.code in {-32602, -32002}
    assert (await client.get_prompt("review", {"code": "x"})).messages[0].content == Text("Review x")
    assert (await client.complete(PromptReference(name="review"), "code", "p")).values == ["python", "pascal"]
    template = ResourceTemplateReference(uri="data://{name}/size")
    assert (await client.complete(template, "name", "p")).total == 2


async def _changes(client: Client) -> None:
    modern = client.revision == "2026-07-28"
    async with client.listen(tools=True, uris=["data://one"] if modern else []) as changes:
        await client.call_tool("change")
        assert await anext(changes) == Change("notifications/tools/list_changed")
        if modern:
            assert await anext(changes) == Change("notifications/resources/updated", "data://one")


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
async def test_a_cancelled_call_ends_at_the_server(transport: str, revision: str) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cancelled.set()
        writer.close()

    bell = await asyncio.start_server(hear, "127.0.0.1", 0)
    arguments = {"port": bell.sockets[0].getsockname()[1]}
    async with asyncio.timeout(PATIENCE), bell, connected(transport, revision) as client, asyncio.TaskGroup() as group:
        call = group.create_task(client.call_tool("wait", arguments, on_progress=lambda _: started.set()))
        await started.wait()
        call.cancel()
        await cancelled.wait()


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_the_newest_revision_is_found_by_asking(transport: str) -> None:
    async with asyncio.timeout(PATIENCE), connected(transport, "auto") as client:
        assert client.revision == "2026-07-28"
