"""Moves bytes of HTTP bodies and tunnels from a stream to wherever they go, in pieces, until they end."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from mcp_ref_browser.guard.heads import MOST_BYTES, BadMessage, Framing, chunk_size

Put = Callable[[bytes], Awaitable[None]]
"""Takes a piece."""

PIECE = 64 * 1024
# A line that says how long a chunk is, with what nobody asked for.
_MOST_LINE = 4096
# Bodies and tunnels without a byte for so long, in or out, are given up.
IDLE_SECONDS = 300.0
_END = b"\r\n"


class Listener:
    """The other end of a stream; once it is gone, what is still said to it is thrown away.

    Browsers listen to an answer only when they have said all, so what they say is taken from them to its end.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._there = True

    async def put(self, data: bytes) -> None:
        """Say something.

        Raises:
            TimeoutError: it is there and takes nothing.
        """
        if self._there:
            try:
                await send(self._writer, data)
            except ConnectionError:
                self._there = False

    def leave(self) -> None:
        """Say no more, and stop what is being said."""
        self._there = False
        self._writer.transport.abort()


async def read_head(reader: asyncio.StreamReader, seconds: float | None = None) -> bytes:
    """The next head, with its empty line; nothing at the end of the stream.

    Raises:
        BadMessage: too long, or cut off.
        TimeoutError: it does not come.
    """
    try:
        async with asyncio.timeout(seconds):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadMessage("head") from error
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadMessage("head") from error
        return b""


async def copy_body(framing: Framing, reader: asyncio.StreamReader, put: Put) -> None:
    """Copy a body to its end.

    Raises:
        BadMessage: it is cut off.
    """
    if framing.chunked:
        await _copy_chunks(reader, put)
    elif framing.length is None:
        await pump(reader, put)
    else:
        await _copy_exactly(framing.length, reader, put)


async def pump(reader: asyncio.StreamReader, put: Put) -> None:
    """Copy whatever comes until the end of the stream."""
    while data := await _piece(reader.read(PIECE)):
        await put(data)


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write, and wait until the other side has taken enough of it.

    Raises:
        TimeoutError: it takes nothing.
    """
    writer.write(data)
    async with asyncio.timeout(IDLE_SECONDS):
        await writer.drain()


def sending(writer: asyncio.StreamWriter) -> Put:
    """What takes pieces for a writer."""
    return partial(send, writer)


async def _copy_exactly(length: int, reader: asyncio.StreamReader, put: Put) -> None:
    while length > 0:
        data = await _piece(reader.read(min(length, PIECE)))
        if not data:
            raise BadMessage("body")
        length -= len(data)
        await put(data)


async def _copy_chunks(reader: asyncio.StreamReader, put: Put) -> None:
    while size := chunk_size(line := await _line(reader, _MOST_LINE)):
        await put(line)
        await _copy_exactly(size, reader, put)
        if (end := await _line(reader, _MOST_LINE)) != _END:
            raise BadMessage("chunk")
        await put(end)
    left = MOST_BYTES
    while (end := await _line(reader, left)) != _END:  # trailers, of which browsers make nothing: they end here
        left -= len(end)
    await put(line + _END)


async def _line(reader: asyncio.StreamReader, most: int) -> bytes:
    try:
        line = await _piece(reader.readuntil(_END))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BadMessage("chunk") from error
    if len(line) > most:
        raise BadMessage("chunk")
    return line


async def _piece(reading: Awaitable[bytes]) -> bytes:
    async with asyncio.timeout(IDLE_SECONDS):
        return await reading
