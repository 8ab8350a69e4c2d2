"""A key at one moment, as far as it can be told from another moment cheaply."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds

# Of longer strings the length must do.
_DIGESTED = 1024
_FACTS = 2


async def glances(db: Database, names: Sequence[bytes]) -> list[Any]:
    """For each key: type, whether it will expire, length, and of a short string a digest."""
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
    beginning = (b"GETRANGE", name, b"0", b"%d" % (_DIGESTED - 1)) if kind == "string" else (b"EXISTS", name)
    return (kinds.LENGTH.get(kind, b"EXISTS"), name), beginning


def _read(replies: Sequence[Any], at: int) -> tuple[Any, bytes]:
    length, beginning = replies[_FACTS * at], replies[_FACTS * at + 1]
    short = isinstance(beginning, bytes) and isinstance(length, int) and length <= _DIGESTED
    return (None if isinstance(length, Fault) else length), sha256(beginning).digest() if short else b""
