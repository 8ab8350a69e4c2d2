"""Vector sets of Redis 8, and time series of their module."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_finite
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.windows import pairs_of, score, tree
from mcp_ref_redis.modules.asking import asked, known
from mcp_ref_redis.modules.replies import members
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Keys, Named, key_of, keys_of
from mcp_ref_redis.values import Given, bytes_of, floats, shown

vectors = Toolset[State]("search", default=False)
series = Toolset[State]("timeseries", default=False)

MOST_SERIES = 100
MOST_POINTS = 10_000
Aggregation = Literal["avg", "sum", "min", "max", "count", "first", "last", "range"]


class VectorResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of search matches (member, score), of info and attributes their value, of add and remove whether it changed."""

    matches: list[Any] | None = None
    info: Any = None
    changed: bool | None = None
    untrusted: Untrusted


class Series(Struct, frozen=True, kw_only=True):
    """Series of key, labels, points [time in ms, value]; `failed` were not added; `dropped` did not fit the page."""

    series: list[Any]
    added: int
    failed: list[Any]
    dropped: int
    untrusted: Untrusted


class Point(Struct, frozen=True, forbid_unknown_fields=True):
    """A point to add; without time, now."""

    value: float
    time_ms: int | None = None


@vectors.tool(**CHANGING)
async def vector_set(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    op: Annotated[Literal["search", "info", "attributes", "add", "remove"], arg("add and remove change it.")],
    values: Annotated[list[float], arg("Vector of search and add.", max_length=32_768)] | None = None,
    member: Annotated[Given, arg("Member; search: near this one.")] | None = None,
    attributes: Annotated[dict[str, Any], arg("Of add.")] | None = None,
    k: Annotated[int, arg("Most matches.", ge=1, le=1000)] = 10,
    database: Named = None,
) -> VectorResult:
    """Search a vector set for neighbours, look at it, add and remove members."""
    element = None if member is None else bytes_of("member", member)
    vector = None if values is None else floats("values", values)
    async with reached(ctx, database) as db:
        if op in {"add", "remove"}:
            require_mode(db, "read-write")
        name = key_of(db, key)
        words = _MAKERS[op](name, vector, element, k)
        if op == "add" and attributes is not None:
            words = [*words, b"SETATTR", msgspec.json.encode(attributes)]
        reply = await asked(db, words, "A vector set", write=op in {"add", "remove"})
    return _read(op, reply, Cells(ctx.state.settings.max_cell_chars))


def _read(op: str, reply: Any, cells: Cells) -> VectorResult:
    if op == "search":
        matches = [{"member": shown(one), "score": score(value)} for one, value in pairs_of(reply)]
        return VectorResult(matches=matches, untrusted=True)
    if op in {"add", "remove"}:
        return VectorResult(changed=bool(reply), untrusted=True)
    if op == "attributes":
        return VectorResult(info=None if reply is None else cells.json(reply), untrusted=True)
    return VectorResult(info=None if reply is None else tree(reply, cells, top=True), untrusted=True)


