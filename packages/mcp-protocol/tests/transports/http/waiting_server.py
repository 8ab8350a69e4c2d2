"""A server with one tool that waits, run as a process of its own: `waiting_server.py DRAIN_SECONDS`."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp_protocol.limits import Limits
from mcp_protocol.server.app import Options, Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.app import HttpOptions
from mcp_protocol.transports.loops import fast_loop

tools = Toolset[None]("tools")


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@tools.tool()
async def wait(ctx: Context[None]) -> str:
    """Wait for ever."""
    del ctx
    say("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        say("cancelled")
    return ""


@asynccontextmanager
async def lifespan(_: Any) -> AsyncGenerator[None]:
    yield None
    say("closed")


async def main() -> None:
    limits = Limits(drain_seconds=float(sys.argv[1]))
    async with Server("waiting", dict[str, Any], lifespan, toolsets=[tools]).run({}, Options(limits=limits)) as app:
        await serve.serve(app, HttpOptions(), serve.Listen(port=0), announce=say)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(main())
