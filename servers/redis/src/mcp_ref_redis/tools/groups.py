"""Groups of consumers of a stream: who reads it, what is pending; read, acknowledge, claim."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace.windows import entry, tree
from mcp_ref_redis.messaging.entries import checked_id, entries_of
from mcp_ref_redis.results import Data, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Named, key_of
from mcp_ref_redis.tools.streams import Count
from mcp_ref_redis.values import bytes_of, shown

groups = Toolset[State]("streams", default=False)

Action = Literal["list", "pending", "consumers", "create", "destroy", "set_id", "read", "ack", "claim"]
_IDS = "Entries; of create and set_id, where to begin; of read, own pending entries behind it."


class Groups(Data, frozen=True, kw_only=True, omit_defaults=True):
    """What the action tells: groups, consumers, pending or entries; `done` is how many changed.

    Entries that had no room were delivered all the same: they are pending, and read again with `ids`.
    """

    groups: list[Any] | None = None
    consumers: list[Any] | None = None
    pending: list[Any] | None = None
    entries: list[Any] | None = None
    done: int | None = None


class _Question(Struct, frozen=True, kw_only=True):
    """What a caller asks of groups, as bytes."""

    key: bytes
    group: bytes
    consumer: bytes
    ids: Sequence[bytes]
    count: bytes
    idle: bytes


@groups.tool(**CHANGING)
async def stream_groups(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    action: Annotated[Action, arg("list, pending and consumers only read.")] = "list",
    group: Annotated[str, arg("Group.")] | None = None,
    consumer: Annotated[str, arg("Consumer.")] | None = None,
    ids: Annotated[list[str], arg(_IDS, max_length=1000)] | None = None,
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
        make, name, rows = _ACTIONS[action]
        reply = await db.ask(*make(question), write=action not in _READS)
    if rows is None:
        return Groups(done=reply if isinstance(reply, int) else 1, truncated=False, untrusted=True)
    items = rows(reply, Cells(ctx.state.settings.max_cell_chars))
    kept = Room(budget(ctx.state.settings.max_output_chars)).leading(items)
    reason = "bytes" if len(kept) < len(items) else None
    page = Groups(truncated=reason is not None, truncation=cut_by(reason, len(kept), len(items)), untrusted=True)
    return replace(page, **{name: kept})


def _rows(reply: Any, cells: Cells) -> list[Any]:
    """Facts of groups or consumers, under names that Python and JSON would give them."""
    found: list[Any] = []
    for row in reply:
        facts: dict[str, Any] = tree(row, cells, top=True)
        found.append({name.replace("-", "_"): value for name, value in facts.items()})
    return found


def _pending(reply: Any, cells: Cells) -> list[Any]:
    del cells
    names = ("id", "consumer", "idle_ms", "deliveries")
    return [dict(zip(names, map(shown, row), strict=True)) for row in reply]


def _delivered(reply: Any, cells: Cells) -> list[Any]:
    return [entry(raw, cells) for _, raw in entries_of(reply)]


def _claimed(reply: Any, cells: Cells) -> list[Any]:
    return [entry(raw, cells) for raw in reply if raw is not None]


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
_Rows = Callable[[Any, Cells], list[Any]]
# The command, where in the result its answer goes, and what is made of it; None where it only counts.
_ACTIONS: Mapping[str, tuple[Callable[[_Question], Vector], str, _Rows | None]] = {
    "list": (lambda one: (b"XINFO", b"GROUPS", one.key), "groups", _rows),
    "consumers": (lambda one: (b"XINFO", b"CONSUMERS", one.key, one.group), "consumers", _rows),
    "pending": (
        lambda one: (
            *(b"XPENDING", one.key, one.group, b"IDLE", one.idle, b"-", b"+", one.count),
            *([one.consumer] if one.consumer else []),
        ),
        "pending",
        _pending,
    ),
    "create": (lambda one: (b"XGROUP", b"CREATE", one.key, one.group, _first(one), b"MKSTREAM"), "done", None),
    "destroy": (lambda one: (b"XGROUP", b"DESTROY", one.key, one.group), "done", None),
    "set_id": (lambda one: (b"XGROUP", b"SETID", one.key, one.group, _first(one)), "done", None),
    "read": (
        lambda one: (
            *(b"XREADGROUP", b"GROUP", one.group, one.consumer, b"COUNT", one.count, b"STREAMS", one.key),
            one.ids[0] if one.ids else b">",
        ),
        "entries",
        _delivered,
    ),
    "ack": (lambda one: (b"XACK", one.key, one.group, *one.ids), "done", None),
    "claim": (lambda one: (b"XCLAIM", one.key, one.group, one.consumer, one.idle, *one.ids), "entries", _claimed),
}
