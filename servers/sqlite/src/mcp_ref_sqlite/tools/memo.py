"""The toolset of insights: append_insight, the memo as a resource, and the demo that shows both."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.rows.formats import visible
from mcp_ref_sqlite.results import Noted
from mcp_ref_sqlite.state import Ctx, State
from mcp_ref_sqlite.tools.arguments import ADDING

insights = Toolset[State]("insights", default=False)

MEMO = "memo://insights"


@insights.tool(**ADDING)
async def append_insight(
    ctx: Ctx, *, insight: Annotated[str, arg("What the data says.", min_length=1, max_length=4096)]
) -> Noted:
    """Add an insight to the memo, the resource memo://insights."""
    count = ctx.state.memo.append(ctx.principal.key, insight)
    await ctx.resource_updated(MEMO)
    return Noted(count)


@insights.resource(MEMO, name="insights", title="Memo of insights", mime_type="text/plain")
async def memo(ctx: Ctx) -> str:
    """What was noted so far."""
    return visible(ctx.state.memo.text(ctx.principal.key))


@insights.prompt()
async def mcp_demo(_ctx: Ctx, topic: Annotated[str, arg("What the data of the demo is about.", max_length=200)]) -> str:
    """Show what this server can do, with data made up for a topic."""
    return f"""\
Show me what an MCP server for SQLite can do, with data about this topic: {topic}

1. Make up a short business question about the topic and say who asks it.
2. Look at what is in the database with list_objects. If you may write, make two or three small tables for the story \
with execute_batch and fill them with import_rows or execute_batch; else use what is there.
3. Answer the question step by step with query. After each result that says something, call append_insight.
4. Show how one of the queries runs with explain.
5. Read the resource {MEMO} and end with its insights as a short memo.

Ask me before you change anything that was there before."""
