"""Checks of what is stored: indexes, dead rows, bloat, sequences, constraints, the age of transactions."""

from collections.abc import Mapping
from typing import Any

from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.health.checks import VISIBLE, Check, Judged, Rows, Status, graded, size

MEGABYTE = 1024 * 1024
# An index that was never used is worth a word from this size on.
UNUSED_BYTES = MEGABYTE
DEAD_ROWS = 1000
DEAD_SHARE = 20
DEAD_SHARE_CRITICAL = 50
NEARLY_USED = 75
USED_UP = 90
BLOAT_BYTES = 10 * MEGABYTE
BLOAT_SHARE = 50
# autovacuum_freeze_max_age is 200 million by default; at 2.1 billion the engine stops.
OLD_AGE = 1_000_000_000
TOO_OLD = 1_600_000_000

_INDEX = f"""
    SELECT n.nspname AS schema, c.relname AS name, t.relname AS table, i.indisvalid AS valid,
        pg_relation_size(c.oid) AS bytes, coalesce(s.idx_scan, 0) AS scans,
        i.indisunique OR i.indisprimary OR i.indisexclusion OR i.indisreplident AS needed,
        (SELECT d.relname FROM pg_catalog.pg_index j JOIN pg_catalog.pg_class d ON d.oid = j.indexrelid
         WHERE j.indrelid = i.indrelid AND j.indexrelid < i.indexrelid AND j.indkey = i.indkey
           AND j.indclass = i.indclass AND j.indcollation = i.indcollation AND j.indoption = i.indoption
           AND pg_get_expr(j.indexprs, j.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indexprs, i.indrelid)
           AND pg_get_expr(j.indpred, j.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indpred, i.indrelid)
         LIMIT 1) AS same_as
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = c.oid
    WHERE {VISIBLE} AND c.relkind = 'i' ORDER BY bytes DESC, schema, name
"""  # noqa: S608  constants of this program


def _index(rows: Rows) -> Judged:
    found = [finding for row in rows if (finding := _index_finding(row))]
    return graded(found, f"{len(rows)} indexes, each valid, used and needed", "indexes to look at")


def _index_finding(row: Mapping[str, Any]) -> tuple[Status, str, str | None] | None:
    name = f"{row['schema']}.{row['name']}"
    place = identifier(row["schema"], row["name"])
    if not row["valid"]:
        return "critical", f"{name} is invalid: it costs writes and is never used", f"REINDEX INDEX {place}"
    if row["same_as"] and not row["needed"]:
        return "warning", f"{name} is the same as {row['same_as']} ({size(row['bytes'])})", f"DROP INDEX {place}"
    if row["scans"] == 0 and not row["needed"] and row["bytes"] >= UNUSED_BYTES:
        return "warning", f"{name} was never used since the statistics began ({size(row['bytes'])})", None
    return None


async def superfluous(session: Session, visible: list[str] | None) -> list[dict[str, Any]]:
    """Indexes that could go, and why."""
    found: list[dict[str, Any]] = []
    for row in await session.connection.fetch(_INDEX, visible):
        finding = _index_finding(row)
        if finding is not None and row["valid"]:
            found.append({"index": f"{row['schema']}.{row['name']}", "reason": finding[1]})
    return found


_VACUUM = f"""
    SELECT n.nspname AS schema, s.relname AS name, s.n_live_tup AS live, s.n_dead_tup AS dead,
        greatest(s.last_vacuum, s.last_autovacuum)::text AS vacuumed,
        greatest(s.last_analyze, s.last_autoanalyze) IS NULL AND s.n_live_tup > 1000 AS never_analyzed
    FROM pg_catalog.pg_stat_user_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} ORDER BY s.n_dead_tup DESC, schema, name
"""  # noqa: S608  constants of this program


