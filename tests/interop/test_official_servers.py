"""Our client uses the official servers: the Python ones, and the TypeScript ones on both transports."""

import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcp_protocol.client import Answers, Client, Command
from mcp_protocol.types import (
    CallToolResult,
    CreateMessageParams,
    CreateMessageResult,
    ElicitParams,
    ElicitResult,
    LoggingMessageParams,
    ProgressParams,
    PromptReference,
    Root,
    Text,
)
from scripts.node import node
from tests.launch.raw import Launched

PATIENCE = 40
OFFICIAL = "node_modules/@modelcontextprotocol"
# What each of them speaks to a client that asks for the newest, and to one that insists on an older revision.
NEWEST = {"python": "2026-07-28", "typescript": "2025-11-25"}


@asynccontextmanager
async def connected(
    target: Sequence[str] | str, *, revision: str = "auto", answers: Answers | None = None
) -> AsyncGenerator[Client]:
    where = target if isinstance(target, str) else Command(target, stderr="keep")
    async with Client(where, revision=revision, answers=answers, deadline=PATIENCE) as client:
        yield client


def said(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, Text))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", place], check=True)
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "-C", place, *identity, "commit", "-qm", "First", "--allow-empty"], check=True)
    return place


@pytest.mark.parametrize("revision", ["auto", "2025-06-18"])
async def test_the_official_git_server(strangers: Path, repository: Path, revision: str) -> None:
    command = [str(strangers.with_name("mcp-server-git")), "--repository", str(repository)]
    async with connected(command, revision=revision) as client:
        assert client.revision == (NEWEST["python"] if revision == "auto" else revision)
        assert "git_log" in {tool.name for tool in await client.list_tools()}
        assert "First" in said(await client.call_tool("git_log", {"repo_path": str(repository)}))
        outside = await client.call_tool("git_log", {"repo_path": str(repository.parent)})
        assert outside.is_error


@pytest.mark.parametrize("revision", ["auto", "2024-11-05"])
async def test_the_official_time_server(strangers: Path, revision: str) -> None:
    async with connected([str(strangers.with_name("mcp-server-time"))], revision=revision) as client:
        assert client.revision == (NEWEST["python"] if revision == "auto" else revision)
        told = said(await client.call_tool("get_current_time", {"timezone": "Europe/Berlin"}))
        assert '"timezone": "Europe/Berlin"' in told
        assert (await client.call_tool("get_current_time", {"timezone": "Nowhere"})).is_error


async def test_the_official_filesystem_server_is_narrowed_by_our_roots(programs: Path, directory: Path) -> None:
    async def roots() -> Sequence[Root]:
        return [Root(directory.as_uri())]

    server = programs / OFFICIAL / "server-filesystem" / "dist" / "index.js"
    async with connected([node(), str(server), "/"], answers=Answers(roots=roots)) as client:
        assert client.revision == NEWEST["typescript"]
        await client.ping()
        read = await client.call_tool("read_text_file", {"path": str(directory / "a.txt")})
        assert read.structured_content == {"content": "one\ntwo\nthree\n"}
        assert str(directory) in said(await client.call_tool("list_allowed_directories"))


async def uses_everything(client: Client, steps: list[ProgressParams]) -> None:
    """A tool, its progress, a resource, a template, a prompt and a completion."""
    assert client.revision == NEWEST["typescript"]
    assert "echo" in {tool.name for tool in await client.list_tools()}
    assert said(await client.call_tool("echo", {"message": "hello"})) == "Echo: hello"
    long = {"duration": 0.2, "steps": 2}
    await client.call_tool("trigger-long-running-operation", long, on_progress=steps.append)
    resource = (await client.list_resources())[0]
    assert (await client.read_resource(resource.uri)).contents
    assert await client.list_resource_templates()
    assert (await client.get_prompt("args-prompt", {"city": "Kyoto"})).messages
    completion = await client.complete(PromptReference(name="completable-prompt"), "department", "Eng")
    assert completion.values == ["Engineering"]


async def test_the_official_everything_server_on_stdio(programs: Path) -> None:
    steps: list[ProgressParams] = []
    asked: list[str] = []

    async def elicit(params: ElicitParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="decline")

    async def sample(params: CreateMessageParams) -> CreateMessageResult:
        asked.append(str(params.max_tokens))
        return CreateMessageResult(role="assistant", model="none", content=Text("Paris"))

    heard: list[LoggingMessageParams] = []
    answers = Answers(elicit=elicit, sample=sample, log=heard.append)
    server = programs / OFFICIAL / "server-everything" / "dist" / "index.js"
    async with connected([node(), str(server), "stdio"], answers=answers) as client:
        await uses_everything(client, steps)
        tools = {tool.name for tool in await client.list_tools()}
        assert "Paris" in said(await client.call_tool("trigger-sampling-request", {"prompt": "x", "maxTokens": 7}))
        assert {"trigger-elicitation-request"} <= tools
        await client.call_tool("trigger-elicitation-request")
        await client.set_level("debug")
    assert [step.progress for step in steps] == [1, 2]
    assert asked[0] == "7"
    assert len(asked) == 2


async def test_the_official_everything_server_over_http(programs: Path) -> None:
    """With a session, its own stream, resumability and an end."""
    server = programs / OFFICIAL / "server-everything" / "dist" / "index.js"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Launched([node(), str(server), "streamableHttp"], env={**os.environ, "PORT": str(port)}) as launched:
        launched.wait_for(r"(?i)listening on port")
        steps: list[ProgressParams] = []
        async with connected(f"http://127.0.0.1:{port}/mcp") as client:
            await uses_everything(client, steps)
            await client.set_level("info")
    assert [step.progress for step in steps] == [1, 2]
