"""A window on the value of a key, of any type: what is asked of the engine, and what is made of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct, field

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import SAFE_INTEGER, Cells
from mcp_ref_kit.db.rows.envelope import Reason
from mcp_ref_redis.access.bounds import require_path
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal, require
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault, Pairs
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.walking import STEP, Place, Step, Walk, Walked, read_step
from mcp_ref_redis.modules.asking import known
from mcp_ref_redis.values import cell, named, shown, unpacked, whole, window

Encoding = Literal["auto", "utf8", "base64", "json", "float32"]
# Of these the parts are no whole.
_INDIVISIBLE = ("json", "float32")
KIB = 1024


class Ask(Struct, frozen=True, kw_only=True):
    """What a caller wants to see."""

    start: int = 0
    count: int = 100
    match: bytes | None = None
    fields: Sequence[bytes] | None = None
    encoding: Encoding = "auto"
    path: str = "$"
    at: "Position | None" = None
    most_bytes: int = 256 * KIB
    cells: Cells = field(default_factory=Cells)


class Position(Struct, frozen=True):
    """Where the next window begins: a place in order, or one of a walk, or after an id."""

    start: int = 0
    place: Place = Place()
    after: str = ""


class Window(Struct, kw_only=True):
    """Part of a value; `behind` tells the position behind the first so many items."""

    length: int | None = None
    name: Literal["value", "entries", "members", "items"] = "value"
    value: Any = None
    items: Sequence[Any] = ()
    behind: "Callable[[int], Position | None]" = lambda count: None  # noqa: ARG005  nothing follows a whole value
    reason: Reason | None = None
    cut: int = 0


Reader = Callable[[Database, bytes, Ask], Awaitable[Window]]


def reader(engine_type: str) -> Reader | None:
    """How a type is read; None for one that only its module knows."""
    return _READERS.get(engine_type)


async def _string(db: Database, key: bytes, ask: Ask) -> Window:
    return string_window(await db.run(*string_look(key, ask)), ask)


def string_look(key: bytes, ask: Ask) -> tuple[Vector, Vector]:
    """What is asked of a string: its length, and never more than a window of it."""
    start = ask.at.start if ask.at else ask.start
    most = min(ask.count * KIB, ask.most_bytes)
    return (b"STRLEN", key), (b"GETRANGE", key, b"%d" % start, b"%d" % (start + most - 1))


def string_window(replies: Sequence[Any], ask: Ask) -> Window:
    """What is made of the answers."""
    start = ask.at.start if ask.at else ask.start
    size, data = _both(replies)
    end = start + len(data)
    if end < size:
        data = window(data) or data
    data, value = _fitting(data, ask, whole=start == 0 and end == size)
    end = start + len(data)
    return Window(
        length=size,
        value=value,
        behind=lambda _: Position(start=end) if end < size else None,
        reason="bytes" if end < size else None,
    )


def _fitting(data: bytes, ask: Ask, *, whole: bool) -> tuple[bytes, Any]:
    """As much of the beginning as fits a page in JSON, where a control character takes six places."""
    while True:
        value = rendered(data, ask.encoding if whole or ask.encoding not in _INDIVISIBLE else "auto")
        size = len(msgspec.json.encode(value))
        if size <= ask.most_bytes or len(data) <= 1:
            return data, value
        whole = False
        data = window(data[: len(data) * ask.most_bytes // (size + KIB)]) or data[:1]


def rendered(data: bytes, encoding: Encoding) -> Any:
    """A whole string in the form that was asked for."""
    if encoding == "base64":
        return whole(data)
    if encoding == "utf8":
        return data.decode("utf-8", "replace")
    if encoding == "json":
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return shown(data)
    if encoding == "float32":
        numbers = unpacked(data)
        return shown(data) if numbers is None else numbers
    return shown(data)


async def _list(db: Database, key: bytes, ask: Ask) -> Window:
    start = ask.at.start if ask.at else ask.start
    bounds = (b"%d" % start, b"%d" % (start + ask.count - 1))
    length, items = _both(await db.run((b"LLEN", key), (b"LRANGE", key, *bounds)))
    return _ordered("items", start, length, [_shown(one, ask) for one in items])


async def _zset(db: Database, key: bytes, ask: Ask) -> Window:
    if ask.match is not None:
        walked = await _walked(db, b"ZSCAN", key, ask, each=2)
        return await _scanned(db, (b"ZCARD", key), "members", walked, lambda pair: _scored(pair, ask))
    start = ask.at.start if ask.at else ask.start
    bounds = (b"%d" % start, b"%d" % (start + ask.count - 1))
    length, items = _both(await db.run((b"ZCARD", key), (b"ZRANGE", key, *bounds, b"WITHSCORES")))
    return _ordered("members", start, length, [_scored(pair, ask) for pair in pairs_of(items)])


async def _hash(db: Database, key: bytes, ask: Ask) -> Window:
    if ask.fields is not None:
        length, values = _both(await db.run((b"HLEN", key), (b"HMGET", key, *ask.fields)))
        found = [_entry(pair, ask) for pair in zip(ask.fields, values, strict=True)]
        return Window(length=length, name="entries", items=found)
    walked = await _walked(db, b"HSCAN", key, ask, each=2)
    return await _scanned(db, (b"HLEN", key), "entries", walked, lambda pair: _entry(pair, ask))


async def _set(db: Database, key: bytes, ask: Ask) -> Window:
    walked = await _walked(db, b"SSCAN", key, ask, each=1)
    return await _scanned(db, (b"SCARD", key), "members", walked, lambda one: _shown(one, ask))


async def _stream(db: Database, key: bytes, ask: Ask) -> Window:
    first = b"-" if ask.at is None else b"(" + ask.at.after.encode()
    count = (b"COUNT", b"%d" % (ask.count + 1))
    length, items = _both(await db.run((b"XLEN", key), (b"XRANGE", key, first, b"+", *count)))
    entries = [entry(one, ask.cells, lambda data: _shown(data, ask)) for one in items]
    more = len(entries) > ask.count
    kept = entries[: ask.count]

    def behind(taken: int) -> Position | None:
        return Position(after=kept[taken - 1]["id"]) if taken < len(kept) or more else None

    return Window(length=length, name="entries", items=kept, behind=behind, reason="limit" if more else None)


async def _json(db: Database, key: bytes, ask: Ask) -> Window:
    [reply] = await db.run((b"JSON.GET", key, require_path(ask.path)))
    text = known(reply, "JSON.GET", "A JSON document")
    if text is not None and len(text) > ask.most_bytes:
        raise DbError(f"The JSON at this path has {len(text)} bytes.", code="too_large", hint="Ask a narrower path.")
    return Window(value=None if text is None else rendered(text, "json"))


async def _series(db: Database, key: bytes, ask: Ask) -> Window:
    [reply] = await db.run((b"TS.INFO", key))
    return Window(value=tree(known(reply, "TS.INFO", "A time series"), ask.cells, top=True))


async def _vectors(db: Database, key: bytes, ask: Ask) -> Window:
    [reply] = await db.run((b"VINFO", key))
    return Window(value=tree(known(reply, "VINFO", "A vector set"), ask.cells, top=True))


_READERS: Mapping[str, Reader] = {
    "string": _string,
    "hash": _hash,
    "list": _list,
    "set": _set,
    "zset": _zset,
    "stream": _stream,
    kinds.JSON: _json,
    kinds.TIME_SERIES: _series,
    kinds.VECTOR_SET: _vectors,
}


async def _walked(db: Database, name: bytes, key: bytes, ask: Ask, *, each: int) -> Walked[Any]:
    """Members of a hash, set or sorted set, in the engine's own order."""
    match = () if ask.match is None else (b"MATCH", ask.match)

    async def step(cursor: int, count: int) -> Step[Any]:
        options = (*match, b"COUNT", b"%d" % count)
        return read_step(await db.ask(name, key, b"%d" % cursor, *options), each)

    seen: set[bytes] = set()

    def is_new(item: Any) -> bool:
        name = item if each == 1 else item[0]
        return not (name in seen or seen.add(name))

    at = Place() if ask.at is None else ask.at.place
    return await Walk(step, is_new).take(ask.count, at, count=STEP if match else min(STEP, max(ask.count, 10)))


