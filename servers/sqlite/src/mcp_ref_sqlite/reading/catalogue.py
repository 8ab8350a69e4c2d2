"""The catalogue and plans as tools answer them: work for a reader, and its result as the tool's."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict

from mcp_ref_kit.budget import marked
from mcp_ref_kit.db.rows.envelope import Envelope, Truncation
from mcp_ref_kit.db.rows.formats import visible
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.db.rows.room import budget
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.reading.describing import described
from mcp_ref_sqlite.reading.listing import ListQuery, listed
from mcp_ref_sqlite.reading.objects import find, objects
from mcp_ref_sqlite.reading.plans import Plan, explained
from mcp_ref_sqlite.reading.rows import Rows
from mcp_ref_sqlite.reading.statements import Statement
from mcp_ref_sqlite.reading.words import Detail, ObjectKind, Part
from mcp_ref_sqlite.results import Described, Explained, Objects
from mcp_ref_sqlite.state import Ctx


async def list_page(  # noqa: PLR0913  what the tool's arguments are
    ctx: Ctx,
    database: Database,
    pattern: str,
    kinds: Sequence[ObjectKind],
    *,
    detail: Detail,
    limit: int,
    cursor: str | None,
) -> Objects:
    """One page of objects, by name."""
    state = ctx.state
    after = None if cursor is None else state.paging.after(ctx, cursor, database.name, tuple[str, str])
    query = ListQuery(
        pattern=pattern,
        kinds=kinds,
        detail=detail,
        limit=state.bounds(database, limit).limit,
        most_bytes=budget(state.settings.max_output_chars),
        after=after,
    )
    async with state.running(database, None) as deadline:
        found = await database.read(partial(listed, query, state.notes(database.name)), deadline)
    return Objects(
        objects=found.objects,
        next_cursor=None if found.last is None else state.paging.seal(ctx, found.last, database.name),
        truncated=found.reason is not None,
        truncation=None if found.reason is None else Truncation(found.reason, len(found.objects), found.total),
    )


async def describe(ctx: Ctx, database: Database, name: str, parts: Sequence[Part], sample_rows: int) -> Described:
    """One object."""
    bounds = ctx.state.bounds(database, sample_rows, 256)
    async with ctx.state.running(database, None) as deadline:
        work = partial(_described, ctx, database, name, parts, bounds)
        return await database.read(work, deadline)


def _described(
    ctx: Ctx, database: Database, name: str, parts: Sequence[Part], bounds: Bounds, connection: sqlite3.Connection
) -> Described:
    found = find(connection, name)
    answer = described(found, parts, ctx.state.notes(database.name), connection)
    if "sample" in parts and found.has_rows:
        statement = Statement(f"SELECT * FROM {identifier(found.name)} LIMIT {bounds.limit}", [])  # noqa: S608  a found name
        fetched = Rows(statement, bounds, expired=_never).begin(connection)
        if fetched.more is not None:
            fetched.more.cursor.close()
        answer["sample"] = fetched.page.envelope(elapsed_ms=fetched.milliseconds)
    return Described(**answer, untrusted=True)


async def explain_statement(
    ctx: Ctx, database: Database, sql: str, params: list[Any] | dict[str, Any], *, bytecode: bool
) -> Explained:
    """The plan of a statement."""
    async with ctx.state.running(database, None) as deadline:
        work = partial(_explained, sql, params, bytecode=bytecode)
        found = await database.read(work, deadline, sql)
    facts = {name: value for name, value in asdict(found).items() if name != "bytecode"}
    return Explained(**facts, bytecode=UNSET if found.bytecode is None else found.bytecode)


def _explained(sql: str, params: list[Any] | dict[str, Any], connection: sqlite3.Connection, *, bytecode: bool) -> Plan:
    return explained(sql, params, connection, bytecode=bytecode)


def _never() -> bool:
    return False


async def schema_text(ctx: Ctx, database: Database) -> str:
    """Every statement of the schema, as far as it fits."""
    async with ctx.state.running(database, None) as deadline:
        found = await database.read(objects, deadline)
    statements = [each.ddl for each in found if each.ddl and not each.shadow]
    text = "\n\n".join(f"{visible(ddl)};" for ddl in statements)
    return marked(text, ctx.state.settings.max_output_chars)


async def table_rows(ctx: Ctx, database: Database, table: str, limit: int) -> Envelope:
    """The first rows of a table or view."""
    bounds = ctx.state.bounds(database, limit)
    async with ctx.state.running(database, None) as deadline:
        return await database.read(partial(_first_rows, table, bounds), deadline)


def _first_rows(table: str, bounds: Bounds, connection: sqlite3.Connection) -> Envelope:
    found = find(connection, table, readable=True)
    statement = Statement(f"SELECT * FROM {identifier(found.name)}", [])  # noqa: S608  a found name
    fetched = Rows(statement, bounds, expired=_never).begin(connection)
    if fetched.more is not None:
        fetched.more.cursor.close()
    return fetched.page.envelope(elapsed_ms=fetched.milliseconds)
