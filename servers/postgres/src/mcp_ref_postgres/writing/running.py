"""Runs one statement that may write: in a transaction that commits whole or not at all, or alone where it must be."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Column, Envelope
from mcp_ref_kit.db.rows.page import Bounds, Page
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.driver import Prepared
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.gate.verdicts import composites_of
from mcp_ref_postgres.reading.columns import EngineCells, shape_of
from mcp_ref_postgres.reading.kinds import is_given
from mcp_ref_postgres.reading.parameters import converted, misfit
from mcp_ref_postgres.state import Opened
from mcp_ref_postgres.writing.admitting import Admitted, admitted
from mcp_ref_postgres.writing.returning import inner_of

# A commit that was sent is waited for, whatever happens to its caller.
COMMIT_SECONDS = 5


class Done(Struct, frozen=True, kw_only=True):
    """What a statement did."""

    command_tag: str
    row_count: int | None = None
    rows: Envelope | None = None


async def run(
    opened: Opened, session: Session, sql: str, params: Sequence[Any], bounds: Bounds
) -> tuple[Statement, Done]:
    """Run one statement in the session's transaction.

    Raises:
        DbError
    """
    found = await admitted(opened, session, sql)
    statement = found.statement
    arguments = converted(params, found.parameters)
    began = time.monotonic()
    try:
        prepared = await session.connection.prepare(found.text, name=session.statement_name)
        if not prepared.get_attributes():
            await prepared.fetch(*arguments)
            tag = prepared.get_statusmsg() or ""
            return statement, Done(command_tag=tag, row_count=count_in(tag))
        page, tag, count = await _with_rows(session, found, prepared, arguments, bounds)
    except broken() as error:
        raise misfit(fault(error, opened.engine.scrub, length=-1), found.parameters) from error
    elapsed = (time.monotonic() - began) * 1000
    return statement, Done(command_tag=tag, row_count=count, rows=page.envelope(elapsed_ms=elapsed))


async def commit(opened: Opened, session: Session, group: asyncio.TaskGroup) -> None:
    """End the transaction for good. A caller who goes away meanwhile does not interrupt it.

    Raises:
        DbError: the engine refused; nothing was changed.
    """
    ending = group.create_task(_attempt(session))
    try:
        failed = await asyncio.shield(ending)
    except asyncio.CancelledError:
        await asyncio.wait({ending}, timeout=COMMIT_SECONDS)
        raise
    if failed is not None:
        raise fault(failed, opened.engine.scrub) from failed


async def alone(opened: Opened, sql: str, deadline: Deadline) -> tuple[str, list[str]]:
    """Run a statement that the engine refuses inside a transaction; its tag and notices.

    Raises:
        DbError
    """
    engine = opened.engine
    async with engine.write.session(deadline.at) as session:
        try:
            async with asyncio.timeout_at(deadline.at):
                timeout = f"SET statement_timeout = {int(deadline.left * 1000)}"
                await session.connection.execute(timeout)
                prepared = await session.connection.prepare(sql, name=session.statement_name)
                await prepared.fetch()
        except broken() as error:
            raise fault(error, engine.scrub, length=len(sql)) from error
        return prepared.get_statusmsg() or "", list(session.notices)


def count_in(tag: str) -> int | None:
    """The rows that a command tag tells of: `INSERT 0 5`, `UPDATE 3`."""
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdecimal() else None


async def _attempt(session: Session) -> Exception | None:
    """What went wrong, as a value: an exception in the server's group would end the server."""
    try:
        tag = await session.connection.execute("COMMIT")
    except broken() as error:
        return error
    return None if tag == "COMMIT" else ConnectionError("the transaction had failed before")


async def _with_rows(
    session: Session, found: Admitted, prepared: Prepared, arguments: Sequence[Any], bounds: Bounds
) -> tuple[Page, str, int | None]:
    """The rows that fit, of a statement that gives rows; one that changes data is run to its end all the same."""
    attributes = prepared.get_attributes()
    inner = inner_of(found)
    if inner is None:
        return await _as_they_come(prepared, arguments, bounds)
    shape = shape_of(attributes, bounds.cell, await composites_of(session, attributes))
    rows = await session.connection.fetch(inner.around(shape, bounds.limit + 1), *arguments)
    page = Page(shape.columns, bounds, cells=EngineCells(shape, bounds.cell))
    page.add(rows)
    count = rows[0][-1] if rows else 0
    return page, f"{inner.verb} {count}", count


async def _as_they_come(prepared: Prepared, arguments: Sequence[Any], bounds: Bounds) -> tuple[Page, str, int | None]:
    """Rows in the driver's own form, of a statement that nothing can be put round."""
    attributes = prepared.get_attributes()
    for each in attributes:
        if not is_given(each.type):
            words = f"The column {each.name[:63]} of type {each.type.name} cannot be given back by such a statement."
            raise DbError(words, code="unsupported", hint="Cast it to text.")
    rows = await prepared.fetch(*arguments)
    page = Page([Column(each.name, each.type.name) for each in attributes], bounds, cells=Cells(bounds.cell))
    page.add([tuple(row) for row in rows[: bounds.limit + 1]])
    tag = prepared.get_statusmsg() or ""
    return page, tag, count_in(tag)
