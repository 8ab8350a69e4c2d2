"""Sizes and use of tables, and what their columns hold: from statistics first, from a sample for the rest."""

from collections.abc import Sequence
from typing import Any, Literal

from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog.describing import Object
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.health.checks import VISIBLE

TableSort = Literal["size", "dead", "seq_scan", "age"]

_ORDER: dict[TableSort, str] = {
    "size": "size_bytes DESC",
    "dead": "dead DESC",
    "seq_scan": "seq_scans DESC",
    "age": "age DESC",
}
TOP_VALUES = 5
LONGEST_VALUE = 200
# Of fewer rows a sample by blocks would find none, or all.
WHOLE_ROWS = 100_000


async def tables(
    session: Session, visible: list[str] | None, like: str, sort: TableSort, limit: int
) -> list[dict[str, Any]]:
    """Tables with their rows, sizes, vacuums and scans."""
    statement = f"""
        SELECT n.nspname AS schema, c.relname AS name, s.n_live_tup AS live, s.n_dead_tup AS dead,
            round(100.0 * s.n_dead_tup / greatest(1, s.n_live_tup + s.n_dead_tup), 1)::float8 AS dead_pct,
            pg_total_relation_size(c.oid) AS size_bytes, pg_indexes_size(c.oid) AS index_bytes,
            CASE WHEN c.reltoastrelid <> 0 THEN pg_total_relation_size(c.reltoastrelid) ELSE 0 END AS toast_bytes,
            greatest(s.last_vacuum, s.last_autovacuum)::text AS last_vacuum,
            greatest(s.last_analyze, s.last_autoanalyze)::text AS last_analyze,
            s.seq_scan AS seq_scans, coalesce(s.idx_scan, 0) AS index_scans, age(c.relfrozenxid) AS age
        FROM pg_catalog.pg_stat_user_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {VISIBLE} AND c.relname LIKE $2 AND c.relkind IN ('r', 'm')
        ORDER BY {_ORDER[sort]}, schema, name LIMIT $3
    """  # noqa: S608  constants of this program
    rows = await session.connection.fetch(statement, visible, like, limit)
    return [dict(row) for row in rows]


_ESTIMATE = "SELECT CASE WHEN reltuples >= 0 THEN reltuples::float8 END FROM pg_catalog.pg_class WHERE oid = $1::oid"
_STATISTICS = """
    SELECT s.attname::text AS name, s.null_frac::float8 AS nulls, s.n_distinct::float8 AS distincts,
        s.avg_width AS width, s.most_common_vals::text::text[] AS common, s.most_common_freqs::float8[] AS freqs
    FROM pg_catalog.pg_stats s WHERE s.schemaname = $1 AND s.tablename = $2
"""
_COLUMNS = """
    SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
        EXISTS (SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
                WHERE o.opcintype = a.atttypid AND m.amname = 'btree' AND o.opcdefault)
            OR format_type(a.atttypid, NULL) IN ('character varying', 'character') AS ordered
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


async def profile(
    session: Session, found: Object, wanted: Sequence[str] | None, sample: int
) -> tuple[float | None, int, list[dict[str, Any]]]:
    """Estimated rows, rows that were sampled, and what each column holds."""
    connection = session.connection
    estimate = await connection.fetchval(_ESTIMATE, found.oid)
    columns = [row for row in await connection.fetch(_COLUMNS, found.oid) if wanted is None or row["name"] in wanted]
    known = {row["name"]: row for row in await connection.fetch(_STATISTICS, found.schema, found.name)}
    row = await connection.fetchrow(_sampling(found, columns, estimate, sample))
    count = row["n"] or 0
    shown = [
        _column(column, known.get(column["name"]), row, number, estimate or count)
        for number, column in enumerate(columns)
    ]
    return estimate, count, shown


def _sampling(found: Object, columns: Sequence[Any], estimate: float | None, sample: int) -> str:
    """One pass over a sample for all columns."""
    source = found.path
    if found.type in {"table", "matview", "partitioned"} and (estimate or 0) > WHOLE_ROWS:
        percent = min(100.0, max(0.001, 200.0 * sample / (estimate or 1)))
        source = f"{source} TABLESAMPLE SYSTEM ({percent:.4f})"
    names = ", ".join(identifier(column["name"]) for column in columns) or "1"
    parts = ["count(*) AS n"]
    for number, column in enumerate(columns):
        name = identifier(column["name"])
        parts.append(f"count({name}) AS c{number}")
        if column["ordered"]:
            parts.append(f"left(min({name})::text, {LONGEST_VALUE}) AS min{number}")
            parts.append(f"left(max({name})::text, {LONGEST_VALUE}) AS max{number}")
            parts.append(f"count(DISTINCT {name}) AS d{number}")
        parts.append(f"avg(pg_column_size({name}))::float8 AS w{number}")
    return f"SELECT {', '.join(parts)} FROM (SELECT {names} FROM {source} LIMIT {sample:d}) AS sampled"  # noqa: S608  quoted


def _column(column: Any, known: Any, row: Any, number: int, rows: float) -> dict[str, Any]:
    count = row["n"] or 0
    shown: dict[str, Any] = {"name": column["name"], "type": column["type"]}
    if known is not None:
        shown["nulls_pct"] = round(100 * known["nulls"], 2)
        distincts = known["distincts"]
        shown["distinct_est"] = round(distincts if distincts >= 0 else -distincts * rows)
        shown["width"] = known["width"]
        shown["top"] = _top(known["common"], known["freqs"])
    else:
        shown["nulls_pct"] = round(100 * (count - row[f"c{number}"]) / count, 2) if count else None
        shown["width"] = None if row[f"w{number}"] is None else round(row[f"w{number}"])
        shown["distinct_est"] = row[f"d{number}"] if column["ordered"] else None
    if column["ordered"]:
        shown["min"], shown["max"] = row[f"min{number}"], row[f"max{number}"]
    return {name: value for name, value in shown.items() if value is not None}


def _top(values: Sequence[Any] | None, freqs: Sequence[float] | None) -> list[dict[str, Any]] | None:
    if not values or not freqs:
        return None
    cells = Cells(LONGEST_VALUE)
    pairs = list(zip(values, freqs, strict=False))[:TOP_VALUES]
    return [{"value": cells.any(value), "pct": round(100 * freq, 2)} for value, freq in pairs]
