"""export_query: all rows of a statement, streamed block by block into a result or a file."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mcp_protocol import Output
from mcp_ref_kit.db.calls.deadline import Deadline, Progress
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.exports.exporting import Exported, Pending, RowBytes
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Format
from mcp_ref_sqlite.engine.database import Database, Replaced
from mcp_ref_sqlite.engine.opening import LONGEST_VALUE
from mcp_ref_sqlite.engine.readers import Seat
from mcp_ref_sqlite.reading.rows import columns, run
from mcp_ref_sqlite.reading.statements import statement
from mcp_ref_sqlite.state import Ctx

# Rows a hop: about as long as a page takes, so that a cancellation is noticed between two.
_BLOCK = 2000


class Wanted(Struct, frozen=True, kw_only=True):
    """What a call asks for."""

    sql: str
    params: list[Any] | dict[str, Any]
    form: Format
    file: str | None
    timeout: float | None


class _Stream(Struct, frozen=True):
    """A statement that is running, and what makes bytes of its rows."""

    cursor: sqlite3.Cursor
    writer: RowBytes
    first: bytes
    count: int


async def export(ctx: Ctx, database: Database, wanted: Wanted) -> Output[Exported]:
    """Run the statement and write all of it."""
    state = ctx.state
    progress = Progress(ctx)
    async with (
        state.running(database, wanted.timeout) as deadline,
        state.exports.begin(ctx.principal, wanted.form, wanted.file) as pending,
        database.readers.lease(deadline) as seat,
    ):
        try:
            await _written(database, seat, wanted, deadline, pending, progress)
        except Replaced as error:
            database.renew(seat)
            raise DbError("The database file was just replaced.", code="connection") from error
    return pending.output


async def _written(
    database: Database, seat: Seat, wanted: Wanted, deadline: Deadline, pending: Pending, progress: Progress
) -> None:
    begin = partial(_begin, wanted.sql, wanted.params, wanted.form)
    stream = await database.on(seat, begin, deadline, wanted.sql)
    try:
        await pending.add(stream.first, stream.count)
        count = stream.count
        while count:
            data, count = await database.on(seat, partial(_next, stream), deadline, wanted.sql)
            await pending.add(data, count)
            await progress.report(pending.rows)
        await pending.add(stream.writer.tail)
    finally:
        seat.connection.post(stream.cursor.close)


def _begin(sql: str, params: list[Any] | dict[str, Any], form: Format, connection: sqlite3.Connection) -> _Stream:
    cursor = run(connection, statement(sql, params))
    rows = cursor.fetchmany(_BLOCK)
    writer = RowBytes(form, columns(cursor, rows), Cells(LONGEST_VALUE))
    return _Stream(cursor, writer, writer.head + writer.block(rows), len(rows))


def _next(stream: _Stream, connection: sqlite3.Connection) -> tuple[bytes, int]:
    del connection
    rows: Sequence[Sequence[Any]] = stream.cursor.fetchmany(_BLOCK)
    return stream.writer.block(rows), len(rows)
