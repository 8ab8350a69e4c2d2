"""Takes a page away from where the guard, or the browser itself, answered in place of a page."""

from contextlib import suppress
from typing import TYPE_CHECKING

from mcp_ref_browser.guard.urls import BLANK

if TYPE_CHECKING:
    from playwright.async_api import Page

_MILLISECONDS = 3000.0


async def leave(page: "Page") -> None:
    """To a blank page, for good: a way that is not waited for would interrupt whatever comes next. Never raises.

    What the browser shows in place of a page may come first, and interrupt the way to the blank one; that comes then.
    """
    with suppress(Exception):  # it may be closed meanwhile
        try:
            await page.goto(BLANK, timeout=_MILLISECONDS)
        except Exception as error:  # what interrupts is told from the rest by its words alone
            if "interrupted by another navigation" not in str(error):
                raise
            await page.wait_for_url(BLANK, wait_until="commit", timeout=_MILLISECONDS)
