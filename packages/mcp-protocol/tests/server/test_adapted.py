"""A server made of another one by its settings, and tools that change while it runs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from msgspec.structs import replace

from mcp_protocol import Context, Server, ToolError, Toolset, arg
from mcp_protocol.server.app import App, Options
from mcp_protocol.server.arguments import TypedArguments
from mcp_protocol.server.results import error_result
from mcp_protocol.testing import RpcError, raw_peer
from mcp_protocol.testing.connection import Connection
from mcp_protocol.types import TextContent

apps: list[App] = []
first = Toolset[None]("first")
second = Toolset[None]("second")


@first.tool(read_only=True)
async def greet(_ctx: Context[None], name: Annotated[str, arg("Whom.")] = "you") -> str:
    """Greet."""
    return f"Hello {name}"


@second.tool(read_only=True)
async def part(_ctx: Context[None]) -> str:
    """Say good-bye."""
    return "Bye"


@second.prompt()
async def ask(_ctx: Context[None]) -> str:
    """Ask."""
    return "Well?"


class Kept(Server[None, None]):
    """Keeps hold of what runs, as a program does."""

    @asynccontextmanager
    async def run(self, settings: None, options: Options | None = None) -> AsyncGenerator[App, None]:
        async with super().run(settings, options) as app:
            apps.append(app)
            yield app


@asynccontextmanager
async def lifespan(_settings: None) -> AsyncGenerator[None]:
    yield


server = Kept("adapted", type(None), lifespan, toolsets=[first])


def test_a_server_gains_toolsets_with_all_that_is_in_them() -> None:
    more = server.adapted(server.tools, more=[second], changing=["tools"])
    assert [tool.name for tool in more.tools] == ["greet", "part"]
    assert [toolset.name for toolset in more.toolsets] == ["first", "second"]
    assert more.changing == {"tools"}
    assert [tool.name for tool in server.tools] == ["greet"]
    assert server.changing == frozenset()


async def test_the_parameters_of_a_tool_are_known_and_can_be_others() -> None:
    [tool] = server.tools
    assert isinstance(tool.arguments, TypedArguments)
    [parameter] = tool.arguments.parameters
    other = TypedArguments("greet", [replace(parameter, default="all")])
    made = server.adapted([replace(tool, arguments=other)])
    async with raw_peer(made, None) as peer:
        client = Connection(peer, {})
        [listed] = await client.list("tools")
        assert listed["inputSchema"]["properties"]["name"]["default"] == "all"
        assert (await client.call("greet")).text == "Hello all"


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_tools_that_are_offered_anew_are_listed_called_and_told_of(revision: str) -> None:
    async with raw_peer(server.adapted(server.tools, changing=["tools"]), None, revision=revision) as peer:
        client = Connection(peer, {})
        assert [tool["name"] for tool in await client.list("tools")] == ["greet"]
        if revision == "2026-07-28":
            await peer.begin("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
            await peer.notification("notifications/subscriptions/acknowledged")
        apps[-1].offer(second.tools)
        await peer.notification("notifications/tools/list_changed")
        assert [tool["name"] for tool in await client.list("tools")] == ["part"]
        assert (await client.call("part")).text == "Bye"
        with pytest.raises(RpcError):
            await client.call("greet")


def test_an_error_may_have_a_text_and_facts_of_its_own() -> None:
    class Told(ToolError):
        @property
        def text(self) -> str:
            return f"{super().text}\nline 2"

    result = error_result(Told("No.", code="x", hint="Try y."))
    [block] = result.content
    assert isinstance(block, TextContent)
    assert block.text == "x: No. Try y.\nline 2"
