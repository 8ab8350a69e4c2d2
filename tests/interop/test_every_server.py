"""The official Python client with every server: it lists, calls, and checks each result against its schema."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from tests.launch.raw import listening
from tests.launch.servers import ARGUMENTS, command

# A call that needs nothing, and how its text begins: databases that are down and private addresses are refusals.
CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "filesystem": ("list_directory", {"path": "."}, ""),
    "sqlite": ("query", {"sql": "SELECT text FROM notes"}, "{"),
    "postgres": ("query", {"sql": "SELECT 1"}, "connection: "),
    "git": ("git_status", {}, ""),
    "fetch": ("fetch", {"url": "http://127.0.0.1/"}, "blocked_address: "),
    "redis": ("read_key", {"key": "a"}, "connection: "),
    "browser": ("browser_session", {"action": "list"}, ""),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


async def converse(server: Any, name: str, mode: str) -> None:
    tool, arguments, begins = CALLS[name]
    with anyio.fail_after(30):
        async with Client(server, mode=mode) as client:
            assert tool in {one.name for one in (await client.list_tools()).tools}
            result = await client.call_tool(tool, arguments)
            [first, *_] = result.content
            assert isinstance(first, TextContent)
            assert first.text.startswith(begins), first.text
            assert bool(result.is_error) == begins.endswith(": ")


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_python_client_calls_every_server_on_stdio(name: str, mode: str, place: Path) -> None:
    program, *arguments = command(name, place)
    await converse(StdioServerParameters(command=program, args=arguments), name, mode)


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_the_python_client_calls_every_server_over_http(name: str, place: Path) -> None:
    with listening(command(name, place)) as (_, url):
        for mode in ("legacy", "2026-07-28"):
            await converse(url, name, mode)
