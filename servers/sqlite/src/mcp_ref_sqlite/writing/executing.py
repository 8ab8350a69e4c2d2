"""execute and execute_batch: judged, agreed to, then done in one transaction."""

import sqlite3
import time
from functools import partial
from typing import Any, TypeAlias

from msgspec import UNSET, Struct

from mcp_ref_kit.db.calls.confirm import Affected
from mcp_ref_kit.db.calls.confirm import Deed as Asked
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.gate import Gate
from mcp_ref_sqlite.engine.writer import transaction
from mcp_ref_sqlite.reading.rows import Rows
from mcp_ref_sqlite.reading.statements import Statement, statement
from mcp_ref_sqlite.results import Executed
from mcp_ref_sqlite.state import Ctx
from mcp_ref_sqlite.writing.inspecting import Deed, Inspected, inspected

COUNT_SECONDS = 2.0

Call: TypeAlias = tuple[str, list[Any] | dict[str, Any]]
"""A statement and its parameters."""


class Change(Struct, frozen=True, kw_only=True):
    """What one statement did; `returned` are the rows of RETURNING."""

    changes: int
    last_insert_rowid: int | None
    returned: Any = UNSET


async def execute(
    ctx: Ctx, database: Database, asked: Call, *, dry_run: bool, confirm: str | None, within: float | None
) -> Executed:
    """One statement in a transaction of its own, once it is agreed to."""
    sql, params = asked
    ctx.state.require_writable(database)
    if not dry_run:
        async with ctx.state.running(database, within) as deadline:
            found = await database.write(partial(_inspected, sql, params), deadline, sql)
            affected = await count(database, found.deed, deadline)
        await agree(ctx, database, found.deed, affected, sql=sql, confirm=confirm)
        return await done(ctx, database, asked, within=within, agreed=found)
    return await done(ctx, database, asked, dry_run=True, within=within)


async def done(
    ctx: Ctx,
    database: Database,
    asked: Call,
    *,
    dry_run: bool = False,
    within: float | None = None,
    agreed: Inspected | None = None,
) -> Executed:
    """The same without a question; `agreed` is what the statement would do when it was asked about."""
    state = ctx.state
    state.require_writable(database)
    state.holding.release(database.name)  # an open cursor keeps a commit waiting
    async with state.running(database, within) as deadline:
        work = partial(_executed, asked, state.bounds(database), dry_run, agreed)
        executed = await database.write(work, deadline, asked[0])
    if not dry_run:
        state.databases.changed(database.name, schema=executed.schema_changed)
    return executed


async def agree(
    ctx: Ctx, database: Database, deed: Deed | None, affected: Affected | None, *, sql: str, confirm: str | None
) -> None:
    """Ask, if there is something to ask. Outside of every deadline.

    Raises:
        DbError: `confirm_required`.
    """
    if deed is None:
        return
    asked = Asked(action=deed.action, target=deed.target, database=database.name, statement=sql, affected=affected)
    await ctx.state.confirmation.require(ctx, asked, confirm)


async def count(database: Database, deed: Deed | None, deadline: Deadline) -> Affected | None:
    """How many rows a deed is about, counted for two seconds at most."""
    if deed is None or not deed.counts:
        return None
    counting = f"SELECT count(*) FROM {identifier(deed.target)}"  # noqa: S608  a name that SQLite gave
    try:
        number = await database.read(partial(_counted, counting), Deadline(min(COUNT_SECONDS, deadline.left)))
    except DbError:
        return Affected(1, exact=False)
    return Affected(number)


def _counted(counting: str, connection: sqlite3.Connection) -> int:
    return connection.execute(counting).fetchone()[0]


def _inspected(sql: str, params: list[Any] | dict[str, Any], connection: sqlite3.Connection, gate: Gate) -> Inspected:
    return inspected(statement(sql, params), connection, gate)


def _executed(
    asked: Call,
    bounds: Bounds,
    dry_run: bool,  # noqa: FBT001  bound by partial
    agreed: Inspected | None,
    connection: sqlite3.Connection,
    gate: Gate,
) -> Executed:
    """On the writer's thread."""
    started = time.perf_counter()
    checked = statement(*asked)
    before = _schema_version(connection)
    act = partial(_with_version, partial(_act, checked, bounds, agreed, gate))
    if inspected(checked, connection, gate).alone:
        if dry_run:
            raise bad_argument("dry_run", "cannot be had for what is not part of a transaction")
        change, after = act(connection)
    else:
        change, after = transaction(connection, gate, act, keep=not dry_run)
    return Executed(
        changes=change.changes,
        last_insert_rowid=change.last_insert_rowid,
        rows=change.returned,
        schema_changed=after != before,
        dry_run=dry_run,
        elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _with_version(act: Any, connection: sqlite3.Connection) -> tuple[Change, int]:
    return act(connection), _schema_version(connection)


def _act(
    asked: Statement, bounds: Bounds, agreed: Inspected | None, gate: Gate, connection: sqlite3.Connection
) -> Change:
    """Run the statement to its end; what it returns beyond a page is done and not shown."""
    found = inspected(asked, connection, gate)
    if agreed is not None and found.deed != agreed.deed:
        raise DbError("The database changed meanwhile, and the statement with it.", code="conflict", retryable=True)
    before = connection.total_changes
    fetched = Rows(asked, bounds, expired=_never).begin(connection)
    if fetched.more is not None:
        while fetched.more.cursor.fetchmany(256):
            pass
        fetched.more.cursor.close()
    changed = connection.total_changes - before
    own: int = connection.execute("SELECT changes()").fetchone()[0] if changed else 0
    last: int | None = None
    if found.inserts and changed:
        last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
    returned = fetched.page.envelope(elapsed_ms=fetched.milliseconds) if fetched.page.columns else UNSET
    return Change(changes=own or changed, last_insert_rowid=last, returned=returned)


def _schema_version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA schema_version").fetchone()[0]


def _never() -> bool:
    return False
