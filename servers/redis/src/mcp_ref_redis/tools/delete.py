"""Deleting keys, by name or by pattern; what goes is counted, and agreed to, before it goes."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.confirm import Affected, Deed
from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_redis.access.bounds import require_pattern
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.keyspace.scanning import Scan, scan
from mcp_ref_redis.keyspace.walking import Place
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import Named, keys_of
from mcp_ref_redis.values import Given, bytes_of, named

deleting = Toolset[State]("core")

MOST_NAMED = 1000
MOST_MATCHED = 100_000
# What is counted before the user is asked must not keep them waiting.
_COUNT_SECONDS = 2.0
# So many by name are no slip of the hand.
_UNASKED = 100
_BATCH = 500
_SHOWN = 10


class Deleted(Struct, frozen=True, kw_only=True):
    """Incomplete: limit or time left some."""

    matched: int
    deleted: int
    complete: bool
    sample: list[Any]
    untrusted: Untrusted


@deleting.tool(destructive=True, idempotent=True, open_world=False)
async def delete_keys(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    keys: Annotated[list[Given], arg("Keys, or `pattern`.", min_length=1, max_length=MOST_NAMED)] | None = None,
    pattern: Annotated[str, arg("Glob.")] | None = None,
    limit: Annotated[int, arg("Most keys.", ge=1, le=MOST_MATCHED)] = 1000,
    dry_run: Annotated[bool, arg("Only count.")] | None = None,
    confirm: Annotated[str, arg("The count.")] | None = None,
    database: Named = None,
) -> Deleted:
    """Delete keys. By pattern: they are counted first; repeat with dry_run false and confirm."""
    if (keys is None) == (pattern is None):
        raise bad_argument("keys", "must be given, or `pattern`: exactly one of them")
    dry = pattern is not None if dry_run is None else dry_run
    async with reached(ctx, database, needs="read-write") as db:
        if keys is not None:
            found, complete = list(dict.fromkeys(keys_of(db, keys))), True
        else:
            glob = require_pattern(bytes_of("pattern", pattern))
            found, complete = await _matching(db, glob, limit, ctx.state.settings.timeout)
    if dry:
        matched = len(found) if pattern is not None else await _existing(ctx, database, found)
        return _result(found, matched, 0, complete=complete)
    if found and (pattern is not None or len(found) > _UNASKED):
        await ctx.state.confirmation.require(ctx, _deed(db, pattern, found, exact=complete), confirm)
    progress = Progress(ctx, len(found))
    async with reached(ctx, database, needs="read-write") as db:
        deleted = 0
        async for done, count in _unlinked(db, found):
            deleted += count
            await progress.report(done, f"{done} keys")
    matched = len(found) if pattern is not None else deleted
    return _result(found, matched, deleted, complete=complete)


async def _matching(db: Database, pattern: bytes, limit: int, seconds: float) -> tuple[list[bytes], bool]:
    """The keys that match, up to the limit, and whether these are all."""
    found: list[bytes] = []
    place: Place | None = None
    wanted = Scan(pattern=pattern, most_seconds=min(seconds / 2, _COUNT_SECONDS), most_visited=10_000_000)
    while len(found) < limit:
        part = await scan(db, wanted, limit - len(found), place, ())
        found += part.keys
        place = part.after
        if place is None or part.reason == "visited":
            break
    return list(dict.fromkeys(found)), place is None


async def _existing(ctx: Ctx, database: str | None, keys: Sequence[bytes]) -> int:
    async with reached(ctx, database) as db:
        replies = await db.run(*[(b"EXISTS", key) for key in keys])
        return sum(map(require, replies))


def _deed(db: Database, pattern: str | None, keys: Sequence[bytes], *, exact: bool) -> Deed:
    count = str(len(keys))
    return Deed(
        action="Delete the keys",
        target=count if pattern is None else pattern,
        database=db.name,
        statement=f"UNLINK {pattern} {count}",
        affected=Affected(len(keys), "keys", exact=exact),
        expected=count,
    )


async def _unlinked(db: Database, keys: Sequence[bytes]) -> AsyncIterator[tuple[int, int]]:
    """Delete in pipelines of 500; after each, how many were tried, and how many there had been in it."""
    for start in range(0, len(keys), _BATCH):
        part = keys[start : start + _BATCH]
        replies = await db.run(*[(b"UNLINK", key) for key in part], write=True)
        yield start + len(part), sum(map(require, replies))


def _result(keys: Sequence[bytes], matched: int, deleted: int, *, complete: bool) -> Deleted:
    return Deleted(
        matched=matched,
        deleted=deleted,
        complete=complete,
        sample=[named(key) for key in keys[:_SHOWN]],
        untrusted=True,
    )
