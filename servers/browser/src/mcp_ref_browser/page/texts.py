"""Readable text and source of a page, by the script that runs in it."""

from typing import TYPE_CHECKING, Any

from mcp_ref_browser.answer.redact import masked
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.page.script import on_body, on_document, on_element
from mcp_ref_browser.page.snapshot import sized
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Frame, Locator

MOST_TEXT = 2_000_000
MOST_NODES = 200_000
_SECONDS = 15.0


async def read_text(tab: Tab, target: "Locator | None", *, markdown: bool, links: bool) -> str:
    """The text of the page with its frames, or of an element.

    Raises:
        BrowserError: `too_large`, `timeout`.
    """
    options = {"markdown": markdown, "links": links, "chars": MOST_TEXT, "nodes": MOST_NODES}
    seen = await sized(tab, target)
    if target is not None:
        text = await race(tab, target.evaluate(on_element("text"), options), _SECONDS, "The text could not be read")
        return masked(str(text), seen.values)
    work = _all_texts(tab.page.main_frame, options)
    parts = await race(tab, work, _SECONDS, "The text could not be read")
    return masked("\n\n".join(part for part in parts if part), seen.values)


async def _all_texts(frame: "Frame", options: dict[str, Any]) -> list[str]:
    """The text of a document and of those in it, but for frames that are under a mask."""
    parts = [str(await frame.evaluate(on_body("text"), options))]
    for child in frame.child_frames:
        if not child.is_detached() and not await (await child.frame_element()).evaluate(on_element("veiled"), None):
            parts += await _all_texts(child, options)
    return parts


async def read_html(tab: Tab, target: "Locator | None", *, clean: bool) -> str:
    """The source of the page, or of an element, without private values."""
    options: dict[str, Any] = {"clean": clean, "chars": MOST_TEXT}
    seen = await sized(tab, target)
    what = "The source could not be read"
    if target is not None:
        found = await race(tab, target.evaluate(on_element("html"), options), _SECONDS, what)
    else:
        found = await race(tab, tab.page.evaluate(on_document("source"), options), _SECONDS, what)
    return masked(str(found), seen.values)
