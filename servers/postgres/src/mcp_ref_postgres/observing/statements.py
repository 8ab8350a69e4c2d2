"""Top statements from pg_stat_statements, whose columns differ between its versions."""

from typing import Any, Literal

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.facts import Facts

Sort = Literal["total", "mean", "calls", "rows", "io", "wal", "temp"]

LONGEST = 2000
_ORDER: dict[Sort, str] = {
    "total": "total_exec_time",
    "mean": "mean_exec_time",
    "calls": "calls",
    "rows": "rows",
    "io": "shared_blks_read + shared_blks_written",
    "wal": "wal_bytes",
    "temp": "temp_blks_read + temp_blks_written",
}
# queryid, planning and WAL came with 1.8, in PostgreSQL 13; the reset time with 1.9.
_INFO = (1, 9)


def missing() -> DbError:
    """What to say where the extension is not there."""
    return DbError(
        "Top queries need the extension pg_stat_statements, which this database does not have.",
        code="unsupported",
        hint="CREATE EXTENSION pg_stat_statements; it also has to be in shared_preload_libraries",
    )


async def top(session: Session, facts: Facts, sort: Sort, limit: int, min_calls: int) -> dict[str, Any]:
    """The statements of this database that weigh most.

    Raises:
        DbError: `unsupported`.
    """
    extension = facts.extensions.get("pg_stat_statements")
    if extension is None:
        raise missing()
    view = identifier(extension.schema, "pg_stat_statements")
    rows = await session.connection.fetch(_statement(view, sort), limit, min_calls)
    version = tuple(int(part) for part in extension.version.split(".") if part.isdecimal())
    reset = None
    if version >= _INFO:
        info = identifier(extension.schema, "pg_stat_statements_info")
        reset = await session.connection.fetchval(f"SELECT stats_reset::text FROM {info}()")  # noqa: S608  quoted
    queries = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return {"queries": queries, "reset_at": reset, "extension_version": extension.version}


def _statement(view: str, sort: Sort) -> str:
    return f"""
        SELECT queryid::text, left(query, {LONGEST}) AS query, calls,
            round(total_exec_time::numeric, 3)::float8 AS total_ms,
            round(mean_exec_time::numeric, 3)::float8 AS mean_ms,
            round(stddev_exec_time::numeric, 3)::float8 AS stddev_ms,
            round(max_exec_time::numeric, 3)::float8 AS max_ms, rows,
            round(100.0 * shared_blks_hit / nullif(shared_blks_hit + shared_blks_read, 0), 1)::float8 AS hit_pct,
            shared_blks_read AS blocks_read, shared_blks_written AS blocks_written, wal_bytes::float8,
            temp_blks_read + temp_blks_written AS temp_blocks
        FROM {view} s
        WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND calls >= $2
        ORDER BY {_ORDER[sort]} DESC NULLS LAST, s.queryid LIMIT $1
    """  # noqa: S608  a quoted view and a column from the table above
