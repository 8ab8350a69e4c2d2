"""Tools that show what is in a database: schemas, objects, one object in full, search by words."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct, json

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_kit.db.calls.arguments import Cursor, DatabaseName, Form
from mcp_ref_kit.db.calls.errors import unknown
from mcp_ref_kit.db.rows.envelope import Envelope, Truncation, Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_postgres.catalog import listing
from mcp_ref_postgres.catalog.describing import Lookup, Object, Part, comment, find, parts
from mcp_ref_postgres.catalog.listing import After, Detail, ObjectType, Wanted
from mcp_ref_postgres.catalog.names import tables_of
from mcp_ref_postgres.catalog.naming import like
from mcp_ref_postgres.catalog.searching import best
from mcp_ref_postgres.reading.query import Question, sampled
from mcp_ref_postgres.reading.transaction import ours
from mcp_ref_postgres.state import Ctx, Opened, State
from mcp_ref_postgres.tools.arguments import LOOKING, Pattern, SchemaName

schema = Toolset[State]("core")

_TABLES: tuple[ObjectType, ...] = ("table", "view", "matview", "partitioned")
_PARTS: tuple[Part, ...] = ("columns", "constraints", "indexes", "triggers", "policies", "partitions", "stats", "ddl")
_READABLE = frozenset({"table", "view", "matview", "partitioned", "foreign_table"})


class Schemas(Struct, frozen=True):
    """schemas: name, owner, tables, size_bytes, description."""

    schemas: Sequence[Any]
    untrusted: Untrusted = True


class Objects(Struct, frozen=True, kw_only=True):
    """objects: schema, name, type and what `detail` asks for."""

    objects: Sequence[Any]
    next_cursor: str | None = None
    truncated: bool
    truncation: Any = None
    untrusted: Untrusted = True


class Described(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """And what `include` asks for: columns, primary_key, foreign_keys, referenced_by, unique, checks, ..., ddl."""

    schema: str
    name: str
    type: str
    untrusted: Untrusted = True


class DescribedInFull(Described, frozen=True, kw_only=True, omit_defaults=True):
    """The same with every part; what was not asked for is absent."""

    description: str = ""
    columns: Sequence[Any] = ()
    primary_key: Sequence[Any] = ()
    foreign_keys: Sequence[Any] = ()
    referenced_by: Sequence[Any] = ()
    unique: Sequence[Any] = ()
    checks: Sequence[Any] = ()
    indexes: Sequence[Any] = ()
    triggers: Sequence[Any] = ()
    policies: Sequence[Any] = ()
    partitions: Sequence[Any] = ()
    stats: dict[str, Any] = {}
    ddl: str = ""
    enum_values: Sequence[Any] = ()
    sample: dict[str, Any] = {}


class Matches(Struct, frozen=True):
    """matches: kind, schema, name, column, score, comment; the best first."""

    matches: Sequence[Any]
    untrusted: Untrusted = True


@schema.tool(**LOOKING)
async def list_schemas(
    ctx: Ctx,
    *,
    include_system: Annotated[bool, arg("The engine's own too.")] = False,
    database: DatabaseName | None = None,
) -> Schemas:
    """List schemas with tables and sizes."""
    async with ours(ctx, database) as turn:
        found = await listing.schemas(turn.session, turn.opened.visible, system=include_system)
    return Schemas(found)


@schema.tool(**LOOKING)
async def list_objects(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    schema: SchemaName | None = None,
    types: Annotated[list[ObjectType], arg("Tables and views without.")] | None = None,
    pattern: Pattern = "*",
    detail: Annotated[Detail, arg("full: owner and columns too.")] = "summary",
    limit: Annotated[int, arg("Most objects.", ge=1, le=10_000)] = 200,
    cursor: Cursor | None = None,
    database: DatabaseName | None = None,
) -> Objects:
    """List tables, views and other objects by name."""
    async with ours(ctx, database) as turn:
        name = turn.opened.engine.name
        after = None if cursor is None else ctx.state.paging.after(ctx, cursor, name, After)
        wanted = Wanted(
            schemas=turn.opened.narrowed(schema),
            types=types or _TABLES,
            like=like(pattern),
            detail=detail,
            limit=limit,
            after=after,
        )
        rows, last = await listing.objects(turn.session, wanted)
    fitting = Room(budget(ctx.state.settings.max_output_chars)).leading(rows)
    if len(fitting) < len(rows):
        last = listing.after(fitting[-1])
    if last is None:
        return Objects(objects=rows, truncated=False)
    cut = Truncation("limit" if len(fitting) == len(rows) else "bytes", len(fitting))
    sealed = ctx.state.paging.seal(ctx, last, name)
    return Objects(objects=fitting, next_cursor=sealed, truncated=True, truncation=cut)


@schema.tool(**LOOKING)
async def describe_object(
    ctx: Ctx,
    *,
    name: Annotated[str, arg("Such as orders or shop.orders.")],
    type: Annotated[str, arg("As list_objects says it, if the name is not enough.")] | None = None,  # noqa: A002  the wire's name
    include: Annotated[list[Part], arg("Parts; all but sample without.")] | None = None,
    sample_rows: Annotated[int, arg("Rows of sample.", ge=1, le=100)] = 3,
    database: DatabaseName | None = None,
) -> Output[Described]:
    """Describe a table, view, function, type or other object."""
    wanted = include or _PARTS
    async with ours(ctx, database) as turn:
        opened, session = turn.opened, turn.session
        lookup = Lookup(name=name, type=type, visible=opened.visible, path=turn.facts.path)
        found = await find(session, lookup)
        if found is None:
            raise unknown(type or "object", name, await _near(opened), "list_objects shows what there is.")
        about = await comment(session, found)
        shown: dict[str, Any] = await parts(session, found, wanted) if found.oid else {}
    if "sample" in wanted and found.type in _READABLE:
        shown["sample"] = json.decode(json.encode(await _sample(ctx, opened, found, sample_rows)))
    if found.ddl is not None:
        shown["ddl"] = found.ddl
    described = DescribedInFull(
        schema=found.schema,
        name=found.name,
        type=found.type,
        description=about or "",
        enum_values=found.labels or (),
        **{key: value for key, value in shown.items() if value not in (None, [])},
    )
    return Output(described)


@schema.tool(**LOOKING)
async def search_schema(
    ctx: Ctx,
    *,
    text: Annotated[str, arg("Words of a name or comment.", min_length=1, max_length=200)],
    limit: Annotated[int, arg("Most matches.", ge=1, le=500)] = 50,
    database: DatabaseName | None = None,
) -> Matches:
    """Find tables, columns, functions and types by words of their names and comments."""
    names = await ctx.state.of(database).names.get()
    # A large catalogue has a hundred thousand names, which take longer than a step of the event loop may.
    return Matches(await ctx.state.workers.run(best, names, text, limit))


async def _near(opened: Opened) -> list[str]:
    """Names for a suggestion; it must not cost more than the mistake."""
    try:
        async with asyncio.timeout(1):
            return tables_of(await opened.names.get())
    except (TimeoutError, ToolError):
        return []


async def _sample(ctx: Ctx, opened: Opened, found: Object, rows: int) -> Envelope:
    form: Form = "json"
    question = Question(sql=f"TABLE {found.path}", params=[], bounds=ctx.state.bounds(rows), form=form)
    return await sampled(ctx, opened, question)
