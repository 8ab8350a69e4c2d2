"""Commands as the engine knows them, one or many: an argument vector each, judged by the gate before any is sent."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.confirm import Affected, Deed
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_arguments
from mcp_ref_redis.access.commands import Command
from mcp_ref_redis.access.gate import Gate, may_change
from mcp_ref_redis.access.keys import keys_in
from mcp_ref_redis.access.never import SECRET_NAMES
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault, Pairs
from mcp_ref_redis.keyspace.scanning import total
from mcp_ref_redis.keyspace.windows import tree
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import Named
from mcp_ref_redis.values import Given, bytes_of

raw = Toolset[State]("raw", default=False)

MOST_ARGUMENTS = 1000
MOST_COMMANDS = 500
_MASK = b"********"
_FULL = "The page is full; run this command by itself."
_FULL_BUT_DONE = "The page is full; the command has run, and may have changed data."
_MULTI, _EXEC = (b"MULTI",), (b"EXEC",)

Arguments = Annotated[
    list[Given], arg("Name and arguments, one item each; bytes as {$base64}.", min_length=1, max_length=MOST_ARGUMENTS)
]


class Judged(Struct, frozen=True):
    """A vector that may be sent, the command that it runs, and the key that decides where."""

    vector: Vector
    command: Command
    key: bytes | None


class Reply(Struct, frozen=True, kw_only=True):
    """The reply as JSON; maps are objects."""

    reply: Any
    reply_type: str
    untrusted: Untrusted


class Replies(Struct, frozen=True, kw_only=True):
    """One a command: {ok} or {error}."""

    replies: list[Any]
    elapsed_ms: float
    untrusted: Untrusted


@raw.tool(destructive=True, open_world=False)
async def command(
    ctx: Ctx,
    args: Arguments,
    confirm: Annotated[str, arg("For FLUSHDB: the number of keys.")] | None = None,
    database: Named = None,
) -> Reply:
    """Run one command, as ["HGET", "key", "field"]; in read-only mode one that only reads."""
    async with reached(ctx, database) as db:
        judged = await _judged(ctx, db, args)
        count = await total(db) if judged.command.name == "FLUSHDB" else None
    if count is not None:
        await ctx.state.confirmation.require(ctx, _emptying(db, count), confirm)
    async with reached(ctx, database) as db:
        [reply] = await db.run(judged.vector, write=may_change(judged.command), keys=[judged.key])
    if isinstance(reply, Fault):
        raise refusal(reply)
    shown = _shown(ctx, judged.command, reply)
    _require_room(ctx, shown, done=may_change(judged.command))
    return Reply(reply=shown, reply_type=_kind(reply), untrusted=True)


@raw.tool(destructive=True, open_world=False)
async def pipeline(
    ctx: Ctx,
    commands: Annotated[list[Arguments], arg("Commands.", min_length=1, max_length=MOST_COMMANDS)],
    *,
    atomic: Annotated[bool, arg("All together, by MULTI and EXEC.")] = False,
    database: Named = None,
) -> Replies:
    """Run commands in one round trip. One that is refused refuses all; one that fails is marked in its place."""
    async with reached(ctx, database) as db:
        judged = [await _judged(ctx, db, args) for args in commands]
        if any(one.command.name == "FLUSHDB" for one in judged):
            raise bad_argument("commands", "may not hold FLUSHDB", hint="It is run alone, by the tool command.")
        return await run_judged(ctx, db, judged, atomic=atomic)


async def run_judged(ctx: Ctx, db: Database, judged: Sequence[Judged], *, atomic: bool = False) -> Replies:
    """Run commands that were judged, in one round trip; what fails is marked in its place."""
    start = time.monotonic()
    replies = await (_together(db, judged) if atomic else _one_by_one(db, judged))
    elapsed = (time.monotonic() - start) * 1000
    room = Room(budget(ctx.state.settings.max_output_chars))
    marked = [_marked(ctx, one, reply, room) for one, reply in zip(judged, replies, strict=True)]
    return Replies(replies=marked, elapsed_ms=round(elapsed, 3), untrusted=True)


async def _judged(ctx: Ctx, db: Database, args: Sequence[Given]) -> Judged:
    vector = [bytes_of(f"args[{at}]", argument) for at, argument in enumerate(args)]
    return await judged_vector(ctx, db, vector, db.gate)


async def judged_vector(ctx: Ctx, db: Database, vector: Vector, gate: Gate) -> Judged:
    """A vector that mode, lists, bounds and prefix let pass; nothing of it has been sent.

    Raises:
        ToolError: something does not.
    """
    found = gate.judge(await db.table(), vector)
    require_arguments(found.name, vector, ctx.state.settings.max_value_bytes)
    keys = keys_in(found, vector)
    if keys is None and (db.jail.closed or ctx.state.settings.cluster):
        keys = await _asked_keys(db, vector)
    db.jail.require_command(found, keys)
    return Judged(vector, found, keys[0] if keys else None)


async def _asked_keys(db: Database, vector: Vector) -> list[bytes] | None:
    """The keys by the engine's own reading; None where it finds none, which is no licence."""
    [reply] = await db.run((b"COMMAND", b"GETKEYS", *vector))
    if isinstance(reply, Fault):
        if reply.word == "NOPERM":
            raise refusal(reply)
        return None
    return list(reply)


