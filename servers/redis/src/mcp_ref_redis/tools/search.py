"""Indexes of the search module: list, describe, search, create and drop."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.confirm import Deed
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.jail import out_of_reach
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace.windows import tree
from mcp_ref_redis.modules.asking import asked
from mcp_ref_redis.modules.fitting import misfit
from mcp_ref_redis.modules.querying import (
    MOST_FILTERS,
    Aggregate,
    Filter,
    Question,
    Schema,
    VectorQuery,
    aggregate_vector,
    create_vector,
    search_vector,
)
from mcp_ref_redis.modules.replies import groups, hits, members, prefixes_of
from mcp_ref_redis.results import Page, cut_by
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, READING, Cursor, Named
from mcp_ref_redis.values import bytes_of, shown

searching = Toolset[State]("search", default=False)

MOST_RESULTS = 1000
MOST_OFFSET = 10_000
Index = Annotated[str, arg("Index, as search_indexes lists it.", min_length=1, max_length=512)]


class Indexes(Struct, frozen=True, kw_only=True):
    """Names of indexes."""

    indexes: list[Any]
    untrusted: Untrusted


class IndexInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields, documents, how much is indexed, which keys."""

    fields: list[Any]
    docs: int | None = None
    percent_indexed: float | None = None
    prefixes: list[Any]
    untrusted: Untrusted


class Results(Page, frozen=True, kw_only=True, omit_defaults=True):
    """Documents of key, score, fields; with aggregate, rows."""

    total: int
    results: list[Any]


class Done(Struct, frozen=True):
    """It is done."""

    done: bool


@searching.tool(**READING)
async def search_indexes(ctx: Ctx, database: Named = None) -> Indexes:
    """List the search indexes."""
    async with reached(ctx, database) as db:
        found = await _inside(db, await asked(db, (b"FT._LIST",), "Search"))
    return Indexes(indexes=[shown(name) for name in found], untrusted=True)


@searching.tool(**READING)
async def describe_index(ctx: Ctx, index: Index, database: Named = None) -> IndexInfo:
    """The fields of an index and how far it is."""
    async with reached(ctx, database) as db:
        info = await _info(db, bytes_of("index", index))
    cells = Cells(ctx.state.settings.max_cell_chars)
    percent = info.get("percent_indexed")
    return IndexInfo(
        fields=[_described(one, cells) for one in info.get("attributes", info.get("fields", ()))],
        docs=None if info.get("num_docs") is None else int(float(info["num_docs"])),
        percent_indexed=None if percent is None else float(percent) * 100,
        prefixes=[shown(prefix) for prefix in prefixes_of(info)],
        untrusted=True,
    )


@searching.tool(**READING)
async def search(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    index: Index,
    query: Annotated[str, arg("Query in the module's own language.", max_length=4096)] = "*",
    filters: Annotated[list[Filter], arg("Conditions beside the query.", max_length=MOST_FILTERS)] | None = None,
    vector: Annotated[VectorQuery, arg("Nearest neighbours.")] | None = None,
    return_fields: Annotated[list[str], arg("Only these fields.", max_length=100)] | None = None,
    sort_by: Annotated[str, arg("Field; `-field` for descending.")] | None = None,
    offset: Annotated[int, arg("First result.", ge=0, le=MOST_OFFSET)] = 0,
    limit: Annotated[int, arg("Most results.", ge=1, le=MOST_RESULTS)] = 20,
    aggregate: Annotated[Aggregate, arg("Count or sum by fields instead.")] | None = None,
    cursor: Cursor = None,
    database: Named = None,
) -> Results:
    """Search an index by text, filters and vectors, or aggregate what matches."""
    async with reached(ctx, database) as db:
        start = offset if cursor is None else ctx.state.paging.after(ctx, cursor, db.name, int)
        question = Question(
            index=bytes_of("index", index),
            query=query,
            filters=filters or (),
            vector=vector,
            return_fields=return_fields,
            sort_by=None if sort_by is None else sort_by.removeprefix("-"),
            descending=sort_by is not None and sort_by.startswith("-"),
            offset=start,
            limit=limit,
        )
        vector_ = search_vector(question) if aggregate is None else aggregate_vector(question, aggregate)
        if db.jail.closed:
            await _info(db, question.index)
        reply = await _found(db, vector_, question)
        cells = Cells(ctx.state.settings.max_cell_chars)
        scored = b"WITHSCORES" in vector_
        total, found = hits(reply, cells, scored=scored) if aggregate is None else groups(reply, cells)
        if not total and (wrong := misfit(await _info(db, question.index), question)) is not None:
            raise wrong
        kept = Room(budget(ctx.state.settings.max_output_chars)).leading(found)
        more = start + len(kept) < total and bool(kept)
        return Results(
            total=total,
            results=kept,
            truncated=more,
            truncation=cut_by(("bytes" if len(kept) < len(found) else "limit") if more else None, len(kept), total),
            next_cursor=ctx.state.paging.seal(ctx, start + len(kept), db.name) if more else None,
            untrusted=True,
        )


