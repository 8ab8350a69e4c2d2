"""Indexes that do not exist: made for one session by HypoPG, which works in a READ ONLY transaction too."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import arg
from mcp_ref_kit.db.calls.errors import DbError, bad_argument, unknown
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog.describing import Lookup, find
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Engine

METHODS = ("btree", "hash", "gin", "gist", "spgist", "brin", "bloom")
MOST = 10

_COLUMNS = """
    SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
"""


class HypotheticalIndex(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """using: btree, hash, gin, gist, spgist, brin; where: of a partial index."""

    table: str
    columns: Annotated[list[str], arg("In order.", min_length=1, max_length=32)]
    using: str = "btree"
    where: str | None = None


class Made(Struct, frozen=True):
    """An index that HypoPG made, under its name in plans."""

    name: str
    ddl: str
    oid: int


def schema_of(engine: Engine) -> str:
    """Where HypoPG's functions are.

    Raises:
        DbError: `unsupported`; it is not installed.
    """
    facts = engine.facts_seen
    found = None if facts is None else facts.extensions.get("hypopg")
    if found is None:
        raise DbError(
            "Hypothetical indexes need the extension HypoPG, which this database does not have.",
            code="unsupported",
            hint="Install it on the engine's machine, then: CREATE EXTENSION hypopg",
        )
    return found.schema


async def ddl_of(session: Session, wanted: HypotheticalIndex, visible: list[str] | None, path: list[str]) -> str:
    """The CREATE INDEX statement; every name in it was looked up, the condition has to pass the gate by itself.

    Raises:
        DbError: `not_found`, `invalid_argument`.
    """
    if wanted.using not in METHODS:
        raise bad_argument("using", f"must be one of {', '.join(METHODS)}")
    found = await find(session, Lookup(name=wanted.table, type=None, visible=visible, path=path))
    if found is None or not found.oid:
        raise unknown("table", wanted.table, (), "list_objects shows what there is.")
    known = [row[0] for row in await session.connection.fetch(_COLUMNS, found.oid)]
    for column in wanted.columns:
        if column not in known:
            raise unknown("column", column, known)
    columns = ", ".join(map(identifier, wanted.columns))
    where = "" if wanted.where is None else f" WHERE {wanted.where}\n"
    return f"CREATE INDEX ON {found.path} USING {wanted.using} ({columns}){where}"


def probe_of(ddl_table: str, condition: str) -> str:
    """A statement that passes the gate only if the condition is one expression."""
    return f"SELECT FROM {ddl_table} WHERE ({condition}\n)"


async def make(session: Session, schema: str, statements: Sequence[str]) -> list[Made]:
    """Make these indexes for this session, until `reset`."""
    function = identifier(schema, "hypopg_create_index")
    made: list[Made] = []
    for ddl in statements:
        row: Any = await session.connection.fetchrow(f"SELECT indexname, indexrelid FROM {function}($1)", ddl)  # noqa: S608  quoted
        made.append(Made(row["indexname"], " ".join(ddl.split()), row["indexrelid"]))
    return made


async def sizes(session: Session, schema: str, made: Sequence[Made]) -> list[int]:
    """How large each would be, in bytes."""
    function = identifier(schema, "hypopg_relation_size")
    return [await session.connection.fetchval(f"SELECT {function}($1::oid)", each.oid) for each in made]


async def reset(session: Session, schema: str) -> None:
    """Forget them all; they would outlive the transaction otherwise."""
    await session.connection.fetch(f"SELECT {identifier(schema, 'hypopg_reset')}()")
