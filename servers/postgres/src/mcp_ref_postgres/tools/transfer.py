"""Tools that move many rows: out as a result or file, in from a list or file."""

import asyncio
import time
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName, TimeoutSeconds
from mcp_ref_kit.db.calls.confirm import Deed
from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.exports.exporting import Exported
from mcp_ref_postgres.reading.transaction import callers
from mcp_ref_postgres.state import Ctx, State
from mcp_ref_postgres.tools.arguments import LOOKING, WRITING, Params, Sql
from mcp_ref_postgres.transfer.exporting import FORMS, CopyFormat, Stream, copied_out
from mcp_ref_postgres.transfer.importing import Import, OnConflict, copied_in

transfer = Toolset[State]("transfer", default=False)

_NONE: list[Any] = []
MOST_ROWS = 10_000


class Imported(Struct, frozen=True, kw_only=True):
    """How many rows went in, changed another, or were left out."""

    inserted: int
    updated: int
    skipped: int
    elapsed_ms: float


@transfer.tool(**LOOKING)
async def export_query(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    sql: Sql,
    params: Params = _NONE,
    format: Annotated[CopyFormat, arg("Form of the rows.")] = "csv",  # noqa: A002  the wire's name
    compress: Annotated[bool, arg("gzip; for files.")] = False,
    file: Annotated[str, arg("New file in the operator's directory; else a resource.", max_length=128)] | None = None,
    timeout_s: TimeoutSeconds = 30.0,
    database: DatabaseName | None = None,
) -> Output[Exported]:
    """Export all rows of one SELECT, streamed by COPY, as a resource or a file."""
    if compress and file is None:
        raise bad_argument("compress", "needs a `file`")
    progress = Progress(ctx)
    exporting = ctx.state.exports.begin(ctx.principal, FORMS[format], file)
    async with exporting as pending, callers(ctx, database, timeout_s) as turn:
        verdict = await turn.opened.gate.admit(turn.session, sql)
        stream = Stream(pending, progress, format, compress=compress)
        async with asyncio.timeout_at(turn.deadline.at):
            await copied_out(turn.opened.gate, turn.session, verdict, params, format, stream)
    return pending.output


@transfer.tool(**WRITING)
async def import_rows(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    table: Annotated[str, arg("Such as orders or shop.orders.", max_length=260)],
    columns: Annotated[list[str], arg("Columns in the order of the values.", min_length=1, max_length=1600)],
    rows: Annotated[list[list[Any]], arg("Rows of values.", max_length=MOST_ROWS)] | None = None,
    file: Annotated[str, arg("A CSV file in the operator's directory, instead of rows.", max_length=128)] | None = None,
    on_conflict: Annotated[OnConflict, arg("What becomes of a row that is there already.")] = "error",
    key: Annotated[list[str], arg("Columns that tell rows apart; else the primary key.", min_length=1)] | None = None,
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Imported:
    """Import rows into a table by COPY, all or none."""
    if (rows is None) == (file is None):
        raise bad_argument("rows", "or `file` must be given, and not both")
    opened = ctx.state.of(database)
    wanted = Import(table=table, columns=columns, rows=rows, file=file, on_conflict=on_conflict, key=key)
    if on_conflict == "update":
        deed = Deed(
            action="Overwrite rows of",
            target=table,
            database=opened.engine.name,
            statement=f"{wanted!r}",
        )
        await ctx.state.confirmation.require(ctx, deed, confirm)
    began = time.monotonic()
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        counts = await copied_in(ctx, opened, wanted, deadline)
    elapsed = round((time.monotonic() - began) * 1000, 3)
    return Imported(inserted=counts.inserted, updated=counts.updated, skipped=counts.skipped, elapsed_ms=elapsed)
