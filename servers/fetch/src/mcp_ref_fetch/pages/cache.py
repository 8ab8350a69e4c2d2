"""Pages that were read: fresh ones answer, stale ones are asked about by their ETag, all go on where they were cut."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from mcp_ref_fetch.pages.snapshot import Snapshot

# How long a page is kept beyond its freshness, to go on with it and to ask whether it changed.
_KEPT_STALE = 3600.0


class Shelf(Protocol):
    """Where snapshots outlive the process; nothing of it blocks."""

    async def find(self, key: str) -> Snapshot | None:
        """The snapshot of a key, if there is one."""
        ...

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        ...


class PageCache:
    """Snapshots by their id and by what was asked, bounded in bytes, the oldest out."""

    def __init__(self, most_bytes: int, shelf: Shelf | None = None, now: Callable[[], float] = time.time) -> None:
        self._most = most_bytes
        self._shelf = shelf
        self._now = now
        self._size = 0
        self._by_id: OrderedDict[str, Snapshot] = OrderedDict()
        self._ids: dict[str, str] = {}

    def by_id(self, identity: str, caller: str) -> Snapshot | None:
        """A snapshot that this caller was given."""
        found = self._by_id.get(identity)
        if found is None or found.caller != caller or self._is_over(found):
            return None
        self._by_id.move_to_end(identity)
        return found

    async def by_key(self, key: str) -> Snapshot | None:
        """The newest snapshot of what was asked, fresh or not."""
        identity = self._ids.get(key)
        found = self._by_id.get(identity) if identity is not None else None
        if found is None and self._shelf is not None:
            found = await self._shelf.find(key)
            if found is not None and not self._is_over(found):
                self._remember(found)
        if found is None or self._is_over(found):
            return None
        self._by_id.move_to_end(found.id)
        return found

    def is_fresh(self, snapshot: Snapshot) -> bool:
        """Whether it may answer a new question without asking its host."""
        return snapshot.reusable and self._now() < snapshot.fresh_until

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of an older one of the same question."""
        self._remember(snapshot)
        if self._shelf is not None and snapshot.reusable:
            await self._shelf.put(snapshot)

    async def renew(self, snapshot: Snapshot, fresh_until: float) -> Snapshot:
        """Say that a stale snapshot is still what its host has."""
        renewed = replace(snapshot, fresh_until=fresh_until)
        await self.put(renewed)
        return renewed

    def _remember(self, snapshot: Snapshot) -> None:
        known = self._by_id.pop(snapshot.id, None)
        self._size += snapshot.size - (known.size if known else 0)
        self._by_id[snapshot.id] = snapshot
        self._ids[snapshot.key] = snapshot.id
        while self._size > self._most and len(self._by_id) > 1:
            self._drop(next(iter(self._by_id)))

    def _drop(self, identity: str) -> None:
        gone = self._by_id.pop(identity)
        self._size -= gone.size
        if self._ids.get(gone.key) == identity:
            del self._ids[gone.key]

    def _is_over(self, snapshot: Snapshot) -> bool:
        return self._now() > snapshot.fresh_until + _KEPT_STALE
