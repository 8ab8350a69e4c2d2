"""Names and arguments of the archived server, for hosts that are set up for it: thin, and behind the same gates."""

from typing import Annotated

from mcp_protocol import Output, arg
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_kit.db.rows.envelope import Envelope
from mcp_ref_sqlite.results import Described, Executed, Listing, shown
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools import query as native
from mcp_ref_sqlite.tools import write
from mcp_ref_sqlite.tools.arguments import CHANGING, READING, Sql

compat = Toolset[State]("compat", default=False)


@compat.tool(**READING)
async def read_query(ctx: Ctx, *, query: Sql, database: DatabaseName | None = None) -> Output[Envelope]:
    """Older name of query."""
    return await native.query(ctx, sql=query, database=database)


@compat.tool(**CHANGING)
async def write_query(ctx: Ctx, *, query: Sql, database: DatabaseName | None = None) -> Output[Executed]:
    """Older name of execute."""
    return await write.execute(ctx, sql=query, database=database)


@compat.tool(**CHANGING)
async def create_table(ctx: Ctx, *, query: Sql, database: DatabaseName | None = None) -> Output[Executed]:
    """Older name of execute, for CREATE TABLE."""
    return await write.execute(ctx, sql=query, database=database)


@compat.tool(**READING)
async def list_tables(ctx: Ctx, *, database: DatabaseName | None = None) -> Output[Listing]:
    """Older name of list_objects, for the names of the tables."""
    found = await native.list_objects(ctx, types=("table",), detail="names", limit=10_000, database=database)
    return shown(Listing([each["name"] for each in found.data.objects]))


@compat.tool(**READING)
async def describe_table(
    ctx: Ctx, *, table_name: Annotated[str, arg("Exact name.", min_length=1)], database: DatabaseName | None = None
) -> Output[Described]:
    """Older name of describe_object."""
    return await native.describe_object(ctx, name=table_name, database=database)
