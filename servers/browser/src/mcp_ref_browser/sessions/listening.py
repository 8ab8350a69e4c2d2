"""Listens to one page and writes down what it does: console, requests, dialogs, choosers, downloads, its end."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.refusals import Refusals
from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.sessions.floods import PAUSE_SECONDS, Flood
from mcp_ref_browser.sessions.leaving import leave
from mcp_ref_browser.sessions.rings import MOST_TEXT, ConsoleEntry, RequestEntry, level_of
from mcp_ref_browser.sessions.tab import Modal, Tab

if TYPE_CHECKING:
    from playwright.async_api import (
        ConsoleMessage,
        Dialog,
        Download,
        Error,
        FileChooser,
        Frame,
        Page,
        Request,
        Response,
    )

_GUARD = "x-mcp-guard"
_TUNNEL = "net::ERR_TUNNEL_CONNECTION_FAILED"


Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Owner(Protocol):
    """What a listener needs of the session."""

    events: Events
    dialogs: tuple[str, float]
    """What becomes of a dialog, and after how many seconds if nobody answers it."""
    refusals: Refusals

    @property
    def spawn(self) -> "Spawn":
        """Does something beside the calls."""
        ...

    async def save(self, tab: Tab, download: "Download") -> None:
        """Keep a download."""
        ...

    def forget(self, tab: Tab) -> None:
        """The tab is gone."""
        ...


class PageListener:
    """Turns the events of a page into facts of its tab."""

    def __init__(self, tab: Tab, owner: Owner) -> None:
        """Begin to listen."""
        self._tab = tab
        self._owner = owner
        self._flood = Flood()
        self._open: dict[Request, RequestEntry] = {}
        """The entries of the requests under way: to look for one among all takes seconds on a page with thousands."""
        listeners: dict[str, Any] = {
            "console": self._console,
            "pageerror": self._error,
            "request": self._request,
            "response": self._response,
            "requestfinished": self._finished,
            "requestfailed": self._failed,
            "dialog": self._dialog,
            "dialogclosed": self._dialog_closed,
            "filechooser": self._chooser,
            "download": self._download,
            "framenavigated": self._navigated,
            "crash": self._crash,
            "close": self._close,
        }
        page: Any = tab.page  # a table of events has no overloads
        for event, listener in listeners.items():
            page.on(event, listener)

    def _console(self, message: "ConsoleMessage") -> None:
        place = message.location
        where = f"{place.get('url', '')[:300]}:{place.get('lineNumber', 0)}"
        self._note(ConsoleEntry(level_of(message.type), message.text[:MOST_TEXT], where))

    def _error(self, error: "Error") -> None:
        self._note(ConsoleEntry("error", f"Uncaught {error.message}"[:MOST_TEXT], ""))

    def _note(self, entry: ConsoleEntry) -> None:
        self._tab.console.add(entry)
        if entry.level == "error":
            self._owner.events.add("console_error", entry.text[:200], tab=self._tab.id)
        if self._flood.rises():
            self._owner.spawn(self._dam())

    async def _dam(self) -> None:
        """Do not listen for a moment; a page that floods on is closed: what it writes keeps all others waiting."""
        page: Any = self._tab.page
        written = {"console": self._console, "pageerror": self._error}
        for event, listener in written.items():
            page.remove_listener(event, listener)
        if self._flood.lasts:
            self._owner.events.add("closed", f"{self._tab.id} was closed: it flooded its console.", tab=self._tab.id)
            with contextlib.suppress(Exception):  # it may be closed meanwhile
                await page.close()
            return
        self._tab.console.add(ConsoleEntry("warning", "Lines were left out: there were too many in a second.", ""))
        await asyncio.sleep(PAUSE_SECONDS)
        for event, listener in written.items():
            page.on(event, listener)

    def _request(self, request: "Request") -> None:
        tab = self._tab
        if self._is_main(request):
            tab.requests.begin()
            tab.traffic.navigations += 1
            tab.status = None
        entry = RequestEntry(request.method, request.url[:8192], request.resource_type, request=request)
        self._open[request] = entry
        tab.requests.add(entry)
        tab.traffic.begin(request, "document" if request.is_navigation_request() else request.resource_type)

    def _response(self, response: "Response") -> None:
        request = response.request
        entry = self._open.get(request)
        if entry is not None:
            entry.status = response.status
        if self._is_main(request):
            self._tab.status = response.status
            refusal = self._owner.refusals.find(response.url) if _GUARD in response.headers else None
            if refusal is not None:  # without one the header is not ours
                self._refused(refusal)

    def _finished(self, request: "Request") -> None:
        self._ended(request, None)

    def _failed(self, request: "Request") -> None:
        self._ended(request, request.failure or "failed")
        if self._is_main(request) and request.failure == _TUNNEL:
            self._refused(self._owner.refusals.find(request.url) or _unreachable(request.url))

    def _ended(self, request: "Request", failure: str | None) -> None:
        entry = self._open.pop(request, None)
        if entry is not None:
            entry.failure = failure
            entry.ended = asyncio.get_running_loop().time()
            self._tab.requests.signal.fire()
        self._tab.traffic.end(request)

    def _refused(self, refusal: ToolError) -> None:
        """The guard answered in place of the page that the tab was going to."""
        self._tab.refusal = refusal
        self._owner.spawn(self._leave())

    async def _leave(self) -> None:
        """A tab that went by itself to where it may not does not stay there; a call that waits for it says so first."""
        tab = self._tab
        async with tab.lock:
            if tab.refusal is not None and not tab.interrupted.is_set():
                tab.refusal = None
                await leave(tab.page)

    def _dialog(self, dialog: "Dialog") -> None:
        tab = self._tab
        tab.open_modal(Modal(dialog.type, dialog.message[:MOST_TEXT], dialog.default_value[:MOST_TEXT], dialog))
        self._owner.spawn(self._attend(dialog))

    async def _attend(self, dialog: "Dialog") -> None:
        """Answer a dialog as the operator wants it, or when nobody has for a long time."""
        mode, seconds = self._owner.dialogs
        if mode == "ask":
            await asyncio.sleep(seconds)
        if self._tab.modal is None or self._tab.modal.dialog is not dialog:
            return
        accepted = mode == "accept"
        with contextlib.suppress(Exception):  # the page may be gone, and the dialog with it
            await (dialog.accept() if accepted else dialog.dismiss())
        self._tab.close_modal()
        kind = "dialog_accepted" if accepted else "dialog_dismissed"
        self._owner.events.add(kind, f"{dialog.type}: {dialog.message}", tab=self._tab.id)

    def _dialog_closed(self, dialog: "Dialog") -> None:
        if self._tab.modal is not None and self._tab.modal.dialog is dialog:
            self._tab.close_modal()

    def _chooser(self, chooser: "FileChooser") -> None:
        self._tab.chooser = chooser
        several = "files" if chooser.is_multiple() else "a file"
        self._owner.events.add(
            "filechooser", f"The page waits for {several}: browser_file_upload chooses.", tab=self._tab.id
        )

    def _download(self, download: "Download") -> None:
        self._owner.spawn(self._owner.save(self._tab, download))

    def _navigated(self, frame: "Frame") -> None:
        tab = self._tab
        if frame == tab.page.main_frame:
            tab.url = frame.url
            tab.stuck = False
            self._flood.forget()
            tab.traffic.document += 1
            tab.chooser = None
            tab.typed.clear()
            tab.console.begin()
            tab.traffic.wake.set()

    def _crash(self, _page: "Page") -> None:
        self._tab.end(crashed=True)
        self._owner.events.add("crashed", f"The page {self._tab.url[:200]} has crashed.", tab=self._tab.id)

    def _close(self, _page: "Page") -> None:
        self._tab.end(crashed=False)
        self._owner.forget(self._tab)

    def _is_main(self, request: "Request") -> bool:
        if not request.is_navigation_request():
            return False
        try:
            return request.frame == self._tab.page.main_frame
        except Exception:  # noqa: BLE001  the frame of a page that is being made is not known yet: it is the main one
            return True


def _unreachable(url: str) -> BrowserError:
    return BrowserError(f"{url[:200]} cannot be reached.", retryable=True)
