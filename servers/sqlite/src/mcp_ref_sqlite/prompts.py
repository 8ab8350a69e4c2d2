"""Prompts: fixed texts round a user's own words; nothing from a database is in them."""

from functools import partial
from typing import Annotated

from mcp_protocol import Completion, Toolset, arg
from mcp_ref_kit.db.catalog.known import matching, suggestions
from mcp_ref_sqlite.state import Ctx, State

prompts = Toolset[State]("core")

_LONGEST = 10_000


@prompts.prompt()
async def analyze_database(
    _ctx: Ctx, database: Annotated[str, arg("Which database.", max_length=32)] | None = None
) -> str:
    """Get to know a database."""
    which = f" of the database {database}" if database else ""
    return f"""\
Get to know the contents{which}.

1. list_objects, then describe_object of the tables that matter.
2. A few rows of each with query; profile_table where it is offered.
3. Say what the tables are about, how they belong together, and what looks wrong: nulls, doubled rows, odd values.
4. Propose three questions that this data can answer."""


@prompts.prompt()
async def write_query(
    _ctx: Ctx,
    question: Annotated[str, arg("What you want to know.", max_length=_LONGEST)],
    tables: Annotated[str, arg("Tables or columns to use.", max_length=_LONGEST)] | None = None,
) -> str:
    """Write a query that answers a question."""
    using = f"\nUse these: {tables}" if tables else ""
    return f"""\
Write one SQLite statement that answers this question: {question}{using}

Look at the tables first with list_objects and describe_object. Give values as params. Run it with query and a small \
limit, look at explain if it is slow, and show me the statement with its answer."""


@prompts.prompt()
async def optimize_query(_ctx: Ctx, sql: Annotated[str, arg("The statement.", max_length=_LONGEST)]) -> str:
    """Make a query faster."""
    return f"""\
Make this SQLite statement faster without changing what it answers:

{sql}

Use explain; where advise_indexes is offered, ask it too. Say what costs most, propose a better statement or an \
index, and show the plan before and after. Change nothing in the database."""


@prompts.prompt()
async def explain_schema(_ctx: Ctx, audience: Annotated[str, arg("For whom.", max_length=200)] | None = None) -> str:
    """Explain how a database is built."""
    reader = audience or "a developer who is new to it"
    return f"""\
Explain how the database is built, for {reader}.

Read its schema with list_objects (detail full) and describe_object. Say what each table holds, how they refer to \
one another, and which rules the database keeps by itself. Draw the tables and their references as a Mermaid diagram."""


@prompts.complete(analyze_database, "database")
async def database_names(ctx: Ctx, typed: str) -> Completion:
    """Databases."""
    return matching(typed, ctx.state.databases)


@prompts.complete(write_query, "tables")
async def names(ctx: Ctx, typed: str) -> Completion:
    """Tables; after `table.` its columns."""
    table, dot, _ = typed.rpartition(".")
    if not dot:
        return await suggestions(typed, partial(_tables, ctx))
    return await suggestions(typed, partial(_columns, ctx, table))


async def _tables(ctx: Ctx) -> list[str]:
    return [table for name in ctx.state.databases for table in await ctx.state.databases.columns(name)]


async def _columns(ctx: Ctx, table: str) -> list[str]:
    found: list[str] = []
    for name in ctx.state.databases:
        columns = await ctx.state.databases.columns(name)
        found += [f"{table}.{column}" for column in columns.get(table, [])]
    return found