async def _scanned(
    db: Database,
    counting: Vector,
    name: Literal["entries", "members"],
    walked: Walked[Any],
    show: Callable[[Any], Any],
) -> Window:
    def behind(taken: int) -> Position | None:
        place = walked.behind(taken) if taken else walked.after
        return None if place is None else Position(place=place)

    items = list(map(show, walked.items))
    length = await db.ask(*counting)
    return Window(length=length, name=name, items=items, behind=behind, reason=walked.reason)


def _ordered(name: Literal["items", "members"], start: int, length: int, items: Sequence[Any]) -> Window:
    def behind(taken: int) -> Position | None:
        return Position(start=start + taken) if start + taken < length else None

    more = start + len(items) < length
    return Window(length=length, name=name, items=items, behind=behind, reason="limit" if more else None)


def _both(replies: Sequence[Any]) -> tuple[int, Any]:
    """The length and the window. A length of nothing is a key that went in the meantime.

    Raises:
        ToolError: `conflict`; also what the engine refuses.
    """
    for reply in replies:
        if isinstance(reply, Fault) and reply.word == "WRONGTYPE":
            raise changed()
    length, found = map(require, replies)
    if not length and found == []:
        raise changed()
    return length, found


def changed() -> DbError:
    """The key is no longer what it was a moment ago."""
    return DbError(
        "The key was deleted or replaced while it was read.",
        code="conflict",
        hint="Read it again.",
        retryable=True,
    )


