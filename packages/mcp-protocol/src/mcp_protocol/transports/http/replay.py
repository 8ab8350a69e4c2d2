"""The last events of one stream, kept for a client that comes back. Pure: the clock is an argument."""

from collections import deque

from msgspec import Struct


class _Kept(Struct, frozen=True):
    position: int
    event: bytes
    until: float


class Replay:
    """Bounded by count, bytes and age; the newest event is always kept, for it may be the reply."""

    def __init__(self, *, events: int, size: int, seconds: float) -> None:
        self._most = events
        self._room = size
        self._seconds = seconds
        self._kept: deque[_Kept] = deque()
        self.size = 0
        self.last = 0

    def add(self, event: bytes, now: float) -> None:
        """Keep the event after the last one."""
        self.last += 1
        self.size += len(event)
        self._kept.append(_Kept(self.last, event, now + self._seconds))
        while len(self._kept) > 1 and self._is_over(now):
            self.size -= len(self._kept.popleft().event)

    def after(self, position: int, now: float) -> list[bytes] | None:
        """The events after this position; None if some of them are gone, or it has not been reached."""
        found = [kept.event for kept in self._kept if kept.position > position and kept.until >= now]
        return found if len(found) == self.last - position else None

    def is_stale(self, now: float) -> bool:
        """Whether nothing that is kept may still be asked for."""
        return all(kept.until < now for kept in self._kept)

    def _is_over(self, now: float) -> bool:
        return len(self._kept) > self._most or self.size > self._room or self._kept[0].until < now
