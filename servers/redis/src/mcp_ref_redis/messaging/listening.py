"""A bounded collection of messages: subscribe on a connection of its own, take what comes, leave."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from mcp_ref_redis.access.jail import Jail
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.engine.opening import Link

# So much is held for one call; more would not fit a page by far.
_MOST_BYTES = 16 * 1024 * 1024


class Collection:
    """What came, within bounds."""

    def __init__(self, jail: Jail, most: int) -> None:
        self.messages: list[tuple[bytes, bytes | None, bytes, float]] = []
        self.timed_out = False
        self._jail = jail
        self._most = most
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether there are as many messages as wanted, or as many bytes as may be held."""
        return len(self.messages) >= self._most or self._bytes >= _MOST_BYTES

    def take(self, frame: Any) -> bool:
        """Whether a frame is a message; one of a channel that may be heard is kept, as come now."""
        message = message_in(frame)
        if message is not None and self._jail.holds(message[0]):
            self.messages.append((*message, time.time()))
            self._bytes += len(message[0]) + len(message[2])
        return message is not None


async def collect(
    db: Database, channels: Sequence[bytes], patterns: Sequence[bytes], most: int, seconds: float
) -> Collection:
    """At most so many messages within so many seconds; fewer, where they are large.

    Raises:
        ToolError: `connection`, `busy`.
    """
    found = Collection(db.jail, most)
    async with db.engine.apart() as link:
        await _subscribe(link, channels, patterns, found)
        try:
            async with asyncio.timeout(seconds):
                while not found.full:
                    found.take(await link.receive())
        except TimeoutError:
            found.timed_out = True
    return found


async def _subscribe(link: Link, channels: Sequence[bytes], patterns: Sequence[bytes], found: Collection) -> None:
    """Wait until the engine has agreed to all; messages on the first may come before it has agreed to the last.

    Raises:
        ToolError: the user may not listen there.
    """
    vectors = [(b"SUBSCRIBE", *channels)] * bool(channels) + [(b"PSUBSCRIBE", *patterns)] * bool(patterns)
    await link.send(vectors)
    waiting = len(channels) + len(patterns)
    while waiting and not found.full:
        waiting -= not found.take(require(await link.receive()))


def message_in(frame: Any) -> tuple[bytes, bytes | None, bytes] | None:
    """Channel, pattern and data of a frame that carries a message."""
    match frame:
        case [b"message" | b"smessage", bytes() as channel, bytes() as data]:
            return channel, None, data
        case [b"pmessage", bytes() as pattern, bytes() as channel, bytes() as data]:
            return channel, pattern, data
        case _:
            return None