def _entry(pair: tuple[bytes, bytes | None], ask: Ask) -> dict[str, Any]:
    name, value = pair
    return {"field": named(name), "value": None if value is None else _shown(value, ask)}


def _shown(data: bytes, ask: Ask) -> Any:
    """A value or member of a collection, cut where it is long; a vector is whole, or it would be none."""
    if ask.encoding == "float32" and (numbers := unpacked(data)) is not None:
        return numbers
    if ask.encoding == "auto" or len(data) > ask.cells.most:
        return cell(data, ask.cells)
    return rendered(data, ask.encoding)


def _scored(pair: tuple[bytes, Any], ask: Ask) -> dict[str, Any]:
    return {"member": _shown(pair[0], ask), "score": score(pair[1])}


def score(value: Any) -> Any:
    """A score as JSON has it, whole numbers without a point; infinities, which it has not, as words."""
    number = float(value)
    if number.is_integer() and abs(number) <= SAFE_INTEGER:
        return int(number)
    return Cells().any(number)


def entry(item: Any, cells: Cells, show: Callable[[bytes], Any] | None = None) -> dict[str, Any]:
    """An entry of a stream. Its fields are an object, or pairs where one is given twice or is no text."""
    identifier, flat = item
    show = show or (lambda data: cell(data, cells))
    pairs = [(named(flat[at]), show(flat[at + 1])) for at in range(0, len(flat or ()), 2)]
    names = [name for name, _ in pairs]
    plain = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return {"id": shown(identifier), "fields": dict(pairs) if plain else [list(pair) for pair in pairs]}


def pairs_of(items: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Members with scores: in turn in RESP2, pair by pair in RESP3."""
    if items and isinstance(items[0], list):
        return [(one[0], one[1]) for one in items]
    return [(items[at], items[at + 1]) for at in range(0, len(items), 2)]


def tree(reply: Any, cells: Cells, *, top: bool = False) -> Any:
    """A reply of any shape as JSON; `top` says that it is a map, which RESP2 cannot say itself."""
    if isinstance(reply, list):
        items = cast("list[Any]", reply)
        if top or isinstance(reply, Pairs):
            return {_name(items[at]): tree(items[at + 1], cells) for at in range(0, len(items) - 1, 2)}
        return [tree(one, cells) for one in items]
    if isinstance(reply, Fault):
        return {"error": refusal(reply).message}
    return cell(reply, cells) if isinstance(reply, bytes) else cells.any(reply)


def _name(data: Any) -> str:
    return data.decode("utf-8", "backslashreplace") if isinstance(data, bytes) else str(data)
