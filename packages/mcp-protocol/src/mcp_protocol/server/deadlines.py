"""Deadlines of calls: one timer looks at all of them, a tenth of a second coarse.

A call pays for a place in a set, where `asyncio.timeout` makes and unmakes a timer: 1 against 7 microseconds.
"""

import asyncio
from types import TracebackType
from typing import Self

_TICK_SECONDS = 0.1


class Deadlines:
    """Every deadline of one running server."""

    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float) -> "Deadline":
        """A deadline that far from the moment its block is entered."""
        return Deadline(self, seconds)

    def watch(self, deadline: "Deadline") -> None:
        """Look at this one from now on."""
        self._running.add(deadline)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def forget(self, deadline: "Deadline") -> None:
        """Look at it no more."""
        self._running.discard(deadline)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for deadline in [one for one in self._running if one.when <= now]:
            deadline.expire()
        self._timer = loop.call_later(_TICK_SECONDS, self._tick) if self._running else None


class Deadline:
    """`with deadline:` around work; `expired` afterwards says that its time was up.

    Raises:
        TimeoutError: at the end of the block, in place of the cancellation that ended it.
    """

    __slots__ = ("_cancelling", "_deadlines", "_left", "_task", "expired", "when")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self.expired = False
        self.when = 0.0
        self._deadlines = deadlines
        self._left = seconds
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("a deadline belongs to a task")
        self._task, self._cancelling = task, task.cancelling()
        self.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.forget(self)
        task, self._task = self._task, None
        if not self.expired or task is None:
            return
        # The same rule as asyncio.timeout: only our own cancellation becomes a TimeoutError.
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def pause(self) -> None:
        """Let the time stand still."""
        self._deadlines.forget(self)
        self._left = self.when - asyncio.get_running_loop().time()

    def resume(self) -> None:
        """Let it run on."""
        self.when = asyncio.get_running_loop().time() + self._left
        if self._task is not None and not self.expired:
            self._deadlines.watch(self)

    def restart(self, seconds: float) -> None:
        """Give it that long from now."""
        self._deadlines.forget(self)
        self._left = seconds
        self.resume()

    def expire(self) -> None:
        """The time is up."""
        self._deadlines.forget(self)
        if self._task is not None:
            self.expired = True
            self._task.cancel()
