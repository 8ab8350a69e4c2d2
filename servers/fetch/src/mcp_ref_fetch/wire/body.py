"""A body within its bounds: bytes on the wire, bytes unpacked, and the ratio between them."""

import asyncio
from collections.abc import AsyncIterator

from msgspec import Struct

from mcp_ref_fetch.faults import TooLarge
from mcp_ref_fetch.wire.inflate import inflater

# Below this a high ratio is nothing: an empty table is a hundred times the same line.
_RATIO_FROM = 1024 * 1024
_YIELD_EVERY = 1024 * 1024


class Bounds(Struct, frozen=True):
    """How much of a body is taken."""

    wire: int
    decoded: int
    ratio: int


async def bounded(parts: AsyncIterator[bytes], encoding: str, bounds: Bounds) -> AsyncIterator[bytes]:
    """The decoded bytes of a body, piece by piece.

    Raises:
        TooLarge: it is beyond a bound.
        DecodeFault: it is not what its encoding says, or ends early.
    """
    unpack = inflater(encoding)
    wire = decoded = rested = 0
    async for part in parts:
        wire += len(part)
        if wire > bounds.wire:
            raise TooLarge(f"The answer has more than {bounds.wire} bytes.", hint="The limit is --max-bytes.")
        for piece in unpack.feed(part):
            decoded += len(piece)
            _check(wire, decoded, bounds)
            if wire + decoded - rested > _YIELD_EVERY:
                rested = wire + decoded
                await asyncio.sleep(0)
            yield piece
    unpack.finish()


async def head(parts: AsyncIterator[bytes], encoding: str, bounds: Bounds, most: int) -> bytes:
    """The first bytes of a body, whatever follows them."""
    kept = bytearray()
    async for piece in bounded(parts, encoding, bounds):
        kept += piece
        if len(kept) >= most:
            break
    return bytes(kept[:most])


async def whole(parts: AsyncIterator[bytes], encoding: str, bounds: Bounds) -> bytes:
    """All bytes of a body."""
    kept = bytearray()
    async for piece in bounded(parts, encoding, bounds):
        kept += piece
    return bytes(kept)


def check_length(text: str | None, bounds: Bounds) -> None:
    """Refuse a body by what its Content-Length announces.

    Raises:
        TooLarge: it is over the limit.
    """
    if text is not None and text.isascii() and text.isdecimal() and (len(text) > 18 or int(text) > bounds.wire):  # noqa: PLR2004  digits
        raise TooLarge(f"The answer announces more than {bounds.wire} bytes.", hint="The limit is --max-bytes.")


def _check(wire: int, decoded: int, bounds: Bounds) -> None:
    if decoded > bounds.decoded:
        raise TooLarge(
            f"The answer has more than {bounds.decoded} bytes when it is unpacked.",
            hint="The limit is --max-decoded-bytes.",
        )
    if decoded > _RATIO_FROM and decoded > wire * bounds.ratio:
        raise TooLarge(
            f"The answer grows to more than {bounds.ratio} times its size when it is unpacked.",
            hint="The limit is --max-ratio.",
        )
