"""The client of the official Python SDK, in each of its modes, talks to the filesystem server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp_types import ListRootsResult, PromptReference, Root, TextContent, TextResourceContents
from pydantic import FileUrl

MODES = [
    pytest.param("legacy", "2025-11-25", id="legacy"),
    pytest.param("auto", "2026-07-28", id="auto"),
    pytest.param("2026-07-28", "2026-07-28", id="pinned"),
]
each_mode = pytest.mark.parametrize(("mode", "revision"), MODES)
Target = dict[str, Any]


@asynccontextmanager
async def connected(target: Target, mode: str, **options: Any) -> AsyncGenerator[Client]:
    server = target["url"] if "url" in target else StdioServerParameters(**target)
    with anyio.fail_after(30):
        async with Client(server, mode=mode, **options) as client:
            yield client


@each_mode
async def test_the_python_client_lists_reads_edits_and_is_refused_outside(
    target: Target, directory: Path, mode: str, revision: str
) -> None:
    async with connected(target, mode) as client:
        assert client.protocol_version == revision
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert {"read_text_file", "edit_file"} <= tools

        read = await client.call_tool("read_text_file", {"path": "a.txt"})
        assert read.structured_content is not None
        assert read.structured_content["content"] == "one\ntwo\nthree\n"

        await client.call_tool("edit_file", {"path": "a.txt", "edits": [{"oldText": "two", "newText": "2"}]})
        assert (directory / "a.txt").read_text() == "one\n2\nthree\n"

        outside = await client.call_tool("read_text_file", {"path": "/etc/hostname"})
        assert outside.is_error
        assert isinstance(outside.content[0], TextContent)
        assert outside.content[0].text.startswith("denied_outside_root: ")


@each_mode
async def test_the_python_client_reads_resources_prompts_and_completions(
    target: Target, directory: Path, mode: str, revision: str
) -> None:
    async with connected(target, mode) as client:
        assert client.protocol_version == revision
        [root] = (await client.list_resources()).resources
        assert root.uri.startswith("file:///")
        content = (await client.read_resource((directory / "a.txt").as_uri())).contents[0]
        assert isinstance(content, TextResourceContents)
        assert content.text == "one\ntwo\nthree\n"
        prompt = await client.get_prompt("review_file", {"path": "a.txt"})
        assert prompt.messages[0].role == "user"
        completed = await client.complete(PromptReference(name="review_file"), {"name": "path", "value": "a"})
        assert completed.completion.values == ["a.txt"]


@each_mode
async def test_an_unknown_tool_is_a_protocol_error(target: Target, mode: str, revision: str) -> None:
    async with connected(target, mode) as client:
        assert client.protocol_version == revision
        with pytest.raises(MCPError) as caught:
            await client.call_tool("no_such_tool", {})
    assert caught.value.error.code == -32602


@each_mode
async def test_progress_reaches_the_python_client_in_order(
    target: Target, directory: Path, mode: str, revision: str
) -> None:
    for number in range(300):
        (directory / f"{number}.txt").write_text("one\n" * 200)
    steps: list[float] = []

    async def collect(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001  the SDK's names
        steps.append(progress)

    async with connected(target, mode) as client:
        assert client.protocol_version == revision
        await client.call_tool("search_content", {"pattern": "absent"}, progress_callback=collect)
    assert steps == sorted(steps)


@each_mode
async def test_a_cancelled_call_leaves_the_connection_usable(target: Target, mode: str, revision: str) -> None:
    async with connected(target, mode) as client:
        assert client.protocol_version == revision
        with anyio.move_on_after(0.5) as scope:
            await client.call_tool("wait_for_change", {"paths": ["a.txt"], "timeoutSeconds": 60})
        assert scope.cancelled_caught
        after = await client.call_tool("get_file_info", {"path": "a.txt"})
        assert not after.is_error


@each_mode
async def test_the_roots_of_the_python_client_narrow_what_it_may_read(
    target: Target, directory: Path, mode: str, revision: str
) -> None:
    inner = directory / "inner"
    inner.mkdir()
    (inner / "b.txt").write_text("inside\n")

    async def roots(_context: ClientRequestContext) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=FileUrl(inner.as_uri()))])

    async with connected(target, mode, list_roots_callback=roots) as client:
        assert client.protocol_version == revision
        assert not (await client.call_tool("read_text_file", {"path": str(inner / "b.txt")})).is_error
        assert (await client.call_tool("read_text_file", {"path": str(directory / "a.txt")})).is_error
