"""A bounded collection of messages: subscribe on a connection of its own, take what comes, leave."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.opening import Link

_MESSAGES = frozenset({b"message", b"smessage", b"pmessage"})


class Collection:
    """What came, and how much of it was left out because the page was full."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes | None, bytes, float]] = []
        self.timed_out = False


async def collect(
    db: Database, channels: Sequence[bytes], patterns: Sequence[bytes], most: int, seconds: float
) -> Collection:
    """At most so many messages within so many seconds.

    Raises:
        ToolError: `connection`, `busy`.
    """
    found = Collection()
    async with db.engine.apart() as link:
        await subscribe(link, channels, patterns)
        try:
            async with asyncio.timeout(seconds):
                while len(found.messages) < most:
                    taken = message_in(await link.receive())
                    if taken is not None and db.jail.holds(taken[0]):
                        found.messages.append((*taken, time.time()))
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
    parts = cast("list[Any]", frame) if isinstance(frame, list) else []
    if not parts or parts[0] not in _MESSAGES:
        return None
    if parts[0] == b"pmessage":
        return parts[2], parts[1], parts[3]
    return parts[1], None, parts[2]
