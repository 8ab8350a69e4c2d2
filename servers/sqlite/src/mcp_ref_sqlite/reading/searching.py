"""A text in all tables: full-text tables by their index, others by LIKE, as far as time and a budget of bytes go."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.rows.envelope import Reason, Truncation
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.failures import was_interrupted
from mcp_ref_sqlite.reading.objects import Object, find, objects
from mcp_ref_sqlite.results import Matches
from mcp_ref_sqlite.state import Ctx

MOST_SCANNED = 100_000_000
_SAMPLE = 200
_AROUND = 60
_TEXTS = ("CHAR", "CLOB", "TEXT")
_BEGIN, _END = "\x02", "\x03"
# The index of full-text snippets is looked through column by column.
_MOST_COLUMNS = 16


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place where the text is."""

    table: str
    rowid: int | None
    column: str
    snippet: str
    rank: float | None = None


async def search(ctx: Ctx, database: Database, text: str, tables: Sequence[str] | None, limit: int) -> Matches:
    """Search, and say what was left out."""
    async with ctx.state.running(database, None) as deadline:
        # What was found counts even if the last table takes too long, so the search ends a little early.
        searching = Searching(text, limit, expired=lambda: deadline.left < min(1.0, deadline.seconds / 4))
        await database.read(partial(searching.run, tables), deadline)
    reason = searching.reason
    return Matches(
        matches=searching.found,
        searched=searching.searched,
        skipped=searching.skipped,
        truncated=reason is not None,
        truncation=None if reason is None else Truncation(reason, len(searching.found)),
    )


class Searching:
    """One search; `run` may begin again."""

    def __init__(self, text: str, limit: int, *, expired: Callable[[], bool]) -> None:
        self._text = text
        self._limit = limit
        self._expired = expired
        self._begin()

    def _begin(self) -> None:
        self.found: list[Found] = []
        self.searched: list[str] = []
        self.skipped: list[str] = []
        self.reason: Reason | None = None
        self._scanned = 0

    def run(self, tables: Sequence[str] | None, connection: sqlite3.Connection) -> None:
        """Search tables in turn, full-text ones first. On the thread."""
        self._begin()
        for table in _chosen(connection, tables):
            if len(self.found) >= self._limit:
                self._skip(table, "limit")
            elif self._expired():
                self._skip(table, "time")
            elif _is_full_text(table):
                self._by_index(connection, table)
            else:
                self._by_scan(connection, table)

    def _skip(self, table: Object, reason: Reason) -> None:
        self.skipped.append(table.name)
        self.reason = self.reason or reason

    def _by_index(self, connection: sqlite3.Connection, table: Object) -> None:
        names = _columns(connection, table.name)[:_MOST_COLUMNS]
        name = identifier(table.name)
        snippets = ", ".join(f"snippet({name}, {at}, ?, ?, '…', 16)" for at in range(len(names)))
        asking = f"SELECT rowid, bm25({name}), {snippets} FROM {name} WHERE {name} MATCH ? ORDER BY rank LIMIT ?"  # noqa: S608  found names
        phrase = '"' + self._text.replace('"', '""') + '"'
        values = [*([_BEGIN, _END] * len(names)), phrase, self._limit + 1 - len(self.found)]
        rows = self._rows(connection, table, asking, values)
        for rowid, rank, *texts in rows:
            at = next((at for at, text in enumerate(texts) if text and _BEGIN in text), 0)
            snippet = (texts[at] or "").replace(_BEGIN, "").replace(_END, "")
            self._take(Found(table=table.name, rowid=rowid, column=names[at], snippet=snippet, rank=round(rank, 6)))

    def _by_scan(self, connection: sqlite3.Connection, table: Object) -> None:
        names = _text_columns(connection, table.name)
        if not names:
            return
        size = _size(connection, table.name, names)
        if self._scanned + size > MOST_SCANNED:
            self._skip(table, "visited")
            return
        self._scanned += size
        columns = ", ".join(map(identifier, names))
        rowid = "NULL" if table.without_rowid or table.kind == "view" else "rowid"
        tests = " OR ".join(f"{identifier(name)} LIKE ? ESCAPE '\\'" for name in names)
        asking = f"SELECT {rowid}, {columns} FROM {identifier(table.name)} WHERE {tests} LIMIT ?"  # noqa: S608  found names
        values = [*([_pattern(self._text)] * len(names)), self._limit + 1 - len(self.found)]
        for number, *texts in self._rows(connection, table, asking, values):
            at = next((at for at, text in enumerate(texts) if _place(text, self._text) is not None), 0)
            snippet = _around(texts[at], self._text)
            self._take(Found(table=table.name, rowid=number, column=names[at], snippet=snippet))

    def _rows(self, connection: sqlite3.Connection, table: Object, asking: str, values: list[Any]) -> list[Any]:
        try:
            rows = connection.execute(asking, values).fetchall()
        except sqlite3.OperationalError as error:
            if not was_interrupted(error):
                self.skipped.append(table.name)  # a view or index of it does not work
                return []
            if not self.found:
                raise
            self._skip(table, "time")
            return []
        self.searched.append(table.name)
        return rows

    def _take(self, found: Found) -> None:
        if len(self.found) < self._limit:
            self.found.append(found)
        else:
            self.reason = self.reason or "limit"


def _chosen(connection: sqlite3.Connection, tables: Sequence[str] | None) -> list[Object]:
    if tables is not None:
        chosen = [find(connection, name, readable=True) for name in tables]
    else:
        chosen = [each for each in objects(connection) if each.kind in {"table", "virtual"} and not each.internal]
    return sorted(chosen, key=lambda each: not _is_full_text(each))


def _is_full_text(table: Object) -> bool:
    return table.kind == "virtual" and "using fts5" in " ".join((table.ddl or "").lower().split())


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
    return [name for (name,) in rows]


def _text_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute("SELECT name, upper(type) FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,))
    return [name for name, kind in rows if not kind or any(word in kind for word in _TEXTS)]


def _size(connection: sqlite3.Connection, table: str, names: Sequence[str]) -> int:
    """About how many bytes a scan reads: rows by the largest rowid, each as long as the first ones are."""
    lengths = " + ".join(f"coalesce(length({identifier(name)}), 0)" for name in names)
    asking = f"SELECT count(*), sum({lengths}) FROM (SELECT * FROM {identifier(table)} LIMIT {_SAMPLE})"  # noqa: S608  found names
    rows, length = connection.execute(asking).fetchone()
    if rows < _SAMPLE:
        return length or 0
    counting = f"SELECT max(rowid) FROM {identifier(table)}"  # noqa: S608  a found name
    try:
        largest = connection.execute(counting).fetchone()[0]
    except sqlite3.OperationalError:  # a table without them, or a view
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        size: int = connection.execute("PRAGMA page_size").fetchone()[0]
        return pages * size
    return (length or 0) * (largest if isinstance(largest, int) else rows) // rows


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _place(value: Any, text: str) -> int | None:
    if not isinstance(value, str):
        return None
    at = value.lower().find(text.lower())
    return None if at < 0 else at


def _around(value: Any, text: str) -> str:
    shown = value if isinstance(value, str) else str(value)
    at = _place(shown, text) or 0
    start, end = max(at - _AROUND, 0), at + len(text) + _AROUND
    return f"{'…' if start else ''}{shown[start:end]}{'…' if end < len(shown) else ''}"