async def _found(db: Database, words: Vector, question: Question) -> Any:
    """What the module answers; of a vector that does not fit it says little."""
    try:
        return await asked(db, words, "Search")
    except DbError as error:
        if question.vector is None or error.code != "invalid_argument":
            raise
        raise (misfit(await _info(db, question.index), question) or error) from None


@searching.tool(**CHANGING)
async def manage_index(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    action: Annotated[Literal["create", "drop"], arg("What to do.")],
    index: Index,
    schema: Annotated[Schema, arg("Of create: prefixes and fields.")] | None = None,
    delete_documents: Annotated[bool, arg("Of drop: the keys, too.")] = False,
    confirm: Annotated[str, arg("Of drop: the name of the index.")] | None = None,
    database: Named = None,
) -> Done:
    """Create or drop an index."""
    name = bytes_of("index", index)
    if (action == "create") != (schema is not None):
        raise bad_argument("schema", "belongs to create, and create needs it")
    if action == "drop":
        async with reached(ctx, database, needs="read-write") as db:
            await _info(db, name)
        await ctx.state.confirmation.require(ctx, _dropping(db, index, delete=delete_documents), confirm)
    async with reached(ctx, database, needs="read-write") as db:
        if schema is not None:
            db.jail.require([prefix.encode() for prefix in schema.prefixes])
            await asked(db, create_vector(name, schema), "Search", write=True)
        else:
            await asked(db, (b"FT.DROPINDEX", name, *([b"DD"] if delete_documents else [])), "Search", write=True)
    return Done(done=True)


async def _info(db: Database, index: bytes) -> dict[str, Any]:
    """FT.INFO as a table; an index over keys outside the prefix is none of ours.

    Raises:
        Refused: it reaches beyond the prefix.
    """
    try:
        info = members(await asked(db, (b"FT.INFO", index), "Search"))
    except DbError as error:
        if db.jail.closed and error.code == "not_found":  # which indexes there are outside is nobody's business
            raise out_of_reach() from error
        raise
    if not _is_inside(db, info):
        raise out_of_reach()
    return info


async def _inside(db: Database, indexes: Sequence[bytes]) -> list[bytes]:
    """Those that cover only keys of the jail."""
    if not db.jail.closed:
        return list(indexes)
    return [one for one in indexes if _is_inside(db, members(await asked(db, (b"FT.INFO", one), "Search")))]


def _is_inside(db: Database, info: dict[str, Any]) -> bool:
    prefixes = prefixes_of(info)
    return not db.jail.closed or (bool(prefixes) and all(map(db.jail.holds, prefixes)))


def _described(attribute: Any, cells: Cells) -> Any:
    return tree(attribute, cells, top=True)


def _dropping(db: Database, index: str, *, delete: bool) -> Deed:
    action = "Drop the index and delete the documents of" if delete else "Drop the index"
    return Deed(action=action, target=index, database=db.name, statement=f"FT.DROPINDEX {index} {delete}")
