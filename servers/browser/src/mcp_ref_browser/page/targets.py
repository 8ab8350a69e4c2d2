"""From what a caller names, a ref or a selector, to one element of the page."""

import re
from typing import TYPE_CHECKING

from mcp_ref_browser.errors import BrowserError, ambiguous, invalid, no_match, stale_ref
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Frame, Locator

REF = re.compile(r"(?:f[0-9]{1,6})?e[0-9]{1,9}")
MOST_SELECTOR = 2000
_SECONDS = 5.0
_NOT_A_SELECTOR = ("while parsing", "Unknown engine", "Malformed", "Unsupported", "is not a valid selector", "Invalid")


async def find(tab: Tab, target: str) -> "Locator":
    """The one element that is meant. Looked up before it is acted on: a stale ref would burn the whole timeout.

    Raises:
        BrowserError: `stale_ref`, `no_match`, `ambiguous`, `invalid_argument`.
    """
    found, count = await located(tab, target)
    if count == 0:
        raise stale_ref(target) if REF.fullmatch(target) else no_match(target)
    if count > 1:
        raise ambiguous(target, count)
    return found


async def located(tab: Tab, target: str) -> tuple["Locator", int]:
    """What a ref or selector names, and how many elements that are now.

    Raises:
        BrowserError: `stale_ref`, the document of the ref is gone; `invalid_argument`, it is neither.
    """
    if REF.fullmatch(target):
        made = tab.page.get_by_ref(target)
    elif not target.strip() or len(target) > MOST_SELECTOR:
        raise invalid(f"`target` is a ref such as e12, or a selector of at most {MOST_SELECTOR} characters.")
    else:
        made = tab.page.locator(target)
    return made, await _count(tab, made, target)


async def _count(tab: Tab, located: "Locator", target: str) -> int:
    try:
        return await race(tab, located.count(), _SECONDS, f"`{target[:100]}` was not found")
    except BrowserError as error:
        if REF.fullmatch(target) and "aria-ref" in error.message:  # of a frame that is not there any more
            raise stale_ref(target) from error
        if error.code == "failed" and any(word in error.message for word in _NOT_A_SELECTOR):
            raise invalid(f"`{target[:200]}` is no selector: {error.message}") from error
        raise


async def frame_url(located: "Locator") -> str:
    """The URL of the document that an element is in, by the browser's word and not the page's."""
    return (await frame_of(located)).url


async def frame_of(located: "Locator") -> "Frame":
    """The frame whose document an element is in.

    Raises:
        BrowserError: `stale_ref`, it is in none any more.
    """
    handle = await located.element_handle()
    try:
        frame = await handle.owner_frame()
    finally:
        await handle.dispose()
    if frame is None:
        raise stale_ref("of that name")
    return frame
