"""Changing keys: one value, one operation on a collection, a time to live, a name."""

import datetime as dt
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import MOST_TTL_SECONDS, require_seconds, require_size
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal, require, unsupported
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.popping import Pop, popped
from mcp_ref_redis.keyspace.updating import Change, Operation, UpdateType, Wish, change, from_json
from mcp_ref_redis.keyspace.windows import tree
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Keys, Named, key_of, keys_of
from mcp_ref_redis.values import Given, bytes_of, shown

writing = Toolset[State]("core")

MOST_KEYS = 1000
Seconds = Annotated[float, arg("Seconds to live.")]
_LENGTHS = {"counter": b"STRLEN", "json": b"EXISTS"}


class WasSet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether it was set."""

    set: bool
    old: Any = None
    untrusted: Untrusted


class Updated(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes; what was popped, or the new number; the length."""

    changed: int
    result: Any = None
    length: int | None = None
    untrusted: Untrusted


class Expiry(Struct, frozen=True, kw_only=True):
    """Keys that have it now, and others."""

    updated: int
    missing: int


class Renamed(Struct, frozen=True):
    """False: the name is taken."""

    done: bool


@writing.tool(destructive=True, idempotent=True, open_world=False)
async def set_value(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    value: Annotated[Given, arg("Value.")],
    ttl_s: Seconds | None = None,
    keep_ttl: Annotated[bool, arg("Keep the time to live.")] = False,
    condition: Annotated[Literal["always", "nx", "xx"], arg("nx: new key only; xx: old only.")] = "always",
    return_old: Annotated[bool, arg("Return the value before.")] = False,
    database: Named = None,
) -> WasSet:
    """Set a string, over whatever was there."""
    if ttl_s is not None and keep_ttl:
        raise bad_argument("keep_ttl", "cannot be given together with `ttl_s`")
    async with reached(ctx, database, needs="read-write") as db:
        name = key_of(db, key)
        data = require_size("value", bytes_of("value", value), ctx.state.settings.max_value_bytes)
        options = [] if ttl_s is None else [b"PX", b"%d" % require_seconds("ttl_s", ttl_s)]
        options += [b"KEEPTTL"] * keep_ttl + [condition.upper().encode()] * (condition != "always")
        return await _set(db, name, data, options, with_old=return_old)


async def _set(db: Database, key: bytes, data: bytes, options: list[bytes], *, with_old: bool) -> WasSet:
    reply = await db.ask(b"SET", key, data, *options, *([b"GET"] * with_old), write=True)
    if not with_old:
        return WasSet(set=reply is not None, untrusted=True)
    # With GET the reply is the value before, and nothing says whether the condition held but that value.
    done = (reply is None) if b"NX" in options else (reply is not None) if b"XX" in options else True
    return WasSet(set=done, old=None if reply is None else shown(reply), untrusted=True)


@writing.tool(**CHANGING)
async def update_key(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    type: Annotated[UpdateType, arg("Type.")],  # noqa: A002  the wire's name
    op: Annotated[
        Operation,
        arg(
            "hash: set delete increment; list: push_* pop_* set remove trim; set: add remove move; "
            "zset: add remove increment pop_min pop_max; json: set merge delete append increment; counter: increment."
        ),
    ],
    items: Annotated[list[Any], arg("Members, hash fields, JSON values; of a zset {member, score}.")] | None = None,
    fields: Annotated[dict[str, Any], arg("Hash fields; numbers and {$float32} too.")] | None = None,
    path: Annotated[str, arg("JSON path.")] = "$",
    amount: Annotated[float, arg("Increment.")] = 1,
    count: Annotated[int, arg("How many to pop; what has no room stays.", ge=1, le=10_000)] = 1,
    options: Annotated[dict[str, Any], arg("zset nx xx gt lt; list index start stop count; set to.")] | None = None,
    ttl_s: Seconds | None = None,
    database: Named = None,
) -> Updated:
    """Do one operation on a hash, list, set, sorted set, JSON document or counter; a missing one is made."""
    async with reached(ctx, database, needs="read-write") as db:
        wish = Wish(
            key=key_of(db, key),
            items=items,
            fields=fields,
            path=path,
            amount=amount,
            count=count,
            options=options or {},
            most_bytes=ctx.state.settings.max_value_bytes,
        )
        lifetime = None if ttl_s is None else require_seconds("ttl_s", ttl_s)
        made = change(type, op, wish)
        room = Room(budget(ctx.state.settings.max_output_chars))
        done = await (_take(db, type, made.pop, wish, room) if made.pop else _update(db, type, made, wish.key))
        if lifetime is not None:
            await db.ask(b"PEXPIRE", wish.key, b"%d" % lifetime, write=True)
    return done


async def _take(db: Database, kind: str, pop: Pop, wish: Wish, room: Room) -> Updated:
    try:
        items = await popped(db, pop, wish.key, wish.count, room)
    except DbError as error:
        raise (await _unfit(db, wish.key, kind, error) if error.engine_code == "WRONGTYPE" else error) from None
    left = await db.ask(kinds.LENGTH[kind], wish.key)
    return Updated(changed=len(items), result=items or None, length=left, untrusted=True)