async def _one_by_one(db: Database, judged: Sequence[Judged]) -> list[Any]:
    write = any(may_change(one.command) for one in judged)
    return await db.run(*[one.vector for one in judged], write=write, keys=[one.key for one in judged])


async def _together(db: Database, judged: Sequence[Judged]) -> list[Any]:
    """As one transaction, where all keys are on one node.

    Raises:
        ToolError: the engine refused it as a whole; nothing was done.
    """
    key = next((one.key for one in judged if one.key is not None), None)
    vectors = [_MULTI, *[one.vector for one in judged], _EXEC]
    replies = await db.run(*vectors, write=True, keys=[key] * len(vectors))
    result = replies[-1]
    if isinstance(result, Fault):
        wrong = [reply for reply in replies[1:-1] if isinstance(reply, Fault)]
        raise refusal(wrong[0] if wrong else result)
    return list(result)


def _marked(ctx: Ctx, one: Judged, reply: Any, room: Room) -> dict[str, Any]:
    if isinstance(reply, Fault):
        error = refusal(reply)
        return {"error": {"code": error.code, "message": error.message, "engine_code": reply.word}}
    found = {"ok": _shown(ctx, one.command, reply)}
    if room.takes(found):
        return found
    return {"error": {"code": "too_large", "message": _FULL_BUT_DONE if may_change(one.command) else _FULL}}


def _shown(ctx: Ctx, command: Command, reply: Any) -> Any:
    if command.name == "CONFIG|GET":
        reply = _masked(reply)
    return tree(reply, Cells(ctx.state.settings.max_output_chars), top=command.name == "CONFIG|GET")


def _masked(reply: Sequence[Any]) -> Pairs:
    """The configuration without what it keeps secret."""
    found = Pairs(reply)
    for at in range(0, len(found) - 1, 2):
        name = found[at].decode("utf-8", "replace").lower()
        if found[at + 1] and any(word in name for word in SECRET_NAMES):
            found[at + 1] = _MASK
    return found


def _kind(reply: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(reply, kind)), "null")


_KINDS = ((Pairs, "map"), (list, "array"), (bytes, "string"), (bool, "boolean"), (int, "integer"), (float, "double"))


def _require_room(ctx: Ctx, shown: Any, *, done: bool) -> None:
    if not Room(budget(ctx.state.settings.max_output_chars)).fits(shown):
        raise DbError(
            f"The reply is larger than a result may be.{' The command has run, and may have changed data.' * done}",
            code="too_large",
            hint="Read it in windows: read_key with start and count, or a smaller count.",
        )


def _emptying(db: Database, count: int) -> Deed:
    return Deed(
        action="Delete all keys of",
        target=f"database {db.name}",
        database=db.name,
        statement="FLUSHDB",
        affected=Affected(count, "keys"),
        expected=str(count),
    )
