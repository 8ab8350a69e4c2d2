"""A key at one moment, as far as it can be told from another moment cheaply."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds

# Of longer strings the length must do.
_DIGESTED = 1024
_FACTS = 2
_AT_ONCE = 50
# What tells two values of one length apart.
_MARKS = {"string": b"GETRANGE", "stream": b"XREVRANGE"}
_MARK_WORDS = {"string": (b"0", b"%d" % (_DIGESTED - 1)), "stream": (b"+", b"-", b"COUNT", b"1")}


async def glances(db: Database, names: Sequence[bytes]) -> list[Any]:
    """For each key: type, whether it will expire, length, and a mark: digest of a short string, last id of a stream."""
    return [one for part in parts(names) for one in await _glances(db, part)]


def parts(names: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """So few at a time that the replies fit one exchange, whatever is in the keys, as good as always."""
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))


async def _glances(db: Database, names: Sequence[bytes]) -> list[Any]:
    told = await db.run(*[vector for name in names for vector in ((b"TYPE", name), (b"PTTL", name))])
    types = [_type(told[at]) for at in range(0, len(told), _FACTS)]
    looks = [_look(kind, name) for kind, name in zip(types, names, strict=True)]
    replies = await db.run(*[vector for look in looks for vector in look])
    return [
        (kind, told[_FACTS * at + 1] > 0 if isinstance(told[_FACTS * at + 1], int) else None, *_read(replies, at))
        for at, kind in enumerate(types)
    ]


def _type(reply: Any) -> str:
    return kinds.NONE if isinstance(reply, Fault) else reply.decode()


def _look(kind: str, name: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return (kinds.LENGTH.get(kind, b"EXISTS"), name), (_MARKS.get(kind, b"EXISTS"), name, *_MARK_WORDS.get(kind, ()))


def _read(replies: Sequence[Any], at: int) -> tuple[Any, bytes]:
    length, mark = replies[_FACTS * at], replies[_FACTS * at + 1]
    if isinstance(length, Fault):
        return None, b""
    if isinstance(mark, bytes) and length <= _DIGESTED:
        return length, sha256(mark).digest()
    match mark:
        case [[bytes() as last, *_]]:
            return length, last
        case _:
            return length, b""
