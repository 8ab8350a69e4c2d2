"""Pages let go of their garbage: once nobody has used them for a moment, and now and then while somebody does."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from mcp_ref_browser.sessions.listening import Spawn

REST_SECONDS = 1.0
"""Long enough that a caller who goes on at once never waits for a collection, which takes a small page 10 ms."""
_MOST_SECONDS = 1.5
_DOCUMENTS = 30


class Resting:
    """Counts the calls that use a session, and sees when its tabs rest.

    Snapshots and clicks leave 3 MB in a small page, a seventh of all its memory, and V8 sees no need to collect them.
    """

    def __init__(self, tabs: Callable[[], Iterable[Tab]], spawn: "Spawn") -> None:
        self._tabs = tabs
        self._spawn = spawn
        self._timer: asyncio.TimerHandle | None = None
        self.calls = 0

    def disturb(self) -> None:
        """A call has come."""
        self.calls += 1
        self.stop()

    def leave(self) -> None:
        """It has ended: unless another one comes, the tabs rest from now on."""
        self.calls -= 1
        if self.calls == 0:
            self._timer = asyncio.get_running_loop().call_later(REST_SECONDS, self._collect)

    def stop(self) -> None:
        """Collect nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _collect(self) -> None:
        for tab in self._tabs():
            if tab.used:
                self._spawn(collect(tab))


async def tidy(tab: Tab) -> None:
    """Collect if the tab has shown many documents since it was done last: it may never be left to rest."""
    if tab.traffic.document - tab.collected >= _DOCUMENTS:
        await collect(tab)


async def collect(tab: Tab) -> None:
    """Let a page collect its garbage, unless it cannot now; one that hangs is given up after 1.5 seconds."""
    if tab.interrupted.is_set():
        return
    tab.used = False
    tab.collected = tab.traffic.document
    with contextlib.suppress(Exception):  # it may be gone meanwhile, and its garbage with it
        async with asyncio.timeout(_MOST_SECONDS):
            session: Any = await tab.page.context.new_cdp_session(tab.page)
            try:
                await session.send("HeapProfiler.collectGarbage")
            finally:
                await session.detach()
