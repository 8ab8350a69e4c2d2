"""Queries of the operator as tools: values are bound, what reads runs on the reading path like any other."""

from collections.abc import Mapping
from typing import Any

from mcp_protocol import Output
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.rows.envelope import Envelope
from mcp_ref_kit.db.rows.page import Page
from mcp_ref_kit.db.sql.placeholders import numbered
from mcp_ref_postgres.reading.query import Question, page_of
from mcp_ref_postgres.state import Ctx
from mcp_ref_postgres.writing.running import commit, run


async def run_canned(ctx: Ctx, query: Canned, values: Mapping[str, Any], cursor: str | None) -> Output[Envelope]:
    """One page of what it gives.

    Raises:
        DbError
    """
    opened = ctx.state.of(query.database)
    sql = numbered(query.sql or "", list(values))
    bounds = ctx.state.bounds(query.limit)
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        if not query.write:
            question = Question(sql=sql, params=list(values.values()), bounds=bounds, cursor=cursor)
            return await page_of(ctx, opened, question, deadline)
        await opened.engine.permitted(deadline.at)
        async with opened.engine.writing(deadline.at) as session:
            _, done = await run(opened, session, sql, list(values.values()), bounds)
            await commit(opened, session, ctx.state.group)
    if done.rows is not None:
        return Output(done.rows)
    page = Page([], bounds)
    return page.finish(elapsed_ms=0.0, notices=[done.command_tag])
