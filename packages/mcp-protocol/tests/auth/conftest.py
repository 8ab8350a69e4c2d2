"""A server with a tool of each kind, and an issuer that it trusts."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest

from mcp_protocol import Context, Server, Toolset, arg
from tests.oauth import House, Issuer, issuing, trusting

Ctx = Context[None]
tools: Toolset[None] = Toolset("tools")
Word = Annotated[str, arg("A word.")]


@tools.tool(read_only=True)
async def look(ctx: Ctx) -> str:
    """Look."""
    return ctx.principal.subject


@tools.tool()
async def write(ctx: Ctx, word: Word = "") -> str:
    """Write, reporting at once."""
    await ctx.progress(1)
    return word


@tools.tool(admin=True)
async def reset(ctx: Ctx) -> str:
    """Begin again."""
    return ctx.principal.subject


@tools.resource("test:///note")
async def note(ctx: Ctx) -> str:
    """A note."""
    return ctx.principal.subject


@tools.resource("test:///notes/{name}")
async def named(ctx: Ctx, name: str) -> str:
    """One of several."""
    return f"{ctx.principal.subject}: {name}"


@tools.prompt()
async def hello(ctx: Ctx) -> str:
    """Say hello."""
    return ctx.principal.subject


@tools.complete(named, "name")
async def names(ctx: Ctx, prefix: str) -> list[str]:
    """Names."""
    return [ctx.principal.subject + prefix]


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None]:
    yield settings


SERVER = Server("test", type(None), lifespan, toolsets=[tools])


@pytest.fixture
def server() -> Server[None, None]:
    return SERVER


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as found:
        yield found


@pytest.fixture
async def house(issuer: Issuer) -> AsyncIterator[House]:
    async with trusting(issuer, SERVER) as found:
        yield found
