"""Several statements in one transaction: all or nothing, or what succeeded, each in a savepoint of its own."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline, Progress
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Isolation
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.reading.parameters import converted, misfit
from mcp_ref_postgres.state import Ctx, Opened
from mcp_ref_postgres.writing.admitting import admitted
from mcp_ref_postgres.writing.running import commit, run

OnError = Literal["rollback", "continue"]
One = tuple[str, Sequence[Any] | None, Sequence[Sequence[Any]] | None]


class Batch(Struct, frozen=True):
    """What is to be run, and how."""

    statements: Sequence[One]
    isolation: Isolation
    on_error: OnError
    dry_run: bool


async def run_batch(
    ctx: Ctx, opened: Opened, batch: Batch, deadline: Deadline
) -> tuple[list[dict[str, Any]], bool, int | None]:
    """What each did, whether it was committed, and the first that failed.

    Raises:
        DbError: the connection was lost, or the commit refused; nothing was changed.
    """
    progress = Progress(ctx, len(batch.statements))
    results: list[dict[str, Any]] = []
    failed: int | None = None
    async with opened.engine.writing(deadline.at, batch.isolation) as session:
        for number, one in enumerate(batch.statements):
            outcome = await _one(ctx, opened, session, one, batch.on_error)
            results.append(outcome)
            await progress.report(number + 1)
            if "error" in outcome:
                failed = number if failed is None else failed
                if batch.on_error == "rollback":
                    return results, False, failed
        if batch.dry_run:
            return results, False, failed
        await commit(opened, session, ctx.state.group)
    return results, True, failed


async def _one(ctx: Ctx, opened: Opened, session: Session, one: One, on_error: OnError) -> dict[str, Any]:
    keeps_going = on_error == "continue"
    if keeps_going:
        await session.connection.execute("SAVEPOINT one_of_batch")
    try:
        outcome = await _ran(ctx, opened, session, one)
    except DbError as error:
        if error.code in {"connection", "timeout"} or session.connection.is_closed():
            raise
        if keeps_going:
            await session.connection.execute("ROLLBACK TO SAVEPOINT one_of_batch")
        outcome = {"error": {**error.facts}}
    if keeps_going:
        await session.connection.execute("RELEASE SAVEPOINT one_of_batch")
    return outcome


async def _ran(ctx: Ctx, opened: Opened, session: Session, one: One) -> dict[str, Any]:
    sql, params, params_list = one
    if params_list is None:
        _, done = await run(opened, session, sql, params or [], ctx.state.bounds())
        return {"command_tag": done.command_tag, "row_count": done.row_count}
    found = await admitted(opened, session, sql)
    rows = [converted(each, found.parameters, f"params_list[{at}]") for at, each in enumerate(params_list)]
    try:
        prepared = await session.connection.prepare(found.text, name=session.statement_name)
        await prepared.executemany(rows)
    except broken() as error:
        raise misfit(fault(error, opened.engine.scrub, length=-1), found.parameters) from error
    return {"command_tag": found.statement.words[0], "row_count": None, "runs": len(rows)}
