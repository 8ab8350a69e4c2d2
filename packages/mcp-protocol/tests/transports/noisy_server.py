"""A server for tests of the stdio transport: its tools print, block, spawn and wait."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from mcp_protocol.schema import arg
from mcp_protocol.server.app import Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.transports import stdio
from mcp_protocol.types import Text

tools = Toolset[None]("tools")
Ctx = Context[None]


@tools.tool(read_only=True)
async def echo(ctx: Ctx, text: Annotated[str, arg("Some text.")]) -> Text:
    """Say it again."""
    del ctx
    return Text(text)


@tools.tool(read_only=True)
async def shout(ctx: Ctx) -> str:
    """Print where the protocol used to be: by Python, by descriptor, by a child that also reads stdin."""
    del ctx
    print('{"jsonrpc":"2.0","id":1,"result":{}}')  # noqa: T201  that it does no harm is the test
    sys.stdout.flush()
    os.write(1, b"written to fd 1\n")
    child = subprocess.run(["/bin/sh", "-c", "echo from a child; cat"], check=False, timeout=5)  # noqa: ASYNC221  that it blocks does not matter here
    return f"child ended with {child.returncode}"


@tools.tool(read_only=True)
async def nap(ctx: Ctx, seconds: Annotated[float, arg("How long.")]) -> str:
    """Sleep."""
    del ctx
    await asyncio.sleep(seconds)
    return "rested"


@tools.tool(read_only=True)
async def leave_a_mark(ctx: Ctx, path: Annotated[str, arg("Where to say that it was cancelled.")]) -> str:
    """Wait for cancellation."""
    del ctx
    sys.stderr.write("waiting\n")
    try:
        await asyncio.sleep(60)
    finally:
        Path(path).write_text("cancelled")  # noqa: ASYNC240  one small file
    return ""


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None]:
    """Nothing to keep."""
    yield settings


async def main(streams: stdio.Streams) -> None:
    """Serve on stdio until the end of input."""
    async with Server("noisy", type(None), lifespan, toolsets=[tools]).run(None) as app:
        await stdio.serve(app, streams)


if __name__ == "__main__":
    asyncio.run(main(stdio.take_over()))
