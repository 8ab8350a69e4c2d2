"""What `--check` says: whether files can be opened and read, and the operator's queries be prepared."""

import sqlite3
from functools import partial

from mcp_protocol import ToolError
from mcp_ref_kit import Finding
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_sqlite.reading.plans import prepared, steps
from mcp_ref_sqlite.reading.statements import Statement
from mcp_ref_sqlite.state import State


async def findings(state: State) -> list[Finding]:
    """One for each database and query."""
    found = [await _database(state, name) for name in state.databases]
    return found + [await _query(state, query) for query in state.settings.queries]


async def _database(state: State, name: str) -> Finding:
    subject = f"database {name}"
    database = state.databases.get(name)
    try:
        async with state.running(database, None) as deadline:
            tables = await database.read(_tables, deadline)
    except ToolError as error:
        return Finding(subject, works=False, detail=error.message)
    return Finding(
        subject, works=True, detail=f"{database.source.mode}, {tables} tables, SQLite {sqlite3.sqlite_version}"
    )


async def _query(state: State, query: Canned) -> Finding:
    subject = f"query {query.name}"
    try:
        database = state.databases.get(query.database)
        asked = prepared(query.sql or "", {})
        async with state.running(database, None) as deadline:
            count = await database.read(partial(_steps, asked), deadline, asked.sql)
    except ToolError as error:
        return Finding(subject, works=False, detail=error.message)
    return Finding(subject, works=True, detail=f"{count} steps")


def _tables(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()[0]


def _steps(asked: Statement, connection: sqlite3.Connection) -> int:
    return len(steps(connection, asked))
