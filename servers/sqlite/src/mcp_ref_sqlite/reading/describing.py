"""Everything about one object: columns, indexes, keys, triggers, its statement. On the thread."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from mcp_ref_kit.db.sql.lexer import SQLITE, significant
from mcp_ref_sqlite.reading.metadata import TableNotes
from mcp_ref_sqlite.reading.objects import Object
from mcp_ref_sqlite.reading.words import Part

LONGEST_DDL = 65_536
# A column of these hidden states is computed: virtual, or stored.
_GENERATED = {2: "virtual", 3: "stored"}
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
_INDEXES = 'SELECT name, "unique", partial, origin FROM pragma_index_list(?) ORDER BY name'
_KEYS = 'SELECT id, seq, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq'
_REFERENCES = """
SELECT s.name, f.id, f.seq, f."from", f."to" FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
WHERE s.type = 'table' AND f."table" = ? COLLATE NOCASE ORDER BY s.name, f.id, f.seq
"""


def described(
    found: Object, parts: Sequence[Part], notes: TableNotes, connection: sqlite3.Connection
) -> dict[str, Any]:
    """The parts that were asked for."""
    answer: dict[str, Any] = {"name": found.name, "type": found.kind}
    if found.kind in {"index", "trigger"}:
        answer["table"] = found.table
    text = notes.description(found.name)
    answer |= {"description": text} if text else {}
    for part in parts:
        if part == "ddl":
            answer["ddl"] = (found.ddl or "")[:LONGEST_DDL]
        elif part != "sample" and found.has_rows:
            answer |= _PARTS[part](connection, found.name, notes)
    return answer


def columns(connection: sqlite3.Connection, table: str, notes: TableNotes) -> dict[str, Any]:
    """The columns of a table or view."""
    said = notes.columns(table)
    found: list[dict[str, Any]] = []
    for name, kind, not_null, default, key, hidden in connection.execute(_COLUMNS, (table,)):
        column: dict[str, Any] = {
            "name": name,
            "type": kind,
            "not_null": bool(not_null),
            "default": default,
            "pk": key,
            "generated": _GENERATED.get(hidden),
            "hidden": hidden == 1,
        }
        found.append(column | ({"description": said[name]} if name in said else {}))
    return {"columns": found}


def indexes(connection: sqlite3.Connection, table: str, notes: TableNotes) -> dict[str, Any]:
    """The indexes of a table, with the condition of partial ones."""
    del notes
    found = connection.execute(_INDEXES, (table,)).fetchall()
    statements: dict[str, str | None] = dict(
        connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", (table,))
    )
    return {
        "indexes": [
            {
                "name": name,
                "columns": index_columns(connection, name),
                "unique": bool(unique),
                "partial": bool(partial),
                "where": condition(statements.get(name) or "") if partial else None,
            }
            for name, unique, partial, _ in found
        ]
    }


def index_columns(connection: sqlite3.Connection, index: str) -> list[str]:
    """The key columns of an index; an expression has no name."""
    rows = connection.execute('SELECT name, "desc" FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno', (index,))
    return [f"{name or '(expression)'}{' DESC' if descending else ''}" for name, descending in rows]


def condition(ddl: str) -> str | None:
    """What follows WHERE in the statement of a partial index."""
    where = [token for token in significant(ddl, SQLITE) if token.depth == 0 and token.is_word("where")]
    return ddl[where[-1].end :].strip() if where else None


def foreign_keys(connection: sqlite3.Connection, table: str, notes: TableNotes) -> dict[str, Any]:
    """What a table refers to, and what refers to it."""
    del notes
    keys: dict[int, dict[str, Any]] = {}
    for number, _, target, source, to, on_update, on_delete in connection.execute(_KEYS, (table,)):
        key = keys.setdefault(
            number, {"columns": [], "table": target, "to": [], "on_update": on_update, "on_delete": on_delete}
        )
        key["columns"].append(source)
        key["to"].append(to)
    referring: dict[tuple[str, int], dict[str, Any]] = {}
    for name, number, _, source, to in connection.execute(_REFERENCES, (table,)):
        key = referring.setdefault((name, number), {"table": name, "columns": [], "to": []})
        key["columns"].append(source)
        key["to"].append(to)
    return {"foreign_keys": list(keys.values()), "referenced_by": list(referring.values())}


def triggers(connection: sqlite3.Connection, table: str, notes: TableNotes) -> dict[str, Any]:
    """The triggers of a table or view."""
    del notes
    asking = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY name"
    return {
        "triggers": [{"name": name, "ddl": ddl[:LONGEST_DDL]} for name, ddl in connection.execute(asking, (table,))]
    }


_PARTS = {"columns": columns, "indexes": indexes, "foreign_keys": foreign_keys, "triggers": triggers}
