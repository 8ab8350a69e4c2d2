"""The echo server on the low-level server of the official Python SDK."""

import os
import sys
from typing import Any

import anyio
import uvicorn
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
NAMES = ["echo", *(f"tool_{number}" for number in range(int(os.environ.get("BENCH_TOOLS", "1")) - 1))]
TOOLS = [Tool(name=name, description="Echo the text.", input_schema=SCHEMA) for name in NAMES]


async def list_tools(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
    """All of them."""
    return ListToolsResult(tools=TOOLS)


async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
    """Echo."""
    text = (params.arguments or {})["text"]
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content={"result": text})


server = Server("echo", on_list_tools=list_tools, on_call_tool=call_tool)


async def main() -> None:
    """Serve stdio."""
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        app = server.streamable_http_app(json_response=True)
        uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
    else:
        anyio.run(main)
