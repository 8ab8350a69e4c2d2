"""Is the engine well: health, slow commands, clients."""

from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.jail import out_of_reach
from mcp_ref_redis.diagnosis.health import checks_of
from mcp_ref_redis.diagnosis.judging import Check, Status, worst
from mcp_ref_redis.results import Data, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import ASKING, Named
from mcp_ref_redis.values import cell, shown

diagnosing = Toolset[State]("diagnostics", default=False)

# Arguments of other people's commands are their data: a glimpse is enough to recognise the command.
_GLIMPSE = 64
_FEW_ARGUMENTS = 4
_CLIENT_FACTS = ("id", "name", "age", "idle", "flags", "db", "cmd", "user", "lib-name", "tot-mem")
Limit = Annotated[int, arg("Most entries.", ge=1, le=1000)]


class Health(Struct, frozen=True, kw_only=True):
    """The worst of the checks, and all of them."""

    status: Status
    checks: list[Check]
    untrusted: Untrusted


class SlowLog(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Of each: id, at (seconds since 1970), ms, command, client; in a cluster, node."""

    entries: list[Any]


class Clients(Data, frozen=True, kw_only=True, omit_defaults=True):
    """Of each: id, name, age and idle time in seconds, flags, database, command, user, address; in a cluster, node."""

    clients: list[Any]
    total: int


@diagnosing.tool(**ASKING)
async def check_health(ctx: Ctx, database: Named = None) -> Health:
    """Judge memory, evictions, hits, persistence, replication, slow commands, latency, big keys, configuration."""
    async with reached(ctx, database) as db:
        checks = await checks_of(db)
    return Health(status=worst(checks), checks=checks, untrusted=True)


@diagnosing.tool(**ASKING)
async def slow_log(ctx: Ctx, limit: Limit = 20, database: Named = None) -> SlowLog:
    """The commands that took longest, newest first; their arguments are cut."""
    async with reached(ctx, database) as db:
        _require_open(db.jail.closed)
        admin = db.mode == "admin"
        entries: list[dict[str, Any]] = []
        for node in await db.engine.nodes():
            found = await db.ask(b"SLOWLOG", b"GET", b"%d" % limit, node=node)
            entries += [_slow(one, admin=admin) | _where(node) for one in found]
    entries = sorted(entries, key=lambda one: -one["at"])[:limit]
    kept = Room(budget(ctx.state.settings.max_output_chars)).leading(entries)
    reason = "bytes" if len(kept) < len(entries) else None
    truncation = cut_by(reason, len(kept), len(entries))
    return SlowLog(entries=kept, truncated=reason is not None, truncation=truncation, untrusted=True)


def _slow(raw: Any, *, admin: bool) -> dict[str, Any]:
    identifier, at, microseconds, arguments, *who = raw
    cells = Cells(_GLIMPSE)
    words = [cell(argument, cells) for argument in arguments[:_FEW_ARGUMENTS]]
    more = len(arguments) - len(words)
    entry = {"id": identifier, "at": at, "ms": microseconds / 1000, "command": words}
    if more > 0:
        entry["more_arguments"] = more
    if who:
        entry["client"] = _address(str(shown(who[0])), admin=admin)
    return entry


@diagnosing.tool(**ASKING)
async def client_list(ctx: Ctx, limit: Limit = 20, database: Named = None) -> Clients:
    """Who is connected; addresses are masked unless the mode is admin."""
    async with reached(ctx, database) as db:
        _require_open(db.jail.closed)
        admin = db.mode == "admin"
        clients: list[dict[str, Any]] = []
        for node in await db.engine.nodes():
            text = (await db.ask(b"CLIENT", b"LIST", node=node)).decode("utf-8", "replace")
            clients += [_client(line, admin=admin) | _where(node) for line in text.splitlines()]
    total, clients = len(clients), clients[:limit]
    kept = Room(budget(ctx.state.settings.max_output_chars)).leading(clients)
    reason = "bytes" if len(kept) < len(clients) else "limit" if len(clients) < total else None
    truncation = cut_by(reason, len(kept), total)
    return Clients(clients=kept, total=total, truncated=reason is not None, truncation=truncation, untrusted=True)


def _client(line: str, *, admin: bool) -> dict[str, Any]:
    facts = dict(part.split("=", 1) for part in line.split(" ") if "=" in part)
    found = {name.replace("-", "_"): facts[name] for name in _CLIENT_FACTS if name in facts}
    return found | {"address": _address(facts.get("addr", ""), admin=admin)}


def _where(node: str) -> dict[str, str]:
    """The node of a cluster that tells it."""
    return {"node": node} if node else {}


def _address(text: str, *, admin: bool) -> str:
    """An address; masked, it still tells one host from another's port."""
    if admin or not text:
        return text
    host, _, port = text.rpartition(":")
    return f"{'.'.join('*' for _ in host.split('.'))}:{port}" if host else "*"


def _require_open(closed: bool) -> None:  # noqa: FBT001  the one fact that it is about
    if closed:
        raise out_of_reach()
