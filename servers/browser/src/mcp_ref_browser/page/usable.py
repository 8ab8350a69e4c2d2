"""Whether a tab can still be used: a page that hangs keeps its tab, and no navigation ever gets it out of there."""

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.racing import Interrupted, race
from mcp_ref_browser.page.settle import Mark
from mcp_ref_browser.sessions.tab import Tab

# A page that was waited for in vain has this long to say that it is there.
_SECONDS = 1.0
_REDIRECTS = range(300, 400)
# In the driver's words: the page went elsewhere by itself.
_TAKEN = "interrupted by another navigation"
_ABORTED = "net::ERR_ABORTED"


async def is_usable(tab: Tab) -> bool:
    """Whether it makes sense to navigate a tab; a page that was waited for in vain is asked whether it is there."""
    if tab.crashed or tab.closed or tab.stuck:
        return False
    if tab.late and not _awaits_server(tab):
        try:
            await race(tab, tab.page.evaluate("1"), _SECONDS, "The page did not answer")
        except BrowserError:
            return False
        except Interrupted:  # a dialog is open, and whoever answers it has the page back
            return True
        tab.late = False
    return True


def _awaits_server(tab: Tab) -> bool:
    """Whether it is the network that is slow; until it answers Chromium asks the page nothing."""
    return tab.status is None and any(kind == "document" for _, kind in tab.traffic.open.values())


def is_stuck(tab: Tab, before: Mark, error: ToolError) -> bool:
    """Whether a page did not let a navigation out of it happen, though the network did."""
    moved = Mark.of(tab)
    if error.code == "timeout":
        asked = moved.navigations > before.navigations and moved.document == before.document
        return asked and tab.status is not None and tab.status not in _REDIRECTS
    return _TAKEN in error.message or (_ABORTED in error.message and tab.status is None)
