"""A server on the official Python SDK, run as a child process: the client's counterpart in its tests.

Its argument is the transport: stdio or http.
"""

import os
import socket
import sys
import warnings
from threading import Thread

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import (
    CallToolResult,
    Completion,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    TextContent,
)
from pydantic import BaseModel

warnings.simplefilter("ignore")

server = MCPServer("official", version="9", instructions="Be kind", log_level="ERROR")

MODERN = "2026-07-28"
FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


class Person(BaseModel):
    name: str


def is_modern(ctx: Context) -> bool:
    return ctx.request_context.protocol_version == MODERN


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ToolError("on purpose")


@server.tool()
async def steps(ctx: Context) -> str:
    """Report three steps."""
    for step in (1, 2, 3):
        await ctx.report_progress(step, 3, f"step {step}")
    await ctx.log("info", "done", logger_name="steps")  # pyright: ignore[reportDeprecated]  what clients still hear
    return "three"


@server.tool()
async def wait(port: int, ctx: Context) -> str:
    """Wait for ever; when cancelled, ring at a port."""
    try:
        await ctx.report_progress(1)
        await anyio.sleep_forever()
    except BaseException:
        socket.create_connection(("127.0.0.1", port)).close()
        raise
    return ""


@server.tool()
async def greet(ctx: Context) -> CallToolResult | InputRequiredResult:
    """Ask for a name and for the roots, then greet."""
    if is_modern(ctx):
        answers = ctx.input_responses or {}
        if ctx.request_state != "state: \u00e9\n" or set(answers) != {"who", "where"}:
            question = ElicitRequest(params=ElicitRequestFormParams(message="Who?", requested_schema=FORM))
            return InputRequiredResult(
                input_requests={"who": question, "where": ListRootsRequest()}, request_state="state: \u00e9\n"
            )
        who, where = answers["who"], answers["where"]
        name = who.content["name"] if isinstance(who, ElicitResult) and who.content else "nobody"
        roots = [str(root.uri) for root in where.roots] if isinstance(where, ListRootsResult) else []
    else:
        answer = await ctx.elicit("Who?", Person)
        name = answer.data.name if answer.action == "accept" else "nobody"
        found = await ctx.session.list_roots()  # pyright: ignore[reportDeprecated]  what legacy clients have
        roots = [str(root.uri) for root in found.roots]
    return CallToolResult(content=[TextContent(text=f"Hello {name} of {', '.join(roots)}")])


@server.tool()
async def change(ctx: Context) -> str:
    """Say that the tools have changed."""
    if is_modern(ctx):
        await ctx.notify_tools_changed()
        await ctx.notify_resource_updated("data://one")
    else:
        await ctx.session.send_tool_list_changed()
    return "changed"


@server.resource("data://one", mime_type="text/plain")
def one() -> str:
    """The number one."""
    return "1"


@server.resource("data://{name}/size")
def size(name: str) -> str:
    """The length of a name."""
    return str(len(name))


@server.prompt()
def review(code: str) -> str:
    """Review some code."""
    return f"Review {code}"


@server.completion()
async def complete(ref: object, argument: object, context: object) -> Completion:  # noqa: ARG001  the SDK's signature
    return Completion(values=["python", "pascal"], total=2, has_more=False)


def end_with_stdin() -> None:
    """Do as a server on stdio does."""
    sys.stdin.read()
    os._exit(0)


def serve_http() -> None:
    """Serve on a free port, which is told on stdout once connections are taken."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201  whoever has started us reads it
    Thread(target=end_with_stdin, daemon=True).start()
    config = uvicorn.Config(server.streamable_http_app(), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "http":
        serve_http()
    else:
        server.run("stdio")
