"""Around each running call: cancellable from outside, and its connection is watched once it takes longer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.transports.http.asgi import Receive

_log = logging.getLogger(__name__)

# A call that outlives one or two of these gets a task that watches its connection; most never pay for one.
_GLANCE_SECONDS = 0.1


class Runs:
    """Every call that runs on one server: one timer looks at the young ones, and all can be ended in order."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.group = group
        self._loop = asyncio.get_running_loop()
        self._open: set[Watch] = set()
        self._young: set[Watch] = set()
        self._glance: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()

    def begin(self, watch: "Watch") -> "asyncio.Task[None] | None":
        """Look after a call; the task that runs it."""
        self._open.add(watch)
        self._young.add(watch)
        if self._glance is None:
            self._glance = self._loop.call_later(_GLANCE_SECONDS, self._look)
        return asyncio.current_task(self._loop)

    def end(self, watch: "Watch") -> None:
        """Take note that a call is over."""
        self._open.discard(watch)
        self._young.discard(watch)
        if not self._open:
            self._empty.set()

    async def drain(self, seconds: float) -> None:
        """Let calls finish for a while, then cancel them and wait until they have gone."""
        for patience in (seconds, seconds):
            if not self._open:
                break
            self._empty.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._empty.wait()
            for watch in list(self._open):
                watch.cancel()
        if self._glance is not None:
            self._glance.cancel()

    def _look(self) -> None:
        for watch in list(self._young):
            if watch.outlived_a_glance():
                self._young.discard(watch)
        self._glance = self._loop.call_later(_GLANCE_SECONDS, self._look) if self._young else None


class Watch:
    """`with watch:` around a call; `cancelled` afterwards says that somebody ended it from outside.

    The same as an `asyncio.timeout` that is rescheduled from outside, at a fifth of its price.
    """

    def __init__(self, runs: Runs, attendance: Callable[[], Awaitable[None]] | None = None) -> None:
        self.cancelled = False
        self._runs = runs
        self._attendance = attendance
        self._task: asyncio.Task[None] | None = None
        self._attendant: asyncio.Task[None] | None = None
        self._seen = False

    def __enter__(self) -> Self:
        """Begin."""
        self._task = self._runs.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Stop watching; a cancellation that came through `cancel`, and no other, ends here."""
        self._runs.end(self)
        if self._attendant is not None:
            self._attendant.cancel()
        task, self._task = self._task, None
        if not self.cancelled or task is None:
            return False
        return task.uncancel() == 0 and kind is asyncio.CancelledError

    def cancel(self) -> None:
        """Cancel the call; one that is over is fine."""
        if self._task is not None and not self.cancelled:
            self.cancelled = True
            self._task.cancel()

    def outlived_a_glance(self) -> bool:
        """Whether this is not the first look; then somebody is sent to watch the connection."""
        if not self._seen:
            self._seen = True
            return False
        if self._attendance is not None:
            self._attendant = self._runs.group.create_task(guarded(self._attendance))
        return True


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


async def guarded(work: Callable[[], Awaitable[None]]) -> None:
    """Do something beside a request: its fault is logged and must not end what else the group runs."""
    try:
        await work()
    except ConnectionLost:
        return
    except Exception:  # noqa: BLE001  the last boundary: a TaskGroup would cancel every other request
        _log.exception("a task beside a request failed")
