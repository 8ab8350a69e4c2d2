"""Rows of a statement as a page: fetched block by block on the connection's thread, and encoded there."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.rows.envelope import Column, Format
from mcp_ref_kit.db.rows.page import BLOCK, Bounds, Page, Row
from mcp_ref_sqlite.reading.statements import Statement, mismatch

_TYPES: dict[type, str] = {int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"}
_UNCOUNTED = "Incorrect number of bindings"
_WAL = "wal"


class Open(Struct, frozen=True, kw_only=True):
    """A cursor that has more to give, with the rows that it gave already and that had no place on the page."""

    cursor: sqlite3.Cursor
    columns: list[Column]
    rest: list[Row]


class Fetched(Struct, frozen=True, kw_only=True):
    """A page, and the cursor that goes on after it; `is_wal` says that an open cursor stops no writer."""

    page: Page
    more: Open | None
    milliseconds: float
    is_wal: bool


class Rows:
    """How one call reads: `begin` runs the statement, `resume` goes on with a cursor that was held."""

    def __init__(
        self, statement: Statement, bounds: Bounds, *, form: Format = "json", expired: Callable[[], bool]
    ) -> None:
        self._statement = statement
        self._bounds = bounds
        self._form: Format = form
        self._expired = expired

    def begin(self, connection: sqlite3.Connection, skip: int = 0) -> Fetched:
        """The page of rows after the first `skip`."""
        started = time.perf_counter()
        cursor = run(connection, self._statement)
        try:
            _skip(connection, cursor, skip)
            first, timely = self._block(cursor, min(BLOCK, self._bounds.limit + 1))
            page = self._page(columns(cursor, first))
            page.add(first)
            if not timely:
                page.stop("time")
            return self._filled(connection, cursor, page, started, ended=not first)
        except BaseException:  # a cursor that nobody has would keep its lock
            cursor.close()
            raise

    def resume(self, connection: sqlite3.Connection, held: Open) -> Fetched:
        """The next page of a cursor."""
        page = self._page(held.columns)
        page.add(held.rest)
        return self._filled(connection, held.cursor, page, time.perf_counter())

    def _page(self, names: list[Column]) -> Page:
        return Page(names, self._bounds, form=self._form)

    def _filled(
        self, connection: sqlite3.Connection, cursor: sqlite3.Cursor, page: Page, started: float, *, ended: bool = False
    ) -> Fetched:
        while page.wanted and not ended:
            rows, timely = self._block(cursor, page.wanted, begun=page.taken > 0)
            ended = not rows
            page.add(rows)
            if not timely:
                page.stop("time")
        more = None
        if page.truncated and page.reason != "time":
            more = Open(cursor=cursor, columns=page.columns, rest=page.rest)
        else:
            cursor.close()
        is_wal = more is not None and _journal(connection) == _WAL
        return Fetched(page=page, more=more, milliseconds=(time.perf_counter() - started) * 1000, is_wal=is_wal)

    def _block(self, cursor: sqlite3.Cursor, most: int, *, begun: bool = False) -> tuple[list[Row], bool]:
        """Some more rows, and whether there was time for all of them.

        `fetchmany` would lose the rows that came before the time was up.
        """
        rows: list[Row] = []
        try:
            rows.extend(islice(cursor, most))
        except sqlite3.OperationalError:
            if not (rows or begun) or not self._expired():
                raise
            return rows, False
        return rows, True


def run(connection: sqlite3.Connection, statement: Statement) -> sqlite3.Cursor:
    """Run a caller's statement.

    Raises:
        DbError: there are too few or too many parameters.
        sqlite3.Error: whatever SQLite says.
    """
    try:
        return connection.execute(statement.sql, statement.values)
    except sqlite3.ProgrammingError as error:
        if str(error).startswith(_UNCOUNTED):
            raise mismatch(statement.sql, len(statement.values)) from error
        raise


def columns(cursor: sqlite3.Cursor, rows: Sequence[Row]) -> list[Column]:
    """The columns by name, and by the type of the first value that is there: SQLite has types of values."""
    names: list[str] = [column[0] for column in cursor.description or ()]
    return [Column(name, _type(rows, at)) for at, name in enumerate(names)]


def _type(rows: Sequence[Row], at: int) -> str:
    for row in rows:
        value: Any = row[at]
        if value is not None:
            return _TYPES.get(value.__class__, "ANY")
    return "NULL"


def _skip(connection: sqlite3.Connection, cursor: sqlite3.Cursor, count: int) -> None:
    """Go past rows of earlier pages, whose texts are not decoded."""
    if count == 0:
        return
    decode = connection.text_factory
    connection.text_factory = bytes
    try:
        while count and (rows := cursor.fetchmany(min(BLOCK, count))):
            count -= len(rows)
    finally:
        connection.text_factory = decode


def _journal(connection: sqlite3.Connection) -> str:
    return connection.execute("PRAGMA journal_mode").fetchone()[0]
