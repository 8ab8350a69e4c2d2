"""The time of a call: one deadline for waiting, connecting, running and encoding; few statements at once; progress."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from mcp_protocol.server.context import Context
from mcp_ref_kit.db.calls.errors import DbError

# Tools may ask for this much by `timeout_s`.
MOST_SECONDS = 300
_LATE = f"Ask for less, or for more time with `timeout_s`, at most {MOST_SECONDS}."
# The engine is told the deadline and stops by itself; what has not stopped this much later is left behind.
GRACE_SECONDS = 1.0
_PROGRESS_SECONDS = 0.25
# The lexer takes about ten milliseconds for it.
_LONG_TEXT = 16_384

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Deadline:
    """When a call has to be done: `at`, on the event loop's clock. A user's question is asked outside of it.

    `late` says what to do about a call that was not.
    """

    __slots__ = ("_late", "_until", "at", "seconds")

    def __init__(self, seconds: float, late: str = _LATE) -> None:
        self.seconds = seconds
        self._late = late
        self.at = asyncio.get_running_loop().time() + seconds
        self._until = time.monotonic() + seconds  # for threads, which have no loop

    @property
    def left(self) -> float:
        """Seconds that are left, never fewer than 0; a thread may ask, too."""
        return max(self._until - time.monotonic(), 0.0)

    def expired(self) -> DbError:
        """What to raise when it has passed."""
        return DbError(f"The call was stopped after {self.seconds:g} seconds.", code="timeout", hint=self._late)


async def off_loop(
    size: int, function: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Call what takes time in proportion to a caller's text of this size; a long one in a thread, so that nobody waits.

    Raises:
        Whatever the function raises.
    """
    if size < _LONG_TEXT:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


class Slots:
    """At most so many statements run at once over all callers; further calls wait in order, as long as they may.

    `late` is the hint for calls whose time is up.
    """

    def __init__(self, most: int, late: str = _LATE) -> None:
        self._most = most
        self._late = late
        self._free = asyncio.Semaphore(most)

    @asynccontextmanager
    async def enter(self, seconds: float, *, grace: float = GRACE_SECONDS) -> AsyncGenerator[Deadline]:
        """Run the block within a deadline: it ends by itself when `at` has passed, or is cancelled after `grace`.

        Raises:
            DbError: `busy`, there was no slot in time; `timeout`, the time is up.
        """
        deadline = Deadline(seconds, self._late)
        await self._turn(deadline)
        scope = asyncio.timeout_at(deadline.at + grace)
        try:
            async with scope:
                yield deadline
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise deadline.expired() from error
        finally:
            self._free.release()

    async def _turn(self, deadline: Deadline) -> None:
        if not self._free.locked():  # the usual case, without a timer
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout_at(deadline.at):
                await self._free.acquire()
        except TimeoutError as error:
            raise DbError(
                f"{self._most} statements were running until the deadline.",
                code="busy",
                hint="Try again in a moment.",
            ) from error


class Progress:
    """Tells a caller who asked for it how far a call is: at most four times a second, never backwards."""

    def __init__(self, ctx: Context[Any], total: float | None = None) -> None:
        self._ctx = ctx
        self._total = total
        self._next = float("-inf")

    async def report(self, done: float, message: str | None = None) -> None:
        """So much is done."""
        now = asyncio.get_running_loop().time()
        if now >= self._next:
            self._next = now + _PROGRESS_SECONDS
            await self._ctx.progress(done, self._total, message)

    @asynccontextmanager
    async def following(self, done: Callable[[], float]) -> AsyncGenerator[None]:
        """While the block runs, ask `done` how far its work is: it goes on in a thread or in the engine."""
        failed: BaseException | None = None
        async with asyncio.TaskGroup() as group:
            ticker = group.create_task(self._follow(done))
            try:
                yield
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001  raised below; the group would make a group of it
                failed = error
            finally:
                ticker.cancel()
        if failed is not None:
            raise failed

    async def _follow(self, done: Callable[[], float]) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            await self.report(done())


class Backoff:
    """Reaching an engine that may be down: attempts one at a time, and after failures with growing pauses between."""

    def __init__(self, least: float = 0.1, most: float = 5.0) -> None:
        self._least = least
        self._most = most
        self._pause = 0.0
        self._not_before = float("-inf")
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def attempt(self, until: float | None = None) -> AsyncGenerator[None]:
        """Try in the block: its end is a success, what it raises is a failure. Waits for its turn until `until`.

        Raises:
            TimeoutError: the turn did not come in time.
        """
        async with asyncio.timeout_at(until):
            await self._one.acquire()
        try:
            async with asyncio.timeout_at(until):
                await asyncio.sleep(max(self._not_before - asyncio.get_running_loop().time(), 0))
            yield
            self._pause = 0.0
        except Exception:  # whatever it was, the engine was not reached; the caller judges it
            self._failed()
            raise
        finally:
            self._one.release()

    def _failed(self) -> None:
        self._pause = min(max(self._pause * 2, self._least), self._most)
        self._not_before = asyncio.get_running_loop().time() + self._pause
