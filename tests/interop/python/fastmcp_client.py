"""One conversation of FastMCP's client with the filesystem server; what it saw goes to stdout as one JSON object.

The task comes as JSON in the first argument: {mode, target: {command, args} | {url}, directory}.
"""
# FastMCP is installed in an environment of its own, where the type checker does not look.
# pyright: basic, reportMissingImports=false

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp_types import PromptReference

TASK: dict[str, Any] = json.loads(sys.argv[1])


async def converse(client: Client, directory: Path) -> dict[str, Any]:
    """List, read, edit, be refused, be told of progress, complete, give up."""
    steps: list[float] = []

    async def collect(progress: float, _total: float | None, _message: str | None) -> None:
        steps.append(progress)

    seen: dict[str, Any] = {"revision": client.protocol_version}
    seen["tools"] = [tool.name for tool in await client.list_tools()]
    read = await client.call_tool("read_text_file", {"path": "a.txt"})
    seen["content"] = read.structured_content["content"]
    edits = [{"oldText": "two", "newText": "2"}]
    edited = await client.call_tool("edit_file", {"path": "a.txt", "edits": edits})
    seen["diff"] = edited.structured_content["diff"]
    outside = await client.call_tool("read_text_file", {"path": "/etc/hostname"}, raise_on_error=False)
    seen["refused"] = outside.content[0].text if outside.is_error else ""
    await client.call_tool("search_content", {"pattern": "one"}, progress_handler=collect)
    seen["progress"] = steps
    seen["resource"] = (await client.read_resource((directory / "a.txt").as_uri()))[0].text
    seen["templates"] = [template.uri_template for template in await client.list_resource_templates()]
    seen["prompt"] = (await client.get_prompt("review_file", {"path": "a.txt"})).messages[0].role
    reference = PromptReference(name="review_file")
    seen["completion"] = (await client.complete(reference, {"name": "path", "value": "a"})).values
    seen["unknown"] = await code_of(client.call_tool("no_such_tool", {}))
    seen["cancelled"] = await given_up(client)
    seen["after"] = (await client.call_tool("get_file_info", {"path": "a.txt"})).structured_content["type"]
    return seen


async def code_of(asked: Any) -> int | None:
    """The code of the JSON-RPC error that an await ends with."""
    try:
        await asked
    except Exception as error:  # noqa: BLE001  whatever class this version of the library has for it
        return getattr(getattr(error, "error", error), "code", None)
    return None


async def given_up(client: Client) -> bool:
    """Whether a call that is cancelled ends at once; the server must still answer the next one."""
    waiting = asyncio.ensure_future(  # noqa: TID251  a task that is to be cancelled
        client.call_tool("wait_for_change", {"paths": ["a.txt"], "timeoutSeconds": 60})
    )
    await asyncio.sleep(0.2)
    waiting.cancel()
    done, _ = await asyncio.wait([waiting], timeout=10)
    return bool(done) and waiting.cancelled()


async def main() -> None:
    """Connect as the task says."""
    target = TASK["target"]
    roots = [Path(TASK["directory"]).as_uri()]
    transport = target["url"] if "url" in target else StdioTransport(**target)
    async with asyncio.timeout(40), Client(transport, mode=TASK["mode"], roots=roots) as client:
        print(json.dumps(await converse(client, Path(TASK["directory"]))))  # noqa: T201  it is the answer


asyncio.run(main())
