"""Keys, streams, channels and the engine itself as resources: read, listed, watched, completed."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import get_args
from urllib.parse import quote

import msgspec
from msgspec import Struct

from mcp_protocol import Completion, Resource, ResourceNotFound, Toolset
from mcp_ref_kit.db.catalog.known import matching, suggestions
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.database import Database
from mcp_ref_redis.diagnosis.health import checks_of
from mcp_ref_redis.diagnosis.info import Section
from mcp_ref_redis.diagnosis.judging import worst
from mcp_ref_redis.keyspace.sampling import Sample, take_sample
from mcp_ref_redis.keyspace.windows import Ask, entry
from mcp_ref_redis.messaging.entries import window
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.suggesting import channels_of, keys_like
from mcp_ref_redis.tools.overview import USUAL, info_of
from mcp_ref_redis.tools.read import value_of
from mcp_ref_redis.watching.topics import Kind, Topic

resources = Toolset[State]("core")

JSON = "application/json"
SOON_MS = 5_000
_SAMPLE, _SAMPLE_SECONDS = 5_000, 2.0
_NEWEST = 100


class Entries(Struct, frozen=True):
    """The newest entries of a stream, oldest of them first."""

    entries: Sequence[object]
    untrusted: bool = True


class Channel(Struct, frozen=True):
    """How many listen to a channel now; messages are not kept."""

    channel: str
    listeners: int


@resources.resources
async def overviews(ctx: Ctx) -> list[Resource]:
    """What there is of every database."""
    parts = (("keyspace", "Prefixes, sizes, lifetimes"), ("info", "INFO of the engine"), ("health", "Is it well"))
    return [
        Resource(uri=f"redis://{name}/{part}", name=f"{name}/{part}", title=title, mime_type=JSON)
        for name in ctx.state.databases
        for part, title in parts
    ]


@resources.resource("redis://{database}/key/{+key}", name="key", title="Key", mime_type=JSON)
async def key_value(ctx: Ctx, database: str, key: str) -> str:
    """The first window of a key of any type."""
    async with _opened(ctx, database, key) as (db, name):
        settings = ctx.state.settings
        ask = Ask(most_bytes=budget(settings.max_output_chars), cells=Cells(settings.max_cell_chars))
        found, _ = await value_of(db, name, ask)
    if not found.found:
        raise ResourceNotFound(_uri(database, "key", key))
    return _encoded(found)


@resources.resource("redis://{database}/stream/{+key}", name="stream", title="Stream", mime_type=JSON)
async def stream(ctx: Ctx, database: str, key: str) -> str:
    """The newest entries of a stream."""
    async with _opened(ctx, database, key) as (db, name):
        found = await window(db, [name], b"-", b"+", count=_NEWEST, newest=True)
    cells, room = Cells(ctx.state.settings.max_cell_chars), Room(budget(ctx.state.settings.max_output_chars))
    entries = room.leading(entry(raw, cells) for _, raw in found)
    return _encoded(Entries(entries[::-1]))


@resources.resource("redis://{database}/channel/{name}", name="channel", title="Channel", mime_type=JSON)
async def channel(ctx: Ctx, database: str, name: str) -> str:
    """How many listen to a channel; subscribe to it to hear of messages."""
    async with _opened(ctx, database, name) as (db, wanted):
        reply = await db.ask(b"PUBSUB", b"NUMSUB", wanted)
    return _encoded(Channel(name, reply[1]))


@resources.resource("redis://{database}/keyspace", name="keyspace", title="Key space", mime_type=JSON, ttl_ms=SOON_MS)
async def keyspace(ctx: Ctx, database: str) -> str:
    """What a sample says of all keys, by prefix."""

    async def silent(done: int, total: int) -> None:
        del done, total

    async with _named(ctx, database) as db:
        sample = Sample(b":", 2)
        found = await take_sample(db, b"*", sample, most=_SAMPLE, seconds=_SAMPLE_SECONDS, progress=silent)
    room = Room(budget(ctx.state.settings.max_output_chars))
    prefixes = room.leading(found.report())
    told = {"prefixes": prefixes, "biggest": found.top(), "sampled": found.sampled, "keys_total": found.keys_total}
    return _encoded(told | {"untrusted": True})


@resources.resource("redis://{database}/info", name="info", title="INFO", mime_type=JSON, ttl_ms=SOON_MS)
async def info(ctx: Ctx, database: str) -> str:
    """The usual sections of INFO, typed."""
    async with _named(ctx, database) as db:
        return _encoded((await info_of(db, USUAL))[0])


@resources.resource(
    "redis://{database}/info/{section}", name="info-section", title="INFO section", mime_type=JSON, ttl_ms=SOON_MS
)
async def info_section(ctx: Ctx, database: str, section: Section) -> str:
    """One section of INFO, typed."""
    async with _named(ctx, database) as db:
        return _encoded((await info_of(db, [section]))[0])


@resources.resource("redis://{database}/health", name="health", title="Health", mime_type=JSON, ttl_ms=SOON_MS)
async def health(ctx: Ctx, database: str) -> str:
    """The checks of check_health."""
    async with _named(ctx, database) as db:
        checks = await checks_of(db)
    return _encoded({"status": worst(checks), "checks": checks})


@resources.watch(key_value)
async def key_changes(ctx: Ctx, database: str, key: str) -> AsyncIterator[object]:
    """Changes of a key."""
    return await _changes(ctx, database, "key", key)


@resources.watch(stream)
async def stream_changes(ctx: Ctx, database: str, key: str) -> AsyncIterator[object]:
    """New entries of a stream."""
    return await _changes(ctx, database, "stream", key)


@resources.watch(channel)
async def channel_changes(ctx: Ctx, database: str, name: str) -> AsyncIterator[object]:
    """Messages of a channel."""
    return await _changes(ctx, database, "channel", name)


@resources.complete(key_value, "key")
async def keys_typed(ctx: Ctx, typed: str) -> Completion:
    """Keys that begin with what was typed."""
    return await keys_like(ctx, typed)


@resources.complete(stream, "key")
async def streams_typed(ctx: Ctx, typed: str) -> Completion:
    """The same for streams."""
    return await keys_like(ctx, typed, "stream")


@resources.complete(channel, "name")
async def channels_typed(ctx: Ctx, typed: str) -> Completion:
    """Channels that somebody listens to."""
    return await suggestions(typed, lambda: channels_of(ctx))


@resources.complete(info_section, "section")
async def sections_typed(ctx: Ctx, typed: str) -> Completion:
    """Sections of INFO."""
    del ctx
    return matching(typed, get_args(Section))


@resources.complete(key_value, "database")
async def databases_typed(ctx: Ctx, typed: str) -> Completion:
    """Names of databases."""
    return matching(typed, ctx.state.databases)


async def _changes(ctx: Ctx, database: str, kind: Kind, name: str) -> AsyncIterator[object]:
    """Begin to listen; that the database is down at the moment is no hindrance.

    Raises:
        ResourceNotFound: this caller may not, or there is no such database; they look the same.
    """
    db = ctx.state.databases.get(database)
    wanted = name.encode()
    if db is None or not db.jail.holds(wanted):
        raise ResourceNotFound(_uri(database, kind, name))
    return await ctx.state.watchers.of(db).listen(Topic(kind, wanted))


@asynccontextmanager
async def _named(ctx: Ctx, database: str) -> AsyncGenerator[Database, None]:
    if database not in ctx.state.databases:
        raise ResourceNotFound(f"redis://{database}")
    async with reached(ctx, database) as db:
        yield db


@asynccontextmanager
async def _opened(ctx: Ctx, database: str, name: str) -> AsyncGenerator[tuple[Database, bytes], None]:
    """The database and the key of a resource; what may not be seen is not there."""
    async with _named(ctx, database) as db:
        wanted = name.encode()
        if not db.jail.holds(wanted):
            raise ResourceNotFound(_uri(database, "key", name))
        yield db, wanted


def _uri(database: str, kind: str, name: str) -> str:
    return f"redis://{database}/{kind}/{quote(name)}"


def _encoded(found: object) -> str:
    return msgspec.json.encode(found).decode()
