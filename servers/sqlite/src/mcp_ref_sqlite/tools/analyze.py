"""The tools that look at data as a whole: profile_table, advise_indexes."""

from typing import Annotated

from mcp_protocol import Output, arg
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_sqlite.results import Advice, Profile, shown
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools.arguments import READING, TableName

analysis = Toolset[State]("analysis", default=False)

Query = Annotated[str, arg("A statement.", min_length=1)]
ColumnName = Annotated[str, arg("A column.", min_length=1)]


@analysis.tool(**READING)
async def profile_table(
    ctx: Ctx,
    *,
    table: TableName,
    columns: Annotated[tuple[ColumnName, ...], arg("Only these.", min_length=1, max_length=200)] | None = None,
    sample: Annotated[int, arg("Rows to look at.", ge=1, le=1_000_000)] = 10_000,
    database: DatabaseName | None = None,
) -> Output[Profile]:
    """Sum up types, nulls, range and most frequent values of the columns of a table, by its first rows."""
    from mcp_ref_sqlite.analysis.profile import profile  # noqa: PLC0415  SQLite comes with the first call

    return shown(await profile(ctx, ctx.state.databases.get(database), table, columns, sample))


@analysis.tool(**READING)
async def advise_indexes(
    ctx: Ctx,
    *,
    queries: Annotated[tuple[Query, ...], arg("Statements that should be faster.", min_length=1, max_length=10)],
    max: Annotated[int, arg("Most suggestions.", ge=1, le=20)] = 5,  # noqa: A002  the wire's name
    database: DatabaseName | None = None,
) -> Output[Advice]:
    """Suggest indexes for statements, tried in an empty copy in memory; the file is not touched."""
    from mcp_ref_sqlite.analysis.advice import advise  # noqa: PLC0415  SQLite comes with the first call

    return shown(await advise(ctx, ctx.state.databases.get(database), queries, max))
