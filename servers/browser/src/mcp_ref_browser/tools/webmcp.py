"""Tools that a page itself offers (the experimental WebMCP): listed and called, never registered as ours."""

import json
from typing import Annotated, Any

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import DESTROYS, LOOKS, SessionHandle
from mcp_ref_browser.turns import Asked, Turn, looked

webmcp = Toolset[State]("webmcp", default=False)

_MILLISECONDS = 30_000
MOST_TOOLS = 50
_MOST_WORDS = 1000
_MOST_SCHEMA = 4000


@webmcp.tool(**LOOKS)
async def browser_webmcp_list(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """List the tools that the page offers."""

    async def work(own: Turn) -> dict[str, Any]:
        tools: Any = await _asked(own, own.tab.page.webmcp.tools())
        listed = [_described(one) for one in tools[:MOST_TOOLS]]
        text = "\n".join(f"{one['name']}({json.dumps(one['inputSchema'])}): {one['description']}" for one in listed)
        told: dict[str, Any] = {"result": {"tools": listed}, "label": "Text", "text": text or "There is none."}
        if len(tools) > len(listed):
            told["truncation"] = {"reason": "limit", "shown": len(listed), "total": len(tools)}
        return told

    return await looked(ctx, Asked(session=session), work)


@webmcp.tool(**{**DESTROYS, "idempotent": False})
async def browser_webmcp_call(
    ctx: Ctx,
    *,
    name: Annotated[str, arg("Name of the page's tool.")],
    input: Annotated[dict[str, Any], arg("Its arguments.")] | None = None,  # noqa: A002  the page's word for them
    session: SessionHandle = None,
) -> Output[Answer]:
    """Call a tool that the page offers."""

    async def work(own: Turn) -> dict[str, Any]:
        found: Any = await _asked(own, own.tab.page.webmcp.call_tool(name, input or {}))
        text = json.dumps(found, ensure_ascii=False, default=str)[: own.budget]
        return {"result": {"text": text}, "label": "Text", "text": text}

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work)


def _described(tool: Any) -> dict[str, Any]:
    """One tool in the words of the page; arguments that take too many words to describe are left to be tried."""
    schema = tool.get("inputSchema")
    kept = schema if len(json.dumps(schema)) <= _MOST_SCHEMA else None
    return {
        "name": str(tool["name"])[:_MOST_WORDS],
        "description": str(tool.get("description", ""))[:_MOST_WORDS],
        "inputSchema": kept,
    }


async def _asked(own: Turn, work: Any) -> Any:
    try:
        return await own.do(work, "The page's tools did not answer")
    except BrowserError as error:
        if "WebMCP is not enabled" in error.message:
            raise BrowserError("This browser has no WebMCP.", code="unsupported") from error
        raise
