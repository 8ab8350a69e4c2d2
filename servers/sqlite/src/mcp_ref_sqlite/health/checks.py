"""The checks of a database file, one function each. On the thread of the connection for our own statements."""

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.reading.describing import index_columns
from mcp_ref_sqlite.reading.objects import Object, objects
from mcp_ref_sqlite.reading.words import CheckName, Status

_MOST_ITEMS = 20
# A fifth of the file is free: then VACUUM gives something back.
_MUCH_FREE = 0.2
_FEW_PAGES = 100
_SETTINGS = ("page_size", "encoding", "auto_vacuum", "user_version", "application_id", "journal_mode")
_LARGE_WAL = 64 * 1024 * 1024


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a check found; `fix_sql` is for somebody who may write."""

    name: CheckName
    status: Status
    summary: str
    items: list[str] = []
    fix_sql: str | None = None


class Check(Protocol):
    """Looks at one thing."""

    def __call__(self, path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
        """What it found."""
        ...


def integrity(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """Whether pages and, if `deep`, indexes are as they should be."""
    del path
    pragma = f"PRAGMA {'integrity_check' if deep else 'quick_check'}({_MOST_ITEMS})"
    said = [str(row[0]) for row in connection.execute(pragma)]
    if said == ["ok"]:
        return Finding(name="integrity", status="ok", summary=f"{'Pages and indexes' if deep else 'Pages'} are sound.")
    return Finding(name="integrity", status="fail", summary="The file is damaged.", items=said)


def foreign_keys(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """Whether every reference leads somewhere."""
    del path, deep
    rows = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_ITEMS)
    items = [f"{table} row {rowid} refers to {parent}" for table, rowid, parent, _ in rows]
    if not items:
        return Finding(name="foreign_keys", status="ok", summary="Every reference leads somewhere.")
    return Finding(name="foreign_keys", status="fail", summary="Rows refer to what is not there.", items=items)


def fragmentation(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """How much of the file is free."""
    del path, deep
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    summary = f"{free} of {pages} pages are free."
    if pages > _FEW_PAGES and free > pages * _MUCH_FREE:
        return Finding(name="fragmentation", status="warn", summary=summary, fix_sql="VACUUM")
    return Finding(name="fragmentation", status="ok", summary=summary)


def wal(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """Whether the write-ahead log has grown."""
    del deep
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        return Finding(name="wal", status="ok", summary=f"The journal mode is {mode}.")
    beside = path.with_name(f"{path.name}-wal")
    size = beside.stat().st_size if beside.exists() else 0
    summary = f"The write-ahead log has {size} bytes."
    if size > _LARGE_WAL:
        return Finding(name="wal", status="warn", summary=summary, fix_sql="PRAGMA wal_checkpoint(TRUNCATE)")
    return Finding(name="wal", status="ok", summary=summary)


def stats(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """Whether the planner knows how the data is spread."""
    del path, deep
    indexed = {
        each.table for each in objects(connection) if each.kind == "index" and not each.table.startswith("sqlite_")
    }
    known = set(_analyzed(connection))
    missing = sorted(indexed - known)
    if missing:
        summary = f"{len(missing)} tables with indexes were never analyzed."
        return Finding(name="stats", status="warn", summary=summary, items=missing[:_MOST_ITEMS], fix_sql="ANALYZE")
    return Finding(name="stats", status="ok", summary=f"{len(known)} tables are analyzed.")


def indexes(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """Indexes that others contain, and foreign keys that have none."""
    del path, deep
    tables = [each for each in objects(connection) if each.kind == "table" and not each.internal]
    doubled = [pair for table in tables for pair in redundant(connection, table)]
    bare = [name for table in tables for name in _unindexed_keys(connection, table)]
    items = [f"{name} is contained in {other}" for name, other in doubled] + [f"{name} has no index" for name in bare]
    if not items:
        return Finding(name="indexes", status="ok", summary="No index is superfluous, every foreign key has one.")
    fixes = [f"DROP INDEX {identifier(name)};" for name, _ in doubled]
    return Finding(
        name="indexes",
        status="warn",
        summary=f"{len(doubled)} superfluous indexes, {len(bare)} foreign keys without one.",
        items=items[:_MOST_ITEMS],
        fix_sql="\n".join(fixes[:_MOST_ITEMS]) or None,
    )


def settings(path: Path, connection: sqlite3.Connection, /, *, deep: bool) -> Finding:
    """How the file is set up."""
    del path, deep
    asked = [(name, f"PRAGMA {name}") for name in _SETTINGS]
    items = [f"{name} = {connection.execute(pragma).fetchone()[0]}" for name, pragma in asked]
    return Finding(name="settings", status="ok", summary="Set up as follows.", items=items)


def redundant(connection: sqlite3.Connection, table: Object) -> Iterator[tuple[str, str]]:
    """Each index whose columns begin another one, with that one."""
    rows = connection.execute(
        'SELECT name, "unique", partial, origin FROM pragma_index_list(?)', (table.name,)
    ).fetchall()
    columns = {name: index_columns(connection, name) for name, *_ in rows}
    plain = {name for name, unique, partial, origin in rows if not unique and not partial and origin == "c"}
    whole = {name for name, _, partial, _ in rows if not partial}
    gone: set[str] = set()
    for name, other in permutations(sorted(columns), 2):
        begins = columns[other][: len(columns[name])] == columns[name] and "(expression)" not in columns[name]
        if name in plain and other in whole and begins and other not in gone and name not in gone:
            gone.add(name)
            yield name, other


CHECKS: Mapping[CheckName, Check] = {
    "integrity": integrity,
    "foreign_keys": foreign_keys,
    "fragmentation": fragmentation,
    "wal": wal,
    "stats": stats,
    "indexes": indexes,
    "settings": settings,
}


def _analyzed(connection: sqlite3.Connection) -> list[str]:
    try:
        return [str(table) for (table,) in connection.execute("SELECT DISTINCT tbl FROM sqlite_stat1")]
    except sqlite3.OperationalError:  # nobody has run ANALYZE
        return []


def _unindexed_keys(connection: sqlite3.Connection, table: Object) -> Iterator[str]:
    keys: dict[int, list[str]] = {}
    asking = 'SELECT id, "from" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
    for number, column in connection.execute(asking, (table.name,)):
        keys.setdefault(number, []).append(column)
    names = [name for (name,) in connection.execute("SELECT name FROM pragma_index_list(?)", (table.name,))]
    led = [[column.removesuffix(" DESC") for column in index_columns(connection, name)] for name in names]
    primary = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table.name,))
    led.append([name for (name,) in primary])
    for columns in keys.values():
        if not any(set(index[: len(columns)]) == set(columns) for index in led):
            yield f"{table.name}({', '.join(columns)})"
