"""Who is connected and what they do: statements, locks, who waits for whom, forgotten transactions, progress."""

from collections.abc import Sequence
from typing import Any, Literal

from mcp_ref_postgres.engine.connecting import Session

View = Literal["queries", "locks", "blocking", "idle_in_tx", "progress"]

LONGEST = 500
_SHOWN = f"""
    a.pid, a.usename::text AS user, a.datname::text AS database, a.application_name AS application, a.state,
    CASE WHEN a.wait_event IS NOT NULL THEN a.wait_event_type || ': ' || a.wait_event END AS wait,
    round(extract(epoch FROM now() - a.query_start) * 1000)::float8 AS query_ms,
    round(extract(epoch FROM now() - a.xact_start) * 1000)::float8 AS xact_ms,
    left(a.query, {LONGEST}) AS query
"""
_OTHERS = "a.backend_type = 'client backend' AND NOT (a.pid = ANY ($3::int[]))"
_LONGER = "coalesce(extract(epoch FROM now() - {since}), 0) >= $1"

# ruff: noqa: S608  constants of this program
_VIEWS: dict[View, str] = {
    "queries": f"""
        SELECT {_SHOWN}, nullif(pg_blocking_pids(a.pid), '{{}}') AS blocked_by FROM pg_catalog.pg_stat_activity a
        WHERE {_OTHERS} AND a.state = 'active' AND {_LONGER.format(since="a.query_start")}
        ORDER BY a.query_start LIMIT $2
    """,
    "locks": f"""
        SELECT {_SHOWN}, l.mode, l.granted, l.locktype,
            CASE WHEN l.relation IS NOT NULL AND d.datname = current_database()
                 THEN l.relation::regclass::text END AS relation
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        LEFT JOIN pg_catalog.pg_database d ON d.oid = l.database
        WHERE {_OTHERS} AND l.locktype <> 'virtualxid' AND {_LONGER.format(since="a.query_start")}
        ORDER BY l.granted, a.query_start, l.locktype, l.mode LIMIT $2
    """,
    "blocking": f"""
        SELECT {_SHOWN}, pg_blocking_pids(a.pid) AS blocked_by FROM pg_catalog.pg_stat_activity a
        WHERE {_OTHERS} AND cardinality(pg_blocking_pids(a.pid)) > 0 AND {_LONGER.format(since="a.query_start")}
        ORDER BY a.query_start LIMIT $2
    """,
    "idle_in_tx": f"""
        SELECT {_SHOWN} FROM pg_catalog.pg_stat_activity a
        WHERE {_OTHERS} AND a.state LIKE 'idle in transaction%' AND {_LONGER.format(since="a.state_change")}
        ORDER BY a.xact_start LIMIT $2
    """,
}
# Each kind of long work reports in a view of its own.
_PROGRESS = ("analyze", "vacuum", "create_index", "cluster", "copy", "basebackup")
_STEPS = {
    "analyze": ("sample_blks_scanned", "sample_blks_total"),
    "vacuum": ("heap_blks_scanned", "heap_blks_total"),
    "create_index": ("blocks_done", "blocks_total"),
    "cluster": ("heap_blks_scanned", "heap_blks_total"),
    "copy": ("bytes_processed", "bytes_total"),
    "basebackup": ("backup_streamed", "backup_total"),
}
# The view for COPY came with PostgreSQL 14.
_COPY_SINCE = 14


async def sessions(
    session: Session, view: View, seconds: float, limit: int, *, own: Sequence[int], major: int
) -> list[dict[str, Any]]:
    """Sessions of one view, without those of this server."""
    statement = _progress(major) if view == "progress" else _VIEWS[view]
    rows = await session.connection.fetch(statement, seconds, limit, list(own))
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _progress(major: int) -> str:
    parts: list[str] = []
    for kind in _PROGRESS:
        if kind == "copy" and major < _COPY_SINCE:
            continue
        done, total = _STEPS[kind]
        phase = "'copying'" if kind == "copy" else "p.phase"
        parts.append(
            f"SELECT p.pid, '{kind}' AS work, {phase}::text AS phase, p.{done}::float8 AS done,"
            f" p.{total}::float8 AS total FROM pg_catalog.pg_stat_progress_{kind} p"
        )
    return f"""
        SELECT {_SHOWN}, w.work, w.phase, w.done, w.total
        FROM ({" UNION ALL ".join(parts)}) w JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid
        WHERE {_LONGER.format(since="a.query_start")} AND NOT (a.pid = ANY ($3::int[]))
        ORDER BY a.query_start LIMIT $2
    """
