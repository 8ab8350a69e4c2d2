"""The health of a database: INFO, slow log, latency, a sample of keys, configuration; what is refused is skipped."""

from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.diagnosis.info import sections
from mcp_ref_redis.diagnosis.judging import Check, gravest, of_info
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.sampling import Sample, take_sample
from mcp_ref_redis.modules.replies import members

_SECTIONS = (b"memory", b"stats", b"clients", b"persistence", b"replication")
_SAMPLE = 2000
_SAMPLE_SECONDS = 1.0
_BIG = 10 * 1024 * 1024
_SLOW_EVENT_MS = 100
_MANY_SLOW = 100


async def checks_of(db: Database) -> list[Check]:
    """All checks, in the order of the engine's own importance; of a cluster, of its worst node."""
    found = {node: await _of_node(db, node) for node in await db.engine.nodes()}
    *checks, configuration = (
        next(iter(found.values()))
        if len(found) == 1
        else [gravest(dict(zip(found, row, strict=True))) for row in zip(*found.values(), strict=True)]
    )
    return [*checks, await _big_keys(db), configuration]


async def _of_node(db: Database, node: str) -> list[Check]:
    replies = await db.run(*[(b"INFO", name) for name in _SECTIONS], node=node)
    refused = next((reply for reply in replies if isinstance(reply, Fault)), None)
    texts = [reply.decode("utf-8", "replace") for reply in replies if isinstance(reply, bytes)]
    found = of_info(sections("\n".join(texts)))
    if refused is not None:
        found = [Check(one.name, "skipped", refusal(refused).message) for one in found]
    length, latest, policy = await db.run(
        (b"SLOWLOG", b"LEN"), (b"LATENCY", b"LATEST"), (b"CONFIG", b"GET", b"maxmemory-policy"), node=node
    )
    memory = next((one for one in found if one.name == "memory"), None)
    return [*found, _slow(length), _latency(latest), _configuration(policy, memory)]


def _slow(length: Any) -> Check:
    if isinstance(length, Fault):
        return Check("slowlog", "skipped", refusal(length).message)
    status = "warning" if length >= _MANY_SLOW else "ok"
    return Check("slowlog", status, f"{length} slow commands are remembered; slow_log shows them")


def _latency(latest: Any) -> Check:
    if isinstance(latest, Fault):
        return Check("latency", "skipped", refusal(latest).message)
    slow = [f"{event[0].decode()} {event[3]} ms" for event in latest if event[3] >= _SLOW_EVENT_MS]
    detail = ", ".join(slow) or f"no event of {_SLOW_EVENT_MS} ms or more"
    return Check("latency", "warning" if slow else "ok", detail)


async def _big_keys(db: Database) -> Check:
    async def silent(done: int, total: int) -> None:
        del done, total

    sample = await take_sample(db, b"*", Sample(b":", 1), most=_SAMPLE, seconds=_SAMPLE_SECONDS, progress=silent)
    top = sample.top()
    big = [one for one in top if one["bytes"] >= _BIG]
    largest = f", the largest has {top[0]['bytes']} bytes" if top else ""
    detail = f"{len(big)} keys over 10 MiB among {sample.sampled}{largest}; analyze_keyspace tells more"
    return Check("big_keys_sample", "warning" if big else "ok", detail)


def _configuration(policy: Any, memory: Check | None) -> Check:
    if isinstance(policy, Fault):
        return Check("configuration", "skipped", refusal(policy).message)
    told = members(policy).get("maxmemory-policy", b"?").decode()
    unbounded = memory is not None and "no maxmemory" in memory.detail
    detail = f"maxmemory-policy {told}{', without maxmemory' if unbounded else ''}"
    return Check("configuration", "warning" if unbounded else "ok", detail)
