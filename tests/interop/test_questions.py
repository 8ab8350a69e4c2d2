"""Questions, progress and content of the fixture server reach the official Python client in both eras."""

import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp_types import (
    CallToolResult,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    ListRootsResult,
    Root,
    TextContent,
)
from pydantic import FileUrl

from tests.launch.raw import listening

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-everything"))
each_mode = pytest.mark.parametrize("mode", ["legacy", "auto"])


@pytest.fixture(params=["stdio", "http"])
def everything(request: pytest.FixtureRequest) -> Generator[StdioServerParameters | str]:
    if request.param == "stdio":
        yield StdioServerParameters(command=SCRIPT)
        return
    with listening([SCRIPT]) as (_, url):
        yield url


@asynccontextmanager
async def connected(server: StdioServerParameters | str, mode: str, **options: Any) -> AsyncGenerator[Client]:
    with anyio.fail_after(30):
        async with Client(server, mode=mode, **options) as client:
            yield client


async def accept(_context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    content = {"name": "Alice", "username": "alice", "email": "alice@example.com"}
    wanted = getattr(params, "requested_schema", {}).get("properties", {})
    return ElicitResult(action="accept", content={name: content[name] for name in wanted})


async def answer(_context: ClientRequestContext, params: CreateMessageRequestParams) -> CreateMessageResult:
    assert params.max_tokens == 100
    return CreateMessageResult(role="assistant", content=TextContent(type="text", text="Paris"), model="test")


async def roots(_context: ClientRequestContext) -> ListRootsResult:
    return ListRootsResult(roots=[Root(uri=FileUrl("file:///home/alice"), name="home")])


def text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


@each_mode
async def test_the_user_is_asked_in_either_era(everything: StdioServerParameters | str, mode: str) -> None:
    tool = {"legacy": "test_elicitation", "auto": "test_input_required_result_elicitation"}[mode]
    arguments = {"legacy": {"message": "Who are you?"}, "auto": {}}[mode]
    async with connected(everything, mode, elicitation_callback=accept) as client:
        assert "alice" in text(await client.call_tool(tool, arguments)).lower()


@each_mode
async def test_a_model_is_asked_in_either_era(everything: StdioServerParameters | str, mode: str) -> None:
    tool = {"legacy": "test_sampling", "auto": "test_input_required_result_sampling"}[mode]
    arguments = {"legacy": {"prompt": "The capital of France?"}, "auto": {}}[mode]
    async with connected(everything, mode, sampling_callback=answer) as client:
        assert "Paris" in text(await client.call_tool(tool, arguments))


async def test_several_rounds_and_several_questions_at_once(everything: StdioServerParameters | str) -> None:
    async def sample(_context: ClientRequestContext, _params: CreateMessageRequestParams) -> CreateMessageResult:
        return CreateMessageResult(role="assistant", content=TextContent(type="text", text="Hello"), model="test")

    callbacks = {"elicitation_callback": accept, "sampling_callback": sample, "list_roots_callback": roots}
    async with connected(everything, "2026-07-28", **callbacks) as client:
        result = await client.call_tool("test_input_required_result_multiple_inputs", {})
        assert not result.is_error
        assert "home" in text(await client.call_tool("test_input_required_result_list_roots", {}))


@each_mode
async def test_progress_arrives_step_by_step(everything: StdioServerParameters | str, mode: str) -> None:
    steps: list[float] = []

    async def collect(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001  the SDK's names
        steps.append(progress)

    async with connected(everything, mode) as client:
        await client.call_tool("test_tool_with_progress", {}, progress_callback=collect)
    assert steps == [0, 50, 100]


@each_mode
async def test_every_kind_of_content_is_understood(everything: StdioServerParameters | str, mode: str) -> None:
    async with connected(everything, mode) as client:
        kinds = {
            block.type
            for tool in ("test_image_content", "test_audio_content", "test_embedded_resource", "test_simple_text")
            for block in (await client.call_tool(tool, {})).content
        }
    assert kinds == {"image", "audio", "resource", "text"}
