"""Objects of a database in pages that begin after a name."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_postgres.catalog.statements import COLUMNS_OF, FAMILIES, RELATION_KINDS, SCHEMAS
from mcp_ref_postgres.engine.connecting import Session

ObjectType = Literal[
    "table",
    "view",
    "matview",
    "foreign_table",
    "partitioned",
    "sequence",
    "index",
    "function",
    "procedure",
    "type",
    "enum",
    "extension",
    "trigger",
    "policy",
    "publication",
]
Detail = Literal["names", "summary", "full"]

_NAMED = ("schema", "name", "type")
_SUMMARY = (*_NAMED, "rows_estimate", "size_bytes", "description")
_SHOWN: dict[Detail, tuple[str, ...]] = {"names": _NAMED, "summary": _SUMMARY, "full": (*_SUMMARY, "owner", "columns")}


class After(Struct, frozen=True, array_like=True):
    """The last object of a page."""

    schema: str
    name: str
    type: str


class Wanted(Struct, frozen=True, kw_only=True):
    """Which objects, how many, and how much of each."""

    schemas: list[str] | None
    types: Sequence[ObjectType]
    like: str
    detail: Detail
    limit: int
    after: After | None = None


async def objects(session: Session, wanted: Wanted) -> tuple[list[dict[str, Any]], After | None]:
    """One page of objects in the order of their names, and where the next one begins."""
    found: list[Any] = []
    for statement, types in FAMILIES.values():
        kinds = [kind for kind in types if kind in wanted.types]
        if kinds:
            found += await session.connection.fetch(statement, *_arguments(wanted, kinds))
    found.sort(key=_key)
    shown, more = found[: wanted.limit], len(found) > wanted.limit
    columns = await _columns(session, shown) if wanted.detail == "full" else {}
    keep = _SHOWN[wanted.detail]
    rows = [_shown({**dict(row), "columns": columns.get(row["oid"])}, keep) for row in shown]
    return rows, after(shown[-1]) if more else None


def after(row: Any) -> After:
    """The place behind this object."""
    return After(*_key(row))


async def schemas(session: Session, visible: list[str] | None, *, system: bool) -> list[dict[str, Any]]:
    """The schemas with what is in them."""
    rows = await session.connection.fetch(SCHEMAS, visible, system)
    return [dict(row) for row in rows]


def _arguments(wanted: Wanted, kinds: list[str]) -> tuple[Any, ...]:
    after = wanted.after or After("", "", "")
    codes = [code for kind in kinds for code in RELATION_KINDS.get(kind, "")] or kinds
    start = None if wanted.after is None else after.schema
    return wanted.schemas, wanted.like, start, after.name, after.type, wanted.limit + 1, codes


def _key(row: Any) -> tuple[str, str, str]:
    # As "C" collates: by bytes.
    return row["schema"], row["name"], row["type"]


async def _columns(session: Session, rows: Sequence[Any]) -> dict[int, list[str]]:
    oids = [row["oid"] for row in rows]
    return {row["oid"]: row["columns"] for row in await session.connection.fetch(COLUMNS_OF, oids)}


def _shown(row: dict[str, Any], keep: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in keep if row.get(name) is not None}
