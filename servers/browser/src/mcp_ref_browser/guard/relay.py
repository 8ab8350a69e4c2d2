"""Moves bytes of HTTP bodies and tunnels from one stream to another, in pieces, until they end."""

import asyncio
from collections.abc import Awaitable

from mcp_ref_browser.guard.heads import MOST_BYTES, BadMessage, Framing

PIECE = 64 * 1024
# A line that says how long a chunk is.
_MOST_LINE = 1024
# Bodies and tunnels without a byte for so long are given up.
IDLE_SECONDS = 300.0


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
        writer.write(data)
        await writer.drain()


async def _copy_exactly(length: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while length > 0:
        data = await _piece(reader.read(min(length, PIECE)))
        if not data:
            raise BadMessage("body")
        length -= len(data)
        writer.write(data)
        await writer.drain()


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        line = await _line(reader)
        writer.write(line)
        size = _size(line)
        if size == 0:
            break
        await _copy_exactly(size + 2, reader, writer)
    left = MOST_BYTES
    while (line := await _line(reader)) != b"\r\n":  # trailers
        left -= len(line)
        if left < 0:
            raise BadMessage("trailers")
        writer.write(line)
    writer.write(line)
    await writer.drain()


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await _piece(reader.readuntil(b"\r\n"))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BadMessage("chunk") from error


def _size(line: bytes) -> int:
    digits = line[:_MOST_LINE].split(b";")[0].strip()
    try:
        size = int(digits, 16)
    except ValueError:
        size = -1
    if size < 0 or len(digits) > 15:  # noqa: PLR2004  a petabyte
        raise BadMessage("chunk")
    return size


async def _piece(reading: Awaitable[bytes]) -> bytes:
    async with asyncio.timeout(IDLE_SECONDS):
        return await reading
