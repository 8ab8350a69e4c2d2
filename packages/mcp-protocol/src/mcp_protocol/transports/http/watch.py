"""Around one running call: cancellable from outside, and its connection is watched once it takes longer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.transports.http.asgi import Receive

_log = logging.getLogger(__name__)

# Most calls are over by then and never pay for a task that watches the connection.
_GLANCE_SECONDS = 0.05


class Runs:
    """Every call that runs on one server, so that it can stop in an orderly way."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.group = group
        self.open: set[Watch] = set()
        self._empty = asyncio.Event()

    def done(self, watch: "Watch") -> None:
        """Take note that a call is over."""
        self.open.discard(watch)
        if not self.open:
            self._empty.set()

    async def drain(self, seconds: float) -> None:
        """Let calls finish for a while, then cancel them and wait until they have gone."""
        for patience in (seconds, seconds):
            if not self.open:
                return
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._empty.wait()
            for watch in list(self.open):
                watch.cancel()


class Watch:
    """`async with watch:` around a call; `cancelled` afterwards says that somebody ended it from outside."""

    def __init__(self, runs: Runs, attendance: Callable[[], Awaitable[None]] | None = None) -> None:
        self._runs = runs
        self._attendance = attendance
        self._life = asyncio.timeout(None)
        self._glance: asyncio.TimerHandle | None = None
        self._attendant: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._runs.open.add(self)
        if self._attendance is not None:
            self._glance = asyncio.get_running_loop().call_later(_GLANCE_SECONDS, self._attend)
        await self._life.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Stop watching; a cancellation that came through `cancel` ends here."""
        self._runs.done(self)
        if self._glance is not None:
            self._glance.cancel()
        if self._attendant is not None:
            self._attendant.cancel()
        try:
            await self._life.__aexit__(kind, error, trace)
        except TimeoutError:
            return True
        return False

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called while the call ran."""
        return self._life.expired()

    def cancel(self) -> None:
        """Cancel the call; one that is over is fine."""
        with suppress(RuntimeError):
            self._life.reschedule(0)

    def _attend(self) -> None:
        if self._attendance is not None:
            self._attendant = self._runs.group.create_task(guarded(self._attendance()))


async def attend(
    receive: Receive, every: float, on_silence: Callable[[], Awaitable[None]], on_left: Callable[[], None]
) -> None:
    """Beside a long answer: call `on_silence` again and again, and `on_left` once when the client goes away."""
    while True:
        try:
            async with asyncio.timeout(every):
                event = await receive()
        except TimeoutError:
            await on_silence()
            continue
        if event["type"] == "http.disconnect":
            on_left()
            return


async def guarded(work: Awaitable[None]) -> None:
    """Do something beside a request: its fault is logged and must not end what else the group runs."""
    try:
        await work
    except ConnectionLost:
        return
    except Exception:  # noqa: BLE001  the last boundary: a TaskGroup would cancel every other request
        _log.exception("a task beside a request failed")
