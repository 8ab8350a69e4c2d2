"""A bounded collection of messages: subscribe on a connection of its own, take what comes, leave."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.opening import Link

# So much is held for one call; more would not fit a page by far.
_MOST_BYTES = 16 * 1024 * 1024


class Collection:
    """What came, and how much of it was left out because the page was full."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes | None, bytes, float]] = []
        self.timed_out = False
        self._bytes = 0

    def add(self, message: tuple[bytes, bytes | None, bytes]) -> None:
        """Keep a message, as come now."""
        self.messages.append((*message, time.time()))
        self._bytes += len(message[0]) + len(message[2])

    def full(self, most: int) -> bool:
        """Whether there are so many, or as many bytes as may be held."""
        return len(self.messages) >= most or self._bytes >= _MOST_BYTES


async def collect(
    db: Database, channels: Sequence[bytes], patterns: Sequence[bytes], most: int, seconds: float
) -> Collection:
    """At most so many messages within so many seconds; fewer, where they are large.

    Raises:
        ToolError: `connection`, `busy`.
    """
    found = Collection()
    async with db.engine.apart() as link:
        await subscribe(link, channels, patterns)
        try:
            async with asyncio.timeout(seconds):
                while not found.full(most):
                    taken = message_in(await link.receive())
                    if taken is not None and db.jail.holds(taken[0]):
                        found.add(taken)
        except TimeoutError:
            found.timed_out = True
    return found


async def subscribe(link: Link, channels: Sequence[bytes], patterns: Sequence[bytes]) -> None:
    """Ask for the messages of channels, and wait until the engine has agreed to all of them.

    Raises:
        ToolError: the user may not listen there.
    """
    vectors = [(b"SUBSCRIBE", *channels)] * bool(channels) + [(b"PSUBSCRIBE", *patterns)] * bool(patterns)
    await link.send(vectors)
    for _ in range(len(channels) + len(patterns)):
        await link.accepted()


def message_in(frame: Any) -> tuple[bytes, bytes | None, bytes] | None:
    """Channel, pattern and data of a frame that carries a message."""
    match frame:
        case [b"message" | b"smessage", bytes() as channel, bytes() as data]:
            return channel, None, data
        case [b"pmessage", bytes() as pattern, bytes() as channel, bytes() as data]:
            return channel, pattern, data
        case _:
            return None
