"""What keeps one call from flooding its caller, and its deadline from running while the user thinks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_protocol.server.deadlines import Deadline
from mcp_protocol.types import ProgressParams


class Steps:
    """Lets progress through that increases and is not too close to the step before; holds the last of the others."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = float("-inf")
        self._last = float("-inf")
        self.held: ProgressParams | None = None

    def due(self, step: ProgressParams, now: float) -> bool:
        """Whether to send this step now; one that increases but comes too soon is held."""
        if step.progress <= self._last:
            return False
        self._last = step.progress
        if now < self._next:
            self.held = step
            return False
        self._next = now + self._interval
        self.held = None
        return True


class Rate:
    """At most so many events in each second; the rest are dropped."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._window = float("-inf")
        self._count = 0

    def allows(self, now: float) -> bool:
        """Whether one more event fits into this second."""
        if now - self._window >= 1:
            self._window, self._count = now, 0
        self._count += 1
        return self._count <= self._per_second


@asynccontextmanager
async def paused(deadline: Deadline | None, seconds: float) -> AsyncGenerator[None, None]:
    """Stop a call's deadline while a question is open; the question has `seconds` of its own.

    Raises:
        TimeoutError: the question's own time is up.
    """
    if deadline is not None:
        deadline.pause()
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        if deadline is not None:
            deadline.resume()
