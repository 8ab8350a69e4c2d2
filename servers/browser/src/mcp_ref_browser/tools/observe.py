# ruff: noqa: N803  argument names are the wire's
"""Watching a page: waiting, running a function in it, its console and its requests."""

import asyncio
import re
from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_browser.answer.answers import Answer, plain
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.exchange import PARTS, described, line_of, part_of
from mcp_ref_browser.page.finding import containing, matching
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.page.script import SERIALIZE, source
from mcp_ref_browser.page.views import cut, cut_text
from mcp_ref_browser.page.waiting import ElementState, becomes, goes, shows
from mcp_ref_browser.sessions.rings import SEVERITY, ConsoleEntry, Level, RequestEntry
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import (
    DESTROYS,
    LOOKS,
    Cursor,
    Filename,
    Limit,
    MaxChars,
    SessionHandle,
    SinceId,
    Snapshot,
    TimeoutMs,
    bounded,
    entries,
    mode_of,
)
from mcp_ref_browser.tools.saving import save_text
from mcp_ref_browser.turns import Asked, Turn, acted, arguments_of, looked

core = Toolset[State]("core")

MOST_WAIT = 30
MOST_FUNCTION = 200_000
# JSON of a text is at most so many times as long; a page that has broken the serializer gets no further.
_LONGEST = 6
# Statuses from here on say that something went wrong.
_FAILED = 400
_EVALUATES: ToolOptions = {**DESTROYS, "idempotent": False}
# The page script's serializer turns whatever comes back into strict JSON of a bounded length, in the page.
_RUN = """async (element, budget) => {{
const given = (
{function}
);
const value = typeof given === 'function' ? await given(element) : await given;
return ({serialize})(value, budget); }}"""


class Wanted(Struct, frozen=True):
    """What is waited for; all that is given, one after the other."""

    time: float | None
    text: str | None
    text_gone: str | None
    target: str | None
    state: ElementState
    url: str | None


