"""The tools that change a database: execute, execute_batch."""

from typing import Annotated

from mcp_protocol import Output, Toolset, arg
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName, Parameters, TimeoutSeconds
from mcp_ref_sqlite.results import Batch, Executed, shown
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools.arguments import CHANGING, DryRun, Sql
from mcp_ref_sqlite.writing.items import Item

writing = Toolset[State]("core")


@writing.tool(**CHANGING)
async def execute(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    sql: Sql,
    params: Parameters = [],  # noqa: B006  it is never changed
    dry_run: DryRun = False,
    confirm: Confirm | None = None,
    timeout_s: TimeoutSeconds = 30.0,
    database: DatabaseName | None = None,
) -> Output[Executed]:
    """Run one statement that changes the database, in a transaction of its own."""
    from mcp_ref_sqlite.writing.executing import execute as run  # noqa: PLC0415  SQLite comes with the first call

    found = ctx.state.databases.get(database)
    return shown(await run(ctx, found, (sql, params), dry_run=dry_run, confirm=confirm, within=timeout_s))


@writing.tool(**CHANGING)
async def execute_batch(
    ctx: Ctx,
    *,
    statements: Annotated[list[Item], arg("In this order.", min_length=1, max_length=100)],
    dry_run: DryRun = False,
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Output[Batch]:
    """Run several statements in one transaction, all or nothing."""
    from mcp_ref_sqlite.writing.batch import execute_batch as run  # noqa: PLC0415  SQLite comes with the first call

    return shown(await run(ctx, ctx.state.databases.get(database), statements, dry_run=dry_run, confirm=confirm))
