"""Databases as resources: their schema, tables, first rows, health, results; read, listed, watched, completed."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from urllib.parse import quote

from msgspec.json import encode

from mcp_protocol import Completion, Resource, ResourceContents, ResourceNotFound, ToolError, Toolset
from mcp_ref_kit.db.catalog.known import matching, suggestions
from mcp_ref_kit.db.catalog.watch import Watch
from mcp_ref_sqlite.reading.words import DATA, SCHEMA
from mcp_ref_sqlite.state import Ctx, State

resources = Toolset[State]("core")

JSON = "application/json"
SQL = "text/x-sql"
SCHEMA_MS, HEALTH_MS = 30_000, 5_000
_FIRST_ROWS = 20
_MOST_ROWS = 10_000
_ALL_PARTS = ("columns", "indexes", "foreign_keys", "triggers", "ddl")


@resources.resources
async def databases(ctx: Ctx) -> list[Resource]:
    """The schema and health of each database, and its tables."""
    listed: list[Resource] = []
    for name in ctx.state.databases:
        listed.append(Resource(uri=f"sqlite://{name}/schema", name=f"{name}/schema", mime_type=SQL))
        listed.append(Resource(uri=f"sqlite://{name}/health", name=f"{name}/health", mime_type=JSON))
        try:
            tables = await ctx.state.databases.columns(name)
        except ToolError:  # it is down; what can be listed without it is listed
            continue
        listed += [
            Resource(uri=f"sqlite://{name}/table/{quote(table, safe='')}", name=f"{name}/{table}", mime_type=JSON)
            for table in tables
        ]
    return listed


@resources.resource("sqlite://{database}/schema", name="schema", title="Schema", mime_type=SQL, ttl_ms=SCHEMA_MS)
async def schema(ctx: Ctx, database: str) -> str:
    """The statements that made everything in a database."""
    from mcp_ref_sqlite.reading.catalogue import schema_text  # noqa: PLC0415  SQLite comes with the first call

    return await schema_text(ctx, ctx.state.databases.named(database))


@resources.resource("sqlite://{database}/health", name="health", title="Health", mime_type=JSON, ttl_ms=HEALTH_MS)
async def health(ctx: Ctx, database: str) -> str:
    """What check_health says, without deep checks."""
    from mcp_ref_sqlite.health.examining import examine  # noqa: PLC0415  SQLite comes with the first call
    from mcp_ref_sqlite.tools.query import CHECKS  # noqa: PLC0415  the same

    return encode(await examine(ctx, ctx.state.databases.named(database), CHECKS, deep=False)).decode()


@resources.resource("sqlite://results/{id}", name="result", title="Exported rows")
async def result(ctx: Ctx, id: str) -> ResourceContents:  # noqa: A002  the name in the URI
    """What export_query wrote."""
    return ctx.state.exports.results.contents(ctx.principal, id)


@resources.resource("sqlite://{database}/table/{+table}/rows", name="rows", title="First rows", mime_type=JSON)
async def first_rows(ctx: Ctx, database: str, table: str) -> str:
    """The first rows of a table or view."""
    return await _rows(ctx, database, table, _FIRST_ROWS)


@resources.resource(
    "sqlite://{database}/table/{+table}/rows?limit={limit}", name="some rows", title="Some rows", mime_type=JSON
)
async def some_rows(ctx: Ctx, database: str, table: str, limit: int) -> str:
    """As many of the first rows as are wanted."""
    if not 1 <= limit <= _MOST_ROWS:
        raise ResourceNotFound(ctx.call.params["uri"])
    return await _rows(ctx, database, table, limit)


@resources.resource("sqlite://{database}/table/{+table}", name="table", title="Table", mime_type=JSON, ttl_ms=SCHEMA_MS)
async def table_description(ctx: Ctx, database: str, table: str) -> str:
    """What describe_object says of a table."""
    from mcp_ref_sqlite.reading.catalogue import describe  # noqa: PLC0415  SQLite comes with the first call

    return encode(await describe(ctx, ctx.state.databases.named(database), table, _ALL_PARTS, 1)).decode()


@resources.watch(schema)
async def schema_changes(ctx: Ctx, database: str) -> AsyncIterator[object]:
    """Changes of the schema, and of the list of resources with it."""
    return _schema_changes(ctx, await ctx.state.databases.watch(database))


@resources.watch(first_rows)
async def row_changes(ctx: Ctx, database: str, table: str) -> AsyncIterator[object]:
    """Changes of any rows."""
    return await _row_changes(ctx, database, table)


@resources.watch(some_rows)
async def some_row_changes(ctx: Ctx, database: str, table: str, limit: str) -> AsyncIterator[object]:
    """The same."""
    del limit
    return await _row_changes(ctx, database, table)


# After those of rows: its variable spans separators, so it fits their URIs as well.
@resources.watch(table_description)
async def table_changes(ctx: Ctx, database: str, table: str) -> AsyncIterator[object]:
    """Changes of the schema, for one table."""
    watch = await ctx.state.databases.watch(database)
    await _require_table(ctx, database, table)
    return _schema_changes(ctx, watch)


@resources.watch(health)
async def health_changes(ctx: Ctx, database: str) -> AsyncIterator[object]:
    """Every change may matter to it."""
    return (await ctx.state.databases.watch(database)).changes(DATA)


async def _row_changes(ctx: Ctx, database: str, table: str) -> AsyncIterator[object]:
    watch = await ctx.state.databases.watch(database)
    await _require_table(ctx, database, table)
    return watch.changes(DATA)


async def _schema_changes(ctx: Ctx, watch: Watch) -> AsyncIterator[object]:
    async for change in watch.changes(SCHEMA):
        await ctx.list_changed("resources")
        yield change


@resources.complete(schema, "database")
@resources.complete(health, "database")
@resources.complete(first_rows, "database")
@resources.complete(some_rows, "database")
@resources.complete(table_description, "database")
async def database_names(ctx: Ctx, typed: str) -> Completion:
    """Databases."""
    return matching(typed, ctx.state.databases)


@resources.complete(first_rows, "table")
@resources.complete(some_rows, "table")
@resources.complete(table_description, "table")
async def table_names(ctx: Ctx, typed: str, settled: Mapping[str, str]) -> Completion:
    """Tables of the database that was chosen, or of the only one."""
    return await suggestions(typed, partial(_tables, ctx, settled.get("database")))


async def _tables(ctx: Ctx, database: str | None) -> list[str]:
    return list(await ctx.state.databases.columns(database))


async def _rows(ctx: Ctx, database: str, table: str, limit: int) -> str:
    from mcp_ref_sqlite.reading.catalogue import table_rows  # noqa: PLC0415  SQLite comes with the first call

    return encode(await table_rows(ctx, ctx.state.databases.named(database), table, limit)).decode()


async def _require_table(ctx: Ctx, database: str, table: str) -> None:
    """An unknown table is not watched; whoever asks is not told why."""
    if table not in await ctx.state.databases.columns(database):
        raise ResourceNotFound(f"sqlite://{database}/table/{quote(table, safe='')}")