@core.tool(**LOOKS)
async def browser_wait_for(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    time: Annotated[float, arg("Seconds.")] | None = None,
    text: Annotated[str, arg("Shows.")] | None = None,
    textGone: Annotated[str, arg("Gone.")] | None = None,
    target: Annotated[str, arg("Element.")] | None = None,
    state: Annotated[ElementState, arg("Of target.")] | None = None,
    url: Annotated[str, arg("Glob.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Wait for time, text, an element or an address."""
    if all(one is None for one in (time, text, textGone, target, url)):
        raise invalid("Say what to wait for: `time`, `text`, `textGone`, `target` or `url`.")
    if time is not None and not 0 <= time <= MOST_WAIT:
        raise invalid(f"`time` must be between 0 and {MOST_WAIT}, got {time:g}.")

    wanted = Wanted(time, text, textGone, target, state or "visible", url)
    asked = Asked(session=session, snapshot=mode_of(snapshot) or "none", timeout_ms=timeoutMs)
    return await acted(ctx, asked, partial(_waited, wanted))


async def _waited(wanted: Wanted, own: Turn) -> None:
    if wanted.time is not None:
        await race(own.tab, asyncio.sleep(wanted.time), wanted.time + 1, "The time did not pass")
    if wanted.text_gone is not None:
        await goes(own.tab, wanted.text_gone, own.seconds)
    if wanted.text is not None:
        await shows(own.tab, wanted.text, own.seconds)
    if wanted.target is not None:
        await becomes(own.tab, wanted.target, wanted.state, own.seconds)
    if wanted.url is not None:
        going = own.tab.page.wait_for_url(wanted.url, timeout=own.seconds * 1000, wait_until="commit")
        await own.do(going, f"The page did not go to {wanted.url[:200]}")


@core.tool(**_EVALUATES)
async def browser_evaluate(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    function: Annotated[str, arg("(element) => ...")],
    target: Annotated[str, arg("The element.")] | None = None,
    filename: Filename = None,
    session: SessionHandle = None,
    maxChars: MaxChars = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Run a function in the page."""
    bounded("function", len(function), 1, MOST_FUNCTION)

    async def work(own: Turn) -> dict[str, Any]:
        script = _RUN.format(function=function, serialize=source(SERIALIZE))
        if target is None:
            running = own.tab.page.evaluate(f"(budget) => ({script})(undefined, budget)", own.budget)
        else:
            located = await own.find(target)
            running = located.evaluate(script, own.budget, timeout=own.seconds * 1000)
        made = await _ran(own, running)
        text = str(made["json"])[: own.budget * _LONGEST]
        if filename is not None:
            return await save_text(own, filename, "result", text)
        value, whole = _decoded(text)
        told: dict[str, Any] = {"result": value, "label": "Text", "text": plain(text)}
        if made["cut"] or not whole:
            told["truncation"] = {"reason": "chars", "shown": len(text), "total": None}
        return told

    asked = Asked(session=session, timeout_ms=timeoutMs, max_chars=maxChars, waits="evaluate")
    return await looked(ctx, asked, work)


async def _ran(own: Turn, running: Awaitable[Any]) -> Any:
    try:
        return await own.do(running, "The function did not end")
    except BrowserError as error:
        if error.message.startswith("SyntaxError"):
            raise invalid(error.message, "`function` is one such as () => document.title, or an expression.") from error
        raise


def _decoded(text: str) -> tuple[Any, bool]:
    """The value of a result; a page that broke the serializer gets its text back."""
    try:
        return msgspec.json.decode(text), True
    except (msgspec.DecodeError, RecursionError):
        return text, False


@core.tool(**LOOKS)
async def browser_console_messages(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    level: Annotated[Level, arg("Least.")] | None = None,
    all: Annotated[bool, arg("Older too.")] | None = None,  # noqa: A002  the wire's name
    sinceId: SinceId = None,
    limit: Limit = None,
    filename: Filename = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Console and uncaught errors."""
    most = entries(limit)

    async def work(own: Turn) -> dict[str, Any]:
        ring = own.tab.console
        first = max(0 if all else ring.since, (sinceId or 0) + 1)
        wanted = [one for one in ring if one.id >= first and SEVERITY[one.level] >= SEVERITY[level or "info"]]
        errors = sum(one.level == "error" for one in ring if one.id >= ring.since)
        lines = [_console_line(one) for one in wanted[-most:]]
        if filename is not None:
            return await save_text(own, filename, "console", "\n".join(lines))
        rows = [{"id": one.id, "level": one.level, "text": one.text, "where": one.where} for one in wanted[-most:]]
        told: dict[str, Any] = _listing(own, lines, rows, len(wanted))
        told["result"]["errors"] = errors
        return told

    return await looked(ctx, Asked(session=session), work)


@core.tool(**LOOKS)
async def browser_network_requests(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    static: Annotated[bool, arg("Static too.")] | None = None,
    filter: Annotated[str, arg("Pattern.")] | None = None,  # noqa: A002  the wire's name
    sinceId: SinceId = None,
    limit: Limit = None,
    filename: Filename = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Requests since the page was opened."""
    test = None if filter is None else _test(filter)
    most = entries(limit)

    async def work(own: Turn) -> dict[str, Any]:
        ring = own.tab.requests
        first = max(ring.since, (sinceId or 0) + 1)
        wanted = [one for one in ring if one.id >= first and (static or not _is_dull(one))]
        wanted = [one for one in wanted if test is None or test(one.url)]
        lines = [line_of(one) for one in wanted[-most:]]
        if filename is not None:
            return await save_text(own, filename, "requests", "\n".join(lines))
        return _listing(own, lines, [described(one) for one in wanted[-most:]], len(wanted))

    return await looked(ctx, Asked(session=session), work)


@core.tool(**LOOKS)
async def browser_network_request(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    index: Annotated[int, arg("Number.")],
    part: Annotated[str, arg("As response-body.")] | None = None,
    filename: Filename = None,
    session: SessionHandle = None,
    maxChars: MaxChars = None,
    cursor: Cursor = None,
) -> Output[Answer]:
    """Headers and bodies of a request."""
    if part is not None and part not in PARTS:
        raise invalid(f"`part` must be one of {', '.join(PARTS)}, got {part[:40]!r}.")
    arguments = arguments_of(index=index, part=part)

    async def work(own: Turn) -> dict[str, Any]:
        entry = own.tab.requests.get(index)
        if entry is None:
            raise invalid(
                f"There is no request {index}, or no longer.", "browser_network_requests lists those there are."
            )
        reveal = own.state.settings.show_network_secrets
        text = await own.do(part_of(entry, part, reveal=reveal), "The request could not be read")
        text = own.session.redactor.text(text)
        if filename is not None:
            return await save_text(own, filename, "request", text)
        start = 0 if cursor is None else own.opened(cursor, "browser_network_request", arguments, int)
        shown, following = cut_text(text, start, own.budget)
        told: dict[str, Any] = {"result": {**described(entry), "text": shown}}
        told |= {"label": "Text", "text": shown} if shown else {"lines": [f"The request has no {part}."]}
        if following is not None:
            told["truncation"] = {"reason": "chars", "shown": following, "total": len(text)}
            told["next_cursor"] = own.cursor("browser_network_request", arguments, following)
        return told

    return await looked(ctx, Asked(session=session, max_chars=maxChars), work)


def _listing(own: Turn, lines: list[str], rows: list[dict[str, Any]], total: int) -> dict[str, Any]:
    """The newest entries that fit."""
    fitting, _ = cut(lines[::-1], 0, own.budget)
    kept = len(fitting) if lines else 0
    rows = rows[len(rows) - kept :]
    last = rows[-1]["id"] if rows else None
    told: dict[str, Any] = {"result": {"entries": rows, "total": total, "lastId": last}}
    if kept < total:
        told["truncation"] = {"reason": "limit", "shown": kept, "total": total}
    if not rows:
        return {**told, "lines": ["There is nothing."]}
    return {**told, "label": "Text", "text": "\n".join(fitting[::-1])}


def _console_line(one: ConsoleEntry) -> str:
    text = re.sub(r"\s*\n\s*", " | ", one.text)
    return f"#{one.id} [{one.level}] {text}{f' @ {one.where}' if one.where else ''}"


def _is_dull(entry: RequestEntry) -> bool:
    """A picture, style or script that came as it should."""
    return entry.is_static and (entry.status or 0) < _FAILED


def _test(pattern: str) -> Any:
    try:
        return matching(pattern)
    except Exception:  # noqa: BLE001  what is no pattern is a text to look for
        return containing(pattern)
