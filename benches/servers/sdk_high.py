"""The echo server on the high-level server of the official Python SDK."""

import os
import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("echo", log_level="ERROR")


def echo(text: str) -> str:
    """Echo the text."""
    return text


for name in ["echo", *(f"tool_{number}" for number in range(int(os.environ.get("BENCH_TOOLS", "1")) - 1))]:
    server.add_tool(echo, name=name)

if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]), json_response=True)
    else:
        server.run("stdio")
