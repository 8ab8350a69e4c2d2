"""EXPLAIN of a statement that passed the gate: its text is built here, its parameters bound or left open."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, json

from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.driver import TypeName
from mcp_ref_postgres.reading.parameters import converted

PlanFormat = Literal["tree", "json", "text"]


class Request(Struct, frozen=True, kw_only=True):
    """What is to be explained, and how."""

    statement: str
    """The text as it passed the gate."""
    text: str
    """The same with its parameters read from text."""
    parameters: Sequence[TypeName]
    given: Sequence[Any]
    analyze: bool = False
    buffers: bool = True
    as_text: bool = False

    @property
    def generic(self) -> bool:
        """Whether values are missing, so that the plan is the one for any values."""
        return bool(self.parameters) and not self.given


async def explained(session: Session, request: Request) -> Any:
    """The plan: text, or the engine's JSON as objects."""
    rows = await (_generic(session, request) if request.generic else _bound(session, request))
    if request.as_text:
        return "\n".join(row[0] for row in rows)
    return json.decode(rows[0][0])[0]


async def _bound(session: Session, request: Request) -> list[Any]:
    arguments = converted(request.given, request.parameters)
    prepared = await session.connection.prepare(
        f"EXPLAIN ({_options(request)}) {request.text}", name=session.statement_name
    )
    return await prepared.fetch(*arguments)


async def _generic(session: Session, request: Request) -> list[Any]:
    """The plan for any values. A bound null would be one value, and the planner would make the most of it.

    A prepared statement of SQL outlives the transaction, so it is taken away here.
    """
    connection, name = session.connection, session.statement_name
    await (await connection.prepare(f"PREPARE _generic AS {request.statement}", name=name)).fetch()
    try:
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        nulls = ", ".join("NULL" for _ in request.parameters)
        rows = await connection.fetch(f"EXPLAIN ({_options(request)}) EXECUTE _generic({nulls})")
    finally:
        if not connection.is_closed():
            await connection.execute("DEALLOCATE _generic")
    return rows


def _options(request: Request) -> str:
    options = ["FORMAT TEXT" if request.as_text else "FORMAT JSON", "VERBOSE"]
    if request.analyze:
        options += ["ANALYZE", f"BUFFERS {'ON' if request.buffers else 'OFF'}"]
    return ", ".join(options)
