# ruff: noqa: N803  argument names are the wire's
"""Navigation: to a URL, back, forward, again; a URL that downloads gives the download."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import UNSET

from mcp_protocol import Link, Output, Toolset, arg
from mcp_protocol.errors import ToolError
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import crashed, timed_out
from mcp_ref_browser.guard.policy import SessionPolicy
from mcp_ref_browser.guard.urls import BLANK, opened
from mcp_ref_browser.page.racing import Interrupted
from mcp_ref_browser.page.settle import Mark, loaded
from mcp_ref_browser.page.usable import is_stuck, is_usable
from mcp_ref_browser.sessions.artifacts import Artifact
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, SETS, SessionHandle, Snapshot, TimeoutMs, mode_of
from mcp_ref_browser.tools.asking import judged
from mcp_ref_browser.turns import Asked, Turn, acted, turn, using

if TYPE_CHECKING:
    from playwright.async_api import Response

core = Toolset[State]("core")

WaitUntil = Literal["commit", "domcontentloaded", "load", "networkidle"]
_DOWNLOADS = ("Download is starting", "net::ERR_ABORTED")
_DOWNLOAD_BEGINS = 1.0


@core.tool(**SETS)
async def browser_navigate(
    ctx: Ctx,
    *,
    url: Annotated[str, arg("URL.")],
    waitUntil: Annotated[WaitUntil, arg("Until.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Open a URL."""
    asked = Asked(session=session, snapshot=mode_of(snapshot), timeout_ms=timeoutMs, fresh=True, waits="navigation")
    return await go(ctx, asked, url, until=waitUntil or "domcontentloaded")


@core.tool(**ACTS)
async def browser_navigate_back(
    ctx: Ctx, *, session: SessionHandle = None, snapshot: Snapshot = None, timeoutMs: TimeoutMs = None
) -> Output[Answer]:
    """Go back."""
    return await _moved(
        ctx, "go_back", Asked(session=session, snapshot=mode_of(snapshot), timeout_ms=timeoutMs, waits="navigation")
    )


@core.tool(**ACTS)
async def browser_navigate_forward(
    ctx: Ctx, *, session: SessionHandle = None, snapshot: Snapshot = None, timeoutMs: TimeoutMs = None
) -> Output[Answer]:
    """Go forward."""
    return await _moved(
        ctx, "go_forward", Asked(session=session, snapshot=mode_of(snapshot), timeout_ms=timeoutMs, waits="navigation")
    )


@core.tool(**ACTS)
async def browser_reload(
    ctx: Ctx, *, session: SessionHandle = None, snapshot: Snapshot = None, timeoutMs: TimeoutMs = None
) -> Output[Answer]:
    """Load the page again."""
    return await _moved(
        ctx, "reload", Asked(session=session, snapshot=mode_of(snapshot), timeout_ms=timeoutMs, waits="navigation")
    )


async def go(
    ctx: Ctx, asked: Asked, text: str, *, until: WaitUntil = "domcontentloaded", new_tab: bool = False
) -> Output[Answer]:
    """Open a URL in the tab, or in a new one.

    Raises:
        BrowserError: it may not be opened, or cannot be.
    """
    opened(text, restricted=False)  # a scheme that nobody may open makes no session and starts no browser
    policy = _policy(ctx, asked)
    url = await judged(ctx, policy, opened(text, restricted=policy.rules.restricted))
    async with using(ctx, asked) as (session, minted):
        session.policy.rules = policy.rules
        current = session.current()
        lost = current is not None and not new_tab and not await is_usable(current)
        if current is not None and lost and not current.closed:
            session.forget(current)
            session.spawn(_quietly_closed(current.page))
        if new_tab or current is None or lost:
            await session.new_tab()
        inner = Asked(session=session.handle, snapshot=asked.snapshot, timeout_ms=asked.timeout_ms, waits="navigation")
        async with turn(ctx, inner) as own:
            own.minted = minted
            return await _gone(own, url, until)


def _policy(ctx: Ctx, asked: Asked) -> SessionPolicy:
    """The policy of the session that is meant; that of a new one where there is none yet."""
    registry = ctx.state.registry
    if asked.session is None and registry.implied(ctx) is None:
        return ctx.state.preset.policy()
    return registry.find(ctx, asked.session).policy


async def _gone(own: Turn, url: str, until: WaitUntil) -> Output[Answer]:
    own.tab.refusal = None
    began, before = own.session.downloads.started, Mark.of(own.tab)
    shown = own.asked.snapshot or own.state.settings.snapshot
    try:
        work = own.tab.page.goto(url, wait_until=until, timeout=own.seconds * 1000)
        await own.do(work, f"{url[:200]} did not load")
    except Interrupted:
        return await own.told()
    except ToolError as error:
        own.tab.stuck = is_stuck(own.tab, before, error)
        if url == BLANK or error.code != "failed":
            raise
        artifact = await _downloaded(own, began, error)
        return await own.told(
            {"download": artifact.name, "bytes": artifact.size, "uri": artifact.uri}, blocks=[link_to(artifact)]
        )
    await own.check_refusal()
    with suppress(Interrupted):
        await loaded(own.tab, own.seconds)
        await own.check_refusal()
    own.remember()
    return await own.told(snapshot="full" if shown in {"auto", "diff"} else shown)


def link_to(artifact: Artifact) -> Link:
    """A link to an artifact."""
    return Link(uri=artifact.uri, name=artifact.name, mime_type=artifact.mime_type, size=artifact.size)


async def _downloaded(own: Turn, began: int, error: ToolError) -> Artifact:
    """The download that a URL was, or the error that it was."""
    await own.check_refusal()
    if not any(word in error.message for word in _DOWNLOADS):
        await own.leave()
        raise error
    downloads = own.session.downloads
    if not await downloads.begun(began, _DOWNLOAD_BEGINS):
        raise crashed(own.tab.url) if own.tab.crashed else error
    try:
        async with asyncio.timeout(own.seconds):
            await downloads.outcome.wait()
    except TimeoutError:
        raise timed_out("The download did not end", own.seconds) from None
    if isinstance(downloads.last, Artifact):
        return downloads.last
    raise downloads.last or error


async def _moved(ctx: Ctx, how: Literal["go_back", "go_forward", "reload"], asked: Asked) -> Output[Answer]:
    async def work(own: Turn) -> Any:
        before = Mark.of(own.tab)
        move = getattr(own.tab.page, how)
        response: Response | None = await own.do(move(wait_until="commit", timeout=own.seconds * 1000))
        if response is None and Mark.of(own.tab) == before and how != "reload":
            return {"moved": False}
        return UNSET

    return await acted(ctx, asked, work)


async def _quietly_closed(page: Any) -> None:
    with suppress(Exception):  # the process of a crashed page is gone already
        await page.close()
