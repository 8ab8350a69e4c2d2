"""Checks of what is going on: connections, locks, replication, the buffer cache."""

from mcp_ref_postgres.health.checks import Check, Judged, Rows, Status, graded

FULL = 80
BRIMFUL = 95
IDLE_SECONDS = 300
LONG_SECONDS = 3600
WAIT_SECONDS = 5
LAG_BYTES = 100 * 1024 * 1024
HIT_PERCENT = 90
# Below it the ratio says nothing yet.
ENOUGH_BLOCKS = 10_000

_CONNECTION = """
    SELECT count(*) FILTER (WHERE backend_type = 'client backend') AS used,
        current_setting('max_connections')::int AS most,
        count(*) FILTER (WHERE state LIKE 'idle in transaction%'
                           AND now() - state_change > interval '5 minutes') AS idle,
        count(*) FILTER (WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
                           AND now() - query_start > interval '1 hour') AS long
    FROM pg_catalog.pg_stat_activity
"""


def _connection(rows: Rows) -> Judged:
    [row] = rows
    share = 100 * row["used"] / row["most"]
    found: list[tuple[Status, str, str | None]] = []
    if share >= FULL:
        found.append(("critical" if share >= BRIMFUL else "warning", f"{row['used']} of {row['most']} in use", None))
    if row["idle"]:
        found.append(("warning", f"{row['idle']} idle in a transaction for over {IDLE_SECONDS} s", None))
    if row["long"]:
        found.append(("warning", f"{row['long']} statements run for over {LONG_SECONDS} s", None))
    return graded(found, f"{row['used']} of {row['most']} connections in use", "findings about connections")


_LOCKS = """
    SELECT a.pid, pg_blocking_pids(a.pid) AS blockers, extract(epoch FROM now() - a.query_start)::float8 AS seconds
    FROM pg_catalog.pg_stat_activity a WHERE cardinality(pg_blocking_pids(a.pid)) > 0 ORDER BY seconds DESC NULLS LAST
"""


def _locks(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "critical" if (row["seconds"] or 0) >= WAIT_SECONDS else "warning",
            f"{row['pid']} has waited {row['seconds'] or 0:.0f} s for {', '.join(map(str, row['blockers']))}",
            None,
        )
        for row in rows
    ]
    return graded(found, "Nobody waits for a lock", "sessions wait for locks")


_REPLICATION = """
    SELECT slot_name AS name, active, wal_status,
        CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END::bigint AS behind
    FROM pg_catalog.pg_replication_slots
    UNION ALL
    SELECT coalesce(nullif(application_name, ''), client_addr::text, pid::text), state = 'streaming', NULL,
        CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END::bigint
    FROM pg_catalog.pg_stat_replication ORDER BY 1
"""


def _replication(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = []
    for row in rows:
        if row["wal_status"] == "lost":
            found.append(("critical", f"{row['name']} has lost the log it needs", None))
        elif not row["active"] and row["wal_status"] is not None:
            words = f"slot {row['name']} is not in use and keeps {row['behind'] or 0} bytes of log"
            found.append(("warning", words, None))
        elif (row["behind"] or 0) >= LAG_BYTES:
            found.append(("warning", f"{row['name']} is {row['behind']} bytes behind", None))
    return graded(found, f"{len(rows)} replicas and slots, none behind", "replicas or slots to look at")


_BUFFER = """
    SELECT sum(heap_blks_hit + coalesce(idx_blks_hit, 0))::float8 AS hit,
        sum(heap_blks_hit + coalesce(idx_blks_hit, 0) + heap_blks_read + coalesce(idx_blks_read, 0))::float8 AS all
    FROM pg_catalog.pg_statio_user_tables
"""


def _buffer(rows: Rows) -> Judged:
    [row] = rows
    if (row["all"] or 0) < ENOUGH_BLOCKS:
        return Judged("ok", "Too few reads yet to judge the cache")
    ratio = 100 * row["hit"] / row["all"]
    words = f"{ratio:.1f} % of block reads came from memory"
    return Judged("ok", words) if ratio >= HIT_PERCENT else Judged("warning", words, [words])


RUNNING = (
    Check("connection", _CONNECTION, _connection, takes_schemas=False),
    Check("replication", _REPLICATION, _replication, takes_schemas=False),
    Check("buffer", _BUFFER, _buffer, takes_schemas=False),
    Check("locks", _LOCKS, _locks, takes_schemas=False),
)
