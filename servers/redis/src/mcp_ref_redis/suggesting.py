"""What completions suggest: keys by a short scan, names that the engine lists; nothing rather than late."""

import asyncio
from collections.abc import Sequence

from mcp_protocol import Completion, ToolError
from mcp_ref_kit.db.catalog.known import MOST_SUGGESTIONS, SUGGEST_SECONDS
from mcp_ref_redis.access.bounds import MOST_PATTERN
from mcp_ref_redis.access.jail import escaped
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.scanning import Scan, scan
from mcp_ref_redis.state import Ctx

_MOST_NAMES = 1000
_NONE = Completion([], total=0, has_more=False)


async def keys_like(ctx: Ctx, typed: str, kind: str | None = None) -> Completion:
    """Keys that begin with what was typed, as far as a scan of 50 ms finds them."""
    pattern = escaped(typed.encode("utf-8", "replace")) + b"*"
    if len(pattern) > MOST_PATTERN:
        return _NONE
    wanted = Scan(pattern=pattern, type=kind, most_seconds=SUGGEST_SECONDS / 2)
    try:
        async with asyncio.timeout(SUGGEST_SECONDS):
            found = await scan(_first(ctx), wanted, MOST_SUGGESTIONS + 1, None, ())
    except (ToolError, TimeoutError):
        return _NONE
    names = sorted(name for key in found.keys if (name := _text(key)) is not None)
    more = len(names) > MOST_SUGGESTIONS or found.after is not None
    return Completion(names[:MOST_SUGGESTIONS], has_more=more)


async def channels_of(ctx: Ctx) -> Sequence[str]:
    """Channels that somebody listens to now, within the prefix."""
    db = _first(ctx)
    reply = await db.ask(b"PUBSUB", b"CHANNELS", db.jail.pattern(b"*"))
    return _names(db, reply)


async def indexes_of(ctx: Ctx) -> Sequence[str]:
    """Search indexes; none inside a prefix, which they may reach beyond."""
    db = _first(ctx)
    [reply] = await db.run((b"FT._LIST",))
    return [] if isinstance(reply, Fault) or db.jail.closed else _names(db, reply)


async def groups_of(ctx: Ctx, key: str) -> Sequence[str]:
    """Groups of a stream."""
    db = _first(ctx)
    name = key.encode()
    db.jail.require([name])
    reply = await db.ask(b"XINFO", b"GROUPS", name)
    return _names(db, [group[1] for group in reply], inside=False)


def _first(ctx: Ctx) -> Database:
    """Completions do not say which database they are about: it is the first."""
    return next(iter(ctx.state.databases.values()))


def _names(db: Database, replies: Sequence[bytes], *, inside: bool = True) -> list[str]:
    kept = [reply for reply in replies[:_MOST_NAMES] if not inside or db.jail.holds(reply)]
    return sorted(name for reply in kept if (name := _text(reply)) is not None)


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
