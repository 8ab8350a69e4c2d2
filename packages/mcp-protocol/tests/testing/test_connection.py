"""The harness for authors: calls, failures, questions in every revision that has them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from msgspec import Struct

from mcp_protocol import Context, Server, ToolError, Toolset, arg
from mcp_protocol.revisions import Revision
from mcp_protocol.testing import RpcError, connect

tools = Toolset[None]("tools")


class Agreement(Struct, frozen=True):
    """Really?"""

    yes: bool


@tools.tool()
async def drop(ctx: Context[None], name: Annotated[str, arg("Which one.")]) -> str:
    """Drop a thing, after asking and looking where."""
    if name == "sky":
        raise ToolError("There is no sky.", code="not_found")
    roots = await ctx.list_roots()
    answer = await ctx.elicit(Agreement, f"Drop {name}?")
    return f"{name} {'dropped' if answer and answer.yes else 'kept'} in {roots[0].uri}"


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None]:
    """Nothing."""
    yield settings


SERVER = Server("t", type(None), lifespan, toolsets=[tools])


@pytest.mark.parametrize("revision", [Revision.V2025_06_18, Revision.V2025_11_25, Revision.V2026_07_28])
async def test_a_test_answers_what_the_server_asks(revision: Revision) -> None:
    answers: dict[str, Callable[[Any], Any]] = {
        "roots/list": lambda _: {"roots": [{"uri": "file:///home"}]},
        "elicitation/create": lambda params: {"action": "accept", "content": {"yes": params["message"] == "Drop x?"}},
    }
    async with connect(SERVER, revision=revision, answers=answers) as client:
        result = await client.call("drop", name="x")
        assert (result.text, result.data, result.is_error) == (
            "x dropped in file:///home",
            {"result": "x dropped in file:///home"},
            False,
        )
        failed = await client.call("drop", name="sky")
        assert (failed.is_error, failed.error_code, failed.data) == (True, "not_found", None)
        with pytest.raises(RpcError, match="-32602"):
            await client.call("drip")
        assert [tool["name"] for tool in await client.list("tools")] == ["drop"]
