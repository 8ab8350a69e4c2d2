"""The key space and the server as a whole."""

from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_pattern
from mcp_ref_redis.database import Database
from mcp_ref_redis.diagnosis.features import features
from mcp_ref_redis.diagnosis.info import Section
from mcp_ref_redis.diagnosis.info import sections as parsed
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.sampling import Sample, take_sample
from mcp_ref_redis.results import Data, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import ASKING, READING, Named
from mcp_ref_redis.values import bytes_of, shown

overview = Toolset[State]("core")

USUAL: list[Section] = ["server", "memory", "clients", "stats", "keyspace"]
# Of the call's time, so much for looking; the rest is for the last pipeline and the answer.
_SHARE = 0.8


class Analysis(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Of prefixes: keys_est, bytes_est, types and ttl in the sample."""

    prefixes: list[Any]
    biggest: list[Any]
    sampled: int
    keys_total: int


class ServerInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """INFO by section."""

    sections: dict[str, Any]
    user: str | None = None
    mode: str
    key_prefix: str | None = None
    features: list[str]
    refused: list[str] = []
    untrusted: Untrusted


@overview.tool(**ASKING)
async def analyze_keyspace(
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("Glob.")] = "*",
    sample: Annotated[int, arg("Most keys to look at.", ge=1, le=1_000_000)] = 10_000,
    separator: Annotated[str, arg("Between the parts of a key.", min_length=1, max_length=8)] = ":",
    depth: Annotated[int, arg("Parts that make a prefix.", ge=1, le=8)] = 2,
    database: Named = None,
) -> Analysis:
    """What fills the memory: keys, bytes, types and lifetimes by prefix, from a sample."""

    async def progress(done: int, total: int) -> None:
        await ctx.progress(done, max(total, done), f"{done} keys")

    async with reached(ctx, database) as db:
        found = await take_sample(
            db,
            require_pattern(bytes_of("pattern", pattern)),
            Sample(bytes_of("separator", separator), depth),
            most=sample,
            seconds=ctx.state.settings.timeout * _SHARE,
            progress=progress,
        )
    room = Room(budget(ctx.state.settings.max_output_chars))
    prefixes = room.leading(found.report())
    reason = "bytes" if len(prefixes) < len(found.groups) else found.reason
    return Analysis(
        prefixes=prefixes,
        biggest=found.top(),
        sampled=found.sampled,
        keys_total=found.keys_total,
        truncated=reason is not None,
        truncation=cut_by(reason, found.sampled, found.keys_total),
        untrusted=True,
    )


@overview.tool(**READING)
async def server_info(
    ctx: Ctx,
    sections: Annotated[list[Section], arg("Parts; else the first five.")] | None = None,
    database: Named = None,
) -> ServerInfo:
    """Version, memory, clients, user and modules of the engine."""
    async with reached(ctx, database) as db:
        found, refused = await info_of(db, sections or USUAL)
        user = (await db.run((b"ACL", b"WHOAMI")))[0]
        able = await features(db)
    return ServerInfo(
        sections=found,
        user=None if isinstance(user, Fault) else str(shown(user)),
        mode=ctx.state.settings.mode,
        key_prefix=ctx.state.settings.key_prefix,
        features=able,
        refused=refused,
        untrusted=True,
    )


async def info_of(db: Database, wanted: list[Section]) -> tuple[dict[str, Any], list[str]]:
    """The sections; of a cluster, node by node."""
    if db.jail.closed:  # counts of keys that are not in the jail
        wanted = [section for section in wanted if section not in ("keyspace", "stats")]
    found: dict[str, Any] = {}
    for node in await db.engine.nodes():
        replies = await db.run(*[(b"INFO", section.encode()) for section in wanted], node=node)
        told = [reply for reply in replies if isinstance(reply, bytes)]
        parts = parsed("\n".join(reply.decode("utf-8", "replace") for reply in told))
        # Modules tell of themselves beside what was asked.
        parts = {name: part for name, part in parts.items() if name in wanted}
        if len(told) < len(wanted):
            return found, list(wanted)
        if node:
            found[node] = parts
        else:
            found = parts
    return found, []
