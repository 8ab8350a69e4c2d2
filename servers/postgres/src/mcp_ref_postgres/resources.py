"""Databases as resources: structure, tables, samples, health, activity, results; listed, watched, completed."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from mcp_protocol import Completion, Resource, ResourceContents, ResourceNotFound, ToolError, Toolset
from mcp_ref_kit.db.catalog.known import suggestions
from mcp_ref_kit.db.rows.formats import as_json
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog import listing
from mcp_ref_postgres.catalog.describing import Lookup, Object, find, parts
from mcp_ref_postgres.catalog.listing import Wanted
from mcp_ref_postgres.catalog.names import STRUCTURE, rows_of
from mcp_ref_postgres.health.examining import CHECKS
from mcp_ref_postgres.observing.sessions import sessions
from mcp_ref_postgres.reading.query import Question, sampled
from mcp_ref_postgres.reading.transaction import Turn, ours
from mcp_ref_postgres.state import Ctx, Opened, State
from mcp_ref_postgres.tools.health import health_of

resources = Toolset[State]("core")

JSON = "application/json"
STRUCTURE_MS = 30_000
MOMENT_MS = 5_000
MOST_TABLES = 1000
SAMPLE_ROWS = 20
MOST_SESSIONS = 50


@resources.resource("postgres://results/{id}", name="result", title="Exported rows")
async def result(ctx: Ctx, id: str) -> ResourceContents:  # noqa: A002  the variable of the URI
    """Rows that export_query has kept."""
    return ctx.state.exports.results.contents(ctx.principal, id)


@resources.resource("postgres://{database}/schema", mime_type=JSON, ttl_ms=STRUCTURE_MS)
async def schema(ctx: Ctx, database: str) -> str:
    """Tables and views of a database with their columns."""
    async with ours(ctx, _known(ctx, database)) as turn:
        wanted = Wanted(
            schemas=turn.opened.visible,
            types=["table", "view", "matview", "partitioned", "foreign_table"],
            like="%",
            detail="full",
            limit=MOST_TABLES,
        )
        found, after = await listing.objects(turn.session, wanted)
    return _text(ctx, {"objects": found, "truncated": after is not None, "untrusted": True})


@resources.resource("postgres://{database}/health", mime_type=JSON, ttl_ms=MOMENT_MS)
async def health(ctx: Ctx, database: str) -> str:
    """What check_health says of a database."""
    return _text(ctx, await health_of(ctx, _known(ctx, database), list(CHECKS)))


@resources.resource("postgres://{database}/activity", mime_type=JSON, ttl_ms=MOMENT_MS)
async def activity(ctx: Ctx, database: str) -> str:
    """The statements that run in a database."""
    async with ours(ctx, _known(ctx, database)) as turn:
        own = turn.opened.engine.pids
        found = await sessions(turn.session, "queries", 0, MOST_SESSIONS, own=own, major=turn.facts.major)
    return _text(ctx, {"sessions": found, "untrusted": True})


@resources.resource("postgres://{database}/{schema}/{table}", mime_type=JSON, ttl_ms=STRUCTURE_MS)
async def table(ctx: Ctx, database: str, schema: str, table: str) -> str:
    """One table: columns, keys, indexes, SQL."""
    return await _described(ctx, database, schema, table)


@resources.resource("postgres://{database}/{schema}/{table}/schema", mime_type=JSON, ttl_ms=STRUCTURE_MS)
async def table_schema(ctx: Ctx, database: str, schema: str, table: str) -> str:
    """The same under its older address."""
    return await _described(ctx, database, schema, table)


@resources.resource("postgres://{database}/{schema}/{table}/sample", mime_type=JSON)
async def sample(ctx: Ctx, database: str, schema: str, table: str) -> str:
    """The first rows of a table."""
    async with ours(ctx, _known(ctx, database)) as turn:
        found = await _table(turn, schema, table)
    question = Question(sql=f"TABLE {found.path}", params=[], bounds=ctx.state.bounds(SAMPLE_ROWS))
    return _text(ctx, await sampled(ctx, turn.opened, question))


@resources.resources
async def everything(ctx: Ctx) -> list[Resource]:
    """Structure, health and activity of each database, then its tables, as far as it can be reached."""
    found: list[Resource] = []
    for name, opened in ctx.state.databases.items():
        found += [
            Resource(uri=f"postgres://{name}/{part}", name=f"{name} {part}", mime_type=JSON)
            for part in ("schema", "health", "activity")
        ]
        found += [
            Resource(uri=_uri(name, *path), name=".".join(path), mime_type=JSON) for path in await _tables(opened)
        ]
    return found


@resources.watch(schema)
async def schema_changes(ctx: Ctx, database: str) -> AsyncIterator[object]:
    """Changes of tables, columns and types."""
    opened = ctx.state.of(_known(ctx, database))
    return _structure(ctx, opened)


@resources.watch(table)
async def table_changes(ctx: Ctx, database: str, schema: str, table: str) -> AsyncIterator[object]:
    """Changes of the structure that a table is part of."""
    return _structure(ctx, await _watched(ctx, database, schema, table))


@resources.watch(sample)
async def row_changes(ctx: Ctx, database: str, schema: str, table: str) -> AsyncIterator[object]:
    """Rows that came, changed or went."""
    opened = await _watched(ctx, database, schema, table)
    return opened.watch.changes(rows_of(f"{schema}.{table}"))


async def databases(ctx: Ctx, prefix: str) -> Completion:
    """Names of databases."""

    async def names() -> list[str]:
        return list(ctx.state.databases)

    return await suggestions(prefix, names)


async def schemas(ctx: Ctx, prefix: str, settled: Mapping[str, str]) -> Completion:
    """Names of schemas."""

    async def names() -> list[str]:
        found = await ctx.state.of(settled.get("database")).names.get()
        return [each.name for each in found if each.kind == "schema"]

    return await suggestions(prefix, names)


async def tables(ctx: Ctx, prefix: str, settled: Mapping[str, str]) -> Completion:
    """Names of tables of the schema that was chosen."""

    async def names() -> list[str]:
        paths = await _tables(ctx.state.of(settled.get("database")))
        return [name for schema, name in paths if schema == settled.get("schema", schema)]

    return await suggestions(prefix, names)


for _target in (table, table_schema, sample):
    resources.complete(_target, "database")(databases)
    resources.complete(_target, "schema")(schemas)
    resources.complete(_target, "table")(tables)
for _target in (schema, health, activity):
    resources.complete(_target, "database")(databases)


async def _described(ctx: Ctx, database: str, schema: str, name: str) -> str:
    async with ours(ctx, _known(ctx, database)) as turn:
        found = await _table(turn, schema, name)
        shown = await parts(turn.session, found, ["columns", "constraints", "indexes", "ddl"])
    about = {"schema": found.schema, "name": found.name, "type": found.type}
    return _text(ctx, {**about, **shown, "untrusted": True})


async def _table(turn: Turn, schema: str, name: str) -> Object:
    lookup = Lookup(name=identifier(schema, name), type=None, visible=turn.opened.visible, path=turn.facts.path)
    found = await find(turn.session, lookup)
    if found is None or not found.oid:
        raise ToolError("There is no such table.", code="not_found")
    return found


async def _watched(ctx: Ctx, database: str, schema: str, table: str) -> Opened:
    opened = ctx.state.of(_known(ctx, database))
    if (schema, table) not in await _tables(opened):
        raise ResourceNotFound(_uri(database, schema, table))
    return opened


async def _structure(ctx: Ctx, opened: Opened) -> AsyncGenerator[object]:
    async for change in opened.watch.changes(STRUCTURE):
        await ctx.list_changed("resources")
        yield change


async def _tables(opened: Opened) -> list[tuple[str, str]]:
    """Schema and name of what has rows; nothing where the database cannot be reached."""
    try:
        names = await opened.names.get()
    except ToolError:
        return []
    rows = {"table", "view", "matview", "partitioned", "foreign_table"}
    return [(each.schema, each.name) for each in names if each.kind in rows][:MOST_TABLES]


def _known(ctx: Ctx, database: str) -> str:
    if database not in ctx.state.databases:
        raise ToolError("There is no such database.", code="not_found")
    return database


def _uri(*segments: str) -> str:
    return "postgres://" + "/".join(quote(segment, safe="") for segment in segments)


def _text(ctx: Ctx, value: Any) -> str:
    data = as_json(value)
    most = ctx.state.settings.max_output_chars
    if len(data) > most:
        raise ToolError(f"This has {len(data)} bytes; tools give it in pages.", code="too_large")
    return data.decode()
