"""Moves bytes of HTTP bodies and tunnels from one stream to another, in pieces, until they end."""

import asyncio
from collections.abc import Awaitable

from mcp_ref_browser.guard.heads import MOST_BYTES, BadMessage, Framing, chunk_size

PIECE = 64 * 1024
# A line that says how long a chunk is, with what nobody asked for.
_MOST_LINE = 4096
# Bodies and tunnels without a byte for so long, in or out, are given up.
IDLE_SECONDS = 300.0
_END = b"\r\n"


async def read_head(reader: asyncio.StreamReader, seconds: float) -> bytes:
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


async def copy_body(framing: Framing, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy a body to its end.

    Raises:
        BadMessage: it is cut off.
    """
    if framing.chunked:
        await _copy_chunks(reader, writer)
    elif framing.length is None:
        await pump(reader, writer)
    else:
        await _copy_exactly(framing.length, reader, writer)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy whatever comes until the end of the stream."""
    while data := await _piece(reader.read(PIECE)):
        await send(writer, data)


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write, and wait until the other side has taken enough of it.

    Raises:
        TimeoutError: it takes nothing.
    """
    writer.write(data)
    async with asyncio.timeout(IDLE_SECONDS):
        await writer.drain()


async def _copy_exactly(length: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while length > 0:
        data = await _piece(reader.read(min(length, PIECE)))
        if not data:
            raise BadMessage("body")
        length -= len(data)
        await send(writer, data)


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while size := chunk_size(line := await _line(reader, _MOST_LINE)):
        writer.write(line)
        await _copy_exactly(size, reader, writer)
        if (end := await _line(reader, _MOST_LINE)) != _END:
            raise BadMessage("chunk")
        writer.write(end)
    left = MOST_BYTES
    while (end := await _line(reader, left)) != _END:  # trailers, of which browsers make nothing: they end here
        left -= len(end)
    await send(writer, line + _END)


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
