"""Taking items from the ends of lists and sorted sets: what is taken is gone, so all of it has to be in the answer."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.room import Room
from mcp_ref_redis.database import Database
from mcp_ref_redis.keyspace.windows import pairs_of, score
from mcp_ref_redis.values import shown

_SHRINK = 10


class Pop(Struct, frozen=True):
    """The command that takes, the one that shows what it would take, and whether items have scores."""

    command: bytes
    look: bytes
    scored: bool
    from_end: bool = False


async def popped(db: Database, pop: Pop, key: bytes, count: int, room: Room) -> list[Any]:
    """Take up to `count` items, as many of them as there is room for, whole; the others stay.

    They are looked at before: an answer that is too large to be sent, or to be read, would be lost with its items.

    Raises:
        ToolError: `too_large`, the first item alone has no room; nothing was taken. Also what the engine refuses.
    """
    next_ones = await _looked(db, pop, key, count)
    sizes = [_shown(one, pop) for one in next_ones]
    if sizes and not room.fits(sizes[0]):
        raise DbError(
            "The next item is larger than a result may be; it stays where it is.",
            code="too_large",
            hint="Read it with the tool command and LRANGE where larger results are allowed: --max-output-chars.",
        )
    taken = len(room.leading(sizes))
    if not taken:
        return []
    reply = await db.ask(pop.command, key, b"%d" % taken, write=True)
    return [_shown(one, pop) for one in _items(reply, pop)]


async def _looked(db: Database, pop: Pop, key: bytes, count: int) -> Sequence[Any]:
    """The items that would be taken, in the order of taking; of large ones fewer."""
    while True:
        bounds = (b"-%d" % count, b"-1") if pop.from_end else (b"0", b"%d" % (count - 1))
        try:
            reply = await db.ask(pop.look, key, *bounds, *([b"WITHSCORES"] * pop.scored))
        except ToolError as error:
            if error.code != "too_large" or count == 1:
                raise
            count = max(1, count // _SHRINK)
        else:
            items = _items(reply, pop)
            return items[::-1] if pop.from_end else items


def _items(reply: Any, pop: Pop) -> Sequence[Any]:
    return pairs_of(reply or []) if pop.scored else reply or []


def _shown(one: Any, pop: Pop) -> Any:
    return {"member": shown(one[0]), "score": score(one[1])} if pop.scored else shown(one)
