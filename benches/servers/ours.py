"""The echo server on this project's core and kit."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from msgspec import Struct

from mcp_protocol import Context, Server, Toolset, arg
from mcp_ref_kit import cli

Ctx = Context[None]
tools = Toolset[None]("echo")


class Settings(Struct, frozen=True, kw_only=True):
    """Nothing to decide."""


@asynccontextmanager
async def lifespan(_settings: Settings) -> AsyncGenerator[None]:
    """Nothing to keep."""
    yield


async def echo(_ctx: Ctx, text: Annotated[str, arg("What to give back.")]) -> str:
    """Echo the text."""
    return text


for name in ["echo", *(f"tool_{number}" for number in range(int(os.environ.get("BENCH_TOOLS", "1")) - 1))]:
    tools.tool(name, read_only=True)(echo)

server = Server("echo", Settings, lifespan, toolsets=[tools])
main = cli(server)

if __name__ == "__main__":
    main()
