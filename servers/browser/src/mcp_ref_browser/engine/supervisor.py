"""The one browser process: launched by the first call that needs a page, watched, launched again after a death.

Each launch has a generation number. Whoever holds something of an older generation holds nothing any more.
"""

import asyncio
import contextlib
import logging
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from mcp_ref_browser.engine.ending import drivers, put_down
from mcp_ref_browser.errors import BrowserError, plain, unavailable
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.discover import keep_compiled, launch_options
from mcp_ref_kit.libraries import imported

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

_log = logging.getLogger(__name__)

DRIVER = "playwright.async_api"
"""Its import takes a twentieth of a second: on a thread, once the first list is out or when a page is needed."""
DEATHS = 3
WINDOW_SECONDS = 60.0
PAUSE_SECONDS = 30.0
_CLOSE_SECONDS = 1.5
_PROBE_SECONDS = 2.0
# A browser that is busy with the pages of one session answers late; one that is stopped, never.
_DOUBT_SECONDS = 10.0
_SANDBOX = ("No usable sandbox", "sandbox_host_linux", "setuid_sandbox")


class Breaker:
    """Three deaths within a minute, and no launch is tried for half a minute. Pure, but for the clock it is given."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deaths: deque[float] = deque(maxlen=DEATHS)

    def note(self) -> None:
        """One more death."""
        self._deaths.append(self._clock())

    def check(self) -> None:
        """Do nothing, or refuse.

        Raises:
            BrowserError: `browser_unavailable`, for now.
        """
        if len(self._deaths) < DEATHS or self._deaths[-1] - self._deaths[0] > WINDOW_SECONDS:
            return
        left = self._deaths[-1] + PAUSE_SECONDS - self._clock()
        if left > 0:
            raise unavailable(f"The browser has died {DEATHS} times in a minute.", f"Try again in {left:.0f} s.")


class Engine:
    """One driver with its one browser."""

    def __init__(self, playwright: "Playwright", browser: "Browser", generation: int, options: dict[str, Any]) -> None:
        self.playwright = playwright
        self.browser = browser
        self.generation = generation
        self.options = options
        """How the browser was started, for a profile that needs a process of its own."""
        self.landing = Path(options["downloads_path"])
        """Where the browser writes downloads, under names of its own."""
        self.drivers: set[int] = set()
        """The process of its driver, where that is known."""
        self.dead = asyncio.Event()
        self.died_at = 0.0

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """Descriptions of devices that a context can be like, by name."""
        playwright: Any = self.playwright  # which types them as a bare dict
        return playwright.devices

    def die(self) -> bool:
        """It is dead; whether that is news."""
        if self.dead.is_set():
            return False
        self.died_at = time.monotonic()
        self.dead.set()
        return True

    async def is_alive(self, seconds: float, *, opens: bool = False) -> bool:
        """Ask the browser, also whether it `opens` pages; a dead driver answers nothing, and says nothing by itself."""
        if self.dead.is_set():
            return False
        try:
            async with asyncio.timeout(seconds):
                if opens:
                    context = await self.browser.new_context()
                    await (await context.new_page()).evaluate("1")
                    await context.close()
                probe = await self.browser.new_browser_cdp_session()
                await probe.detach()
        except Exception:  # noqa: BLE001  whatever it is, nothing can be done with this browser
            return False
        return not self.dead.is_set()

    async def close(self) -> None:
        """End browser and driver; what does not end in time is killed."""
        for end in (self.browser.close, self.playwright.stop):
            # A dead driver raises whatever it likes here, and there is nothing left to end.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await end()
        await asyncio.to_thread(put_down, self.drivers)
        await asyncio.to_thread(rmtree, self.landing, ignore_errors=True)


class Supervisor:
    """Has the engine, or gets one."""

    def __init__(
        self, settings: Settings, tasks: asyncio.TaskGroup, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._breaker = Breaker(clock)
        self._engine: Engine | None = None
        self._launching: asyncio.Task[Engine | BrowserError] | None = None
        self._doubting: asyncio.Task[None] | None = None
        self._generation = 0
        self._expected = False

    @property
    def running(self) -> Engine | None:
        """The engine, if there is one now."""
        return None if self._engine is None or self._engine.dead.is_set() else self._engine

    async def engine(self) -> Engine:
        """The living engine; the first call after a death waits for another.

        Raises:
            BrowserError: `browser_unavailable`.
        """
        if self._doubting is not None:
            await asyncio.shield(self._doubting)
        if self.running is not None:
            return self.running
        self._breaker.check()
        if self._launching is None or self._launching.done():
            self._launching = self._tasks.create_task(self._launched())
        found = await asyncio.shield(self._launching)
        if isinstance(found, BrowserError):
            raise found
        return found

    async def suspect(self) -> None:
        """Something was closed that nobody closed: see whether the whole engine is gone."""
        if self._engine is not None:
            await self._examined(self._engine, _PROBE_SECONDS)

    def doubt(self, *, opens: bool = False) -> None:
        """A call has waited in vain: see whether the engine answers at all. Calls that come wait for the outcome."""
        engine = self.running
        if engine is not None and (self._doubting is None or self._doubting.done()):
            self._doubting = self._tasks.create_task(self._examined(engine, _DOUBT_SECONDS, opens=opens))

    async def _examined(self, engine: Engine, seconds: float, *, opens: bool = False) -> None:
        if not await engine.is_alive(seconds, opens=opens):
            self._died(engine)

    async def close(self) -> None:
        """End what runs; the next call would launch again."""
        if self._launching is not None and not self._launching.done():
            await asyncio.wait([self._launching], timeout=_CLOSE_SECONDS)
        engine, self._engine = self._engine, None
        if engine is not None:
            self._expected = True
            await engine.close()
            self._expected = False

    async def _launched(self) -> Engine | BrowserError:
        """A new engine, or why there is none: an exception would end the group that the task belongs to."""
        old, self._engine = self._engine, None
        if old is not None:
            await old.close()
        try:
            self._engine = await self._launch()
        except BrowserError as error:
            return error
        except Exception as error:  # noqa: BLE001  the driver raises many kinds; one sentence for each
            _log.warning("the browser could not be started: %s", plain(str(error)))
            return _refusal(str(error))
        return self._engine

    async def _launch(self) -> Engine:
        driver = await imported(DRIVER)
        keep_compiled(os.environ)  # which the driver inherits; playwright lets nothing else be told to it
        place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="mcp-ref-browser-"))
        others = await asyncio.to_thread(drivers)
        playwright: Playwright = await driver.async_playwright().start()
        try:
            playwright.selectors.set_test_id_attribute(self._settings.test_id_attribute)
            options = await self._options(playwright, place)
            browser = await self._opened(playwright, options)
        except BaseException:
            with contextlib.suppress(Exception):  # the reason for the failure is the one to tell
                await playwright.stop()
            await asyncio.to_thread(rmtree, place, ignore_errors=True)
            raise
        self._generation += 1
        engine = Engine(playwright, browser, self._generation, options)
        engine.drivers = await asyncio.to_thread(drivers) - others
        browser.on("disconnected", lambda _: self._died(engine))
        _watch_driver(playwright, lambda: self._died(engine))
        return engine

    async def _options(self, playwright: "Playwright", place: Path) -> dict[str, Any]:
        if self._settings.cdp_endpoint is not None:
            return {"downloads_path": str(place)}
        own = playwright.chromium.executable_path
        return await asyncio.to_thread(launch_options, self._settings, own, place, os.environ)

    async def _opened(self, playwright: "Playwright", options: dict[str, Any]) -> "Browser":
        if self._settings.cdp_endpoint is not None:
            return await playwright.chromium.connect_over_cdp(self._settings.cdp_endpoint)
        return await playwright.chromium.launch(**options)

    def _died(self, engine: Engine) -> None:
        if engine.die() and not self._expected:
            self._breaker.note()
            _log.warning("the browser is gone")


def _watch_driver(playwright: "Playwright", died: Callable[[], None]) -> None:
    """Hear of the end of the driver's process, for which the public interface has no event."""
    try:
        connection: Any = attrgetter("_impl_obj._connection")(playwright)

        def closed(*_: Any) -> None:
            died()

        connection.on("close", closed)
        failing: Any = attrgetter("stop.__self__._client._transport.on_error_future")(playwright)
        failing.add_done_callback(_retrieve)  # else it is logged that nobody has asked
    except AttributeError:  # another version: closed targets and the probe tell it a little later
        return


def _retrieve(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()


def _refusal(message: str) -> BrowserError:
    if any(word in message for word in _SANDBOX):
        return unavailable(
            "Chromium cannot use its sandbox here.",
            "Allow unprivileged user namespaces on this machine, or run with --no-sandbox and know the risk.",
        )
    return unavailable("The browser could not be started.", plain(message))
