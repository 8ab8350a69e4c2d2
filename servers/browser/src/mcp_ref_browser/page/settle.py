"""After an action: wait for what it began, and for nothing else."""

import asyncio
from contextlib import suppress

from msgspec import Struct

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.racing import Interrupted, race
from mcp_ref_browser.sessions.tab import Tab

# A script that answers an event asks for what it needs within this.
BEGIN_SECONDS = 0.05
LOAD_SECONDS = 5.0
_AWAITED = frozenset({"document", "xhr", "fetch", "script"})


class Mark(Struct, frozen=True):
    """Where the traffic of a tab stood before an action."""

    started: int
    navigations: int
    document: int

    @classmethod
    def of(cls, tab: Tab) -> "Mark":
        """Where it stands now."""
        return cls(tab.traffic.started, tab.traffic.navigations, tab.traffic.document)


async def settle(tab: Tab, mark: Mark, seconds: float, navigation_seconds: float) -> None:
    """Wait until the requests that were begun since the mark have their answers; a new document loads."""
    await _notice(tab, BEGIN_SECONDS)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while _awaited(tab, mark) and (left := end - loop.time()) > 0 and not tab.interrupted.is_set():
        tab.traffic.wake.clear()
        await _notice(tab, left, tab.traffic.wake)
    if tab.traffic.document != mark.document:
        await loaded(tab, navigation_seconds)


async def loaded(tab: Tab, seconds: float) -> None:
    """Wait for the content of a document, then a little for the rest of it."""
    with suppress(BrowserError, Interrupted):  # what is there by then is shown
        await race(tab, tab.page.wait_for_load_state("domcontentloaded"), seconds, "The page did not load")
        await race(tab, tab.page.wait_for_load_state("load"), min(LOAD_SECONDS, seconds), "The page did not load")


def _awaited(tab: Tab, mark: Mark) -> bool:
    return any(number > mark.started and kind in _AWAITED for number, kind in tab.traffic.open.values())


async def _notice(tab: Tab, seconds: float, wake: asyncio.Event | None = None) -> None:
    """Sleep until the time is up, a dialog opens, or `wake` is set."""
    async with asyncio.TaskGroup() as group:
        events = [tab.interrupted] if wake is None else [tab.interrupted, wake]
        waiting = [group.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
