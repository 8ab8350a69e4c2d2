"""What a key space consists of, estimated from a sample: which prefixes, how large, how long they live."""

import heapq
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_ref_kit.db.rows.envelope import Reason
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.scanning import Scan, scan, total
from mcp_ref_redis.keyspace.walking import Place
from mcp_ref_redis.values import named

BATCH = 1000
HOUR = 3600 * 1000
DAY = 24 * HOUR
MOST_PREFIXES = 1000
_BIGGEST = 10
_FACTS = 3


@dataclass
class Group:
    """The sampled keys of one prefix."""

    keys: int = 0
    bytes: int = 0
    types: Counter[str] = field(default_factory=Counter[str])
    ttl: Counter[str] = field(default_factory=Counter[str])


@dataclass
class Sample:
    """What was looked at. Inside a jail even the number of all keys is not told: there it is an estimate of its own."""

    separator: bytes
    depth: int
    groups: dict[bytes, Group] = field(default_factory=dict[bytes, Group])
    biggest: list[tuple[int, bytes, str]] = field(default_factory=list[tuple[int, bytes, str]])
    sampled: int = 0
    visited: int = 0
    all_keys: int = 0
    jailed: bool = False
    complete: bool = False
    reason: Reason | None = None

    def add(self, key: bytes, facts: Sequence[Any]) -> None:
        """Count one key."""
        kind, ttl, size = (None if isinstance(fact, Fault) else fact for fact in facts)
        if kind is None or kind == b"none":
            return  # gone in the meantime
        self.sampled += 1
        name = kinds.spoken(kind.decode())
        group = self._group(key)
        group.keys += 1
        group.bytes += size or 0
        group.types[name] += 1
        group.ttl[_span(ttl)] += 1
        heapq.heappush(self.biggest, (size or 0, key, name))
        if len(self.biggest) > _BIGGEST:
            heapq.heappop(self.biggest)

    @property
    def keys_total(self) -> int:
        """All keys of the database, whatever the pattern."""
        return round(self.sampled * self._factor()) if self.jailed else self.all_keys

    def report(self) -> list[dict[str, Any]]:
        """The prefixes, the ones with most memory first; numbers scaled from the sample to all that was not seen."""
        factor = self._factor()
        ranked = sorted(self.groups.items(), key=lambda item: (-item[1].bytes, item[0]))
        return [
            {
                "prefix": named(prefix),
                "keys_est": round(group.keys * factor),
                "bytes_est": round(group.bytes * factor),
                "types": dict(group.types.most_common()),
                "ttl": {span: group.ttl[span] for span in ("none", "lt_1h", "lt_1d", "more")},
            }
            for prefix, group in ranked
        ]

    def top(self) -> list[dict[str, Any]]:
        """The largest keys of the sample."""
        ranked = sorted(self.biggest, key=lambda one: (-one[0], one[1]))
        return [{"key": named(key), "type": kind, "bytes": size} for size, key, kind in ranked]

    def _factor(self) -> float:
        if self.complete or not self.visited:
            return 1.0
        return max(1.0, self.all_keys / self.visited)

    def _group(self, key: bytes) -> Group:
        parts = key.split(self.separator)
        prefix = self.separator.join(parts[: self.depth]) + (self.separator if len(parts) > self.depth else b"")
        if len(parts) <= self.depth:  # the last part tells one key from another
            prefix = self.separator.join(parts[:-1]) + self.separator if len(parts) > 1 else b""
        if prefix not in self.groups and len(self.groups) >= MOST_PREFIXES:
            prefix = b"..."
        return self.groups.setdefault(prefix, Group())


async def take_sample(
    db: Database,
    pattern: bytes,
    sample: Sample,
    *,
    most: int,
    seconds: float,
    progress: Callable[[int, int], Awaitable[None]],
) -> Sample:
    """Look at up to `most` keys that match, a thousand in a pipeline, until the time is up."""
    end = time.monotonic() + seconds
    sample.all_keys, sample.jailed = await total(db), db.jail.closed
    wanted = Scan(pattern=pattern, most_seconds=seconds, most_visited=10 * BATCH)
    place: Place | None = None
    while sample.sampled < most:
        found = await scan(db, wanted, min(BATCH, most - sample.sampled), place, ())
        sample.visited += found.visited
        names = found.keys
        asked = [vector for name in names for vector in _facts(name)]
        replies = await db.run(*asked)
        for at, name in enumerate(names):
            sample.add(name, replies[_FACTS * at : _FACTS * (at + 1)])
        await progress(sample.sampled, min(most, sample.keys_total))
        place = found.after
        if place is None:
            sample.complete = True
            return sample
        if time.monotonic() >= end:
            sample.reason = "time"
            return sample
    sample.reason = "limit"
    return sample


def _facts(name: bytes) -> tuple[tuple[bytes, ...], ...]:
    return (b"TYPE", name), (b"PTTL", name), (b"MEMORY", b"USAGE", name, b"SAMPLES", b"5")


def _span(ttl: Any) -> str:
    if not isinstance(ttl, int) or ttl < 0:
        return "none"
    return "lt_1h" if ttl < HOUR else "lt_1d" if ttl < DAY else "more"
