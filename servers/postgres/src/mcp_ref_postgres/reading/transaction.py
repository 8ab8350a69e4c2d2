"""A read-only transaction for statements of this server, with slot, deadline and mapped faults around it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.state import Ctx, Opened


@asynccontextmanager
async def ours(
    ctx: Ctx, database: str | None, seconds: float | None = None
) -> AsyncGenerator[tuple[Opened, Session]]:
    """The database and a session whose search path is the engine's catalogue alone.

    Raises:
        DbError
    """
    opened = ctx.state.of(database)
    async with ctx.state.slots.enter(seconds or ctx.state.settings.timeout) as deadline:
        async with opened.engine.reading(deadline.at) as session:
            with mapped(opened.engine.scrub):
                yield opened, session
