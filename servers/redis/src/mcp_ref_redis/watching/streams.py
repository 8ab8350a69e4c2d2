"""New entries of streams: one XREAD that blocks, on a connection of its own, for all that are listened to."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal, within
from mcp_ref_redis.engine.opening import Link
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.messaging.entries import entries_of, read_vector
from mcp_ref_redis.watching.glances import parts
from mcp_ref_redis.watching.patience import ANSWER_SECONDS

# How long one XREAD waits: a stream that is new among the watched is heard of from the next one on.
BLOCK_MS = 500
# Entries that come faster are told of as one change; the pause keeps a busy stream from being read in full.
_REST_SECONDS = 0.1


class Streams:
    """The streams that somebody listens to, and behind which entry each is followed."""

    def __init__(
        self, db: Database, wanted: Callable[[], list[bytes]], told: Callable[[Collection[bytes]], None]
    ) -> None:
        self._db = db
        self._wanted = wanted
        self._told = told
        self._behind: dict[bytes, bytes] = {}
        self._left_out: set[bytes] = set()
        self._refused = False

    def follows(self, name: bytes) -> bool:
        """Whether new entries of a stream are told; not of what is no stream, or may not be read."""
        return name in self._behind and not self._refused

    async def add(self, name: bytes) -> None:
        """From the entry on that is the last one now.

        Raises:
            ToolError: `connection`.
        """
        await self._learn([name])

    async def follow(self, ready: Callable[[], None]) -> None:
        """Tell of new entries for as long as somebody listens.

        Raises:
            ToolError: `connection`.
        """
        try:
            async with self._db.engine.apart() as link:
                while not self._refused and (names := self._wanted()):
                    self._behind = {name: last for name, last in self._behind.items() if name in names}
                    self._left_out.intersection_update(names)
                    await self._learn(names)
                    ready()
                    await self._wait(link, self._behind.copy())
        finally:  # what is added to a stream that was lost with its engine may have smaller ids
            self._behind.clear()

    async def _wait(self, link: Link, behind: dict[bytes, bytes]) -> None:
        if not behind:
            await asyncio.sleep(BLOCK_MS / 1000)
            return
        async with within(BLOCK_MS / 1000 + ANSWER_SECONDS):
            [reply] = await link.exchange([read_vector(behind, 1, BLOCK_MS)])
        if isinstance(reply, Fault):
            await self._judge(reply, list(behind))
        elif found := {key: entry[0] for key, entry in entries_of(reply)}:
            self._told(found)
            await asyncio.sleep(_REST_SECONDS)
            await self._skip(found)

    async def _skip(self, found: dict[bytes, bytes]) -> None:
        """What came meanwhile is told of once, and not read."""
        ends = dict(zip(found, await self._last(list(found)), strict=True))
        self._behind |= {name: last or found[name] for name, last in ends.items()}
        if more := {name for name, last in ends.items() if last != found[name]}:
            self._told(more)

    async def _judge(self, fault: Fault, names: list[bytes]) -> None:
        """One of them is no stream any more, and is left out; or none may be read by waiting, and all are looked at.

        Raises:
            ToolError: the engine is busy with something else.
        """
        if fault.word not in ("WRONGTYPE", "NOPERM"):
            raise refusal(fault)
        lost = {name for name, last in zip(names, await self._last(names), strict=True) if last is None}
        for name in lost:
            self._behind.pop(name, None)
        self._left_out |= lost
        self._refused = fault.word == "NOPERM" and not lost
        await asyncio.sleep(BLOCK_MS / 1000)

    async def _learn(self, names: list[bytes]) -> None:
        """Where each of them ends that is not followed yet. One that was left out until now may have grown before."""
        new = [name for name in names if name not in self._behind]
        ends = dict(zip(new, await self._last(new), strict=True))
        self._behind |= {name: last for name, last in ends.items() if last is not None}
        back = self._left_out.intersection(self._behind)
        self._left_out = (self._left_out - back) | {name for name, last in ends.items() if last is None}
        if back:
            self._told(back)

    async def _last(self, names: list[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for part in parts(names):
            async with within(ANSWER_SECONDS):
                replies = await self._db.run(*[(b"XREVRANGE", name, b"+", b"-", b"COUNT", b"1") for name in part])
            found += [_last_id(reply) for reply in replies]
        return found


def _last_id(reply: Any) -> bytes | None:
    """The id of the only entry of a reply; of a stream without any, the one before all others."""
    match reply:
        case [[bytes() as last, _]]:
            return last
        case []:
            return b"0-0"
        case _:
            return None
