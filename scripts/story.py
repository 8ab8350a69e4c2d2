"""What the demo does with a session: look around, edit and undo, and try to get out."""

from pathlib import Path
from textwrap import fill
from typing import Any

from mcp_protocol.client import Client
from mcp_protocol.types import CallToolResult, TextContent
from scripts.transcript import answer, check, diff, say, sent


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


async def look_around(client: Client) -> None:
    """List, tree, search, read."""
    say("What is here?")
    await call(client, "list_directory", path=".")
    await call(client, "directory_tree", path="packages", maxDepth=3, lines=14)
    say("Where is a thing defined?")
    found = await call(client, "search_content", pattern=r"class \w+Error\(", include=["**/errors.py"], maxMatches=5)
    check("the search found something", holds=bool(found.structured_content["matches"]))
    say("Only the part that matters:")
    await call(client, "read_text_file", path=found.structured_content["matches"][0]["path"], offset=50, limit=6)


async def change_and_undo(client: Client, work: Path) -> None:
    """An edit as a diff, dry and for good; then as if it had never been."""
    path = work / "LICENSE"
    before = path.read_bytes()
    edits = [{"oldText": "MIT License", "newText": "MIT License (edited by the demo)"}]
    say("An edit, first to look at, then for good:")
    looked = await call(client, "edit_file", path="LICENSE", edits=edits, dryRun=True, quiet=True)
    diff(looked.structured_content["diff"])
    check("a dry run changes nothing", holds=path.read_bytes() == before)
    edited = await call(client, "edit_file", path="LICENSE", edits=edits, quiet=True)
    check("the file is changed now", holds=b"edited by the demo" in path.read_bytes())
    say("Every change can be undone:")
    await call(client, "undo_change", changeId=edited.structured_content["changeId"], lines=4)
    check("the file is as it was, byte for byte", holds=path.read_bytes() == before)


async def try_to_escape(client: Client) -> None:
    """By dots, by an absolute path, through a link; and a write where git would run it."""
    say("Four ways out, and what the server says:")
    for path in ("../../../../etc/passwd", "/etc/passwd", "way-out/passwd"):
        outcome = await call(client, "read_text_file", path=path)
        check("it was refused", holds=bool(outcome.is_error) and "root:x:" not in text_of(outcome))
    outcome = await call(client, "write_file", path=".git/hooks/pre-commit", content="#!/bin/sh\n", createParents=True)
    check("it was refused", holds=bool(outcome.is_error))
