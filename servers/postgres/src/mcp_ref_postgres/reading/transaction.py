"""A read-only transaction for statements of this server, with slot, deadline and mapped faults around it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.facts import Facts
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.state import Ctx, Opened


@dataclass
class Turn:
    """What one call has: the database, a session in a transaction, its time."""

    opened: Opened
    session: Session
    deadline: Deadline
    facts: Facts


@asynccontextmanager
async def ours(ctx: Ctx, database: str | None, seconds: float | None = None) -> AsyncGenerator[Turn]:
    """A turn whose search path is the engine's catalogue alone.

    Raises:
        DbError
    """
    async with turn(ctx, database, seconds, is_ours=True) as found:
        yield found


@asynccontextmanager
async def callers(ctx: Ctx, database: str | None, seconds: float | None = None) -> AsyncGenerator[Turn]:
    """A turn for a caller's statements, which have to pass the gate.

    Raises:
        DbError: also `permission`, for a superuser.
    """
    async with turn(ctx, database, seconds, is_ours=False) as found:
        yield found


@asynccontextmanager
async def turn(ctx: Ctx, database: str | None, seconds: float | None, *, is_ours: bool) -> AsyncGenerator[Turn]:
    """A slot, a session, a READ ONLY transaction."""
    opened = ctx.state.of(database)
    async with ctx.state.slots.enter(seconds or ctx.state.settings.timeout) as deadline:
        engine = opened.engine
        facts = await (engine.facts(deadline.at) if is_ours else engine.permitted(deadline.at))
        async with engine.reading(deadline.at, ours=is_ours) as session:
            with mapped(engine.scrub):
                yield Turn(opened, session, deadline, facts)
