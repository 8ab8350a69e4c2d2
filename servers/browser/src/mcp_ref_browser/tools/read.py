# ruff: noqa: N803  argument names are the wire's
"""Reading a page: its snapshot, what is found in it, its text, its source."""

from typing import Annotated, Any, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.finding import containing, found, matching, shown, spelled
from mcp_ref_browser.page.snapshot import Wish
from mcp_ref_browser.page.texts import read_html, read_text
from mcp_ref_browser.page.views import View, against, cut, cut_text, page_of
from mcp_ref_browser.sessions.shelf import Kept
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import (
    LOOKS,
    Cursor,
    Filename,
    Limit,
    MaxChars,
    SessionHandle,
    bounded,
    entries,
)
from mcp_ref_browser.tools.saving import save_text
from mcp_ref_browser.turns import Asked, Turn, arguments_of, looked

core = Toolset[State]("core")

Part = Annotated[str, arg("Part.")] | None
_SNAPSHOT = "browser_snapshot"


@core.tool(**LOOKS)
async def browser_snapshot(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Part = None,
    depth: Annotated[int, arg("Levels.")] | None = None,
    boxes: Annotated[bool, arg("With boxes.")] | None = None,
    mode: Annotated[Literal["full", "diff"], arg("Or diff.")] | None = None,
    interactiveOnly: Annotated[bool, arg("Usable.")] | None = None,
    visibleOnly: Annotated[bool, arg("Seen.")] | None = None,
    filename: Filename = None,
    session: SessionHandle = None,
    maxChars: MaxChars = None,
    cursor: Cursor = None,
) -> Output[Answer]:
    """Page as an accessibility tree; refs such as e12 name elements."""

    async def work(own: Turn) -> dict[str, Any]:
        if cursor is not None:
            return _rest(own, cursor)
        located = None if target is None else await own.find(target)
        wish = Wish(
            target=located,
            depth=None if depth is None else bounded("depth", depth, 1, 1000),
            boxes=bool(boxes),
            interactive_only=bool(interactiveOnly),
            visible_only=bool(visibleOnly),
        )
        taken = await own.capture(wish)
        kept = own.tab.keep(taken.lines, own.tab.page.url)
        if filename is not None:
            return await save_text(own, filename, "snapshot", "\n".join(taken.lines))
        diff = mode == "diff" and wish.whole
        view = against(own.tab, kept, own.budget, insist=True) if diff else page_of(kept, 0, own.budget)
        if wish.whole:
            own.tab.given = kept.generation
        return told_view(own, view)

    return await looked(ctx, Asked(session=session, max_chars=maxChars), work)


def told_view(own: Turn, view: View) -> dict[str, Any]:
    """A view as a part of an answer."""
    if view.mode == "unchanged":
        return {"snapshot_data": own.given(view), "lines": ["The page is unchanged."]}
    told: dict[str, Any] = {"snapshot_data": own.given(view), "label": "Snapshot", "text": view.text}
    if view.next is not None:
        told["truncation"] = {"reason": "chars", "shown": view.shown, "total": view.total}
        told["next_cursor"] = own.cursor(_SNAPSHOT, {}, [view.generation, view.next])
    return told


def _rest(own: Turn, cursor: str) -> dict[str, Any]:
    generation, start = own.opened(cursor, _SNAPSHOT, {}, tuple[int, int])
    kept = own.tab.snapshots.get(generation)
    if kept is None:
        raise _expired()
    return told_view(own, page_of(kept, start, own.budget))


