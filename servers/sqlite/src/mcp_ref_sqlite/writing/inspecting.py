"""What a statement would do, asked of SQLite before it runs: its program and the events of its gate, not its words."""

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.lexer import SQLITE, significant
from mcp_ref_kit.db.sql.statements import has_where, verb
from mcp_ref_sqlite.engine.gate import CHANGES, Event, Gate, writes_sequence
from mcp_ref_sqlite.reading.objects import shadows
from mcp_ref_sqlite.reading.plans import prepared
from mcp_ref_sqlite.reading.rows import run
from mcp_ref_sqlite.reading.statements import Statement

_DROPS = {
    sqlite3.SQLITE_DROP_TABLE: "Drop the table",
    sqlite3.SQLITE_DROP_VTABLE: "Drop the table",
    sqlite3.SQLITE_DROP_VIEW: "Drop the view",
    sqlite3.SQLITE_DROP_INDEX: "Drop the index",
    sqlite3.SQLITE_DROP_TRIGGER: "Drop the trigger",
}
_WHOLE = {sqlite3.SQLITE_DELETE: "Delete all rows of", sqlite3.SQLITE_UPDATE: "Change all rows of"}
_ALONE = frozenset({"journal_mode", "foreign_keys"})
_SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"})
_BY_PAGE = "SELECT tbl_name FROM sqlite_schema WHERE rootpage = ?"
# Operations that write to, empty or remove the tree that begins at a page: which of their numbers is that page.
_WRITING = {"OpenWrite": 2, "Clear": 1, "Destroy": 1}
# Then the number is that of a register: the page is not made yet.
_PAGE_IN_REGISTER = 0x10


class Deed(Struct, frozen=True):
    """What has to be confirmed: in words, and what it is done to. `counts` says that rows can be counted."""

    action: str
    target: str
    counts: bool


class Inspected(Struct, frozen=True):
    """What a statement would do."""

    deed: Deed | None
    inserts: bool
    alone: bool
    """It has to run outside of a transaction: it sets what SQLite does not change in one."""


def inspected(statement: Statement, connection: sqlite3.Connection, gate: Gate) -> Inspected:
    """Look at a caller's statement without running it. On the writer's thread.

    Raises:
        DbError: it explains, reads nothing but itself, or writes what belongs to SQLite.
    """
    prepared(statement.sql, {})
    gate.reset()
    connection.set_authorizer(gate)  # what was authorized before is authorized again, so that there are events
    program = run(connection, Statement(f"EXPLAIN {statement.sql}", statement.values)).fetchall()
    events = list(gate.events)
    _require_own(connection, gate, program, events)
    return Inspected(
        deed=_deed(statement.sql, events),
        inserts=any(event.action == sqlite3.SQLITE_INSERT for event in events),
        alone=any(event.action == sqlite3.SQLITE_PRAGMA and event.target.lower() in _ALONE for event in events),
    )


def _require_own(
    connection: sqlite3.Connection, gate: Gate, program: Sequence[Sequence[object]], events: list[Event]
) -> None:
    """Refuse what writes tables that SQLite or a virtual table keeps for itself.

    An FTS5 table writes its own shadow tables by statements of its own, not in the program of the caller's.
    """
    pages = {row[_WRITING[str(row[1])] + 1] for row in program if row[1] in _WRITING and not _in_register(row)}
    connection.set_authorizer(None)
    try:
        own = shadows(connection)
        tables = [name for page in pages for (name,) in connection.execute(_BY_PAGE, (page,))]
    finally:
        connection.set_authorizer(gate)
    owned = [name for name in tables if name in own]
    if owned or writes_sequence(events):
        name = owned[0] if owned else "sqlite_sequence"
        raise DbError(f"The table `{name}` is SQLite's own and is not written directly.", code="permission")


def _in_register(operation: Sequence[object]) -> bool:
    flags = operation[6]
    return isinstance(flags, int) and bool(flags & _PAGE_IN_REGISTER)


def _deed(sql: str, events: list[Event]) -> Deed | None:
    for event in events:
        if event.action in _DROPS and event.source is None:
            return Deed(_DROPS[event.action], event.target, counts=event.action == sqlite3.SQLITE_DROP_TABLE)
    dropped = next((event for event in events if event.action == sqlite3.SQLITE_ALTER_TABLE), None)
    words = significant(sql, SQLITE)
    if dropped is not None:
        drops = any(word.is_word("drop") and word.depth == 0 for word in words)
        return Deed("Drop a column of the table", dropped.detail or "", counts=False) if drops else None
    if verb(words) not in {"delete", "update", None} or has_where(words):
        return None
    whole = next((event for event in events if _is_whole(event)), None)
    return None if whole is None else Deed(_WHOLE[whole.action], whole.target, counts=True)


def _is_whole(event: Event) -> bool:
    """A change of rows by the statement itself, not of the schema and not by a trigger."""
    named = event.target.lower()
    return event.action in CHANGES & set(_WHOLE) and event.source is None and named not in _SCHEMA_TABLES
