"""Entries of streams: windows, and waiting for new ones on a connection of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.engine.opening import Vector

Found = list[tuple[bytes, Any]]


async def window(db: Database, keys: Sequence[bytes], start: bytes, end: bytes, *, count: int, newest: bool) -> Found:
    """Entries between two ids of each stream, oldest or newest first."""
    name, first, last = (b"XREVRANGE", end, start) if newest else (b"XRANGE", start, end)
    replies = await db.run(*[(name, key, first, last, b"COUNT", b"%d" % count) for key in keys])
    return [(key, entry) for key, reply in zip(keys, replies, strict=True) for entry in require(reply)]


async def last_ids(db: Database, keys: Sequence[bytes]) -> list[bytes]:
    """The id of the last entry of each stream; 0-0 of one that is not there."""
    replies = await db.run(*[(b"XREVRANGE", key, b"+", b"-", b"COUNT", b"1") for key in keys])
    return [entries[0][0] if (entries := require(reply)) else b"0-0" for reply in replies]


async def fresh(db: Database, after: Mapping[bytes, bytes], count: int, block_ms: int) -> Found:
    """Entries behind the given ids; none there yet, the first that come within the time.

    It is the engine that says that nothing came: one that stands still says nothing, and the call's deadline ends it.
    """
    [reply] = await db.run(read_vector(after, count, 0))
    found = entries_of(require(reply))
    if found or not block_ms:
        return found
    async with db.engine.apart(next(iter(after))) as link:
        [reply] = await link.exchange([read_vector(after, count, block_ms)])
        return entries_of(require(reply))


def read_vector(after: Mapping[bytes, bytes], count: int, block_ms: int) -> Vector:
    """XREAD behind these ids."""
    blocking = (b"BLOCK", b"%d" % block_ms) if block_ms else ()
    return (b"XREAD", b"COUNT", b"%d" % count, *blocking, b"STREAMS", *after.keys(), *after.values())


def entries_of(reply: Any) -> Found:
    """The entries in a reply of XREAD or XREADGROUP: streams in turn in RESP3, pair by pair in RESP2."""
    if not reply:
        return []
    streams = reply if isinstance(reply[0], list) else [(reply[at], reply[at + 1]) for at in range(0, len(reply), 2)]
    return [(key, entry) for key, entries in streams for entry in entries]


def checked_id(name: str, text: str, words: Sequence[str] = ()) -> bytes:
    """An id of an entry: `1526919030474-0`, its first half, or one of the words.

    Raises:
        DbError: `invalid_argument`.
    """
    bare = text.removeprefix("(")
    if text in words or (bare and all(part.isascii() and part.isdecimal() for part in bare.split("-", 1))):
        return text.encode()
    raise DbError(f"`{name}` must be an id such as 1526919030474-0, got {text[:40]!r}.", code="invalid_argument")
