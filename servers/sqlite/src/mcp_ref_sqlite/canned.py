"""The operator's own queries as tools: their values are bound, and the same gates are round them."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp_protocol import Output
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.program.cli import Cannery
from mcp_ref_kit.db.rows.envelope import Column, Envelope
from mcp_ref_kit.db.rows.page import Bounds, Page
from mcp_ref_kit.db.sql.lexer import SQLITE
from mcp_ref_kit.db.sql.placeholders import check_placeholders
from mcp_ref_sqlite.state import Ctx

if TYPE_CHECKING:
    from mcp_ref_sqlite.engine.database import Database


async def run(ctx: Ctx, query: Canned, values: Mapping[str, Any], cursor: str | None) -> Output[Envelope]:
    """Run one of them."""
    found = ctx.state.databases.get(query.database)
    size = ctx.state.bounds(found, query.limit)
    if query.write:
        return await _written(ctx, found, query, values, size)
    from mcp_ref_sqlite.reading.paging import Asked, read_page  # noqa: PLC0415  SQLite comes with the first call

    return await read_page(ctx, found, Asked(sql=query.sql or "", params=dict(values), bounds=size), cursor)


async def _written(
    ctx: Ctx, database: "Database", query: Canned, values: Mapping[str, Any], size: Bounds
) -> Output[Envelope]:
    """One that writes answers with what it returns, else with the number of rows that it changed."""
    from mcp_ref_sqlite.writing.executing import done  # noqa: PLC0415  SQLite comes with the first call

    executed = await done(ctx, database, (query.sql or "", dict(values)))
    if isinstance(executed.rows, Envelope):
        return Output(executed.rows)
    page = Page([Column("changes", "INTEGER")], size)
    page.add([[executed.changes]])
    return page.finish(elapsed_ms=executed.elapsed_ms)


cannery = Cannery(run=run, returns=Output[Envelope], check=partial(check_placeholders, dialect=SQLITE))
