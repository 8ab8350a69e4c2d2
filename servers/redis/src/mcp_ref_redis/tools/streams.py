"""Streams: read and wait, append, delete and trim."""

from collections.abc import Sequence
from typing import Annotated, Any, cast

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import Code, DbError, bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_size
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.windows import entry
from mcp_ref_redis.messaging.entries import Found, checked_id, fresh, last_ids, window
from mcp_ref_redis.results import Data, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Keys, Named, key_of, keys_of
from mcp_ref_redis.values import bytes_of, scalar_of, shown

streams = Toolset[State]("streams", default=False)

MOST_STREAMS = 20
MOST_ENTRIES = 10_000
MOST_BLOCK_MS = 10_000
Count = Annotated[int, arg("Most entries.", ge=1, le=MOST_ENTRIES)]


class Entries(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Entries of key, id, fields; `last_id` by stream is where to go on."""

    entries: list[Any]
    last_id: dict[str, str]
    timed_out: bool


class NewEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry to append."""

    fields: dict[str, Any]
    id: str = "*"


class Appended(Struct, frozen=True, kw_only=True):
    """The ids of new entries, how many were deleted or trimmed, the length now."""

    ids: list[str]
    removed: int
    length: int


@streams.tool(read_only=True, open_world=False, seconds=MOST_BLOCK_MS / 1000 + 20)
async def stream_read(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    keys: Annotated[Keys, arg("Streams.", max_length=MOST_STREAMS)],
    start: Annotated[str, arg("First id; with block_ms or new_only, the id to read behind.")] = "-",
    end: Annotated[str, arg("Last id.")] = "+",
    count: Count = 100,
    reverse: Annotated[bool, arg("Newest first.")] = False,
    new_only: Annotated[bool, arg("Only entries that come from now on.")] = False,
    block_ms: Annotated[int, arg("Longest wait.", ge=0, le=MOST_BLOCK_MS)] = 0,
    database: Named = None,
) -> Entries:
    """Read entries of streams, and wait for new ones if asked; nobody else waits meanwhile."""
    first = checked_id("start", start, ("-",))
    last = checked_id("end", end, ("+",))
    waiting = new_only or block_ms > 0
    async with reached(ctx, database, seconds=block_ms / 1000 + ctx.state.settings.timeout) as db:
        names = keys_of(db, keys)
        if waiting:
            await ctx.progress(0, None, "waiting")
            behind = await last_ids(db, names) if new_only else [b"0-0" if first == b"-" else first] * len(names)
            found = await fresh(db, dict(zip(names, behind, strict=True)), count, block_ms)
        else:
            found = await window(db, names, first, last, count=count + 1, newest=reverse)
    return _page(ctx, names, found, count, timed_out=waiting and not found)


def _page(ctx: Ctx, names: Sequence[bytes], found: Found, count: int, *, timed_out: bool) -> Entries:
    cells = Cells(ctx.state.settings.max_cell_chars)
    room = Room(budget(ctx.state.settings.max_output_chars))
    taken: dict[bytes, int] = dict.fromkeys(names, 0)
    items: list[Any] = []
    last: dict[str, str] = {}
    full = False
    for key, raw in found:
        item = {"key": shown(key), **entry(raw, cells)}
        if taken[key] >= count or full or not room.takes(item):
            full = full or taken[key] < count
            continue
        taken[key] += 1
        items.append(item)
        last[key.decode("utf-8", "backslashreplace")] = item["id"]
    reason = None if len(items) == len(found) else "bytes" if full else "limit"
    return Entries(
        entries=items,
        last_id=last,
        timed_out=timed_out,
        truncated=reason is not None,
        truncation=cut_by(reason, len(items)),
        untrusted=True,
    )


@streams.tool(**CHANGING)
async def stream_write(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    entries: Annotated[list[NewEntry], arg("Entries to append.", max_length=1000)] | None = None,
    maxlen: Annotated[int, arg("Keep about so many entries.", ge=0)] | None = None,
    approx: Annotated[bool, arg("About, which is cheaper.")] = True,
    delete_ids: Annotated[list[str], arg("Entries to delete.", max_length=1000)] | None = None,
    trim: Annotated[str, arg("Drop entries older than this id.")] | None = None,
    database: Named = None,
) -> Appended:
    """Append entries to a stream, delete some, trim it."""
    if not entries and not delete_ids and trim is None and maxlen is None:
        raise bad_argument("entries", "or `delete_ids`, `trim` or `maxlen` must be given")
    async with reached(ctx, database, needs="read-write") as db:
        name = key_of(db, key)
        most = ctx.state.settings.max_value_bytes
        adding = [_added(name, at, one, most) for at, one in enumerate(entries or ())]
        removing = _removals(name, delete_ids or (), trim, (maxlen, approx))
        replies = _done(await db.run(*adding, *removing, (b"XLEN", name), write=True), len(adding))
    ids = [reply.decode() for reply in replies[: len(adding)]]
    return Appended(ids=ids, removed=sum(replies[len(adding) : -1]), length=replies[-1])


def _done(replies: Sequence[Any], adding: int) -> Sequence[Any]:
    """The replies, of which none is an error.

    Raises:
        DbError: one is; it says how much was done all the same.
    """
    failed = next((at for at, reply in enumerate(replies) if isinstance(reply, Fault)), None)
    if failed is None:
        return replies
    error = refusal(replies[failed])
    appended = sum(not isinstance(reply, Fault) for reply in replies[:adding])
    where = f"entries[{failed}]: " if failed < adding else ""
    also = f" Of {adding} entries {appended} were appended." if appended else ""
    raise DbError(
        f"{where}{error.message}{also}", code=cast("Code", error.code), hint=error.hint, engine_code=error.engine_code
    )


def _added(key: bytes, at: int, one: NewEntry, most: int) -> Vector:
    if not one.fields:
        raise bad_argument(f"entries[{at}].fields", "must hold at least one field")
    pairs = [(bytes_of("field", name), scalar_of(f"entries[{at}].{name}", value)) for name, value in one.fields.items()]
    flat = [require_size(f"entries[{at}]", part, most) for pair in pairs for part in pair]
    return (b"XADD", key, checked_id(f"entries[{at}].id", one.id, ("*",)), *flat)


def _removals(key: bytes, ids: Sequence[str], trim: str | None, cap: tuple[int | None, bool]) -> list[Vector]:
    maxlen, approx = cap
    about = b"~" if approx else b"="
    found: list[Vector] = []
    if ids:
        found.append((b"XDEL", key, *[checked_id("delete_ids", one) for one in ids]))
    if trim is not None:
        found.append((b"XTRIM", key, b"MINID", about, checked_id("trim", trim)))
    if maxlen is not None:
        found.append((b"XTRIM", key, b"MAXLEN", about, b"%d" % maxlen))
    return found
