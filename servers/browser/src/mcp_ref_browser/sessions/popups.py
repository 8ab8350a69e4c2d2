"""Windows that pages open: tabs while there is room, closed beyond it; whoever opens them for ever is closed too."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Page

MOST_REFUSED = 20
"""Windows beyond the last tab that a page may ask for. A thousand keep all pages of its process busy for a minute."""
_SECONDS = 5.0


class Popups:
    """Tells the windows that pages open from those that calls open, which look the same at first."""

    def __init__(self, tabs: Callable[[], Iterable[Tab]], events: Events, most: int) -> None:
        self._tabs = tabs
        self._events = events
        self._most = most
        self._ours: WeakSet[Tab] = WeakSet()
        self._refused: WeakKeyDictionary[Tab, int] = WeakKeyDictionary()
        self._opening = 0
        self._known = asyncio.Event()
        self._known.set()

    async def opened(self, opening: Awaitable[Tab]) -> Tab:
        """A tab that a call opens, and no page."""
        self._opening += 1
        self._known.clear()
        try:
            tab = await opening
            self._ours.add(tab)
            return tab
        finally:
            self._opening -= 1
            if self._opening == 0:
                self._known.set()

    async def introduce(self, tab: Tab) -> None:
        """Tell of a new tab, if a page has opened it."""
        await self._known.wait()
        if tab in self._ours:
            return
        opener = await self._opener(tab.page)
        tab.opener = None if opener is None else opener.id
        self._events.add("popup", f"{tab.opener or 'A page'} opened {tab.id}.", tab=tab.id)

    async def refuse(self, page: "Page") -> None:
        """Close a page for which there is no room, unless it is ours."""
        await self._known.wait()
        if self._tab(page) is not None:
            return
        self._events.add("closed", f"A popup was closed: {self._most} tabs are the limit.")
        opener = await self._opener(page)
        await _closed(page)
        if opener is not None:
            await self._count(opener)

    async def _count(self, opener: Tab) -> None:
        self._refused[opener] = refused = self._refused.get(opener, 0) + 1
        if refused == MOST_REFUSED:
            self._events.add("closed", f"{opener.id} was closed: it opened more and more windows.", tab=opener.id)
            await _closed(opener.page)

    async def _opener(self, page: "Page") -> Tab | None:
        """The tab that opened a page; none for one that was opened without ties."""
        with contextlib.suppress(Exception):  # it may be gone before it is looked at
            async with asyncio.timeout(_SECONDS):
                opener = await page.opener()
                return None if opener is None else self._tab(opener)
        return None

    def _tab(self, page: "Page") -> Tab | None:
        return next((tab for tab in self._tabs() if tab.page == page), None)


async def _closed(page: "Page") -> None:
    with contextlib.suppress(Exception):  # it may be closed already
        async with asyncio.timeout(_SECONDS):
            await page.close()
