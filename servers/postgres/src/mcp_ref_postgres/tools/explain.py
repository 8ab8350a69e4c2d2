"""The tool that shows how a statement would run, what is slow about it, and what an index would change."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.gate.verdicts import statement_of
from mcp_ref_postgres.plans import hypothetical
from mcp_ref_postgres.plans.explaining import PlanFormat, Request, explained
from mcp_ref_postgres.plans.findings import findings
from mcp_ref_postgres.plans.hypothetical import HypotheticalIndex
from mcp_ref_postgres.plans.tree import outline, steps
from mcp_ref_postgres.reading.transaction import Turn, callers
from mcp_ref_postgres.state import Ctx, State
from mcp_ref_postgres.tools.arguments import LOOKING, Sql, Values
from mcp_ref_postgres.writing.admitting import admitted

explaining = Toolset[State]("core")

_NONE: list[Any] = []
_NO_INDEXES: list[HypotheticalIndex] = []


class Compared(Struct, frozen=True):
    """The cost without and with the hypothetical indexes, and those that the plan used."""

    cost_before: float
    cost_after: float
    used: list[str]


class Explained(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """nodes: id, parent, type, relation, rows_est, rows_actual, cost, ms; findings; compare: costs, used."""

    plan: Any
    total_cost: float | None = None
    planning_ms: float | None = None
    execution_ms: float | None = None
    nodes: Sequence[Any] = ()
    findings: Sequence[Any] = ()
    compare: Any = None
    untrusted: Untrusted = True


class _Wish(Struct, frozen=True, kw_only=True):
    """The arguments of one call."""

    sql: str
    params: list[Any]
    analyze: bool
    buffers: bool
    format: PlanFormat
    indexes: list[HypotheticalIndex]
    generic: bool


@explaining.tool(**LOOKING)
async def explain(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    sql: Sql,
    params: Values = _NONE,
    analyze: Annotated[bool, arg("Run it, and roll back.")] = False,
    buffers: Annotated[bool, arg("Count blocks, with analyze.")] = True,
    format: Annotated[PlanFormat, arg("Form of plan.")] = "tree",  # noqa: A002  the wire's name
    hypothetical_indexes: Annotated[
        list[HypotheticalIndex], arg("Compare with these indexes (HypoPG).", max_length=hypothetical.MOST)
    ] = _NO_INDEXES,
    generic: Annotated[bool, arg("For any values; so without params.")] = False,
    database: DatabaseName | None = None,
) -> Explained:
    """Explain how a statement runs: plan, cost, what is slow; with hypothetical indexes the cost before and after."""
    wish = _Wish(
        sql=sql,
        params=params,
        analyze=analyze,
        buffers=buffers,
        format=format,
        indexes=hypothetical_indexes,
        generic=generic,
    )
    _check(wish)
    async with _turn(ctx, database, wish) as (turn, request):
        plan = await explained(turn.session, request)
        compared = await _compared(turn, request, wish) if wish.indexes else None
    return _shown(plan, wish, compared)


def _check(wish: _Wish) -> None:
    if wish.analyze and wish.indexes:
        raise bad_argument("analyze", "cannot run a plan with indexes that do not exist")
    if wish.analyze and wish.generic:
        raise bad_argument("analyze", "needs the values that `generic` leaves out")


@asynccontextmanager
async def _turn(ctx: Ctx, database: str | None, wish: _Wish) -> AsyncGenerator[tuple[Turn, Request]]:
    """A read-only transaction for what reads; a writing one, rolled back, where the mode lets the statement write."""
    writes = ctx.state.settings.mode != "read-only" and statement_of(wish.sql).foreign_verb() in _DML
    if not writes:
        async with callers(ctx, database) as turn:
            verdict = await turn.opened.gate.admit(turn.session, wish.sql)
            yield turn, _request(wish, verdict.statement.text, verdict.text, verdict.parameters)
        return
    opened = ctx.state.of(database)
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        facts = await opened.engine.permitted(deadline.at)
        async with opened.engine.writing(deadline.at) as session:
            with mapped(opened.engine.scrub):
                found = await admitted(opened, session, wish.sql)
                request = _request(wish, found.statement.text, found.text, found.parameters)
                yield Turn(opened, session, deadline, facts), request


_DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})


def _request(wish: _Wish, statement: str, text: str, parameters: Sequence[Any]) -> Request:
    if wish.analyze and parameters and not wish.params:
        raise bad_argument("params", "must be given to run the statement")
    return Request(
        statement=statement,
        text=text,
        parameters=parameters,
        given=[] if wish.generic else wish.params,
        analyze=wish.analyze,
        buffers=wish.buffers,
        as_text=wish.format == "text",
    )


async def _compared(turn: Turn, request: Request, wish: _Wish) -> Compared:
    schema = hypothetical.schema_of(turn.opened.engine)
    session, opened = turn.session, turn.opened
    statements: list[str] = []
    for index in wish.indexes:
        ddl = await hypothetical.ddl_of(session, index, opened.visible, turn.facts.path)
        if index.where is not None:
            table = ddl.partition(" ON ")[2].partition(" USING ")[0]
            await opened.gate.admit(session, hypothetical.probe_of(table, index.where))
        statements.append(ddl)
    plain = replace(request, analyze=False, as_text=False)
    before = await explained(session, plain)
    try:
        made = await hypothetical.make(session, schema, statements)
        after = await explained(session, plain)
    finally:
        await hypothetical.reset(session, schema)
    names = {step.node.index for step in steps(after["Plan"])}
    used = [each.ddl for each in made if each.name in names]
    return Compared(before["Plan"]["Total Cost"], after["Plan"]["Total Cost"], used)


def _shown(plan: Any, wish: _Wish, compared: Compared | None) -> Explained:
    if isinstance(plan, str):
        return Explained(plan=plan, compare=compared)
    found = steps(plan["Plan"])
    return Explained(
        plan=outline(found) if wish.format == "tree" else plan,
        total_cost=plan["Plan"]["Total Cost"],
        planning_ms=plan.get("Planning Time"),
        execution_ms=plan.get("Execution Time"),
        nodes=[step.node for step in found],
        findings=findings(found),
        compare=compared,
    )
