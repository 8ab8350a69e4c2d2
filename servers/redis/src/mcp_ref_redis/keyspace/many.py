"""Many keys in two trips: what each is, then a little of each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mcp_protocol import ToolError
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.windows import Encoding, entry, pairs_of, rendered, score
from mcp_ref_redis.values import cell, is_text, named, shown, window

Item = dict[str, Any]
_Look = tuple[Vector, Vector]
"""What asks for a length, and what for data."""
# Of a collection only its beginning is shown among many keys.
_FEW = b"10"
_CELL = 256


async def read_many(db: Database, keys: Sequence[bytes], encoding: Encoding, most: int) -> list[Item]:
    """One item for each key, in their order."""
    asked = [vector for key in keys for vector in ((b"TYPE", key), (b"PTTL", key))]
    facts = await db.run(*asked)
    found = [_described(key, facts[2 * at], facts[2 * at + 1]) for at, key in enumerate(keys)]
    wanted = [at for at, item in enumerate(found) if item.get("type") in _LOOKS]
    replies = await _looked(db, [_look(found[at]["type"], keys[at], most) for at in wanted])
    for at, reply in zip(wanted, replies, strict=True):
        found[at] |= _error(reply) if isinstance(reply, ToolError) else _seen(found[at]["type"], *reply, encoding)
    return found


async def _looked(db: Database, looks: Sequence[_Look]) -> list[tuple[Any, Any] | ToolError]:
    """Length and data of each in one trip; where that is more than one reply may have, half of them in each of two."""
    try:
        replies = await db.run(*[vector for pair in looks for vector in pair])
    except ToolError as error:
        if error.code != "too_large":
            raise
        if len(looks) == 1:
            return [error]
        middle = len(looks) // 2
        return [*await _looked(db, looks[:middle]), *await _looked(db, looks[middle:])]
    return list(zip(replies[::2], replies[1::2], strict=True))


def _described(key: bytes, kind: Any, ttl: Any) -> Item:
    item: Item = {"key": named(key)}
    if isinstance(kind, Fault):
        return item | {"type": kinds.NONE} | _error(refusal(kind))
    item["type"] = kinds.spoken(kind.decode())
    if isinstance(ttl, int) and ttl >= 0:
        item["ttl_ms"] = ttl
    return item


def _look(kind: str, key: bytes, most: int) -> _Look:
    # One byte more tells whether there is more.
    end = b"%d" % most if kind == "string" else b""
    arguments = [end if part is _MOST else part for part in _LOOKS[kind][0]]
    return (kinds.LENGTH.get(kind, b"EXISTS"), key), (arguments[0], key, *arguments[1:])


def _seen(kind: str, length: Any, data: Any, encoding: Encoding) -> Item:
    for reply in (length, data):
        if isinstance(reply, Fault):
            return _error(refusal(reply))
    if kind == "string":
        return _string(length, data, encoding)
    seen: Item = {"value": _LOOKS[kind][1](data)}
    return seen | ({"length": length} if kind in kinds.LENGTH else {})


def _string(length: int, data: bytes, encoding: Encoding) -> Item:
    if len(data) >= length:
        return {"value": rendered(data, encoding), "length": length}
    part = window(data[:-1])
    value = part.decode() if is_text(part) else Cells(2 * len(data)).binary(part, length)
    return {"value": value, "length": length, "cut": True}


def _error(error: ToolError) -> Item:
    return {"error": {"code": error.code, "message": error.message}}


_MOST = b"most"
_Show = Callable[[Any], Any]
_LOOKS: Mapping[str, tuple[tuple[bytes, ...], _Show]] = {
    "string": ((b"GETRANGE", b"0", _MOST), shown),
    "list": ((b"LRANGE", b"0", b"9"), lambda data: [cell(one, Cells(_CELL)) for one in data]),
    "set": ((b"SSCAN", b"0", b"COUNT", _FEW), lambda data: [cell(one, Cells(_CELL)) for one in data[1][: int(_FEW)]]),
    "zset": (
        (b"ZRANGE", b"0", b"9", b"WITHSCORES"),
        lambda data: [{"member": cell(one, Cells(_CELL)), "score": score(value)} for one, value in pairs_of(data)],
    ),
    "hash": (
        (b"HSCAN", b"0", b"COUNT", _FEW),
        lambda data: [{"field": named(one), "value": cell(value, Cells(_CELL))} for one, value in pairs_of(data[1])][
            :10
        ],
    ),
    "stream": ((b"XRANGE", b"-", b"+", b"COUNT", _FEW), lambda data: [entry(one, Cells(_CELL)) for one in data]),
    "json": ((b"JSON.GET",), lambda data: None if data is None else rendered(data, "json")),
}
