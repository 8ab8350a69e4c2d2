"""How SQLite would find the rows: its plan as a tree, and what is worth saying about it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.lexer import SQLITE, significant
from mcp_ref_sqlite.reading.statements import Statement, statement, unbound

_MOST_OPERATIONS = 2000


class Step(Struct, frozen=True):
    """One line of a plan."""

    id: int
    parent: int
    detail: str
    depth: int


class Plan(Struct, frozen=True, kw_only=True):
    """A plan and what it shows."""

    tree: list[Step]
    uses_index: list[str]
    full_scans: list[str]
    temp_btrees: int
    advice: list[str]
    bytecode: list[list[Any]] | None = None


def explained(sql: str, params: list[Any] | dict[str, Any], connection: sqlite3.Connection, *, bytecode: bool) -> Plan:
    """The plan of a caller's statement, which is not run. On a reader's thread."""
    asked = prepared(sql, params)
    tree = steps(connection, asked)
    return plan(tree, _program(connection, asked) if bytecode else None)


def _program(connection: sqlite3.Connection, asked: Statement) -> list[list[Any]]:
    explaining = f"EXPLAIN {asked.sql}"
    return [list(row) for row in connection.execute(explaining, asked.values).fetchmany(_MOST_OPERATIONS)]


def prepared(sql: str, params: list[Any] | dict[str, Any]) -> Statement:
    """The statement, its parameters without a value as NULL.

    Raises:
        DbError: it explains something itself.
    """
    words = significant(sql, SQLITE)
    if words and words[0].is_word("explain"):
        raise DbError("Give the statement itself, without EXPLAIN.", code="invalid_argument")
    return statement(sql, params) if params else Statement(sql, unbound(sql))


def steps(connection: sqlite3.Connection, asked: Statement) -> list[Step]:
    """The plan, parents before their children."""
    explaining = f"EXPLAIN QUERY PLAN {asked.sql}"  # one statement, which the module sees to; it is not run
    rows = connection.execute(explaining, asked.values).fetchall()
    depths: dict[int, int] = {0: -1}
    found: list[Step] = []
    for ident, parent, _, detail in rows:
        depths[ident] = depths.get(parent, -1) + 1
        found.append(Step(ident, parent, detail, depths[ident]))
    return found


def plan(tree: list[Step], bytecode: list[list[Any]] | None = None) -> Plan:
    """A tree with what it shows. Pure."""
    scans = [table for step in tree if (table := full_scan(step.detail))]
    indexes = [name for step in tree if (name := index_of(step.detail))]
    sorts = [step.detail for step in tree if "TEMP B-TREE" in step.detail]
    return Plan(
        tree=tree,
        uses_index=list(dict.fromkeys(indexes)),
        full_scans=list(dict.fromkeys(scans)),
        temp_btrees=len(sorts),
        advice=_advice(tree, scans, sorts),
        bytecode=bytecode,
    )


def full_scan(detail: str) -> str | None:
    """The table that a step reads from one end to the other without an index."""
    words = detail.split(" ")
    if words[0] != "SCAN" or " USING " in detail or "VIRTUAL TABLE" in detail or "CONSTANT ROW" in detail:
        return None
    name = words[2] if words[1:2] == ["TABLE"] and len(words) > 2 else " ".join(words[1:])  # noqa: PLR2004  before 3.36: SCAN TABLE x
    return name or None


def index_of(detail: str) -> str | None:
    """The index that a step uses."""
    _, sign, rest = detail.partition(" USING ")
    if not sign:
        return None
    for word in ("COVERING INDEX ", "AUTOMATIC COVERING INDEX ", "INDEX "):
        if rest.startswith(word):
            return rest.removeprefix(word).split(" (")[0]
    return "rowid" if rest.startswith("INTEGER PRIMARY KEY") else None


def _advice(tree: Sequence[Step], scans: Sequence[str], sorts: Sequence[str]) -> list[str]:
    said = [
        f"{table} is read whole; advise_indexes can look for an index that helps." for table in dict.fromkeys(scans)
    ]
    said += [f"{detail.capitalize()}: an index in that order would save it." for detail in dict.fromkeys(sorts)]
    if any("AUTOMATIC" in step.detail for step in tree):
        said.append("SQLite builds an index for this statement each time; a lasting one would save that.")
    if any("CORRELATED" in step.detail for step in tree):
        said.append("A subquery runs once for each row; a join or a WITH may be faster.")
    return said
