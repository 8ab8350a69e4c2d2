"""A conversation in the demo: what is sent, what comes back, who is there."""

from textwrap import fill
from typing import Any

from mcp_protocol.client import Client
from mcp_protocol.types import CallToolResult, TextContent
from scripts.transcript import answer, say, sent


async def call(client: Client, tool: str, *, quiet: bool = False, lines: int = 12, **arguments: Any) -> CallToolResult:
    """Call a tool and show both sides of it."""
    sent(tool, arguments)
    result = await client.call_tool(tool, arguments)
    if not quiet:
        answer(text_of(result), lines=lines, style="bad" if result.is_error else "answer")
    return result


def text_of(result: CallToolResult) -> str:
    """The text blocks."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def introduce(client: Client) -> None:
    """Who is there, and what it can do."""
    tools = [tool.name for tool in await client.list_tools()]
    say(f"The server speaks {client.revision} and offers {len(tools)} tools:")
    answer(fill(", ".join(tools), 100))
