"""Rows into a table by COPY, in the engine's own text form of every type.

Where rows may be there already, by way of a temporary table.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline, Progress
from mcp_ref_kit.db.calls.errors import bad_argument, unknown
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog.describing import Lookup, Object, find
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.reading.parameters import as_text
from mcp_ref_postgres.state import Ctx, Opened
from mcp_ref_postgres.writing.running import commit

OnConflict = Literal["error", "ignore", "update"]

CHUNK = 64 * 1024
_TABLES = frozenset({"table", "partitioned"})
_COLUMNS = """
    SELECT a.attname::text AS name, t.typname::text AS type FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
"""
_KEY = """
    SELECT a.attname::text FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k (num, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
    WHERE i.indrelid = $1::oid AND i.indisprimary ORDER BY k.n
"""


class Import(Struct, frozen=True, kw_only=True):
    """What is to go where."""

    table: str
    columns: list[str]
    rows: list[list[Any]] | None
    file: str | None
    on_conflict: OnConflict
    key: list[str] | None


class Counts(Struct, frozen=True):
    """How many rows went in, changed another, or were left out."""

    inserted: int
    updated: int
    skipped: int


async def copied_in(ctx: Ctx, opened: Opened, wanted: Import, deadline: Deadline) -> Counts:
    """All rows, or none.

    Raises:
        DbError
    """
    facts = await opened.engine.permitted(deadline.at)
    async with opened.engine.writing(deadline.at) as session:
        lookup = Lookup(name=wanted.table, type=None, visible=opened.visible, path=facts.path)
        table = await find(session, lookup)
        if table is None or table.type not in _TABLES:
            raise unknown("table", wanted.table, (), "list_objects shows what there is.")
        types = await _types(session, table, wanted.columns)
        source = _file(ctx, wanted.file) if wanted.file else _lines(Progress(ctx), wanted, types)
        try:
            counts = await _moved(session, table, wanted, source)
        except broken() as error:
            raise fault(error, opened.engine.scrub, length=-1) from error
        await commit(opened, session, ctx.state.group)
    return counts


async def _types(session: Session, table: Object, columns: Sequence[str]) -> list[str]:
    known = {row["name"]: row["type"] for row in await session.connection.fetch(_COLUMNS, table.oid)}
    for column in columns:
        if column not in known:
            raise unknown("column", column, known)
    return [known[column] for column in columns]


async def _moved(session: Session, table: Object, wanted: Import, source: AsyncGenerator[bytes]) -> Counts:
    if wanted.on_conflict == "error":
        return Counts(await _copy(session, table.schema, table.name, wanted, source), 0, 0)
    key = wanted.key or [row[0] for row in await session.connection.fetch(_KEY, table.oid)]
    if not key:
        raise bad_argument("key", f"must be given: {table.name} has no primary key")
    columns = ", ".join(map(identifier, wanted.columns))
    await session.connection.fetch(
        f"CREATE TEMPORARY TABLE mcp_import ON COMMIT DROP AS SELECT {columns} FROM {table.path} WITH NO DATA"  # noqa: S608  quoted
    )
    total = await _copy(session, "pg_temp", "mcp_import", wanted, source)
    row = await session.connection.fetchrow(_merging(table, wanted, key))
    return Counts(row["inserted"], row["updated"], total - row["inserted"] - row["updated"])


def _merging(table: Object, wanted: Import, key: Sequence[str]) -> str:
    columns = ", ".join(map(identifier, wanted.columns))
    others = [column for column in wanted.columns if column not in key]
    changes = ", ".join(f"{identifier(column)} = excluded.{identifier(column)}" for column in others)
    action = f"DO UPDATE SET {changes}" if wanted.on_conflict == "update" and changes else "DO NOTHING"
    return f"""
        WITH merged AS (
            INSERT INTO {table.path} ({columns}) SELECT {columns} FROM pg_temp.mcp_import
            ON CONFLICT ({", ".join(map(identifier, key))}) {action} RETURNING (xmax = 0) AS fresh
        )
        SELECT count(*) FILTER (WHERE fresh) AS inserted, count(*) FILTER (WHERE NOT fresh) AS updated FROM merged
    """  # noqa: S608  names that were looked up and quoted


async def _copy(session: Session, schema: str, name: str, wanted: Import, source: AsyncGenerator[bytes]) -> int:
    options: dict[str, Any] = {"format": "csv", "header": wanted.file is not None}
    status = await session.connection.copy_to_table(
        name, schema_name=schema, columns=wanted.columns, source=source, **options
    )
    return int(status.rpartition(" ")[2])


async def _file(ctx: Ctx, name: str) -> AsyncGenerator[bytes]:
    at = 0
    with await ctx.state.exports.read(name) as file:
        while data := await ctx.state.workers.run(file.read_at, at, CHUNK):
            at += len(data)
            yield data


async def _lines(progress: Progress, wanted: Import, types: Sequence[str]) -> AsyncGenerator[bytes]:
    parts: list[str] = []
    size = 0
    for number, row in enumerate(wanted.rows or ()):
        if len(row) != len(types):
            raise bad_argument(f"rows[{number}]", f"must hold {len(types)} values, got {len(row)}")
        line = ",".join(_field(f"rows[{number}]", value, kind) for value, kind in zip(row, types, strict=True))
        parts.append(line)
        size += len(line)
        if size >= CHUNK:
            yield ("\n".join(parts) + "\n").encode()
            parts, size = [], 0
            await progress.report(number + 1)
    if parts:
        yield ("\n".join(parts) + "\n").encode()


def _field(name: str, value: Any, kind: str) -> str:
    """One field of CSV: nothing is null, everything else stands in quotes."""
    text = as_text(name, value, kind.removeprefix("_"), is_array=kind.startswith("_"))
    return "" if text is None else '"' + text.replace('"', '""') + '"'
