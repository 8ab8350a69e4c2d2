"""The tools that move rows and files: export_query, import_rows, backup."""

from typing import Annotated, Any

from mcp_protocol import Output, arg
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName, Form, Parameters, TimeoutSeconds
from mcp_ref_kit.db.exports.exporting import Exported
from mcp_ref_sqlite.reading.words import OnConflict
from mcp_ref_sqlite.results import BackedUp, Imported, shown
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools.arguments import ADDING, CHANGING, READING, Sql, TableName

transfer = Toolset[State]("transfer", default=False)

FileName = Annotated[str, arg("A plain file name in the operator's directory.", min_length=1, max_length=128)]


@transfer.tool(**{**READING, "idempotent": False})
async def export_query(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    sql: Sql,
    params: Parameters = [],  # noqa: B006  it is never changed
    format: Form = "csv",  # noqa: A002  the wire's name
    file: FileName | None = None,
    timeout_s: TimeoutSeconds = 30.0,
    database: DatabaseName | None = None,
) -> Output[Exported]:
    """Write all rows of a statement that reads into a result resource or, with `file`, a new file."""
    from mcp_ref_sqlite.transfer.exporting import Wanted, export  # noqa: PLC0415  SQLite comes with the first call

    wanted = Wanted(sql=sql, params=params, form=format, file=file, timeout=timeout_s)
    return await export(ctx, ctx.state.databases.get(database), wanted)


@transfer.tool(**CHANGING)
async def import_rows(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    table: TableName,
    rows: Annotated[list[dict[str, Any]], arg("Rows as objects.", min_length=1, max_length=10_000)] | None = None,
    file: Annotated[str, arg("A .csv or .jsonl file in the operator's directory.", max_length=128)] | None = None,
    on_conflict: Annotated[OnConflict, arg("What to do with rows that break a rule.")] = "abort",
    create: Annotated[bool, arg("Make the table, its types from the rows.")] = False,
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Output[Imported]:
    """Insert rows into a table in one transaction."""
    from mcp_ref_sqlite.transfer.importing import Wanted  # noqa: PLC0415  SQLite comes with the first call
    from mcp_ref_sqlite.transfer.importing import import_rows as run  # noqa: PLC0415  the same

    wanted = Wanted(table=table, rows=rows, file=file, on_conflict=on_conflict, create=create, confirm=confirm)
    return shown(await run(ctx, ctx.state.databases.get(database), wanted))


@transfer.tool(**ADDING)
async def backup(
    ctx: Ctx,
    *,
    name: Annotated[str, arg("Plain file name of the copy.", min_length=1, max_length=128)] | None = None,
    database: DatabaseName | None = None,
) -> Output[BackedUp]:
    """Copy the database file into the operator's backup directory."""
    from mcp_ref_sqlite.transfer.backup import backup as run  # noqa: PLC0415  SQLite comes with the first call

    return shown(await run(ctx, ctx.state.databases.get(database), name))
