"""Work that goes on while somebody needs it: it begins anew when it breaks, and then everyone is told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.deadline import Backoff

# What went well for so long is tried again at once.
_WELL_SECONDS = 10.0

_log = logging.getLogger(__name__)

Work: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]
"""It calls what it is given as soon as nothing will be missed any more."""


class Following:
    """One such work, in one task."""

    def __init__(self, group: asyncio.TaskGroup, work: Work, missed: Callable[[], None]) -> None:
        self._group = group
        self._work = work
        self._missed = missed
        self._broken = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if it is not under way."""
        if self._task is None or self._task.done():
            self._task = self._group.create_task(self._forever())

    def stop(self) -> None:
        """End it; safe to repeat."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _forever(self) -> None:
        """Until the work itself says that it is done."""
        loop, backoff = asyncio.get_running_loop(), Backoff()
        while True:
            begun = loop.time()
            try:
                async with backoff.attempt():
                    await self._work(self._ready)
            except ToolError as error:
                _log.debug("a watched database is away: %s", error.code)
            except Exception:  # noqa: BLE001  one database must not take the server with it, whatever its engine says
                _log.warning("listening failed", exc_info=True)
            else:
                self._ready()
                return
            self._broken = True
            if loop.time() - begun > _WELL_SECONDS:
                backoff = Backoff()

    def _ready(self) -> None:
        """Tell of what may have been missed, once nothing more will be."""
        if self._broken:
            self._broken = False
            self._missed()
