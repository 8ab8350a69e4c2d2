"""Finding keys, and what they come to."""

import secrets
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_pattern
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.kinds import KeyType
from mcp_ref_redis.keyspace.scanning import Found, Scan, described, scan, total
from mcp_ref_redis.keyspace.walking import Place
from mcp_ref_redis.results import Page, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import ASKING, Cursor, Named
from mcp_ref_redis.values import bytes_of, named, shown

scanning = Toolset[State]("core")

Detail = Literal["type", "ttl", "size", "encoding"]
# Of what was shown, so much is remembered: a table that is being resized shows keys twice.
MOST_CARRIED = 10_000


class KeyNames(Page, frozen=True, kw_only=True, omit_defaults=True):
    """Keys, or with details objects: key, type, ttl_ms, size in bytes, encoding. scanned: about so many seen."""

    keys: list[Any]
    scanned: int
    complete: bool


class Mark(Struct, frozen=True):
    """Where a scan goes on, and under which name is remembered what it has shown."""

    place: Place
    carried: str


@scanning.tool(**ASKING)
async def scan_keys(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("Glob: * ? [a-z].")] = "*",
    type: Annotated[KeyType | None, arg("Only keys of this type.")] = None,  # noqa: A002  the wire's name
    limit: Annotated[int, arg("Most keys.", ge=1, le=10_000)] = 200,
    details: Annotated[list[Detail], arg("What to tell of each.")] = [],  # noqa: B006  never changed
    cursor: Cursor = None,
    database: Named = None,
) -> KeyNames:
    """Find keys without stopping the server. A page may be short, even empty: go on until `complete`."""
    async with reached(ctx, database) as db:
        wanted = Scan(pattern=require_pattern(bytes_of("pattern", pattern)), type=type)
        mark = None if cursor is None else ctx.state.paging.after(ctx, cursor, db.name, Mark)
        seen = ctx.state.carried.get(mark.carried) if mark else {}
        found = await _scanned(db, wanted, limit, mark, seen)
        scanned = await _looked_at(db, wanted, found, whole=mark is None and found.after is None)
        items = await _items(db, found.keys, details)
    room = Room(budget(ctx.state.settings.max_output_chars))
    taken = 0
    while taken < len(items) and room.takes(items[taken]):
        taken += 1
    behind = found.behind(taken) if taken else found.after
    reason = "bytes" if taken < len(items) else found.reason or "limit"
    following = None
    if behind is not None:
        name = mark.carried if mark else secrets.token_urlsafe(9)
        if seen is not None:
            ctx.state.carry(name, _remembered(seen, found.keys[:taken]))
        following = ctx.state.paging.seal(ctx, Mark(behind, name), db.name)
    return KeyNames(
        keys=items[:taken],
        scanned=scanned,
        complete=behind is None,
        truncated=behind is not None,
        truncation=cut_by(None if behind is None else reason, taken),
        next_cursor=following,
        untrusted=True,
    )


async def _scanned(db: Database, wanted: Scan, limit: int, mark: Mark | None, seen: dict[bytes, None] | None) -> Found:
    """A page without what the pages before have shown; where that is forgotten, behind what its step has shown."""
    place = mark.place if mark else None
    if place is not None and seen is not None:
        place = Place(place.cursor, node=place.node)  # by name is surer than by number
    return await scan(db, wanted, limit, place, seen or {})


async def _looked_at(db: Database, wanted: Scan, found: Found, *, whole: bool) -> int:
    """How many keys were looked at for this page: all there are where it is the whole, else about, but no more.

    An engine counts the buckets of its table, of which some are empty and some hold several. What it has passed over
    is no business of a jail; and without a filter it passes over nothing.
    """
    shown = len(found.keys)
    if db.jail.closed or not wanted.options(db):
        return shown
    there = await total(db)
    return max(shown, there if whole else min(found.visited, there))


def _remembered(seen: dict[bytes, None], keys: list[bytes]) -> dict[bytes, None]:
    """What has been shown, the last of it."""
    seen |= dict.fromkeys(keys)
    while len(seen) > MOST_CARRIED:
        del seen[next(iter(seen))]
    return seen


async def _items(db: Database, names: list[bytes], details: list[Detail]) -> list[Any]:
    if not details:
        return [named(name) for name in names]
    wanted = list(dict.fromkeys(details))
    replies = await db.run(*described(names, wanted))
    return [
        {"key": named(name)} | dict(map(_detail, wanted, replies[at * len(wanted) : (at + 1) * len(wanted)]))
        for at, name in enumerate(names)
    ]


def _detail(detail: Detail, reply: Any) -> tuple[str, Any]:
    if isinstance(reply, Fault):
        return detail if detail != "ttl" else "ttl_ms", None
    if detail == "ttl":
        return "ttl_ms", reply if reply >= 0 else None
    if detail == "type":
        return "type", kinds.spoken(reply.decode())
    return detail, shown(reply)
