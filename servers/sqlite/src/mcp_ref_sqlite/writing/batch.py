"""execute_batch: many statements, one transaction, all or nothing."""

import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import Code, DbError
from mcp_ref_kit.db.rows.cells import bound
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


class Unagreed(Exception):
    """A statement would destroy something that nobody has agreed to; nothing is kept."""


async def execute_batch(
    ctx: Ctx, database: Database, items: Sequence[Item], *, dry_run: bool, confirm: str | None
) -> Batch:
    """All statements, or none.

    What a statement destroys can depend on those before it: a table renamed, then emptied. So each is judged where it
    stands, in the transaction; if there is something to agree to, that is undone, all is judged, and done again.

    Raises:
        DbError: which statement failed, and how.
    """
    state = ctx.state
    state.require_writable(database)
    state.holding.release(database.name)
    run = _Run(items, keep=not dry_run)
    try:
        done = await _run(ctx, database, run)
    except Unagreed:
        trial = _Run(items, keep=False)
        await _run(ctx, database, trial)
        await _agree(ctx, database, items, trial.deeds, confirm)
        done = await _run(ctx, database, _Run(items, keep=True, agreed=trial.deeds))
    if not dry_run:
        state.databases.changed(database.name, schema=True)
    return done


async def _run(ctx: Ctx, database: Database, run: "_Run") -> Batch:
    async with ctx.state.running(database, None) as deadline:
        try:
            return await database.write(run.all, deadline)
        except DbError as error:
            raise BatchFailed(error, run.index) from error


async def _agree(
    ctx: Ctx, database: Database, items: Sequence[Item], deeds: Sequence[Deed], confirm: str | None
) -> None:
    """Ask once for all that has to be agreed to."""
    whole, affected = deeds[0], None
    if len(deeds) > 1:
        targets = ", ".join(dict.fromkeys(deed.target for deed in deeds))
        whole = Deed(f"Do {len(deeds)} destructive steps on", targets, counts=False)
    else:
        async with ctx.state.running(database, None) as deadline:
            affected = await count(database, whole, deadline)
    text = "\n".join(item.sql for item in items)
    await agree(ctx, database, whole, affected, sql=text, confirm=confirm)


class _Run:
    """One transaction. What is kept may do only what was agreed to. On the writer's thread."""

    def __init__(self, items: Sequence[Item], *, keep: bool, agreed: Sequence[Deed] = ()) -> None:
        self.index = 0
        self.deeds: list[Deed] = []
        self._items = items
        self._keep = keep
        self._agreed = agreed

    def all(self, connection: sqlite3.Connection, gate: Gate) -> Batch:
        """Everything."""
        started = time.perf_counter()
        self.deeds = []
        results = transaction(connection, gate, partial(self._each, gate), keep=self._keep)
        return Batch(
            results=results,
            committed=self._keep,
            failed_index=None,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    def _each(self, gate: Gate, connection: sqlite3.Connection) -> list[Outcome]:
        results: list[Outcome] = []
        for index, item in enumerate(self._items):
            self.index = index
            results.append(self._one(item, connection, gate))
        return results

    def _one(self, item: Item, connection: sqlite3.Connection, gate: Gate) -> Outcome:
        many = item.params_list
        asked = statement(item.sql, many[0] if many else item.params)
        found = inspected(asked, connection, gate)
        if found.deed is not None:
            self.deeds.append(found.deed)
            if self._keep and found.deed not in self._agreed:
                raise Unagreed
        before = connection.total_changes
        if many:
            connection.executemany(item.sql, [_values(item.sql, values) for values in many]).close()
        else:
            _exhaust(connection.execute(asked.sql, asked.values))
        changed = connection.total_changes - before
        last: int | None = None
        if changed and found.inserts:
            last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return Outcome(changes=changed, last_insert_rowid=last)


def _exhaust(cursor: sqlite3.Cursor) -> None:
    while cursor.fetchmany(256):
        pass
    cursor.close()


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
