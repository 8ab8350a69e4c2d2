"""Readable text and source of a page, by the script that runs in it."""

from typing import TYPE_CHECKING, Any

from mcp_ref_browser.answer.redact import masked
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.page.script import on_body, on_document, on_element
from mcp_ref_browser.page.snapshot import check_size, survey
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Locator

MOST_TEXT = 2_000_000
MOST_NODES = 200_000
_SECONDS = 15.0


async def read_text(tab: Tab, target: "Locator | None", *, markdown: bool, links: bool) -> str:
    """The text of the page with its frames, or of an element.

    Raises:
        BrowserError: `too_large`, `timeout`.
    """
    options = {"markdown": markdown, "links": links, "chars": MOST_TEXT, "nodes": MOST_NODES}
    seen = await survey(tab)
    check_size(seen)
    if target is not None:
        text = await race(tab, target.evaluate(on_element("text"), options), _SECONDS, "The text could not be read")
        return masked(str(text), seen.values)
    parts: list[str] = []
    for frame in tab.page.frames[:20]:
        if frame.is_detached():
            continue
        found = await race(tab, frame.evaluate(on_body("text"), options), _SECONDS, "The text could not be read")
        if found:
            parts.append(str(found))
    return masked("\n\n".join(parts), seen.values)


async def read_html(tab: Tab, target: "Locator | None", *, clean: bool) -> str:
    """The source of the page, or of an element, without private values."""
    options: dict[str, Any] = {"clean": clean, "chars": MOST_TEXT}
    seen = await survey(tab)
    check_size(seen)
    what = "The source could not be read"
    if target is not None:
        found = await race(tab, target.evaluate(on_element("html"), options), _SECONDS, what)
    else:
        found = await race(tab, tab.page.evaluate(on_document("source"), options), _SECONDS, what)
    return masked(str(found), seen.values)
