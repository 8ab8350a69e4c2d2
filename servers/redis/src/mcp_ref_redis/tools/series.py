"""Time series of their module: read by key or by label, raw or in buckets; points are added."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_finite
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.windows import score
from mcp_ref_redis.modules.asking import asked, known
from mcp_ref_redis.modules.replies import members
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Keys, Named, keys_of
from mcp_ref_redis.values import shown

series = Toolset[State]("timeseries", default=False)

MOST_SERIES = 100
MOST_POINTS = 10_000
_DIGITS = 15
Aggregation = Literal["avg", "sum", "min", "max", "count", "first", "last", "range"]


class Series(Struct, frozen=True, kw_only=True):
    """Series of key, labels, points [time in ms, value], and `next_from` where there are more points.

    `failed` were not added; `dropped` series did not fit the page.
    """

    series: list[Any]
    added: int
    failed: list[Any]
    dropped: int
    untrusted: Untrusted


class Point(Struct, frozen=True, forbid_unknown_fields=True):
    """A point to add; without time, now."""

    value: float
    time_ms: int | None = None


class _Question(Struct, frozen=True, kw_only=True):
    """What is asked of each series."""

    window: tuple[bytes, bytes]
    labels: Sequence[bytes]
    count: int
    bucket: Vector

    @property
    def limits(self) -> Vector:
        """One point more than wanted tells whether there are more."""
        return (b"COUNT", b"%d" % (self.count + 1), *self.bucket)


class _Found(Struct, frozen=True):
    """One series as the module tells it."""

    key: bytes
    labels: dict[str, Any]
    points: Sequence[Any]


@series.tool(**CHANGING)
async def time_series(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    keys: Annotated[Keys, arg("Series, or `filter`.", max_length=MOST_SERIES)] | None = None,
    filter: Annotated[list[str], arg("Labels, as sensor=1.", min_length=1, max_length=20)] | None = None,  # noqa: A002  the wire's name
    from_: Annotated[int | str, arg("First time in ms, or -.")] = "-",
    to: Annotated[int | str, arg("Last time in ms, or +.")] = "+",
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
    question = _Question(
        window=(_moment("from", from_, "-"), _moment("to", to, "+")),
        labels=[_label(one) for one in filter or ()],
        count=count,
        bucket=() if aggregation is None else (b"AGGREGATION", aggregation.encode(), b"%d" % (bucket_ms or 1)),
    )
    async with reached(ctx, database) as db:
        names = keys_of(db, keys or [])
        if add:
            require_mode(db, "read-write")
            failed = await _add(db, names[0], add)
            return Series(series=[], added=len(add) - len(failed), failed=failed, dropped=0, untrusted=True)
        found = await (_named(db, names, question) if names else _labelled(db, question))
    room = Room(budget(ctx.state.settings.max_output_chars))
    kept = room.leading(_page(one, count, room) for one in found)
    return Series(series=kept, added=0, failed=[], dropped=len(found) - len(kept), untrusted=True)


def _moment(name: str, given: int | str, edge: str) -> bytes:
    text = str(given)
    if isinstance(given, bool) or (text != edge and not (text.isascii() and text.isdigit() and len(text) <= _DIGITS)):
        raise bad_argument(name, f"must be milliseconds since 1970, or {edge}")
    return text.encode()


def _label(one: str) -> bytes:
    """A condition; a word without its sign could be an option of the module."""
    if "=" not in one.lstrip("=!"):
        raise bad_argument("filter", f"must hold conditions such as sensor=1, got {one[:40]!r}")
    return one.encode()


async def _named(db: Database, names: Sequence[bytes], question: _Question) -> list[_Found]:
    """Each of the series, in one trip."""
    words = (*question.window, *question.limits)
    replies = await db.run(*[(b"TS.RANGE", name, *words) for name in names])
    points = [known(reply, "TS.RANGE", "A time series") for reply in replies]
    return [_Found(name, {}, one) for name, one in zip(names, points, strict=True)]


async def _labelled(db: Database, question: _Question) -> list[_Found]:
    """Series by their labels: in turn with their parts in RESP3, one list each in RESP2."""
    if db.jail.closed:
        raise bad_argument("filter", "reaches series outside the key prefix", hint="Name them in `keys`.")
    words = (b"TS.MRANGE", *question.window, b"WITHLABELS", *question.limits, b"FILTER", *question.labels)
    reply: Any = await asked(db, words, "A time series")
    if reply and not isinstance(reply[0], list):
        reply = [(reply[at], *reply[at + 1]) for at in range(0, len(reply), 2)]
    return [_Found(row[0], _labels(row[1]), row[-1]) for row in reply]


def _page(one: _Found, count: int, room: Room) -> dict[str, Any]:
    """The points of a series that there is room for; where there are more, `next_from` says from where."""
    points = [[at, score(value)] for at, value in one.points]
    taken = min(count, len(points))
    while True:
        page: dict[str, Any] = {"key": shown(one.key), "labels": one.labels, "points": points[:taken]}
        if taken < len(points):
            page["next_from"] = points[taken][0]
        if taken <= 1 or room.fits(page):
            return page
        taken //= 2


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


def _labels(reply: Any) -> dict[str, Any]:
    if reply and isinstance(reply[0], list):
        return {str(shown(name)): shown(value) for name, value in reply}
    return {name: shown(value) for name, value in members(reply).items()}