def _vacuum(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = []
    for row in rows:
        share = 100 * row["dead"] / max(1, row["live"] + row["dead"])
        name, place = f"{row['schema']}.{row['name']}", identifier(row["schema"], row["name"])
        if row["dead"] >= DEAD_ROWS and share >= DEAD_SHARE:
            status: Status = "critical" if share >= DEAD_SHARE_CRITICAL else "warning"
            words = f"{name}: {row['dead']} dead rows ({share:.0f} %), last vacuum {row['vacuumed'] or 'never'}"
            found.append((status, words, f"VACUUM (ANALYZE) {place}"))
        elif row["never_analyzed"]:
            found.append(("warning", f"{name} was never analyzed: plans rest on guesses", f"ANALYZE {place}"))
    return graded(found, "Dead rows are cleared away", "tables need vacuum or analyze")


_SEQUENCE = f"""
    SELECT n.nspname AS schema, c.relname AS name,
        CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE')
             THEN 100.0 * coalesce(pg_sequence_last_value(c.oid), 0) / q.seqmax END AS used
    FROM pg_catalog.pg_sequence q JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND NOT q.seqcycle AND q.seqincrement > 0 AND q.seqmax > 0 ORDER BY used DESC NULLS LAST
"""  # noqa: S608  constants of this program


def _sequence(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "critical" if row["used"] >= USED_UP else "warning",
            f"{row['schema']}.{row['name']} has used {float(row['used']):.0f} % of its numbers",
            f"ALTER SEQUENCE {identifier(row['schema'], row['name'])} AS bigint",
        )
        for row in rows
        if row["used"] is not None and float(row["used"]) >= NEARLY_USED
    ]
    return graded(found, f"{len(rows)} sequences with numbers left", "sequences run out of numbers")


_CONSTRAINT = f"""
    SELECT n.nspname AS schema, t.relname AS table, k.conname AS name, k.convalidated AS validated,
        NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS bare,
        t.reltuples AS rows
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE {VISIBLE} AND k.contype IN ('f', 'c') AND (k.contype = 'f' OR NOT k.convalidated) ORDER BY 1, 2, 3
"""  # noqa: S608  constants of this program


def _constraint(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = []
    for row in rows:
        name, table = f"{row['schema']}.{row['table']}.{row['name']}", identifier(row["schema"], row["table"])
        if not row["validated"]:
            fix = f"ALTER TABLE {table} VALIDATE CONSTRAINT {identifier(row['name'])}"
            found.append(("warning", f"{name} was never validated: older rows may break it", fix))
        elif row["bare"] and row["rows"] > DEAD_ROWS:
            found.append(
                ("warning", f"{name}: no index on the referencing columns, deletes there read the table", None)
            )
    return graded(found, "Constraints are validated and foreign keys indexed", "constraints to look at")


# Size against what the statistics say the rows need: an estimate, good to some tens of per cent.
_BLOAT = f"""
    SELECT n.nspname AS schema, c.relname AS name, c.relpages::bigint * b.block AS bytes,
        greatest(0, c.relpages - ceil(c.reltuples * (w.width + 28) / (b.block - 24)))::bigint * b.block AS wasted
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN (SELECT current_setting('block_size')::bigint AS block) b
    CROSS JOIN LATERAL (SELECT sum((1 - s.null_frac) * s.avg_width) AS width FROM pg_catalog.pg_stats s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname) w
    WHERE {VISIBLE} AND c.relkind IN ('r', 'm') AND c.reltuples > 0 AND w.width IS NOT NULL
    ORDER BY wasted DESC, schema, name LIMIT 100
"""  # noqa: S608  constants of this program


def _bloat(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "warning",
            f"{row['schema']}.{row['name']}: about {size(row['wasted'])} of {size(row['bytes'])} hold nothing",
            f"VACUUM (FULL) {identifier(row['schema'], row['name'])} -- locks the table; pg_repack does not",
        )
        for row in rows
        if row["wasted"] >= BLOAT_BYTES and 100 * row["wasted"] >= BLOAT_SHARE * row["bytes"]
    ]
    return graded(found, "Tables are about as large as their rows", "tables hold much empty room")


_WRAPAROUND = """
    SELECT datname AS name, age(datfrozenxid) AS age, mxid_age(datminmxid) AS mxid_age FROM pg_catalog.pg_database
    WHERE datallowconn ORDER BY 2 DESC
"""


def _wraparound(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "critical" if oldest >= TOO_OLD else "warning",
            f"{row['name']}: the oldest row is {oldest} transactions old; the engine stops at 2100000000",
            "VACUUM (FREEZE)",
        )
        for row in rows
        if (oldest := max(row["age"], row["mxid_age"])) >= OLD_AGE
    ]
    oldest = max((row["age"] for row in rows), default=0)
    return graded(found, f"The oldest row is {oldest} transactions old", "databases come near to wraparound")


STORAGE = (
    Check("index", _INDEX, _index),
    Check("vacuum", _VACUUM, _vacuum),
    Check("sequence", _SEQUENCE, _sequence),
    Check("constraint", _CONSTRAINT, _constraint),
    Check("bloat", _BLOAT, _bloat),
    Check("wraparound", _WRAPAROUND, _wraparound, takes_schemas=False),
)