@core.tool(**LOOKS)
async def browser_find(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    text: Annotated[str, arg("Text.")] | None = None,
    regex: Annotated[str, arg("RE2.")] | None = None,
    role: Annotated[str, arg("Role.")] | None = None,
    limit: Limit = None,
    context: Annotated[int, arg("Lines.")] | None = None,
    filename: Filename = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Find nodes of the page."""
    if (text is None) == (regex is None):
        raise invalid("Give either `text` or `regex`.")
    most, around = entries(limit, 20), bounded("context", 3 if context is None else context, 0, 50)
    test = containing(text) if text is not None else matching(spelled(regex or ""))

    async def work(own: Turn) -> dict[str, Any]:
        taken = await own.capture(Wish())
        kept = own.tab.keep(taken.lines, own.tab.page.url)
        base = None if own.tab.given is None else own.tab.snapshots.get(own.tab.given)
        if base is None or base.document != kept.document:
            own.tab.given = kept.generation  # what changes from here on is news to the caller
        hits, total = found(taken.lines, test, role, most)
        lines = shown(taken.lines, hits, around)
        if filename is not None:
            return await save_text(own, filename, "find", "\n".join(lines))
        fitting, _ = cut(lines, 0, own.budget)
        told: dict[str, Any] = {
            "result": {"shown": len(hits), "total": total},
            "label": "Text",
            "text": "\n".join(fitting),
        }
        if len(fitting) < len(lines) or len(hits) < total:
            told["truncation"] = {"reason": "limit", "shown": len(hits), "total": total}
        return told if total else {"result": {"shown": 0, "total": 0}, "lines": ["Nothing was found."]}

    return await looked(ctx, Asked(session=session), work)


@core.tool(**LOOKS)
async def browser_get_text(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Part = None,
    format: Annotated[Literal["markdown", "text"], arg("Form.")] | None = None,  # noqa: A002  the wire's name
    links: Annotated[bool, arg("With URLs.")] | None = None,
    session: SessionHandle = None,
    maxChars: MaxChars = None,
    cursor: Cursor = None,
) -> Output[Answer]:
    """Readable text of the page."""
    arguments = arguments_of(target=target, format=format, links=links is not False)

    async def work(own: Turn) -> dict[str, Any]:
        if cursor is not None:
            return _text_rest(own, "browser_get_text", arguments, cursor)
        located = None if target is None else await own.find(target)
        text = await read_text(own.tab, located, markdown=format != "text", links=links is not False)
        return _text_part(
            own, "browser_get_text", arguments, own.session.shelf.keep(own.session.redactor.text(text)), 0
        )

    return await looked(ctx, Asked(session=session, max_chars=maxChars), work)


@core.tool(**LOOKS)
async def browser_get_html(
    ctx: Ctx,
    *,
    target: Part = None,
    clean: Annotated[bool, arg("No scripts.")] | None = None,
    session: SessionHandle = None,
    maxChars: MaxChars = None,
    cursor: Cursor = None,
) -> Output[Answer]:
    """Source of the page."""
    arguments = arguments_of(target=target, clean=clean is not False)

    async def work(own: Turn) -> dict[str, Any]:
        if cursor is not None:
            return _text_rest(own, "browser_get_html", arguments, cursor)
        located = None if target is None else await own.find(target)
        text = await read_html(own.tab, located, clean=clean is not False)
        return _text_part(
            own, "browser_get_html", arguments, own.session.shelf.keep(own.session.redactor.text(text)), 0
        )

    return await looked(ctx, Asked(session=session, max_chars=maxChars), work)


def _text_rest(own: Turn, tool: str, arguments: dict[str, Any], cursor: str) -> dict[str, Any]:
    ident, start = own.opened(cursor, tool, arguments, tuple[str, int])
    kept = own.session.shelf.find(ident)
    if kept is None:
        raise _expired()
    return _text_part(own, tool, arguments, kept, start)


def _text_part(own: Turn, tool: str, arguments: dict[str, Any], kept: Kept, start: int) -> dict[str, Any]:
    part, following = cut_text(kept.text, start, own.budget)
    told: dict[str, Any] = {
        "result": {"text": part, "start": start, "total": len(kept.text)},
        "label": "Text",
        "text": part,
    }
    if following is not None:
        told["truncation"] = {"reason": "chars", "shown": following, "total": len(kept.text)}
        told["next_cursor"] = own.cursor(tool, arguments, [kept.id, following])
    return told


def _expired() -> BrowserError:
    return invalid("`cursor` does not belong to this call, or has expired.", "Call again without `cursor`.")