def _searched(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    if (vector is None) == (element is None):
        raise bad_argument("values", "or `member` must be given for search: exactly one of them")
    near = (b"FP32", vector) if vector is not None else (b"ELE", element or b"")
    return (b"VSIM", key, *near, b"WITHSCORES", b"COUNT", b"%d" % k)


def _added(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    del k
    if vector is None or element is None:
        raise bad_argument("values", "and `member` must be given for add")
    return (b"VADD", key, b"FP32", vector, element)


def _of_member(command: bytes) -> Callable[[bytes, bytes | None, bytes | None, int], Vector]:
    def make(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
        del vector, k
        if element is None:
            raise bad_argument("member", "must be given")
        return (command, key, element)

    return make


def _told(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    del vector, element, k
    return (b"VINFO", key)


_MAKERS: dict[str, Callable[[bytes, bytes | None, bytes | None, int], Vector]] = {
    "search": _searched,
    "info": _told,
    "attributes": _of_member(b"VGETATTR"),
    "add": _added,
    "remove": _of_member(b"VREM"),
}


@series.tool(**CHANGING)
async def time_series(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    keys: Annotated[Keys, arg("Series, or `filter`.", max_length=MOST_SERIES)] | None = None,
    filter: Annotated[list[str], arg("Labels, as sensor=1.", max_length=20)] | None = None,  # noqa: A002  the wire's name
    from_: Annotated[str, arg("First time in ms, or -.", pattern=r"^(-|\d{1,15})$")] = "-",
    to: Annotated[str, arg("Last time in ms, or +.", pattern=r"^(\+|\d{1,15})$")] = "+",
    aggregation: Annotated[Aggregation, arg("Of the points in a bucket.")] | None = None,
    bucket_ms: Annotated[int, arg("Length of a bucket.", ge=1)] | None = None,
    count: Annotated[int, arg("Most points of a series.", ge=1, le=MOST_POINTS)] = 1000,
    add: Annotated[list[Point], arg("Points to add to the one series.", max_length=1000)] | None = None,
    database: Named = None,
) -> Series:
    """Read series by key or label, raw or in buckets; or add points to one."""
    if (keys is None) == (filter is None):
        raise bad_argument("keys", "or `filter` must be given: exactly one of them")
    if (aggregation is None) != (bucket_ms is None):
        raise bad_argument("bucket_ms", "and `aggregation` belong together")
    if add and (keys is None or len(keys) != 1):
        raise bad_argument("add", "needs exactly one series in `keys`")
    bucket = () if aggregation is None else (b"AGGREGATION", aggregation.encode(), b"%d" % (bucket_ms or 1))
    window = (from_.encode(), to.encode())
    limits = (b"COUNT", b"%d" % count, *bucket)
    async with reached(ctx, database) as db:
        names = keys_of(db, keys or [])
        found: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        if add:
            require_mode(db, "read-write")
            failed = await _add(db, names[0], add)
        elif filter is None:
            found = [await _one_series(db, name, window, limits) for name in names]
        elif db.jail.closed:
            raise bad_argument("filter", "reaches series outside the key prefix", hint="Name them in `keys`.")
        else:
            reply = await asked(
                db, (b"TS.MRANGE", *window, b"WITHLABELS", *limits, b"FILTER", *map(str.encode, filter)), "It"
            )
            found = _several(reply)
    room = Room(budget(ctx.state.settings.max_output_chars))
    kept = [one for one in found if room.takes(one)]
    added = len(add or ()) - len(failed)
    return Series(series=kept, added=added, failed=failed, dropped=len(found) - len(kept), untrusted=True)


async def _add(db: Database, key: bytes, points: list[Point]) -> list[dict[str, Any]]:
    """Add them in one trip; a series that is missing is made. Which of them were not added, and why.

    Raises:
        DbError: none was.
    """
    replies = await db.run(*[_adding(key, at, point) for at, point in enumerate(points)], write=True)
    faults = {at: reply for at, reply in enumerate(replies) if isinstance(reply, Fault)}
    if len(faults) == len(points):
        known(faults[0], "TS.ADD", "A time series")
    return [{"at": at, "message": refusal(fault).message} for at, fault in faults.items()]


def _adding(key: bytes, at: int, point: Point) -> Vector:
    moment = b"*" if point.time_ms is None else b"%d" % point.time_ms
    return (b"TS.ADD", key, moment, require_finite(f"add[{at}].value", point.value))


async def _one_series(db: Database, name: bytes, window: Vector, limits: Vector) -> dict[str, Any]:
    reply = await asked(db, (b"TS.RANGE", name, *window, *limits), "A time series")
    return {"key": shown(name), "labels": {}, "points": _points(reply)}


def _points(reply: Any) -> list[Any]:
    return [[at, score(value)] for at, value in reply]


def _several(reply: Any) -> list[dict[str, Any]]:
    """TS.MRANGE: series in turn with their parts in RESP3, one list each in RESP2."""
    rows: Any = reply
    if reply and not isinstance(reply[0], list):
        rows = [(reply[at], *reply[at + 1]) for at in range(0, len(reply), 2)]
    return [{"key": shown(row[0]), "labels": _labels(row[1]), "points": _points(row[-1])} for row in rows]


def _labels(reply: Any) -> dict[str, Any]:
    if reply and isinstance(reply[0], list):
        return {str(shown(name)): shown(value) for name, value in reply}
    return {name: shown(value) for name, value in members(reply).items()}
