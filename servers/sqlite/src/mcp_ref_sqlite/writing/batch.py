"""execute_batch: many statements, one transaction, all or nothing."""

import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from msgspec import Struct

from mcp_ref_kit.db.cells import bound
from mcp_ref_kit.db.deadline import Deadline
from mcp_ref_kit.db.errors import Code, DbError
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.gate import Gate
from mcp_ref_sqlite.engine.writer import transaction
from mcp_ref_sqlite.reading.statements import statement
from mcp_ref_sqlite.results import Batch
from mcp_ref_sqlite.state import Ctx
from mcp_ref_sqlite.writing.executing import agree, count
from mcp_ref_sqlite.writing.inspecting import Deed, inspected
from mcp_ref_sqlite.writing.items import Item


class Outcome(Struct, frozen=True, kw_only=True):
    """What one statement of a batch did."""

    changes: int
    last_insert_rowid: int | None = None


async def execute_batch(
    ctx: Ctx, database: Database, items: Sequence[Item], *, dry_run: bool, confirm: str | None
) -> Batch:
    """All statements, or none.

    Raises:
        DbError: which statement failed, and how.
    """
    state = ctx.state
    state.require_writable(database)
    if not dry_run:
        await _agree(ctx, database, items, confirm)
    state.holding.release(database.name)
    async with state.running(database, None) as deadline:
        at = _At()
        try:
            done = await database.write(partial(_run_all, items, dry_run, at), deadline)
        except DbError as error:
            raise BatchFailed(error, at.index) from error
    if not dry_run:
        state.databases.changed(database.name, schema=True)
    return done


async def _agree(ctx: Ctx, database: Database, items: Sequence[Item], confirm: str | None) -> None:
    """Ask once for all that has to be agreed to."""
    deeds: list[Deed] = []
    async with ctx.state.running(database, None) as deadline:
        for index in range(len(items)):
            deed = await _deed(database, items, index, deadline)
            deeds += [] if deed is None else [deed]
        affected = await count(database, deeds[0], deadline) if len(deeds) == 1 else None
    if not deeds:
        return
    targets = ", ".join(dict.fromkeys(deed.target for deed in deeds))
    whole = deeds[0] if len(deeds) == 1 else Deed(f"Do {len(deeds)} destructive steps on", targets, counts=False)
    text = "\n".join(item.sql for item in items)
    await agree(ctx, database, whole, affected, sql=text, confirm=confirm)


class _At:
    """Which statement a batch is at."""

    index = 0


async def _deed(database: Database, items: Sequence[Item], index: int, deadline: Deadline) -> Deed | None:
    """What has to be agreed to, of one statement; one that needs what an earlier one makes is judged when it runs."""
    try:
        return await database.write(partial(_judged, items[index]), deadline, items[index].sql)
    except DbError as error:
        if error.code == "not_found" and index:
            return None
        raise BatchFailed(error, index) from error


def _judged(item: Item, connection: sqlite3.Connection, gate: Gate) -> Deed | None:
    first = item.params_list[0] if item.params_list else item.params
    return inspected(statement(item.sql, first), connection, gate).deed


def _run_all(
    items: Sequence[Item],
    dry_run: bool,  # noqa: FBT001  bound by partial
    at: _At,
    connection: sqlite3.Connection,
    gate: Gate,
) -> Batch:
    """On the writer's thread."""
    started = time.perf_counter()
    at.index = 0
    results = transaction(connection, gate, partial(_each, items, at, gate), keep=not dry_run)
    return Batch(
        results=results,
        committed=not dry_run,
        failed_index=None,
        elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _each(items: Sequence[Item], at: _At, gate: Gate, connection: sqlite3.Connection) -> list[Outcome]:
    results: list[Outcome] = []
    for index, item in enumerate(items):
        at.index = index
        results.append(_one(item, connection, gate))
    return results


def _one(item: Item, connection: sqlite3.Connection, gate: Gate) -> Outcome:
    many = item.params_list
    asked = statement(item.sql, many[0] if many else item.params)
    found = inspected(asked, connection, gate)
    before = connection.total_changes
    if many:
        connection.executemany(item.sql, [_values(item.sql, values) for values in many]).close()
    else:
        cursor = connection.execute(asked.sql, asked.values)
        while cursor.fetchmany(256):
            pass
        cursor.close()
    changed = connection.total_changes - before
    last: int | None = None
    if changed and found.inserts:
        last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
    return Outcome(changes=changed, last_insert_rowid=last)


def _values(sql: str, values: list[Any] | dict[str, Any]) -> Any:
    if isinstance(values, dict):
        return statement(sql, values).values
    return bound("params_list", values)


class BatchFailed(DbError):
    """Says which statement it was."""

    def __init__(self, error: DbError, index: int) -> None:
        super().__init__(
            f"Statement {index} failed, and nothing was changed: {error.message}",
            code=cast("Code", error.code),
            hint=error.hint,
            position=error.position,
            engine_code=error.engine_code,
            retryable=error.retryable,
        )
        self.index = index

    @property
    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        return {**super().facts, "committed": False, "failed_index": self.index}
