"""Streams: read and wait, append and trim, groups of consumers."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_size
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace.windows import entry, tree
from mcp_ref_redis.messaging.entries import Found, checked_id, entries_of, fresh, last_ids, window
from mcp_ref_redis.results import Data, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Keys, Named, key_of, keys_of
from mcp_ref_redis.values import bytes_of, scalar_of, shown

streams = Toolset[State]("streams", default=False)

MOST_STREAMS = 20
MOST_ENTRIES = 10_000
MOST_BLOCK_MS = 10_000
Count = Annotated[int, arg("Most entries.", ge=1, le=MOST_ENTRIES)]
Action = Literal["list", "pending", "consumers", "create", "destroy", "set_id", "read", "ack", "claim"]


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


class Groups(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the action tells: groups, consumers, pending or entries; `done` is how many changed."""

    groups: list[Any] | None = None
    consumers: list[Any] | None = None
    pending: list[Any] | None = None
    entries: list[Any] | None = None
    done: int | None = None
    untrusted: Untrusted


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
        replies = [require(reply) for reply in await db.run(*adding, *removing, (b"XLEN", name), write=True)]
    ids = [reply.decode() for reply in replies[: len(adding)]]
    return Appended(ids=ids, removed=sum(replies[len(adding) : -1]), length=replies[-1])


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


class _Question(Struct, frozen=True, kw_only=True):
    """What a caller asks of groups, as bytes."""

    key: bytes
    group: bytes
    consumer: bytes
    ids: Sequence[bytes]
    count: bytes
    idle: bytes


@streams.tool(**CHANGING)
async def stream_groups(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    action: Annotated[Action, arg("list, pending and consumers only read.")] = "list",
    group: Annotated[str, arg("Group.")] | None = None,
    consumer: Annotated[str, arg("Consumer.")] | None = None,
    ids: Annotated[list[str], arg("Entries; of create and set_id, where to begin.", max_length=1000)] | None = None,
    count: Count = 100,
    min_idle_ms: Annotated[int, arg("Of claim and pending: idle at least so long.", ge=0)] = 0,
    database: Named = None,
) -> Groups:
    """Look at the groups of a stream, their consumers and pending entries; read, acknowledge, claim."""
    needs_group, needs_consumer, needs_ids = _NEEDS[action]
    for name, given, needed in (
        ("group", group, needs_group),
        ("consumer", consumer, needs_consumer),
        ("ids", ids, needs_ids),
    ):
        if needed and not given:
            raise bad_argument(name, f"is needed for {action}")
    async with reached(ctx, database) as db:
        if action not in _READS:
            require_mode(db, "read-write")
        question = _Question(
            key=key_of(db, key),
            group=bytes_of("group", group or ""),
            consumer=bytes_of("consumer", consumer or ""),
            ids=[checked_id("ids", one, ("0", "$")) for one in ids or ()],
            count=b"%d" % count,
            idle=b"%d" % min_idle_ms,
        )
        make, read = _ACTIONS[action]
        reply = await db.ask(*make(question), write=action not in _READS)
    return read(reply, Cells(ctx.state.settings.max_cell_chars))


def _rows(reply: Any, cells: Cells) -> list[Any]:
    """Facts of groups or consumers, under names that Python and JSON would give them."""
    found: list[Any] = []
    for row in reply:
        facts: dict[str, Any] = tree(row, cells, top=True)
        found.append({name.replace("-", "_"): value for name, value in facts.items()})
    return found


def _listed(reply: Any, cells: Cells) -> Groups:
    return Groups(groups=_rows(reply, cells), untrusted=True)


def _members(reply: Any, cells: Cells) -> Groups:
    return Groups(consumers=_rows(reply, cells), untrusted=True)


def _pending(reply: Any, cells: Cells) -> Groups:
    del cells
    names = ("id", "consumer", "idle_ms", "deliveries")
    return Groups(pending=[dict(zip(names, map(shown, row), strict=True)) for row in reply], untrusted=True)


def _read_entries(reply: Any, cells: Cells) -> Groups:
    return Groups(entries=[entry(raw, cells) for _, raw in entries_of(reply)], untrusted=True)


def _claimed(reply: Any, cells: Cells) -> Groups:
    return Groups(entries=[entry(raw, cells) for raw in reply if raw is not None], untrusted=True)


def _done(reply: Any, cells: Cells) -> Groups:
    del cells
    return Groups(done=reply if isinstance(reply, int) else 1, untrusted=True)


def _first(question: _Question) -> bytes:
    return question.ids[0] if question.ids else b"$"


_READS = frozenset({"list", "pending", "consumers"})
_NEEDS: dict[str, tuple[bool, bool, bool]] = {
    "list": (False, False, False),
    "pending": (True, False, False),
    "consumers": (True, False, False),
    "create": (True, False, False),
    "destroy": (True, False, False),
    "set_id": (True, False, True),
    "read": (True, True, False),
    "ack": (True, False, True),
    "claim": (True, True, True),
}
_ACTIONS: dict[str, tuple[Callable[[_Question], Vector], Callable[[Any, Cells], Groups]]] = {
    "list": (lambda one: (b"XINFO", b"GROUPS", one.key), _listed),
    "consumers": (lambda one: (b"XINFO", b"CONSUMERS", one.key, one.group), _members),
    "pending": (
        lambda one: (
            *(b"XPENDING", one.key, one.group, b"IDLE", one.idle, b"-", b"+", one.count),
            *([one.consumer] if one.consumer else []),
        ),
        _pending,
    ),
    "create": (lambda one: (b"XGROUP", b"CREATE", one.key, one.group, _first(one), b"MKSTREAM"), _done),
    "destroy": (lambda one: (b"XGROUP", b"DESTROY", one.key, one.group), _done),
    "set_id": (lambda one: (b"XGROUP", b"SETID", one.key, one.group, _first(one)), _done),
    "read": (
        lambda one: (b"XREADGROUP", b"GROUP", one.group, one.consumer, b"COUNT", one.count, b"STREAMS", one.key, b">"),
        _read_entries,
    ),
    "ack": (lambda one: (b"XACK", one.key, one.group, *one.ids), _done),
    "claim": (lambda one: (b"XCLAIM", one.key, one.group, one.consumer, one.idle, *one.ids), _claimed),
}
