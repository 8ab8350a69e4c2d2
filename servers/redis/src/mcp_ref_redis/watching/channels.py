"""What is published: one connection that subscribes to all channels that somebody listens to."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import Lost, unreachable, within
from mcp_ref_redis.engine.opening import Link, Vector
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.messaging.listening import message_in
from mcp_ref_redis.watching.patience import ANSWER_SECONDS, SILENCE_SECONDS

_PING: Vector = (b"PING",)
_ANSWERS = frozenset({b"subscribe", b"unsubscribe", b"pong"})


class Channels:
    """The channels that are wanted, those that the engine has agreed to, and those that it refuses."""

    def __init__(
        self, db: Database, wanted: Callable[[], set[bytes]], told: Callable[[Collection[bytes]], None]
    ) -> None:
        self._db = db
        self._wanted = wanted
        self._told = told
        self._link: Link | None = None
        self._asked: deque[Vector] = deque()
        """What the engine has not answered yet; it answers in order."""
        self._subscribed: set[bytes] = set()
        self._agreed: set[bytes] = set()
        self._refused: set[bytes] = set()
        self._settled = asyncio.Event()

    def follows(self, channel: bytes) -> bool:
        """Whether messages of a channel are told from now on."""
        return channel in self._agreed

    async def add(self, channel: bytes) -> None:
        """Wait until the engine has agreed to a channel, or refused it; to be bounded by the caller.

        Raises:
            ToolError: `connection`.
        """
        await self.adjust()
        while channel not in self._agreed and channel not in self._refused:
            self._settled.clear()
            await self._settled.wait()
            if self._link is None:
                raise unreachable()

    async def adjust(self) -> None:
        """Ask for what is wanted now, and no longer for the rest, where there is a connection to ask on."""
        with suppress(Lost):  # who follows finds out, and asks again
            await self._ask()

    async def follow(self, ready: Callable[[], None]) -> None:
        """Tell of messages until cancelled.

        Raises:
            ToolError: `connection`.
        """
        try:
            async with self._db.engine.apart() as link:
                self._link = link
                await self._ask()
                while True:
                    self._take(await self._heard(link))
                    if not self._asked:
                        ready()
        finally:
            self.forget()

    def forget(self) -> None:
        """What the engine was asked and has agreed to; whoever waits for an answer learns that none will come."""
        self._link = None
        for known in (self._asked, self._subscribed, self._agreed, self._refused):
            known.clear()
        self._settled.set()

    async def _heard(self, link: Link) -> list[Any]:
        """What comes; after a long silence the engine is asked whether it is there."""
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                return await link.frames()
        except TimeoutError:
            await self._send(link, [_PING])
        async with within(ANSWER_SECONDS):
            return await link.frames()

    def _take(self, frames: list[Any]) -> None:
        heard: set[bytes] = set()
        for frame in frames:
            message = message_in(frame)
            if message is not None:
                heard.add(message[0])
            elif self._asked and _is_answer(frame):
                self._settle(self._asked.popleft(), frame)
        if heard:
            self._told(heard)

    def _settle(self, asked: Vector, frame: Any) -> None:
        if asked[0] == b"SUBSCRIBE" and asked[1] in self._subscribed:
            (self._refused if isinstance(frame, Fault) else self._agreed).add(asked[1])
            self._settled.set()

    async def _ask(self) -> None:
        """Each by itself: one that is refused takes none with it."""
        if self._link is None:
            return
        wanted = self._wanted()
        new, old = wanted - self._subscribed, self._subscribed - wanted
        self._subscribed = set(wanted)
        self._agreed -= old
        self._refused -= old
        if new or old:
            asked = {b"SUBSCRIBE": new, b"UNSUBSCRIBE": old}
            await self._send(self._link, [(verb, channel) for verb, channels in asked.items() for channel in channels])

    async def _send(self, link: Link, vectors: Sequence[Vector]) -> None:
        self._asked += vectors
        async with within(ANSWER_SECONDS):
            await link.send(vectors)


def _is_answer(frame: Any) -> bool:
    """Whether a frame answers something, be it a reply or, as subscriptions have it, a pushed frame."""
    match frame:
        case [bytes() as word, *_]:
            return word in _ANSWERS
        case _:
            return isinstance(frame, Fault) or frame == b"PONG"
