"""The stream of one legacy request, or of a session as a whole: its messages are numbered and kept for a while.

A lost connection ends neither the stream nor the handler (2025-11-25 transports, "Sending messages" 6): the client
may come back for what it missed. At most one connection is attached at a time, so each message goes out once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Raw, Struct

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.transports._questions import Questions
from mcp_protocol.transports.http import sse
from mcp_protocol.transports.http.answers import EventStream
from mcp_protocol.transports.http.replay import Replay
from mcp_protocol.transports.http.sse import Place

# How long a client that was sent away waits before it comes back: short, for somebody waits for the reply.
_RETRY_MS = 500

# A connection that was replaced is probably dead; ending it politely must not hold up the new one.
_PARTING_SECONDS = 1


class Naming(Struct, frozen=True):
    """How a stream names its events; `primed` where clients know what an event without a message is."""

    number: int
    name: Callable[[Place], str]
    primed: bool


class NumberedStream:
    """The channel of one request of a legacy session; with no request it is the session's standalone stream."""

    def __init__(self, naming: Naming, *, replay: Replay, questions: Questions, clock: Callable[[], float]) -> None:
        self.number = naming.number
        self.begun = False
        self.finished = False
        self.attached = asyncio.Event()
        self._naming = naming
        self._replay = replay
        self._questions = questions
        self._clock = clock
        self._turn = asyncio.Lock()
        self._events: EventStream | None = None

    @property
    def size(self) -> int:
        """The bytes kept for a client that comes back."""
        return self._replay.size

    @property
    def is_stale(self) -> bool:
        """Whether nobody can come back for it any more."""
        return self.finished and self._replay.is_stale(self._clock())

    async def send(self, message: bytes) -> None:
        """Number a message, keep it, and write it where a client is attached."""
        async with self._turn:
            await self._begin()
            event = sse.event(message, self._name(self._replay.last + 1))
            self._replay.add(event, self._clock())
            await self._write(event)

    async def ask(self, method: str, params: Any) -> Raw:
        """Ask the client on the stream of the request that caused the question."""
        return await self._questions.ask(self.send, method, params)

    async def finish(self, reply: bytes) -> None:
        """Send the reply as the last message."""
        await self.send(reply)
        self.finished = True
        await self.release()

    async def release(self) -> None:
        """End the connection, not the stream: a client that was primed comes back for the rest."""
        async with self._turn:
            await self._begin()
        await self.abandon()

    async def abandon(self) -> None:
        """End the connection; whether a client can come back is for the caller to say."""
        async with self._turn:
            events = self._detached()
            if events is not None:
                await events.end()

    async def breathe(self) -> None:
        """Keep a quiet connection open."""
        async with self._turn:
            await self._begin()
            await self._write(sse.COMMENT)

    def attach(self, events: EventStream) -> None:
        """Write to this connection from now on."""
        self._events = events
        self.attached.set()

    def detach(self, events: EventStream) -> None:
        """Write to a connection no more: it is gone."""
        events.gone = True
        if self._events is events:
            self._detached()

    async def open(self, events: EventStream) -> None:
        """Let a client that missed nothing listen."""
        self.attach(events)
        async with self._turn:
            self.begun = True
            await self._write(self._priming() if self._naming.primed else sse.COMMENT)

    async def resume(self, events: EventStream, position: int) -> bool:
        """Move to a new connection and send it what came after `position`; False if that is not kept any more."""
        async with self._turn:
            missed = self._replay.after(position, self._clock())
            if missed is None:
                return False
            await _part(self._detached())
            self.attach(events)
            await self._write(b"".join(missed) or sse.COMMENT)
        if self.finished:
            await self.release()
        return True

    async def _begin(self) -> None:
        if self.begun:
            return
        self.begun = True
        if self._naming.primed:
            await self._write(self._priming())

    async def _write(self, data: bytes) -> None:
        events = self._events
        if events is None:
            return
        try:
            await events.write(data)
        except ConnectionLost:
            self.detach(events)

    def _detached(self) -> EventStream | None:
        events, self._events = self._events, None
        self.attached.clear()
        return events

    def _priming(self) -> bytes:
        return sse.priming(self._name(self._replay.last), _RETRY_MS)

    def _name(self, position: int) -> str:
        return self._naming.name(Place(self.number, position))


async def _part(old: EventStream | None) -> None:
    if old is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await old.end()
