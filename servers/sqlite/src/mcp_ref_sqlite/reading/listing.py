"""A page of the catalogue: objects by a glob of their names, with as much detail as was asked for. On the thread."""

import sqlite3
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.rows.envelope import Reason
from mcp_ref_kit.db.rows.room import Room
from mcp_ref_sqlite.reading.metadata import TableNotes
from mcp_ref_sqlite.reading.objects import Counts, Object, column_names, objects
from mcp_ref_sqlite.reading.words import Detail
from mcp_ref_sqlite.reading.words import ObjectKind as Kind

_WILD = frozenset("*?[")
_LONGEST_DDL = 16_384


class ListQuery(Struct, frozen=True, kw_only=True):
    """What a call asks for; `after` is the last name and kind of the page before."""

    pattern: str
    kinds: Sequence[Kind]
    detail: Detail
    limit: int
    most_bytes: int
    after: tuple[str, str] | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """A page, and whether there is more."""

    objects: list[dict[str, Any]]
    last: tuple[str, str] | None
    reason: Reason | None
    total: int


def listed(query: ListQuery, notes: TableNotes, connection: sqlite3.Connection) -> Listed:
    """The page."""
    wanted = [each for each in objects(connection) if _is_wanted(each, query, notes)]
    rest = [each for each in wanted if query.after is None or (each.name, each.kind) > query.after]
    counts = Counts(connection) if query.detail != "names" else None
    found: list[dict[str, Any]] = []
    reason: Reason | None = None
    room = Room(query.most_bytes)
    for each in rest:
        if len(found) >= query.limit:
            reason = "limit"
            break
        shown = _shown(each, query.detail, connection, counts, notes)
        if not room.takes(shown):
            reason = "bytes"
            break
        found.append(shown)
    last = rest[len(found) - 1] if reason else None
    return Listed(
        objects=found,
        last=None if last is None else (last.name, last.kind),
        reason=reason,
        total=len(wanted),
    )


def _is_wanted(each: Object, query: ListQuery, notes: TableNotes) -> bool:
    if each.kind not in query.kinds:
        return False
    if (each.internal or notes.hides(each.name)) and _WILD & set(query.pattern):
        return False
    return fnmatchcase(each.name.lower(), query.pattern.lower())


def _shown(
    each: Object, detail: Detail, connection: sqlite3.Connection, counts: Counts | None, notes: TableNotes
) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": each.name, "type": each.kind}
    if counts is None:
        return shown
    if each.has_rows:
        shown["columns"] = column_names(connection, each.name)
        rows, estimated = counts.of(each)
        shown |= {} if rows is None else {"rows": rows, "rows_estimated": estimated}
    else:
        shown["table"] = each.table
    shown |= {"strict": True} if each.strict else {}
    shown |= {"without_rowid": True} if each.without_rowid else {}
    described = notes.description(each.name)
    shown |= {"description": described} if described else {}
    if detail == "full" and each.ddl:
        shown["ddl"] = each.ddl[:_LONGEST_DDL]
    return shown
