"""One SQLite connection on its own thread: one hop per piece of work, with a deadline that the engine is told too.

What does not stop when it should is left behind with its thread; whoever owned the connection opens another.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from mcp_ref_kit.db.calls.deadline import GRACE_SECONDS, Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.libraries import imported
from mcp_ref_sqlite.engine.failures import is_busy
from mcp_ref_sqlite.engine.thread import Thread

if TYPE_CHECKING:
    from aiosqlite import Connection as Raw

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Opener = Callable[["Interrupt"], sqlite3.Connection]

DRIVER = "aiosqlite"
# Rows that `async for` of aiosqlite would fetch at a time; it is never used.
_UNUSED_CHUNK = 64
# Even when the grace is over: a thread that is just coming back is worth this.
_LAST_SECONDS = 0.05


class Interrupt:
    """What SQLite asks every few thousand operations: whether the time is up, or the call was cancelled.

    A call of `interrupt()` alone is lost when it comes before the statement begins.
    """

    __slots__ = ("_until", "cancelled")

    def __init__(self) -> None:
        self._until = float("inf")
        self.cancelled = False

    def begin(self, until: float) -> None:
        """A new piece of work has this long."""
        self._until = until
        self.cancelled = False

    def expired(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._until

    def __call__(self) -> int:
        """What SQLite wants to know: 0 to go on."""
        return 1 if self.cancelled or time.monotonic() >= self._until else 0


class Connection:
    """A connection and its thread. One piece of work at a time; its owner sees to that."""

    def __init__(self, raw: "Raw", interrupt: Interrupt) -> None:
        self.interrupt = interrupt
        self.abandoned = False
        """Its thread did not come back in time; nobody may use it again."""
        self.broken = False
        """It said something after which it is better opened anew."""
        self._raw = raw
        self._thread = Thread(raw)
        self._running: asyncio.Future[Any] | None = None
        self._idle: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, opener: Opener, interrupt: Interrupt, deadline: Deadline) -> "Connection":
        """Start a thread and open a connection on it.

        Raises:
            sqlite3.Error: it cannot be opened.
            DbError: `timeout`.
        """
        aiosqlite = await imported(DRIVER)
        interrupt.begin(deadline.at)
        attempt = _Attempt(opener, interrupt)
        raw: Raw = aiosqlite.Connection(attempt, _UNUSED_CHUNK)
        Thread(raw).make_daemon()
        try:
            async with asyncio.timeout_at(deadline.at + GRACE_SECONDS):
                await raw
        except TimeoutError as error:
            raise deadline.expired() from error
        if attempt.error is not None:
            await raw.close()
            raise attempt.error
        return cls(raw, interrupt)

    async def run(self, work: Work[T], deadline: Deadline) -> T:
        """Do a piece of work on the thread. Cancelled or too late, the engine is stopped before this returns.

        Raises:
            DbError: `timeout`; the work did not stop by itself.
        """
        if self._running is not None:
            raise AssertionError("a connection does one thing at a time")
        self.interrupt.begin(deadline.at)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._running = future
        self._thread.put(partial(self._work, loop, work))
        # A third of what asyncio.timeout costs, which counts where the whole call is a few dozen microseconds.
        timer = loop.call_at(deadline.at + GRACE_SECONDS, _expire, future)
        try:
            return await future
        except asyncio.CancelledError:
            await self._let_go(deadline)
            raise
        except TimeoutError as error:
            await self._let_go(deadline)
            raise deadline.expired() from error
        finally:
            timer.cancel()

    @property
    def raw(self) -> sqlite3.Connection:
        """What its thread works with."""
        return self._thread.raw

    @property
    def is_stuck(self) -> bool:
        """Whether its thread still does what nobody waits for."""
        return self._running is not None

    def post(self, work: Callable[[], object]) -> None:
        """Have something short done before the next piece of work; nobody waits for it."""
        self._thread.put(partial(_quietly, work))

    async def close(self) -> None:
        """Close it and end its thread."""
        if self.abandoned:
            return
        with contextlib.suppress(sqlite3.Error):
            await self._raw.close()

    def leave(self) -> None:
        """Close it and end its thread without waiting: a thread that is stuck does so when it comes back."""
        self._thread.stop()

    def _work(self, loop: asyncio.AbstractEventLoop, work: Work[Any]) -> None:
        """On the thread."""
        error: BaseException | None = None
        answer: Any = None
        try:
            answer = self._checked(work)
        except BaseException as failed:  # noqa: BLE001  it is raised again where the call waits
            error = failed
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(self._settle, answer, error)

    def _checked(self, work: Work[T]) -> T:
        if self.interrupt():  # the call was cancelled, or its time was up, before its turn came
            raise sqlite3.OperationalError("interrupted")
        return work(self.raw)

    def _settle(self, answer: Any, error: BaseException | None) -> None:
        """On the loop: the thread is free again."""
        future, self._running = self._running, None
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)

    async def _let_go(self, deadline: Deadline) -> None:
        """Stop the work and wait for the thread a little, however often the call is cancelled meanwhile."""
        self.interrupt.cancelled = True
        with contextlib.suppress(ValueError, sqlite3.Error):  # it was just closed
            self.raw.interrupt()
        loop = asyncio.get_running_loop()
        self._idle = loop.create_future()
        until = max(deadline.at + GRACE_SECONDS, loop.time() + _LAST_SECONDS)
        until = min(until, loop.time() + GRACE_SECONDS)
        while self._running is not None and not self._idle.done() and (left := until - loop.time()) > 0:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({self._idle}, timeout=left)
        self.abandoned = self._running is not None
        self._idle = None


class _Attempt:
    """Opens a connection; what went wrong is kept, since aiosqlite would leave its thread running after an error."""

    def __init__(self, opener: Opener, interrupt: Interrupt) -> None:
        self._opener = opener
        self._interrupt = interrupt
        self.error: BaseException | None = None

    def __call__(self) -> sqlite3.Connection:
        try:
            return self._opener(self._interrupt)
        except BaseException as error:  # noqa: BLE001  it is raised again where the call waits
            self.error = error
            return sqlite3.connect(":memory:", check_same_thread=False)


def patiently(work: Callable[[], T], interrupt: Interrupt, seconds: float) -> T:
    """The work, and again while somebody else has a lock on the file. On the thread.

    SQLite would sleep on a lock without looking at the clock or at a cancelled call.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or interrupt() or time.monotonic() >= until:
                raise


def _expire(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _quietly(work: Callable[[], object]) -> None:
    with contextlib.suppress(sqlite3.Error):
        work()


def stopped(interrupt: Interrupt, deadline: Deadline) -> DbError:
    """Why the engine says that it was interrupted."""
    if interrupt.expired() and not interrupt.cancelled:
        return deadline.expired()
    return DbError("The call was cancelled.", code="cancelled")
