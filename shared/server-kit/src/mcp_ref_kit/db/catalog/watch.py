"""Changes of a database, looked for only while somebody listens: one look for all listeners, however many they are."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from typing import Self

_log = logging.getLogger(__name__)

Look = Callable[[], Awaitable[Collection[str]]]
"""What has changed since the look before, as topics; the first look learns what there is."""


class Watch:
    """One poller of one database: `async with Watch(look, 1.0) as watch:`, then `watch.changes("schema")`.

    Changes of a topic that come faster than a listener takes them are one. A look that fails is a look without
    changes; the next one succeeds or fails by itself. `told` hears every change once, before the listeners do.
    """

    def __init__(self, look: Look, seconds: float, *, told: Callable[[Collection[str]], object] | None = None) -> None:
        self._look = look
        self._seconds = seconds
        self._told = told
        self._listening: dict[asyncio.Event, str] = {}
        self._group = asyncio.TaskGroup()
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Be ready; nothing is looked at yet."""
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop looking."""
        self._stop()
        await self._group.__aexit__(None, None, None)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listening)

    async def changes(self, topic: str) -> AsyncGenerator[None]:
        """One item for each change of a topic, from now on."""
        changed = asyncio.Event()
        self._listening[changed] = topic
        try:
            if self._polling is None:
                self._polling = self._group.create_task(self._poll())
            while True:
                await changed.wait()
                changed.clear()
                yield
        finally:
            del self._listening[changed]
            if not self._listening:
                self._stop()

    def announce(self, topics: Collection[str]) -> None:
        """Tell listeners of changes that were learnt in another way: our own writes, a notification of the engine."""
        if self._told is not None and topics:
            self._told(topics)
        for changed, topic in self._listening.items():
            if topic in topics:
                changed.set()

    def _stop(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None

    async def _poll(self) -> None:
        while True:
            try:
                async with asyncio.timeout(max(self._seconds * 10, 1.0)):
                    topics = await self._look()
            except Exception as error:  # noqa: BLE001  an engine that is down must not end the listening
                _log.debug("looking for changes failed: %s", type(error).__name__)
            else:
                self.announce(topics)
            await asyncio.sleep(self._seconds)
