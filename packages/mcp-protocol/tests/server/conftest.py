"""A small server that the tests of this folder drive by hand; its state is a list that they look at."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from msgspec import Struct

from mcp_protocol.errors import MissingCapability, ToolError
from mcp_protocol.schema import arg
from mcp_protocol.server.app import Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset

Text = Annotated[str, arg("Some text.")]
tools = Toolset[list[str]]("tools")
Ctx = Context[list[str]]


class Echo(Struct, frozen=True):
    """What was said."""

    said: str


class Name(Struct, frozen=True):
    """Who are you?"""

    name: str


@tools.tool(read_only=True)
async def echo(ctx: Ctx, text: Text) -> Echo:
    """Say it again."""
    del ctx
    return Echo(text)


@tools.tool(read_only=True)
async def fail(ctx: Ctx) -> str:
    """Fail as a tool."""
    del ctx
    raise ToolError("It is Monday.", code="monday", hint="Try Tuesday.", retryable=True)


@tools.tool(read_only=True)
async def crash(ctx: Ctx) -> str:
    """Fail as a program."""
    del ctx
    raise RuntimeError("the secret is 42")


@tools.tool()
async def greet(ctx: Ctx) -> str:
    """Ask for a name."""
    answer = await ctx.elicit(Name, "Your name?")
    ctx.state.append("greeted")
    return "Nobody" if answer is None else f"Hello, {answer.name}!"


@tools.tool()
async def remove(ctx: Ctx) -> str:
    """Ask before removing."""
    answer = await ctx.elicit(Name, "Type your name to remove it.", key="confirm", authorises=True)
    if answer is None:
        return "Kept."
    ctx.state.append("removed")
    return "Removed."


@tools.tool()
async def greet_or_not(ctx: Ctx) -> str:
    """Ask for a name if one can."""
    try:
        await ctx.elicit(Name, "Your name?")
    except MissingCapability:
        return "I cannot ask."
    return "I asked."


@tools.tool(read_only=True)
async def count_up(ctx: Ctx) -> str:
    """Report progress."""
    for done in range(1, 4):
        await ctx.progress(done, 3, f"step {done}")
        await asyncio.sleep(0.03)
    await ctx.log("warning", {"rows": 3})
    await ctx.log("debug", "details")
    return "done"


@tools.tool(read_only=True, seconds=0.05)
async def dawdle(ctx: Ctx) -> str:
    """Take too long."""
    await asyncio.sleep(60)
    return str(ctx)


@tools.tool(read_only=True)
async def wait(ctx: Ctx) -> str:
    """Wait to be cancelled."""
    ctx.state.append("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        ctx.state.append("cancelled")
    return ""


@tools.resource("note:///{name}", mime_type="text/plain")
async def note(ctx: Ctx, name: str) -> str:
    """A note."""
    del ctx
    if name != "one":
        raise ToolError(f"There is no {name}.", code="not_found")
    return "first note"


@tools.resource("note:///index", static=True)
async def index(ctx: Ctx) -> str:
    """The list of notes."""
    del ctx
    return "one"


@tools.watch(note)
async def watch_note(ctx: Ctx, name: str) -> AsyncGenerator[object]:
    """Changes of a note."""
    if name != "one":
        raise ToolError("No.", code="not_found")
    return _three_changes(ctx)


async def _three_changes(ctx: Ctx) -> AsyncGenerator[object]:
    for _ in range(3):
        yield
    ctx.state.append("watched")


@tools.prompt()
async def ask_about(ctx: Ctx, topic: Text) -> str:
    """Ask about something."""
    del ctx
    return f"What is {topic}?"


@tools.complete(ask_about, "topic")
async def topics(ctx: Ctx, prefix: str) -> list[str]:
    """Topics."""
    del ctx
    return [topic for topic in ["apples", "pears"] if topic.startswith(prefix)]


@asynccontextmanager
async def lifespan(settings: list[str] | None) -> AsyncGenerator[list[str]]:
    """The state is the list that the test looks at."""
    yield [] if settings is None else settings


SERVER = Server("small", list[str], lifespan, toolsets=[tools], version="1.2", changing=["tools"])


@pytest.fixture
def small() -> Server[Any, Any]:
    """The server."""
    return SERVER
