"""One page of a caller's statement: from the cursor that is held, or by running the statement again."""

import sqlite3
from functools import partial
from typing import Any

from msgspec import Struct

from mcp_protocol import Output
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.rows.envelope import Envelope, Format
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.db.rows.paging import Position
from mcp_ref_sqlite.engine.database import Database, Replaced
from mcp_ref_sqlite.engine.readers import Seat
from mcp_ref_sqlite.reading.holding import Held
from mcp_ref_sqlite.reading.rows import Fetched, Rows
from mcp_ref_sqlite.reading.statements import Statement, statement
from mcp_ref_sqlite.state import Ctx


class Asked(Struct, frozen=True, kw_only=True):
    """What a call asks for."""

    sql: str
    params: list[Any] | dict[str, Any]
    bounds: Bounds
    form: Format = "json"
    timeout: float | None = None


async def read_page(ctx: Ctx, database: Database, asked: Asked, cursor: str | None) -> Output[Envelope]:
    """The page that begins at a cursor.

    Raises:
        DbError: whatever is wrong with the call, or with the statement.
    """
    position = ctx.state.paging.start(ctx, cursor, database.name)
    async with ctx.state.running(database, asked.timeout) as deadline:
        held = ctx.state.holding.take(position, database.name, ctx.principal.key) if cursor else None
        if held is not None:
            fetched = await _resumed(database, asked, held, deadline)
            if fetched is not None:
                return _finished(ctx, database, position, fetched, held.seat, re_executed=False)
        fetched, seat = await _begun(database, asked, position, deadline)
        return _finished(ctx, database, position, fetched, seat, re_executed=cursor is not None)


async def _resumed(database: Database, asked: Asked, held: Held, deadline: Deadline) -> Fetched | None:
    """The next page of a held cursor; None where the file is another one now."""
    seat = held.seat
    rows = Rows(Statement(asked.sql, []), asked.bounds, form=asked.form, expired=seat.connection.interrupt.expired)
    try:
        return await database.on(seat, partial(_resume, rows, held), deadline, asked.sql)
    except Replaced:
        database.renew(seat)
        database.readers.give_back(seat)
        return None
    except BaseException:  # cancelled, too: the connection goes back without the cursor
        seat.connection.post(held.open.cursor.close)
        database.readers.give_back(seat)
        raise


async def _begun(database: Database, asked: Asked, position: Position, deadline: Deadline) -> tuple[Fetched, Seat]:
    """The statement from its beginning, past the rows of earlier pages; the connection is its caller's to give back."""
    while True:
        seat = await database.readers.take(deadline)
        try:
            work = partial(_begin, asked, position.offset, seat)
            return await database.on(seat, work, deadline, asked.sql), seat
        except Replaced:
            database.renew(seat)
            database.readers.give_back(seat)
        except BaseException:  # cancelled, too: the connection goes back
            database.readers.give_back(seat)
            raise


def _begin(asked: Asked, skip: int, seat: Seat, connection: sqlite3.Connection) -> Fetched:
    """On the thread."""
    checked = statement(asked.sql, asked.params)
    rows = Rows(checked, asked.bounds, form=asked.form, expired=seat.connection.interrupt.expired)
    return rows.begin(connection, skip)


def _resume(rows: Rows, held: Held, connection: sqlite3.Connection) -> Fetched:
    return rows.resume(connection, held.open)


def _finished(
    ctx: Ctx, database: Database, position: Position, fetched: Fetched, seat: Seat, *, re_executed: bool
) -> Output[Envelope]:
    """The result; the cursor is held for the next page, or closed."""
    page, more = fetched.page, fetched.more
    following = position.after(page.taken) if page.truncated else None
    if more is None or following is None:
        database.readers.give_back(seat)
    else:
        held = Held(more, seat, database.readers)
        ctx.state.holding.put(following, database.name, ctx.call.peer, held, is_wal=fetched.is_wal)
    cursor = None if following is None else ctx.state.paging.seal(ctx, following, database.name)
    return page.finish(elapsed_ms=fetched.milliseconds, next_cursor=cursor, re_executed=re_executed)
