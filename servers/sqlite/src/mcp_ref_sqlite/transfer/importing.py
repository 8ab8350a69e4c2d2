"""import_rows: many rows into one table, in one transaction."""

import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import chain, groupby, islice

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import DbError, bad_argument, unknown
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.gate import Gate
from mcp_ref_sqlite.engine.writer import transaction
from mcp_ref_sqlite.reading.objects import column_names, find, objects
from mcp_ref_sqlite.reading.statements import Statement
from mcp_ref_sqlite.reading.words import OnConflict
from mcp_ref_sqlite.results import Imported
from mcp_ref_sqlite.state import Ctx
from mcp_ref_sqlite.transfer.records import SAMPLE, Fault, Record, column_types, given, lines
from mcp_ref_sqlite.writing.executing import agree, count
from mcp_ref_sqlite.writing.inspecting import Deed, inspected

_AT_ONCE = 500
_MOST_ERRORS = 20
_OWN = "sqlite_"


class Wanted(Struct, frozen=True, kw_only=True):
    """What a call asks for."""

    table: str
    rows: list[Record] | None
    file: str | None
    on_conflict: OnConflict
    create: bool
    confirm: str | None


async def import_rows(ctx: Ctx, database: Database, wanted: Wanted) -> Imported:
    """All rows, or none of them."""
    state = ctx.state
    state.require_writable(database)
    if (wanted.rows is None) == (wanted.file is None):
        raise bad_argument("rows", "or `file` must be given, and not both")
    if wanted.on_conflict == "replace":
        deed = Deed("Replace rows that are the same by key in", wanted.table, counts=True)
        async with state.running(database, None) as deadline:
            affected = await count(database, deed, deadline)
        await agree(ctx, database, deed, affected, sql=f"import into {wanted.table}", confirm=wanted.confirm)
    state.holding.release(database.name)
    file = None if wanted.file is None else await state.exports.read(wanted.file)
    try:
        source = _source(wanted, None if file is None else file.fd)
        loading = _Loading(wanted, source)
        async with (
            state.running(database, state.settings.timeout) as deadline,
            Progress(ctx).following(lambda: loading.read),
        ):
            done = await database.write(loading.run, deadline)
    finally:
        if file is not None:
            file.close()
    state.databases.changed(database.name, schema=wanted.create)
    return done


def _source(wanted: Wanted, handle: int | None) -> Callable[[], Generator[Record | Fault]]:
    if handle is None:
        return partial(given, wanted.rows or [])
    return partial(lines, handle, wanted.file or "")


class _Loading:
    """One import; it may begin again if the file was locked. On the writer's thread."""

    def __init__(self, wanted: Wanted, source: Callable[[], Generator[Record | Fault]]) -> None:
        self.read = 0
        self._wanted = wanted
        self._source = source
        self._errors: list[Fault] = []

    def run(self, connection: sqlite3.Connection, gate: Gate) -> Imported:
        started = time.perf_counter()
        self.read, self._errors = 0, []
        with closing(self._source()) as source:
            inserted = transaction(connection, gate, partial(self._load, gate, source))
        skipped = self.read - inserted
        return Imported(
            inserted=inserted,
            skipped=max(skipped, 0),
            errors=self._errors[:_MOST_ERRORS],
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    def _load(self, gate: Gate, source: Iterable[Record | Fault], connection: sqlite3.Connection) -> int:
        records = self._sound(source)
        first = list(islice(records, SAMPLE))
        if self._wanted.create:
            _make(connection, gate, self._wanted.table, first)
        table = find(connection, self._wanted.table, readable=True)
        known = {name.lower(): name for name in column_names(connection, table.name)}
        inserted = 0
        for names, group in groupby(chain(first, records), key=tuple):
            asking = _insertion(table.name, [_column(known, name) for name in names], self._wanted.on_conflict)
            inserted += self._insert(connection, gate, asking, group)
        return inserted

    def _sound(self, records: Iterable[Record | Fault]) -> Iterator[Record]:
        for record in records:
            self.read += 1
            if not isinstance(record, Fault):
                yield record
            elif self._wanted.on_conflict == "ignore":
                self._errors.append(record)
            else:
                raise DbError(f"Row {record.row} cannot be imported: {record.message}.", code="invalid_argument")

    def _insert(self, connection: sqlite3.Connection, gate: Gate, asking: str, records: Iterator[Record]) -> int:
        before = connection.total_changes
        first = next(records)
        inspected(Statement(asking, list(first.values())), connection, gate)
        rest = chain([first], records)
        changed = 0
        while block := [list(record.values()) for record in islice(rest, _AT_ONCE)]:
            cursor = connection.executemany(asking, block)
            changed += max(cursor.rowcount, 0)
            cursor.close()
        return changed or connection.total_changes - before


def _make(connection: sqlite3.Connection, gate: Gate, table: str, records: list[Record]) -> None:
    """A table for these rows."""
    if table.lower().startswith(_OWN) or "\0" in table:
        raise bad_argument("table", "names a table that only SQLite makes")
    if any(each.name.lower() == table.lower() for each in objects(connection)):
        raise DbError(f"There is a table {identifier(table)} already.", code="conflict", hint="Leave `create` out.")
    types = column_types(records)
    if not types:
        raise bad_argument("rows", "are needed to make a table")
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
    making = f"CREATE TABLE {identifier(table)} ({columns})"
    inspected(Statement(making, []), connection, gate)
    connection.execute(making).close()


def _column(known: dict[str, str], name: str) -> str:
    if name.lower() not in known:
        raise unknown("column", name, known.values())
    return known[name.lower()]


def _insertion(table: str, names: list[str], on_conflict: OnConflict) -> str:
    columns, places = ", ".join(map(identifier, names)), ", ".join("?" * len(names))
    return f"INSERT OR {on_conflict.upper()} INTO {identifier(table)} ({columns}) VALUES ({places})"  # noqa: S608  found names
