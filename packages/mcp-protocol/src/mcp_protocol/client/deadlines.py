"""The deadline of a request, which stands still while something else is waited for than the server."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

# Set for the block of one request: whoever works on its behalf finds its deadline, however deep. Tasks that it
# starts inherit the variable, but their waits are their own.
_current: ContextVar[tuple[asyncio.Task[Any] | None, asyncio.Timeout] | None] = ContextVar("deadline", default=None)


@asynccontextmanager
async def deadline(seconds: float) -> AsyncGenerator[None]:
    """Let the block take this long; the time within `paused` does not count.

    Raises:
        TimeoutError: it took longer.
    """
    async with asyncio.timeout(seconds) as timeout:
        token = _current.set((asyncio.current_task(), timeout))
        try:
            yield
        finally:
            _current.reset(token)


@contextmanager
def paused() -> Generator[None]:
    """Stop the clock of the request that this is a part of: a user signs in, and that may take minutes."""
    task, timeout = _current.get() or (None, None)
    ends = timeout.when() if timeout and not timeout.expired() and task is asyncio.current_task() else None
    if timeout is None or ends is None:
        yield
        return
    clock = asyncio.get_running_loop().time
    left = ends - clock()
    timeout.reschedule(None)
    try:
        yield
    finally:
        timeout.reschedule(clock() + left)
