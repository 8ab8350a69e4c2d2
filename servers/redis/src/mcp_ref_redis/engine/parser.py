"""The bounded decoder as the parser of a connection of the client library, given to it as `parser_class`.

The library's own parsers read whatever length a reply announces, and leave what they did not read for the next caller.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from mcp_ref_redis.engine.resp import MISSING, Decoder, Fault, Pairs, Push

if TYPE_CHECKING:
    from asyncio import StreamReader

    from redis.asyncio.connection import AbstractConnection

# Decoding so much takes a few hundredths of a second at worst.
_CHUNK = 64 * 1024


class Ended(OSError):
    """The engine closed the connection; the library makes its own error of an OSError."""


class Declined(Exception):
    """The engine refuses the handshake, in its own words."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.word)
        self.fault = fault


class Parser:
    """One connection's parser. It is in greeting until the library's handshake is over."""

    def __init__(self, most_bytes: int) -> None:
        self.greeting = True
        self.received = 0
        self._most_bytes = most_bytes
        self._decoder = Decoder(most_bytes)
        self._stream: StreamReader | None = None

    def on_connect(self, connection: "AbstractConnection") -> None:
        """Read from this connection's stream from now on."""
        self._stream = connection._reader  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the library's contract with its parsers
        self._decoder = Decoder(self._most_bytes)
        self.greeting = True

    def on_disconnect(self) -> None:
        """Read no more."""
        self._stream = None

    async def can_read(self) -> bool:
        """Whether something came that nobody asked for, or the other side is gone."""
        return not self.idle

    @property
    def idle(self) -> bool:
        """Whether the connection is fit for the next caller: nothing unread, neither here nor below, and not ended."""
        stream = self._stream
        if stream is None or not self._decoder.clean or stream.at_eof() or stream.exception() is not None:
            return False
        return not stream._buffer  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  asyncio has no other word for it

    def renew(self) -> None:
        """Begin an exchange: its replies share one budget, and `received` counts its bytes."""
        self.received = 0
        self._decoder.renew()

    async def read_response(self, *, disable_decoding: bool = False, push_request: bool = False) -> Any:
        """The next reply. Frames that the engine pushes are dropped unless they are asked for."""
        del disable_decoding
        while True:
            value = self._decoder.take()
            if value is MISSING:
                await self._fill()
            elif not isinstance(value, Push):
                return self._greeted(value) if self.greeting else value
            elif push_request:
                return value.items

    async def replies(self, count: int) -> list[Any]:
        """So many replies; nothing is awaited while what has come holds the next."""
        found: list[Any] = []
        take = self._decoder.take
        while len(found) < count:
            value = take()
            if value is MISSING:
                await self._fill()
            elif not isinstance(value, Push):
                found.append(value)
        return found

    async def frames(self) -> list[Any]:
        """What comes next, waited for, and with it all that has come whole: pushed members, or replies."""
        found: list[Any] = []
        while True:
            self._decoder.renew()
            value = self._decoder.take()
            if value is not MISSING:
                found.append(value.items if isinstance(value, Push) else value)
            elif found:
                return found
            else:
                await self._fill()

    async def _fill(self) -> None:
        """Wait for more bytes."""
        if self._stream is None:
            raise Ended("the connection is closed")
        data = await self._stream.read(_CHUNK)
        if not data:
            raise Ended("the engine closed the connection")
        self.received += len(data)
        self._decoder.feed(data)
        if len(data) == _CHUNK:  # more is there already: to go on reading would never let go of the event loop
            await asyncio.sleep(0)

    @staticmethod
    def _greeted(value: Any) -> Any:
        """A reply in the form that the library's handshake expects."""
        if isinstance(value, Pairs):
            return {value[at]: value[at + 1] for at in range(0, len(value), 2)}
        if isinstance(value, Fault):
            raise Declined(value)
        return value
