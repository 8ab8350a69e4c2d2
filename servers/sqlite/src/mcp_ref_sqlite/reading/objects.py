"""What is in a database: its objects by name, as SQLite itself lists them. On a connection's thread."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import unknown
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.reading.words import ObjectKind as Kind

# Tables with fewer pages than this are counted; a count reads every page.
_COUNTED_PAGES = 1000
_COUNTED_ROWS = 10_000
_OWN = "sqlite_"
_ALL = "SELECT name, type, tbl_name, sql FROM sqlite_schema ORDER BY name, type"
_TABLES = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
_PLAIN = ("", False, False)
_KINDS: dict[str, Kind] = {"table": "table", "view": "view", "index": "index", "trigger": "trigger"}


class Object(Struct, frozen=True, kw_only=True):
    """One row of the schema table."""

    name: str
    kind: Kind
    table: str
    ddl: str | None
    shadow: bool
    without_rowid: bool
    strict: bool

    @property
    def internal(self) -> bool:
        """Whether it belongs to SQLite, or to a virtual table."""
        return self.shadow or self.name.startswith(_OWN)

    @property
    def has_rows(self) -> bool:
        """Whether it can be read from."""
        return self.kind in {"table", "view", "virtual"}


def objects(connection: sqlite3.Connection) -> list[Object]:
    """Everything, by name."""
    # Not joined by SQLite, which would list all tables again for each.
    tables = {name: (kind, bool(bare), bool(strict)) for name, kind, bare, strict in connection.execute(_TABLES)}
    return [_object(row, tables) for row in connection.execute(_ALL)]


def shadows(connection: sqlite3.Connection) -> set[str]:
    """The tables that virtual tables keep for themselves."""
    return {name for name, kind, _, _ in connection.execute(_TABLES) if kind == "shadow"}


def find(connection: sqlite3.Connection, name: str, *, readable: bool = False) -> Object:
    """The object of exactly this name, else the only one that differs in capitals alone.

    Raises:
        DbError: `not_found`, with names that are close.
    """
    known = [each for each in objects(connection) if each.has_rows or not readable]
    found = [each for each in known if each.name == name] or [
        each for each in known if each.name.lower() == name.lower()
    ]
    if len({each.name for each in found}) != 1:
        names = [each.name for each in known if not each.internal]
        noun = "table" if readable else "object"
        raise unknown(noun, name, names, hint="list_objects shows what there is.")
    return found[0]


def column_names(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns that `*` stands for; none for a view that does not work."""
    try:
        rows = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 2, 3)", (table,))
        return [name for (name,) in rows]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise
        return []


class Counts:
    """How many rows tables have, or about how many."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        self._small = pages < _COUNTED_PAGES
        self._planned = _statistics(connection)

    def of(self, table: Object) -> tuple[int | None, bool]:
        """The number, and whether it is an estimate."""
        if table.kind != "table":
            return None, False
        most = -1 if self._small else _COUNTED_ROWS
        counting = f"SELECT count(*) FROM (SELECT 1 FROM {identifier(table.name)} LIMIT {most})"  # noqa: S608  a found name
        count: int = self._connection.execute(counting).fetchone()[0]
        if self._small or count < _COUNTED_ROWS:
            return count, False
        planned = self._planned.get(table.name)
        return (planned if planned is not None else self._largest(table)), True

    def _largest(self, table: Object) -> int | None:
        if table.without_rowid:
            return None
        asking = f"SELECT max(rowid) FROM {identifier(table.name)}"  # noqa: S608  a found name
        with suppress(sqlite3.OperationalError):  # a column may be called rowid and hold something else
            largest = self._connection.execute(asking).fetchone()[0]
            return largest if isinstance(largest, int) else None
        return None


def _statistics(connection: sqlite3.Connection) -> dict[str, int]:
    """What ANALYZE found, by table."""
    found: dict[str, int] = {}
    with suppress(sqlite3.OperationalError):  # nobody has run it
        for table, stat in connection.execute("SELECT tbl, stat FROM sqlite_stat1"):
            first = str(stat).split(" ", 1)[0]
            if first.isdecimal():
                found[str(table)] = max(found.get(str(table), 0), int(first))
    return found


def _object(row: Sequence[str | None], tables: Mapping[str, tuple[str, bool, bool]]) -> Object:
    name, kind, table, ddl = row
    listed, without_rowid, strict = _PLAIN if kind == "index" else tables.get(name or "", _PLAIN)
    return Object(
        name=name or "",
        kind="virtual" if listed == "virtual" else _KINDS.get(kind or "", "table"),
        table=table or "",
        ddl=ddl,
        shadow=listed == "shadow",
        without_rowid=without_rowid,
        strict=strict,
    )


def columns_by_table(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Every table and view that is not SQLite's own, with its columns."""
    found = [each for each in objects(connection) if each.has_rows and not each.internal]
    return {each.name: column_names(connection, each.name) for each in found}
