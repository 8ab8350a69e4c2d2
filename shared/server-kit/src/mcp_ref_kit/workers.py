"""Blocking work in a few named threads, off the event loop; a cancelled call's work is told to stop.

`await workers.run(function, ...)` for short work, `await workers.run_stoppable(function, ...)` for work that polls:
its function gets a `Stop` first. A cancelled await ends only when the thread has let go, so that a lock held
around it really covers the work.
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from mcp_protocol.errors import ToolError

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

# Work that polls is gone in milliseconds; this is for a thread stuck in the kernel, on a dead network mount.
LET_GO_SECONDS = 30.0


class Stopped(ToolError):
    """Raised inside the work when its call was cancelled or the server ends."""

    def __init__(self) -> None:
        super().__init__("The call was cancelled.", code="cancelled")


class Stop:
    """Says whether work should end. Cheap enough to ask in every step of a loop."""

    __slots__ = ("_is_set",)

    def __init__(self) -> None:
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether the work should end."""
        return self._is_set

    def set(self) -> None:
        """Tell the work to end."""
        self._is_set = True

    def check(self) -> None:
        """Do nothing, or end the work.

        Raises:
            Stopped: the call was cancelled, or the server ends.
        """
        if self._is_set:
            raise Stopped


class Workers:
    """A bounded pool of named threads with a bounded queue: `async with Workers("filesystem", 8) as workers`."""

    def __init__(self, name: str, threads: int, *, waiting: int = 1024) -> None:
        self._name = name
        self._capacity = threads + waiting
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: dict[Future[Any], Stop] = {}
        self._lock = threading.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(
        self, function: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Answer:
        """Call a function in a thread and wait for what it returns or raises.

        Raises:
            ToolError: `busy`, when too much is waiting.
        """
        return await self._result(Stop(), partial(function, *args, **kwargs))

    async def run_stoppable(
        self,
        function: Callable[Concatenate[Stop, Arguments], Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """Call a function in a thread with a `Stop` as its first argument, set when this await is cancelled."""
        stop = Stop()
        return await self._result(stop, partial(function, stop, *args, **kwargs))

    async def close(self) -> None:
        """Tell all work to stop, and wait for the threads a little."""
        with self._lock:
            running = dict(self._running)
        for stop in running.values():
            stop.set()
        self._executor.shutdown(wait=False, cancel_futures=True)
        await _let_go({asyncio.wrap_future(future) for future in running if not future.done()})

    async def _result(self, stop: Stop, work: Callable[[], Answer]) -> Answer:
        call = partial(contextvars.copy_context().run, work)  # log lines keep the name of their call
        future = self._accepted(call, stop)
        waiter = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiter)
        except asyncio.CancelledError:
            stop.set()
            if not future.cancel():
                await _let_go({waiter})
            raise

    def _accepted(self, call: Callable[[], Answer], stop: Stop) -> Future[Answer]:
        with self._lock:
            if len(self._running) >= self._capacity:
                raise ToolError("The server has too much to do at the moment.", code="busy", retryable=True)
            future = self._executor.submit(call)
            self._running[future] = stop
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Answer]) -> None:
        with self._lock:
            self._running.pop(future, None)


async def _let_go(waiters: set[asyncio.Future[Any]]) -> None:
    """Wait for work that was told to stop, however often the caller is cancelled meanwhile; what it says is lost."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LET_GO_SECONDS
    pending: set[asyncio.Future[Any]] = set(waiters)
    while pending and (left := deadline - loop.time()) > 0:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(pending, timeout=left)
        pending = {waiter for waiter in pending if not waiter.done()}
    for waiter in waiters - pending:
        if not waiter.cancelled():
            waiter.exception()
