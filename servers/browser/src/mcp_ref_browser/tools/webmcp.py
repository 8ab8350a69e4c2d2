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

_SECONDS = 30_000


@webmcp.tool(**LOOKS)
async def browser_webmcp_list(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """List the tools that the page offers."""

    async def work(own: Turn) -> dict[str, Any]:
        tools: Any = await _asked(own, own.tab.page.webmcp.tools())
        listed = [{"name": one["name"], "description": one.get("description", "")} for one in tools]
        text = "\n".join(f"{one['name']}: {one['description']}" for one in listed)
        return {"result": {"tools": listed}, "label": "Text", "text": text or "There is none."}

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

    return await looked(ctx, Asked(session=session, timeout_ms=_SECONDS), work)


async def _asked(own: Turn, work: Any) -> Any:
    try:
        return await own.do(work, "The page's tools did not answer")
    except BrowserError as error:
        if "WebMCP is not enabled" in error.message:
            raise BrowserError("This browser has no WebMCP.", code="unsupported") from error
        raise