async def _update(db: Database, kind: str, made: Change, key: bytes) -> Updated:
    if made.other is not None:
        db.jail.require([made.other])
    counting = kinds.LENGTH.get(kind) or _LENGTHS[kind]
    *replies, length = await db.run(*made.commands, (counting, key), write=True)
    for reply in replies:
        if isinstance(reply, Fault):
            raise await _explained(db, key, kind, reply, made.commands[0][0])
    told = _told(from_json(replies[0]) if made.in_json else replies[0]) if made.tells else None
    return Updated(
        changed=sum(map(made.changed, replies)),
        result=told,
        length=length if kind in kinds.LENGTH and isinstance(length, int) else None,
        untrusted=True,
    )


def _told(reply: Any) -> Any:
    """The result of a command: a number as one, where the engine writes it as text."""
    return tree(reply, Cells())


async def _explained(db: Database, key: bytes, kind: str, fault: Fault, command: bytes) -> DbError:
    """Why it failed; a wrong type by its name."""
    if fault.text.startswith("ERR unknown command"):
        return unsupported(command.decode(), "It")
    error = refusal(fault)
    if fault.word == "WRONGTYPE" or any(words in fault.text for words in _UNFIT):
        return await _unfit(db, key, kind, error)
    return error


async def _unfit(db: Database, key: bytes, kind: str, error: DbError) -> DbError:
    """What is stored is not what the operation needs: of another type, or of this one and no number."""
    actual = kinds.spoken((await db.ask(b"TYPE", key)).decode())
    if actual == kinds.NONE:
        return DbError("There is no such key.", code="not_found", hint="scan_keys finds keys.")
    said = error.message.removeprefix("WRONGTYPE ")
    fits = actual == _STORED_AS.get(kind, kind)
    return DbError(
        f"The value does not fit: {said}" if fits else f"The key is a {actual}, not a {kind}: {said}",
        code="conflict",
        hint="read_key shows the value." if fits else "key_info tells the type of a key.",
        engine_code=error.engine_code,
    )


_STORED_AS = {"counter": "string"}
# What is stored is of the right type and not what the operation needs.
_UNFIT = (
    "value is not an integer",
    "value is not a valid float",
    "hash value is not",
    "no such key",
    "wrong Redis type",
)


@writing.tool(destructive=False, idempotent=True, open_world=False)
async def expire_keys(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    keys: Annotated[Keys, arg("Keys.", max_length=MOST_KEYS)],
    ttl_s: Seconds | None = None,
    at: Annotated[dt.datetime, arg("When they end.", tz=True)] | None = None,
    persist: Annotated[bool, arg("They stay.")] = False,
    condition: Annotated[Literal["nx", "xx", "gt", "lt"], arg("As EXPIRE has it.")] | None = None,
    database: Named = None,
) -> Expiry:
    """Set, move or take away the end of keys: exactly one of `ttl_s`, `at`, `persist`."""
    if (ttl_s is not None) + (at is not None) + persist != 1:
        raise bad_argument("ttl_s", "must be given, or `at`, or `persist`: exactly one of them")
    if persist and condition is not None:
        raise bad_argument("condition", "means nothing to `persist`")
    words = () if condition is None else (condition.upper().encode(),)
    async with reached(ctx, database, needs="read-write") as db:
        names = keys_of(db, keys)
        if persist:
            vectors = [(b"PERSIST", name) for name in names]
        elif at is not None:
            vectors = [(b"PEXPIREAT", name, _moment(at), *words) for name in names]
        else:
            milliseconds = b"%d" % require_seconds("ttl_s", ttl_s or 0)
            vectors = [(b"PEXPIRE", name, milliseconds, *words) for name in names]
        replies = [require(reply) for reply in await db.run(*vectors, write=True)]
    return Expiry(updated=sum(replies), missing=len(replies) - sum(replies))


def _moment(at: dt.datetime) -> bytes:
    left = at.timestamp() - dt.datetime.now(dt.UTC).timestamp()
    if not 0 < left <= MOST_TTL_SECONDS:
        raise bad_argument("at", "must be in the future, and within ten years")
    return b"%d" % round(at.timestamp() * 1000)


@writing.tool(**CHANGING)
async def rename_key(
    ctx: Ctx,
    *,
    key: Key,
    new_key: Key,
    overwrite: Annotated[bool, arg("Over a key of that name.")] = False,
    copy: Annotated[bool, arg("Keep the old one too.")] = False,
    database: Named = None,
) -> Renamed:
    """Give a key another name, or copy it."""
    async with reached(ctx, database, needs="read-write") as db:
        old, new = key_of(db, key), key_of(db, new_key, "new_key")
        if copy:
            reply = await db.ask(b"COPY", old, new, *([b"REPLACE"] * overwrite), write=True)
            if not reply and not await db.ask(b"EXISTS", old):
                raise DbError("There is no such key.", code="not_found")
        else:
            reply = await db.ask(b"RENAME" if overwrite else b"RENAMENX", old, new, write=True)
    return Renamed(done=reply in {1, b"OK"})
