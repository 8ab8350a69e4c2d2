"""Takes a snapshot of a page: its accessibility tree with refs, in which private values are masked before all else."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Struct

from mcp_ref_browser.answer.redact import masked
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.masking import TEXTBOXES, Private, mask_lines
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.page.script import SURVEY, checked, on_document, on_element
from mcp_ref_browser.page.tree import box_of, dropped, points, ref_of, role_of, said, without_box
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Frame, Locator

# Beyond these the accessibility tree takes minutes, and no model could read it.
MOST_NODES = 200_000
MOST_CHARS = 20_000_000
MOST_FRAMES = 200
MOST_MASKS = 1000
_LIMITS = {"nodes": MOST_NODES, "chars": MOST_CHARS}
_NOTHING: dict[str, Any] = {"nodes": 0, "chars": 0, "fields": 0, "values": [], "masked": 0, "blind": False, "title": ""}
_SURVEY_SECONDS = 5.0
_MASK_SECONDS = 15.0
_MOST_TITLE = 500
_MASKED = "[data-mcp-mask]"
_INTERACTIVE = TEXTBOXES | {
    *("button", "link", "checkbox", "radio", "slider", "switch", "option", "listbox", "tab", "menuitem"),
    *("menuitemcheckbox", "menuitemradio", "treeitem", "gridcell"),
}


class Wish(Struct, frozen=True, kw_only=True):
    """What part of a page is wanted, and how."""

    target: "Locator | None" = None
    depth: int | None = None
    boxes: bool = False
    interactive_only: bool = False
    visible_only: bool = False
    seconds: float = 15.0

    @property
    def whole(self) -> bool:
        """Whether it is the page as it is: only such snapshots can be compared."""
        narrowed = self.target is not None or self.depth is not None
        return not (narrowed or self.boxes or self.interactive_only or self.visible_only)


class Survey(Struct, frozen=True):
    """What was found out about a page before it is read. `blind`: not all of it could be looked at."""

    nodes: int
    chars: int
    fields: int
    """Those for secrets, empty ones too."""
    values: list[str]
    masked: int
    title: str
    blind: bool


class Capture(Struct, frozen=True):
    """A snapshot, masked."""

    lines: list[str]
    title: str
    private: list[str]


async def sized(tab: Tab, target: "Locator | None") -> Survey:
    """The survey of a page that is not too large, or of which only a part is wanted that is not.

    Raises:
        BrowserError: `too_large`, `timeout`.
    """
    seen = await survey(tab)
    if target is None:
        check_size(seen)
        return seen
    work = target.evaluate(on_element("part", SURVEY), _LIMITS)
    part: dict[str, Any] = await race(tab, work, _SURVEY_SECONDS, "The page did not answer")
    check_size(msgspec.structs.replace(seen, nodes=part["nodes"], chars=part["chars"]))
    return seen


async def survey(tab: Tab) -> Survey:
    """Count, and collect what must not be shown, in every frame at once.

    Raises:
        BrowserError: `too_large`, `timeout`.
    """
    frames = tab.page.frames
    if len(frames) > MOST_FRAMES:
        raise _too_large(f"has more than {MOST_FRAMES} frames")
    work = asyncio.gather(*(_looked_at(frame) for frame in frames))
    found = await race(tab, work, _SURVEY_SECONDS, "The page did not answer")
    seen = [one for one in found if one is not None]
    title = seen[0]["title"] if seen and found[0] is not None else ""
    nodes, chars = sum(one["nodes"] for one in seen), sum(one["chars"] for one in seen)
    return Survey(
        nodes=nodes,
        chars=chars,
        fields=sum(one["fields"] for one in seen),
        values=[str(value) for one in seen for value in one["values"]],
        masked=sum(one["masked"] for one in seen),
        title=str(title)[:_MOST_TITLE],
        blind=len(seen) < len(frames) or nodes > MOST_NODES or chars > MOST_CHARS or any(one["blind"] for one in seen),
    )


async def capture(tab: Tab, wish: Wish) -> Capture:
    """Take a snapshot.

    Raises:
        BrowserError: `too_large`, `timeout`, `crashed`.
    """
    seen = await sized(tab, wish.target)
    taking: Any = wish.target if wish.target is not None else tab.page
    boxes = wish.boxes or wish.visible_only
    options = {"mode": "ai", "depth": wish.depth, "boxes": boxes, "timeout": wish.seconds * 1000}
    try:
        text = await race(tab, taking.aria_snapshot(**options), wish.seconds, "The page could not be read")
    except BrowserError as error:
        if "call stack" in error.message:
            raise _too_large("is nested too deeply") from error
        raise
    lines = [line for line in cast("str", text).split("\n") if line]
    # A page goes on while it is read: what its fields for secrets hold by now counts as well.
    again = [await survey(tab)] if seen.fields or seen.masked or seen.blind else []
    lines, private = await _masked(tab, lines, [seen, *again])
    if wish.visible_only:
        lines = dropped(lines, await _invisible(tab, lines))
        lines = lines if wish.boxes else [without_box(line) for line in lines]
    if wish.interactive_only:
        lines = dropped(lines, [at for at, line in enumerate(lines) if not _is_interactive(line)])
    return Capture(lines, masked(seen.title, private), private)


async def title_of(tab: Tab, seconds: float) -> str:
    """The title, without what private fields of the page hold."""
    seen = await race(tab, _looked_at(tab.page.main_frame), seconds, "The page has no title")
    return "" if seen is None else masked(str(seen["title"])[:_MOST_TITLE], seen["values"])


def check_size(seen: Survey) -> None:
    """Refuse a page that is too large to be read as a whole.

    Raises:
        BrowserError: `too_large`.
    """
    if seen.nodes > MOST_NODES:
        raise _too_large(f"has more than {MOST_NODES} nodes")
    if seen.chars > MOST_CHARS:
        raise _too_large(f"has more than {MOST_CHARS} characters")
    if seen.masked > MOST_MASKS:
        raise _too_large(f"has more than {MOST_MASKS} masked parts")


async def _looked_at(frame: "Frame") -> dict[str, Any] | None:
    """What a frame says of itself; None if it will not: then its values are all taken for private."""
    try:
        return await frame.evaluate(on_document("survey", SURVEY), _LIMITS)
    except Exception:  # noqa: BLE001  a frame may go, or a page may have broken what a survey needs
        return None if not frame.is_detached() else _NOTHING


async def _masked(tab: Tab, lines: list[str], surveys: Sequence[Survey]) -> tuple[list[str], list[str]]:
    """Without what was private by any of the surveys."""
    refs: set[str] = set()
    texts: list[str] = []
    if any(seen.masked for seen in surveys):
        for line in await _under_mask(tab):
            refs |= {ref} if (ref := ref_of(line)) else set()
            texts += [text] if (text := said(line).strip('"')) else []
    values = [value for seen in surveys for value in seen.values]
    # Between two values there may have been a third, which nobody has seen.
    blind = any(seen.blind or seen.values != surveys[0].values for seen in surveys)
    private = Private(values=values, refs=refs, texts=texts, blind=blind)
    kept = await asyncio.to_thread(mask_lines, lines, private) if private else lines
    return kept, [*values, *texts]


async def _under_mask(tab: Tab) -> list[str]:
    """The lines of everything under `[data-mcp-mask]`."""
    work = asyncio.gather(*(_masked_parts(frame) for frame in tab.page.frames))
    return [line for lines in await race(tab, work, _MASK_SECONDS, "The page could not be read") for line in lines]


async def _masked_parts(frame: "Frame") -> list[str]:
    lines: list[str] = []
    for one in await frame.locator(_MASKED).all():
        text = await one.aria_snapshot(mode="ai", timeout=_SURVEY_SECONDS * 1000)
        lines += text.split("\n")
    return lines


async def _invisible(tab: Tab, lines: list[str]) -> list[int]:
    """The nodes without size, outside of the window, or fully transparent."""
    size = tab.page.viewport_size or {"width": 1280, "height": 720}
    seconds = _SURVEY_SECONDS
    work = tab.page.evaluate(on_document("transparentBoxes"))
    suspects = set(checked(await race(tab, work, seconds, "The page did not answer"), list[str]))
    gone: list[int] = []
    for at, line in enumerate(lines):
        box = box_of(line)
        if box is None:
            continue
        x, y, width, height = box
        outside = x + width <= 0 or y + height <= 0 or x >= size["width"] or y >= size["height"]
        if outside or 0 in {width, height} or await _is_transparent(tab, line, suspects):
            gone.append(at)
    return gone


async def _is_transparent(tab: Tab, line: str, suspects: set[str]) -> bool:
    box, ref = box_of(line), ref_of(line)
    if box is None or ref is None or ",".join(map(str, box)) not in suspects:
        return False
    work = tab.page.get_by_ref(ref).evaluate(on_element("transparent"))
    return bool(await race(tab, work, _SURVEY_SECONDS, "The page did not answer"))


def _is_interactive(line: str) -> bool:
    return role_of(line) in _INTERACTIVE or points(line)


def _too_large(why: str) -> BrowserError:
    return BrowserError(
        f"The page {why}.",
        code="too_large",
        hint="Ask for a part of it: a `target`, or browser_evaluate for what is wanted.",
    )
