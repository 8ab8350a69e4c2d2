"""Asks the user about one more origin, where the operator lets users decide; else the policy's word is the last."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import arg
from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.origins import Destination, OriginPattern
from mcp_ref_browser.guard.policy import SessionPolicy
from mcp_ref_browser.guard.urls import web_url
from mcp_ref_browser.state import Ctx


class Consent(Struct, frozen=True):
    """What the user is asked."""

    allow: Annotated[bool, arg("Let this session connect there?")] = False


async def judged(ctx: Ctx, policy: SessionPolicy, url: str) -> str:
    """The URL, if it may be opened.

    Raises:
        BrowserError: `blocked_origin`, `blocked_address`.
    """
    parsed = web_url(url.partition("#")[0])
    if parsed is None:
        return url
    where = Destination.of(parsed)
    try:
        await policy.judge(where)
    except ToolError as error:
        if error.code != "blocked_origin" or not ctx.state.settings.ask_origins or not ctx.can("elicitation"):
            raise
        question = f"The page {where} is not in the list of allowed origins. Allow it for this session?"
        consent = await ctx.elicit(Consent, question, authorises=True)
        if consent is None or not consent.allow:
            raise
        policy.allow(OriginPattern.parse(str(where)))
        await policy.judge(where)  # a public address is still required
    return url
