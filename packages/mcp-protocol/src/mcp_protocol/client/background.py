"""Tasks that run beside a block and end with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self


class Background:
    """A TaskGroup whose tasks are cancelled, not awaited, at the end; what its block raises is raised as it is."""

    def __init__(self) -> None:
        """Nothing runs before the block is entered."""
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Tasks may be started."""
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Cancel what still runs, and wait until it has ended."""
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task until it ends or the block does."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
