"""The four tools of the archived Redis server, by its names, arguments and texts; structured output beside them."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_redis.access.bounds import require_pattern, require_seconds, require_size
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.keyspace.scanning import Scan, scan
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import ASKING, CHANGING, READING, key_of
from mcp_ref_redis.values import bytes_of, shown

compat = Toolset[State]("compat", default=False)

MOST_LISTED = 10_000
_NONE_FOUND = "No keys found matching pattern"


class Stored(Struct, frozen=True):
    """It is set."""

    set: bool


class Got(Struct, frozen=True, kw_only=True):
    """The value, null where there is none."""

    value: Any
    untrusted: Untrusted


class Gone(Struct, frozen=True):
    """How many keys went."""

    deleted: int


class Listed(Struct, frozen=True, kw_only=True):
    """Keys; truncated where there are more."""

    keys: list[Any]
    truncated: bool
    untrusted: Untrusted


@compat.tool("set", destructive=True, idempotent=True, open_world=False)
async def set_(
    ctx: Ctx,
    key: Annotated[str, arg("Key.")],
    value: Annotated[str, arg("Value.")],
    expireSeconds: Annotated[float, arg("Seconds to live.")] | None = None,  # noqa: N803  the wire's name
) -> Output[Stored]:
    """Set a key to a value, with a time to live if wanted."""
    async with reached(ctx, None, needs="read-write") as db:
        data = require_size("value", bytes_of("value", value), ctx.state.settings.max_value_bytes)
        ttl = () if not expireSeconds else (b"PX", b"%d" % require_seconds("expireSeconds", expireSeconds))
        await db.ask(b"SET", key_of(db, key), data, *ttl, write=True)
    return Output(Stored(set=True), f"Successfully set key: {key}")


@compat.tool(**READING)
async def get(ctx: Ctx, key: Annotated[str, arg("Key.")]) -> Output[Got]:
    """Get the value of a key; a long one is read with read_key."""
    most = ctx.state.settings.max_output_chars // 2
    async with reached(ctx, None) as db:
        name = key_of(db, key)
        size, data = [
            require(reply) for reply in await db.run((b"STRLEN", name), (b"GETRANGE", name, b"0", b"%d" % (most - 1)))
        ]
        if size > most:
            raise DbError(f"The value has {size} bytes.", code="too_large", hint="Use read_key, which has windows.")
        there = size or await db.ask(b"EXISTS", name)
    if not there:
        return Output(Got(value=None, untrusted=True), f"Key not found: {key}")
    value = shown(data)
    text = value if isinstance(value, str) else data.decode("utf-8", "replace")
    return Output(Got(value=value, untrusted=True), text)


@compat.tool(**CHANGING)
async def delete(
    ctx: Ctx, key: Annotated[Annotated[list[str], Meta(min_length=1, max_length=1000)] | str, arg("Key or keys.")]
) -> Output[Gone]:
    """Delete one or more keys."""
    keys = [key] if isinstance(key, str) else key
    async with reached(ctx, None, needs="read-write") as db:
        names = [key_of(db, one) for one in keys]
        replies = [require(reply) for reply in await db.run(*[(b"UNLINK", name) for name in names], write=True)]
    if isinstance(key, str):
        return Output(Gone(sum(replies)), f"Successfully deleted key: {key}")
    return Output(Gone(sum(replies)), f"Successfully deleted {len(keys)} keys")


@compat.tool("list", **ASKING)
async def list_(ctx: Ctx, pattern: Annotated[str, arg("Glob.")] = "*") -> Output[Listed]:
    """List keys that match a pattern."""
    async with reached(ctx, None) as db:
        wanted = Scan(
            pattern=require_pattern(bytes_of("pattern", pattern)),
            most_seconds=ctx.state.settings.timeout / 2,
            most_visited=10_000_000,
        )
        found = await scan(db, wanted, MOST_LISTED, None, ())
    names = [shown(key) for key in found.keys]
    lines = "\n".join(name if isinstance(name, str) else str(name) for name in names)
    text = f"Found keys:\n{lines}" if names else _NONE_FOUND
    return Output(Listed(keys=names, truncated=found.after is not None, untrusted=True), text)
