"""Reading keys: one in windows, many at once, and what is known of one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_pattern
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.many import Item, read_many
from mcp_ref_redis.keyspace.windows import (
    Ask,
    Encoding,
    Position,
    Window,
    changed,
    reader,
    string_look,
    string_window,
)
from mcp_ref_redis.results import Data, Page, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import READING, Cursor, Key, Keys, Named, key_of, keys_of
from mcp_ref_redis.values import bytes_of, named

reading = Toolset[State]("core")

MOST_COUNT = 10_000
MOST_KEYS = 500
# Beyond any value; with a count it is still a number for the engine.
MOST_START = 2**53


class KeyValue(Page, frozen=True, kw_only=True, omit_defaults=True):
    """value: string; items: list; members: set; entries: hash, stream."""

    found: bool
    key: Any
    type: str = kinds.NONE
    ttl_ms: int | None = None
    length: int | None = None
    value: Any = None
    entries: list[Any] | None = None
    members: list[Any] | None = None
    items: list[Any] | None = None
    truncated_cells: int = 0


class KeyValues(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Each: key, type, value, ttl_ms, length, error."""

    items: list[Any]


class KeyInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is refused is absent."""

    found: bool
    key: Any
    type: str = kinds.NONE
    encoding: str | None = None
    ttl_ms: int | None = None
    idle_s: int | None = None
    freq: int | None = None
    memory_bytes: int | None = None
    length: int | None = None
    untrusted: Untrusted


@reading.tool(**READING)
async def read_key(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    start: Annotated[int, arg("First item; of a string, byte.", ge=0)] = 0,
    count: Annotated[int, arg("Most items; of a string, KiB.", ge=1, le=MOST_COUNT)] = 100,
    match: Annotated[str | None, arg("Glob of members or fields.")] = None,
    fields: Annotated[list[str], arg("Only these fields.", max_length=MOST_COUNT)] | None = None,
    encoding: Annotated[Encoding, arg("Form of values.")] = "auto",
    path: Annotated[str, arg("Path in a JSON document.")] = "$",
    cursor: Cursor = None,
    database: Named = None,
) -> KeyValue:
    """Read a key of any type in windows; streams oldest first. A missing key is no error."""
    if start > MOST_START:
        raise bad_argument("start", f"must be at most {MOST_START}")
    async with reached(ctx, database) as db:
        name = key_of(db, key)
        ask = Ask(
            start=start,
            count=count,
            match=None if match is None else require_pattern(bytes_of("match", match)),
            fields=None if fields is None else [bytes_of("fields", field) for field in fields],
            encoding=encoding,
            path=path,
            at=None if cursor is None else ctx.state.paging.after(ctx, cursor, db.name, Position),
            most_bytes=budget(ctx.state.settings.max_output_chars),
            cells=Cells(ctx.state.settings.max_cell_chars),
        )
        page, behind = await value_of(db, name, ask)
    return page if behind is None else replace(page, next_cursor=ctx.state.paging.seal(ctx, behind, db.name))


async def value_of(db: Database, key: bytes, ask: Ask) -> tuple[KeyValue, Position | None]:
    """One window on a key of any type, and where the next one begins.

    Raises:
        ToolError: `conflict`, where the key changes in the meantime.
    """
    # What was a string is likely to be one again: then one trip is enough.
    looks = string_look(key, ask) if db.was_string(key) else ()
    kind, ttl, *looked = await db.run((b"TYPE", key), (b"PTTL", key), *looks)
    kind, ttl = require(kind).decode(), require(ttl)
    db.remember(key, string=kind == "string")
    _require_fitting(kinds.spoken(kind), ask)
    if looked and kind == "string":
        return _page(key, string_window(looked, ask), (kind, ttl, ask))
    if kind == kinds.NONE:
        return KeyValue(found=False, key=named(key), truncated=False, untrusted=True), None
    read = reader(kind)
    if read is None:
        page = KeyValue(found=True, key=named(key), type=kind, ttl_ms=lifetime(ttl), truncated=False, untrusted=True)
        return page, None
    return _page(key, await read(db, key, ask), (kind, ttl, ask))


def _require_fitting(kind: str, ask: Ask) -> None:
    """No argument is passed over: it would seem to have been followed.

    Raises:
        ToolError: `invalid_argument`, naming the one that the type has no use for.
    """
    given = {
        "start": ask.start > 0,
        "match": ask.match is not None,
        "fields": ask.fields is not None,
        "path": ask.path != "$",
    }
    for name, types in _BELONGS.items():
        if given[name] and kind not in (*types, kinds.NONE):
            raise bad_argument(name, f"is for a {' or '.join(types)}; this key is a {kind}")
    if given["match"] and (given["fields"] or given["start"]):
        raise bad_argument("match", "cannot be given together with `fields` or `start`")
    if ask.fields is not None and not ask.fields:
        raise bad_argument("fields", "must name at least one")


_BELONGS: Mapping[str, Sequence[str]] = {
    "start": ("string", "list", "zset"),
    "match": ("hash", "set", "zset"),
    "fields": ("hash",),
    "path": ("json",),
}


def _page(key: bytes, found: Window, facts: tuple[str, int, Ask]) -> tuple[KeyValue, Position | None]:
    kind, ttl, ask = facts
    room = Room(ask.most_bytes)
    taken = 0
    while taken < len(found.items) and room.takes(found.items[taken]):
        taken += 1
    reason = "bytes" if taken < len(found.items) else found.reason
    behind = found.behind(taken) if taken < len(found.items) or reason else None
    page = KeyValue(
        found=True,
        key=named(key),
        type=kinds.spoken(kind),
        ttl_ms=lifetime(ttl),
        length=found.length,
        value=found.value,
        truncated=reason is not None,
        truncation=cut_by(reason, taken or 1, found.length),
        truncated_cells=ask.cells.cut,
        untrusted=True,
    )
    if found.name != "value":
        page = replace(page, **{found.name: found.items[:taken]})
    return page, behind


@reading.tool(**READING)
async def read_keys(
    ctx: Ctx,
    keys: Annotated[Keys, arg("Keys.", max_length=MOST_KEYS)],
    encoding: Annotated[Encoding, arg("Form of them.")] = "auto",
    max_value_bytes: Annotated[int, arg("Longest string.", ge=1, le=1024 * 1024)] = 4096,
    database: Named = None,
) -> KeyValues:
    """Read many keys at once; of collections ten items. Errors stay with their key."""
    async with reached(ctx, database) as db:
        names = keys_of(db, keys)
        found = await read_many(db, names, encoding, max_value_bytes)
    room = Room(budget(ctx.state.settings.max_output_chars))
    fits = [item if room.takes(item) else _left_out(item) for item in found]
    left = sum(1 for item, kept in zip(found, fits, strict=True) if item is not kept)
    truncation = cut_by("bytes" if left else None, len(found) - left, len(found))
    return KeyValues(items=fits, truncated=bool(left), truncation=truncation, untrusted=True)


def _left_out(item: Item) -> Item:
    error = {"code": "too_large", "message": "The page is full; read this key by itself."}
    return {"key": item["key"], "type": item["type"], "error": error}


@reading.tool(**READING)
async def key_info(ctx: Ctx, key: Key, database: Named = None) -> KeyInfo:
    """Type, encoding, lifetime, idle time, memory and length of a key."""
    async with reached(ctx, database) as db:
        name = key_of(db, key)
        kind = (await db.ask(b"TYPE", name)).decode()
        if kind == kinds.NONE:
            return KeyInfo(found=False, key=named(name), untrusted=True)
        counting = kinds.LENGTH.get(kind, b"EXISTS")
        replies = await db.run(
            (b"PTTL", name),
            (b"OBJECT", b"ENCODING", name),
            (b"OBJECT", b"IDLETIME", name),
            (b"OBJECT", b"FREQ", name),
            (b"MEMORY", b"USAGE", name),
            (counting, name),
        )
    ttl, encoding, idle, freq, memory, length = (_told(reply) for reply in replies)
    if encoding is None and memory is None and length is None and ttl is None:
        raise changed()
    return KeyInfo(
        found=True,
        key=named(name),
        type=kinds.spoken(kind),
        encoding=None if encoding is None else encoding.decode(),
        ttl_ms=lifetime(ttl),
        idle_s=idle,
        freq=freq,
        memory_bytes=memory,
        length=length if kind in kinds.LENGTH else None,
        untrusted=True,
    )


def lifetime(ttl: Any) -> int | None:
    """Milliseconds to live; None for a key that stays."""
    return ttl if isinstance(ttl, int) and ttl >= 0 else None


def _told(reply: Any) -> Any:
    return None if isinstance(reply, Fault) else reply
