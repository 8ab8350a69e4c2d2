"""One lock for each repository: many may read at once, whoever writes is alone, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path


class Lock:
    """Readers together, writers alone; a waiting writer lets no further reader in."""

    def __init__(self) -> None:
        self.users = 0
        self._readers = 0
        self._gate = asyncio.Lock()
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[None]:
        """Beside other readers."""
        async with self._gate:
            self._readers += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._empty.set()

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Alone."""
        async with self._gate:
            await self._empty.wait()
            yield


class Locks:
    """The locks by repository; those that nobody uses are forgotten. The call's deadline bounds every wait."""

    def __init__(self) -> None:
        self._locks: dict[Path, Lock] = {}

    def __len__(self) -> int:
        """How many are in use."""
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, common_dir: Path, *, write: bool) -> AsyncGenerator[None]:
        """Hold the lock of the repository whose refs and objects lie there."""
        lock = self._locks.setdefault(common_dir, Lock())
        lock.users += 1
        try:
            async with lock.writing() if write else lock.reading():
                yield
        finally:
            lock.users -= 1
            if not lock.users:
                self._locks.pop(common_dir, None)
