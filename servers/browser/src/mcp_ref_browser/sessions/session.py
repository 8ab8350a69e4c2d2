"""One session: its context behind its own proxy, its tabs, and what brings it back after a death of the browser."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_browser.answer.redact import Redactor
from mcp_ref_browser.engine.ending import while_alive
from mcp_ref_browser.engine.supervisor import Engine
from mcp_ref_browser.errors import invalid, over_limit
from mcp_ref_browser.guard.conversation import Dial
from mcp_ref_browser.guard.policy import SessionPolicy, refused
from mcp_ref_browser.guard.proxy import GuardProxy
from mcp_ref_browser.guard.refusals import Refusals
from mcp_ref_browser.sessions.artifacts import Artifact
from mcp_ref_browser.sessions.downloads import Downloads
from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.sessions.listening import PageListener, Spawn
from mcp_ref_browser.sessions.popups import Popups
from mcp_ref_browser.sessions.resting import Resting, tidy
from mcp_ref_browser.sessions.shelf import TextShelf
from mcp_ref_browser.sessions.signals import Signal
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Download, Page

_log = logging.getLogger(__name__)

Found = TypeVar("Found")

_CLOSE_SECONDS = 1.5
_OPEN_SECONDS = 15.0
_RESTORE_SECONDS = 3.0
_MOST_ORIGINS = 100
_MOST_LOST = 100
_DYING_SECONDS = 1.0
# A page may keep ten megabytes, and this is asked after every action: what is more than a login needs is not kept.
STORED = """() => { const entries = Object.entries(localStorage);
 const size = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
 return {origin: location.origin, entries: size > 250000 ? [] : entries} }"""


class Facts(Struct, kw_only=True):
    """What a session was made with."""

    handle: str
    owner: str
    name: str | None
    context: dict[str, Any]
    """Options of its browser context."""
    max_tabs: int
    dialogs: str
    dialog_seconds: float = 30.0
    init_script: str | None = None
    profile: str | None = None
    """The directory of a profile that is kept."""


class Kept(Struct):
    """Cookies, and local storage by origin, of the last page: what a death of the browser would lose."""

    cookies: list[Any] = []
    storage: dict[str, list[list[str]]] = {}


class Session:
    """One caller's share of the browser."""

    def __init__(
        self, facts: Facts, policy: SessionPolicy, redactor: Redactor, spawn: Spawn, downloads: Downloads
    ) -> None:
        self.facts = facts
        self.handle = facts.handle
        self.dialogs = (facts.dialogs, facts.dialog_seconds)
        self.policy = policy
        self.redactor = redactor
        self.spawn = spawn
        self.events = Events()
        self.tabs: dict[str, Tab] = {}
        self.resting = Resting(lambda: [*self.tabs.values()], spawn)
        self._popups = Popups(lambda: [*self.tabs.values()], self.events, facts.max_tabs)
        self.active: str | None = None
        self.artifact_signal = Signal()
        self.mocks: dict[str, Any] = {}
        self.recordings: dict[str, Any] = {}
        """What is being recorded: trace, har, video."""
        self.typed_secret = False
        self.shelf = TextShelf()
        self.last_used = time.monotonic()
        self.context: BrowserContext | None = None
        self.downloads = downloads
        self._proxy: GuardProxy | None = None
        self._port = 0
        self._next_tab = 1
        self._lock = asyncio.Lock()
        self.refusals = Refusals()
        self._kept = Kept()
        self._lost: deque[tuple[float, Tab]] = deque(maxlen=_MOST_LOST)
        """Tabs that closed lately: those of a dying browser close before it is known to be dead."""
        self._engine: Engine | None = None
        self._closing = asyncio.Event()

    async def open(self, engine: Engine, dial: Dial | None = None) -> None:
        """Have a context in this engine; after a death the old one's cookies, storage and tabs come back."""
        async with self._lock:
            if self.context is not None and self._engine is engine:
                return
            if self._proxy is None:
                self._proxy = GuardProxy(self.policy, self._on_answered, dial)
                self._port = await self._proxy.start()
            again = self._engine
            made = while_alive(self._made(engine), _OPEN_SECONDS, "No session was opened", engine.dead, self._closing)
            self.context = await made
            self._engine = engine
            self.downloads.landing = engine.landing
            self.context.set_default_timeout(120_000)
            if self.facts.init_script:
                await self.context.add_init_script(self.facts.init_script)
            self.context.on("page", self._on_page)
            if again is not None:
                self.mocks.clear()
                self.recordings.clear()
                await self._restore(self.context, again.died_at)

    def current(self) -> Tab | None:
        """The active tab, if there is one."""
        return None if self.active is None else self.tabs.get(self.active)

    async def new_tab(self) -> Tab:
        """Open a tab and make it the active one.

        Raises:
            BrowserError: `limit`.
        """
        if len(self.tabs) >= self.facts.max_tabs:
            raise over_limit(
                f"The session has {len(self.tabs)} tabs already.", "Close one with browser_tabs, action=close."
            )
        if self.context is None:
            raise AssertionError("a tab is opened in a session that is open")
        tab = await self._popups.opened(self._opened(self.context))
        self.active = tab.id
        return tab

    async def close_tabs(self, *tabs: Tab) -> None:
        """Close tabs, all at once and whatever they do.

        Raises:
            BrowserError: `timeout`, the browser does not answer; `crashed`, it has ended.
        """
        await asyncio.gather(*(self._in_time(tab.page.close(), "The tab was not closed") for tab in tabs))

    async def remember(self, tab: Tab) -> None:
        """Keep cookies and storage, for the case that the browser dies."""
        if self.context is None or tab.modal is not None:
            return
        with contextlib.suppress(Exception):  # a page that goes away meanwhile is remembered the next time
            async with asyncio.timeout(_CLOSE_SECONDS):
                self._kept.cookies = list(await self.context.cookies())
                found = await tab.page.evaluate(STORED)
                if len(self._kept.storage) < _MOST_ORIGINS or found["origin"] in self._kept.storage:
                    self._kept.storage[found["origin"]] = found["entries"]
                await tidy(tab)

    async def save(self, tab: Tab, download: "Download") -> None:
        """Keep a download as an artifact."""
        await self.downloads.save(self, tab, download)

    def added(self, artifact: Artifact) -> None:
        """An artifact was made."""
        del artifact
        self.artifact_signal.fire()

    def forget(self, tab: Tab) -> None:
        """A tab has closed; the newest other one is active then."""
        if self.tabs.get(tab.id) is tab:
            del self.tabs[tab.id]
            self._lost.append((time.monotonic(), tab))
        if self.active == tab.id:
            self.active = next(reversed(self.tabs), None)

    async def close(self) -> None:
        """End the context and the proxy."""
        self._closing.set()
        self.resting.stop()
        context, self.context = self.context, None
        for tab in list(self.tabs.values()):
            tab.end(crashed=False)
        self.tabs.clear()
        if self._proxy is not None:
            self._proxy.close()
        if context is not None:
            with contextlib.suppress(Exception):  # a dead browser has no context to close
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await context.close()

    async def _made(self, engine: Engine) -> "BrowserContext":
        options = _with_device(self.facts.context, engine.devices)
        if self._kept.cookies or self._kept.storage:
            options["storage_state"] = self._stored()
        if not options.pop("foreign", False):
            # Without this bypass rule Chromium would go to loopback addresses directly.
            options["proxy"] = {"server": f"http://127.0.0.1:{self._port}", "bypass": "<-loopback>"}
        if self.facts.profile is None:
            return await engine.browser.new_context(**options)
        options.pop("storage_state", None)
        return await engine.playwright.chromium.launch_persistent_context(
            self.facts.profile, **{**engine.options, **options}
        )

    def _stored(self) -> dict[str, Any]:
        origins = [
            {"origin": origin, "localStorage": [{"name": name, "value": value} for name, value in entries]}
            for origin, entries in self._kept.storage.items()
            if origin.startswith("http")
        ]
        return {"cookies": self._kept.cookies, "origins": origins}

    async def _restore(self, context: "BrowserContext", died_at: float) -> None:
        """Open the tabs that there were, each under its own id."""
        self.events.add("browser_restarted", "The browser was restarted; refs of before are stale.")
        lost = {tab.id: tab for closed_at, tab in self._lost if closed_at >= died_at - _DYING_SECONDS}
        old, self.tabs = {**lost, **self.tabs}, {}
        self._lost.clear()
        async with asyncio.TaskGroup() as group:
            for tab in old.values():
                tab.end(crashed=False)
                group.create_task(self._reopen(context, tab))
        self.tabs = {ident: self.tabs[ident] for ident in [*old, *self.tabs] if ident in self.tabs}
        if self.active not in self.tabs:
            self.active = next(iter(self.tabs), None)

    async def _reopen(self, context: "BrowserContext", old: Tab) -> None:
        with contextlib.suppress(Exception):  # a page that cannot be had again stays blank
            async with asyncio.timeout(_RESTORE_SECONDS):
                tab = await self._popups.opened(self._opened(context, old.id))
                if old.url.startswith("http"):
                    await tab.page.goto(old.url, wait_until="commit")

    async def _opened(self, context: "BrowserContext", ident: str | None = None) -> Tab:
        """A new page, as a tab."""
        return self._adopted(await self._in_time(context.new_page(), "No tab was opened"), ident)

    async def _in_time(self, work: Awaitable[Found], what: str) -> Found:
        """What the engine is asked for by the session itself."""
        if self._engine is None:
            raise AssertionError("a session has an engine once it is open")
        return await while_alive(work, _OPEN_SECONDS, what, self._engine.dead, self._closing)

    def _adopted(self, page: "Page", ident: str | None = None) -> Tab:
        for tab in self.tabs.values():
            if tab.page == page:
                if ident is not None:
                    self._renamed(tab, ident)
                return tab
        if ident is None:
            ident = f"t{self._next_tab}"
            self._next_tab += 1
        tab = Tab(ident, page)
        self.tabs[ident] = tab
        PageListener(tab, self)
        return tab

    def _renamed(self, tab: Tab, ident: str) -> None:
        """A reopened page was seen under a new id first."""
        del self.tabs[tab.id]
        tab.id = ident
        self.tabs[ident] = tab

    def _on_page(self, page: "Page") -> None:
        if self._closing.is_set():
            return
        if len(self.tabs) >= self.facts.max_tabs:
            self.spawn(self._popups.refuse(page))
            return
        tab = self._adopted(page)
        if self.active is None:
            self.active = tab.id
        self.spawn(self._popups.introduce(tab))

    def _on_answered(self, error: ToolError, where: str) -> None:
        """The proxy answered by itself; that nobody listens somewhere is no event."""
        self.refusals.add(where, error)
        if refused(error):
            self.events.add("blocked", f"{where[:300]}: {error.message}")


def _with_device(options: Mapping[str, Any], devices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The options of a context; those of a device are its own unless others are given.

    Raises:
        BrowserError: the device is not known.
    """
    own = {name: value for name, value in options.items() if name != "device"}
    device = options.get("device")
    if device is None:
        return own
    if device not in devices:
        raise invalid(f"There is no device {device!r}.", "Such as `iPhone 15`, `Pixel 7`, `Desktop Chrome`.")
    known = {name: value for name, value in devices[device].items() if name != "default_browser_type"}
    own.pop("viewport", None)
    return {**known, **own}
