"""Apps: documents beside a tool's result are named by the tool, read as they are, and found nowhere else."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol import Context, Revision, Server, Toolset
from mcp_protocol.testing import RpcError, connect

APPS = "io.modelcontextprotocol/ui"
TYPE = "text/html;profile=mcp-app"
PAGE = "<!DOCTYPE html><html lang=en><title>Clock</title><body>12:00</body></html>"
URI = "ui://t/clock"

tools = Toolset[str]("tools")
Ctx = Context[str]


@tools.app(URI, title="Clock", permissions=["clipboardWrite"], prefers_border=True)
async def clock(ctx: Ctx) -> str:
    """A clock."""
    return ctx.state


@tools.tool(read_only=True, app=clock)
async def tell(ctx: Ctx) -> str:
    """Tell the time."""
    del ctx
    return "12:00"


@tools.tool(read_only=True, app=clock, visibility=["app"], meta={"own": 1})
async def tick(ctx: Ctx) -> str:
    """What the document asks every second."""
    del ctx
    return "12:01"


@tools.tool(read_only=True)
async def plain(ctx: Ctx) -> str:
    """Nothing to show."""
    del ctx
    return ""


@asynccontextmanager
async def lifespan(settings: str) -> AsyncGenerator[str, None]:
    yield settings


SERVER = Server("t", str, lifespan, toolsets=[tools])


async def test_a_tool_names_its_document_and_who_may_call_it() -> None:
    async with connect(SERVER, PAGE) as client:
        listed = {tool["name"]: tool.get("_meta") for tool in (await client.request("tools/list", {}))["tools"]}
    assert listed == {
        "tell": {"ui": {"resourceUri": URI}},
        "tick": {"ui": {"resourceUri": URI, "visibility": ["app"]}, "own": 1},
        "plain": None,
    }


async def test_a_document_is_read_with_what_it_asks_for_and_is_not_listed() -> None:
    async with connect(SERVER, PAGE) as client:
        assert (await client.request("resources/list", {}))["resources"] == []
        [found] = (await client.request("resources/read", {"uri": URI}))["contents"]
    ui: dict[str, Any] = {"permissions": {"clipboardWrite": {}}, "prefersBorder": True}
    assert found == {"uri": URI, "mimeType": TYPE, "text": PAGE, "_meta": {"ui": ui}}


async def test_the_extension_is_declared_where_there_are_documents() -> None:
    async with connect(SERVER, PAGE) as client:
        offered = (await client.request("server/discover", {}))["capabilities"]
    assert offered["extensions"] == {APPS: {"mimeTypes": [TYPE]}}


async def test_hosts_without_the_extension_see_an_ordinary_tool() -> None:
    async with connect(SERVER, PAGE, revision=Revision.V2025_06_18) as client:
        assert (await client.call("tell")).text == "12:00"


async def test_what_is_no_document_is_not_shown() -> None:
    async with connect(SERVER, "<p>half a page") as client:
        with pytest.raises(RpcError, match="Internal error"):
            await client.request("resources/read", {"uri": URI})


@pytest.mark.parametrize("uri", ["https://t/clock", "ui://t/{name}", "clock"])
def test_a_document_has_a_uri_of_its_own(uri: str) -> None:
    with pytest.raises(ValueError, match="ui://SERVER/NAME"):
        Toolset[Any]("other").app(uri)(clock)


def test_a_document_of_another_toolset_or_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="not registered in this toolset"):
        Toolset[Any]("other").tool(read_only=True, app=clock)(plain)
    with pytest.raises(ValueError, match="registered twice"):
        tools.app(URI)(clock)
