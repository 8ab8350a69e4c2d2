"""One object in full: found by name, each part by a statement of its own, its definition as SQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog import description as sql
from mcp_ref_postgres.catalog.ddl import table_ddl
from mcp_ref_postgres.catalog.naming import parsed
from mcp_ref_postgres.engine.connecting import Session

Part = Literal["columns", "constraints", "indexes", "triggers", "policies", "partitions", "stats", "ddl", "sample"]

_MOST_SHOWN = 10
_ROUTINES = frozenset({"function", "procedure"})
_TYPES = frozenset({"type", "enum"})
_TABLES = frozenset({"table", "partitioned", "foreign_table"})


class Object(Struct, frozen=True):
    """What a name means."""

    oid: int
    schema: str
    name: str
    type: str
    ddl: str | None = None
    description: str | None = None
    labels: list[str] | None = None

    @property
    def path(self) -> str:
        """As SQL names it."""
        return identifier(self.schema, self.name)


class Lookup(Struct, frozen=True, kw_only=True):
    """A name to be found: in which schemas, of which type, in what order."""

    name: str
    type: str | None
    visible: list[str] | None
    path: list[str]


async def find(session: Session, lookup: Lookup) -> Object | None:
    """The object of this name, or None; exactly as written first, then as the engine folds it.

    Raises:
        DbError: `invalid_argument`; several have this name.
    """
    schema, name = parsed(lookup.name)
    spellings = dict.fromkeys([(schema, name), (schema.lower() if schema else None, name.lower())])
    for each in spellings:
        found = await _candidates(session, lookup, each)
        if len(found) > 1:
            raise _ambiguous(lookup.name, found)
        if found:
            return found[0]
    return None


async def parts(session: Session, found: Object, include: Sequence[Part]) -> dict[str, Any]:
    """What was asked for of a relation, by the names of the result."""
    shown: dict[str, Any] = {}
    needs_columns = "columns" in include or "ddl" in include
    columns = await _rows(session, sql.COLUMNS, found) if needs_columns else []
    constraints = await _rows(session, sql.CONSTRAINTS, found) if {"constraints", "ddl"} & set(include) else []
    indexes = await _rows(session, sql.INDEXES, found) if {"indexes", "ddl"} & set(include) else []
    if "columns" in include:
        shown["columns"] = columns
    if "constraints" in include:
        shown |= _sorted_constraints(constraints)
        shown["referenced_by"] = await _rows(session, sql.REFERENCED_BY, found)
    if "indexes" in include:
        shown["indexes"] = indexes
    for name, statement in _LISTS.items():
        if name in include:
            shown[name] = await _rows(session, statement, found)
    if "stats" in include:
        shown["stats"] = (await _rows(session, sql.STATS, found))[0]
    if "ddl" in include:
        shown["ddl"] = await _definition(session, found, columns, constraints, indexes)
    return shown


_LISTS = {"triggers": sql.TRIGGERS, "policies": sql.POLICIES, "partitions": sql.PARTITIONS}


async def comment(session: Session, found: Object) -> str | None:
    """What somebody said of a relation."""
    return found.description or await session.connection.fetchval(sql.COMMENT, found.oid)


async def _candidates(session: Session, lookup: Lookup, spelling: tuple[str | None, str]) -> list[Object]:
    schema, name = spelling
    arguments = (schema, name, lookup.visible, lookup.path)
    found: list[Object] = []
    if lookup.type not in _ROUTINES | _TYPES:
        rows = await session.connection.fetch(sql.FIND, *arguments)
        found = [Object(row["oid"], row["schema"], row["name"], row["type"]) for row in rows]
    if not found and (lookup.type is None or lookup.type in _ROUTINES):
        rows = await session.connection.fetch(sql.ROUTINE, *arguments)
        found = [Object(0, row["schema"], row["name"], row["type"], row["ddl"], row["description"]) for row in rows]
    if not found and (lookup.type is None or lookup.type in _TYPES):
        rows = await session.connection.fetch(sql.TYPE, *arguments)
        found = [_type(row) for row in rows]
    return [each for each in found if lookup.type in (None, each.type)]


def _type(row: Any) -> Object:
    schema, name, labels = row["schema"], row["name"], row["labels"]
    ddl = None
    if labels:
        quoted = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
        ddl = f"CREATE TYPE {identifier(schema, name)} AS ENUM ({quoted})"
    elif row["typtype"] == "d":
        ddl = f"CREATE DOMAIN {identifier(schema, name)} AS {row['base']}"
    return Object(row["typrelid"], schema, name, row["type"], ddl, row["description"], labels)


def _ambiguous(name: str, found: Sequence[Object]) -> DbError:
    names = ", ".join(f"{each.schema}.{each.name} ({each.type})" for each in found[:_MOST_SHOWN])
    return DbError(
        f"`{name[:80]}` names {len(found)} objects.",
        code="invalid_argument",
        hint=f"In the order of the search path: {names}. Name the schema, or give `type`.",
    )


async def _rows(session: Session, statement: str, found: Object) -> list[dict[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = await session.connection.fetch(statement, found.oid)
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _sorted_constraints(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_kind: dict[str, list[dict[str, Any]]] = {"p": [], "u": [], "f": [], "c": [], "x": []}
    for row in rows:
        by_kind[row["kind"]].append({name: value for name, value in row.items() if name != "kind"})
    return {
        "primary_key": by_kind["p"][0]["columns"] if by_kind["p"] else None,
        "foreign_keys": by_kind["f"],
        "unique": by_kind["u"],
        "checks": by_kind["c"] + by_kind["x"],
    }


async def _definition(
    session: Session, found: Object, columns: Sequence[Any], constraints: Sequence[Any], indexes: Sequence[Any]
) -> str | None:
    if found.ddl is not None:
        return found.ddl
    connection = session.connection
    if found.type in {"view", "matview"}:
        word = "VIEW" if found.type == "view" else "MATERIALIZED VIEW"
        return f"CREATE {word} {found.path} AS\n{await connection.fetchval(sql.VIEW, found.oid)}"
    if found.type == "index":
        return await connection.fetchval(sql.INDEX, found.oid)
    if found.type == "sequence":
        row = await connection.fetchrow(sql.SEQUENCE, found.oid)
        cycle = "CYCLE" if row["cycle"] else "NO CYCLE"
        return (
            f"CREATE SEQUENCE {found.path} AS {row['type']} START {row['start']} INCREMENT {row['increment']}"
            f" MINVALUE {row['min']} MAXVALUE {row['max']} {cycle}"
        )
    if found.type not in _TABLES:
        return None
    key = await connection.fetchval(sql.PARTITIONED, found.oid) if found.type == "partitioned" else None
    bound = await connection.fetchrow(sql.BOUND, found.oid)
    return table_ddl(found.path, columns, constraints, indexes, key=key, bound=bound)
