"""What INFO means for the health of an engine: one judgement for each thing that goes wrong in practice. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from msgspec import Struct

from mcp_ref_redis.diagnosis.info import number

Status = Literal["ok", "warning", "critical", "skipped"]
Info = Mapping[str, Mapping[str, Any]]
_ORDER: tuple[Status, ...] = ("critical", "warning", "ok")
_MIB = 1024 * 1024
# Below so many lookups the ratio says nothing.
_FEW_LOOKUPS = 1000


class Check(Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    status: Status
    detail: str


def worst(checks: list[Check]) -> Status:
    """The status of the whole."""
    found = {check.status for check in checks}
    for status in _ORDER:
        if status in found:
            return status
    return "skipped"


def gravest(checks: Mapping[str, Check]) -> Check:
    """Of the same check of several nodes the worst, which says of which node it is and how many are like it."""
    ranks = {node: (*_ORDER, "skipped").index(check.status) for node, check in checks.items()}
    node = min(ranks, key=lambda one: ranks[one])
    alike = sum(rank == ranks[node] for rank in ranks.values())
    check = checks[node]
    return Check(check.name, check.status, f"{node}, as {alike} of {len(checks)} nodes: {check.detail}")


def of_info(info: Info) -> list[Check]:
    """What INFO alone says."""
    return [Check(name, *judge(info)) for name, judge in _JUDGES]


Verdict = tuple[Status, str]


def _memory(info: Info) -> Verdict:
    used, most = number(info, "memory", "used_memory"), number(info, "memory", "maxmemory")
    if used is None:
        return _untold()
    if not most:
        total = number(info, "memory", "total_system_memory") or 0
        share = used / total if total else 0
        return _by(share, 0.7, 0.9), f"{used / _MIB:.1f} MiB used, no maxmemory, {share:.0%} of the machine"
    return _by(used / most, 0.85, 0.97), f"{used / _MIB:.1f} of {most / _MIB:.1f} MiB, {used / most:.0%}"


def _fragmentation(info: Info) -> Verdict:
    ratio, used = number(info, "memory", "mem_fragmentation_ratio"), number(info, "memory", "used_memory")
    if ratio is None or used is None:
        return _untold()
    if used < 64 * _MIB:
        return "ok", f"ratio {ratio:g}, which means nothing for so little memory"
    return ("critical" if ratio < 1 else _by(ratio, 1.5, 3.0)), f"ratio {ratio:g}{', swapping' if ratio < 1 else ''}"


def _evictions(info: Info) -> Verdict:
    evicted = number(info, "stats", "evicted_keys")
    if evicted is None:
        return _untold()
    return ("warning" if evicted else "ok"), f"{evicted:g} keys evicted since the start"


def _hit_ratio(info: Info) -> Verdict:
    hits, misses = number(info, "stats", "keyspace_hits"), number(info, "stats", "keyspace_misses")
    if hits is None or misses is None:
        return _untold()
    if hits + misses < _FEW_LOOKUPS:
        return "ok", "too few lookups to say"
    ratio = hits / (hits + misses)
    return _by(1 - ratio, 0.5, 0.9), f"{ratio:.0%} of the lookups found a key"


def _persistence(info: Info) -> Verdict:
    section = info.get("persistence")
    if not section:
        return _untold()
    names = ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
    failed = [name for name in names if section.get(name, "ok") != "ok"]
    if failed:
        return "critical", f"{', '.join(failed)}: not ok"
    changes = section.get("rdb_changes_since_last_save", 0)
    return (
        "ok",
        f"{changes} changes since the last save, append-only file {'on' if section.get('aof_enabled') else 'off'}",
    )


def _replication(info: Info) -> Verdict:
    section = info.get("replication")
    if not section:
        return _untold()
    if section.get("role") == "slave":
        up = section.get("master_link_status") == "up"
        behind = section.get("master_last_io_seconds_ago", "?")
        return ("ok" if up else "critical"), f"replica, link {'up' if up else 'down'}, last heard {behind} s ago"
    offset = section.get("master_repl_offset", 0)
    replicas = [cast("dict[str, Any]", one) for one in section.values() if isinstance(one, dict)]
    lags: list[int] = [offset - one.get("offset", offset) for one in replicas]
    if not lags:
        return "ok", "no replicas"
    return _by(max(lags), _MIB, 64 * _MIB), f"{len(lags)} replicas, at most {max(lags)} bytes behind"


def _clients(info: Info) -> Verdict:
    now, most = number(info, "clients", "connected_clients"), number(info, "clients", "maxclients")
    if now is None:
        return _untold()
    blocked = number(info, "clients", "blocked_clients") or 0
    share = now / most if most else 0
    return _by(share, 0.8, 0.95), f"{now:g} connected{f' of {most:g}' if most else ''}, {blocked:g} blocked"


def _by(value: float, warning: float, critical: float) -> Status:
    return "critical" if value >= critical else "warning" if value >= warning else "ok"


def _untold() -> Verdict:
    return "skipped", "the engine does not tell"


_JUDGES: tuple[tuple[str, Callable[[Info], Verdict]], ...] = (
    ("memory", _memory),
    ("fragmentation", _fragmentation),
    ("evictions", _evictions),
    ("hit_ratio", _hit_ratio),
    ("persistence", _persistence),
    ("replication_lag", _replication),
    ("clients", _clients),
)
