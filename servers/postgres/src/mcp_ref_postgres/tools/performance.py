"""Tools that look for what is slow: top statements, advice on indexes, sessions, tables, columns."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.arguments import DatabaseName, TimeoutSeconds
from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import bad_argument, unknown
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_postgres.catalog.describing import Lookup, find
from mcp_ref_postgres.catalog.naming import like
from mcp_ref_postgres.health.storage import superfluous
from mcp_ref_postgres.observing import sessions as sessions_of
from mcp_ref_postgres.observing.advising import Method, Plans, Wish, advised, nothing_to_advise
from mcp_ref_postgres.observing.statements import Sort, top
from mcp_ref_postgres.observing.tables import TableSort, profile, tables
from mcp_ref_postgres.reading.transaction import Turn, callers, ours
from mcp_ref_postgres.state import Ctx, State
from mcp_ref_postgres.tools.arguments import LOOKING, WATCHING, Pattern, SchemaName

performance = Toolset[State]("performance", default=False)

_PROFILED = frozenset({"table", "view", "matview", "partitioned", "foreign_table"})


class TopQueries(Struct, frozen=True, kw_only=True):
    """queries: queryid, query, calls, total_ms, mean_ms, stddev_ms, rows, hit_pct and more."""

    queries: Sequence[Any]
    reset_at: str | None
    extension_version: str
    untrusted: Untrusted = True


class Advice(Struct, frozen=True, kw_only=True):
    """suggestions: ddl, size_est_mb, cost_before, cost_after, gain_pct, queries; drop: index, reason."""

    suggestions: Sequence[Any]
    drop: Sequence[Any]
    method: Method


class Sessions(Struct, frozen=True):
    """sessions: pid, user, database, application, state, wait, query_ms, xact_ms, query, blocked_by."""

    sessions: Sequence[Any]
    untrusted: Untrusted = True


class TableStats(Struct, frozen=True):
    """tables: schema, name, live, dead, sizes, last_vacuum, last_analyze, seq_scans, index_scans."""

    tables: Sequence[Any]
    untrusted: Untrusted = True


class Profile(Struct, frozen=True, kw_only=True):
    """columns: name, type, nulls_pct, distinct_est, min, max, top, width."""

    rows_estimate: float | None
    sampled: int
    columns: Sequence[Any]
    untrusted: Untrusted = True


@performance.tool(**WATCHING)
async def top_queries(
    ctx: Ctx,
    *,
    sort: Annotated[Sort, arg("What weighs.")] = "total",
    limit: Annotated[int, arg("Most queries.", ge=1, le=100)] = 10,
    min_calls: Annotated[int, arg("Leave out rarer ones.", ge=1, le=1_000_000_000)] = 1,
    database: DatabaseName | None = None,
) -> TopQueries:
    """Show the statements that cost most, from pg_stat_statements."""
    async with ours(ctx, database) as turn:
        return TopQueries(**await top(turn.session, turn.facts, sort, limit, min_calls))


@performance.tool(**LOOKING)
async def advise_indexes(
    ctx: Ctx,
    *,
    queries: Annotated[list[str], arg("SELECT statements; else the top ones.", min_length=1, max_length=10)]
    | None = None,
    budget_mb: Annotated[int, arg("Most megabytes of indexes.", ge=1, le=1_000_000)] = 1000,
    max: Annotated[int, arg("Most indexes.", ge=1, le=20)] = 5,  # noqa: A002  the wire's name
    timeout_s: TimeoutSeconds = 30.0,
    database: DatabaseName | None = None,
) -> Advice:
    """Suggest indexes for queries, tried with HypoPG where it is installed, and indexes to drop."""
    async with callers(ctx, database, timeout_s) as turn:
        texts = queries or await _top_texts(turn)
        if not texts:
            raise nothing_to_advise()
        verdicts = [await turn.opened.gate.admit(turn.session, text) for text in texts]
        extension = turn.facts.extensions.get("hypopg")
        found, method = await advised(
            Plans(turn.session, verdicts),
            None if extension is None else extension.schema,
            Wish(budget_mb, max),
            turn.deadline,
            Progress(ctx),
        )
        drop = await superfluous(turn.session, turn.opened.visible)
    return Advice(suggestions=found, drop=drop, method=method)


@performance.tool(**WATCHING)
async def activity(
    ctx: Ctx,
    *,
    view: Annotated[sessions_of.View, arg("What to show.")] = "queries",
    min_seconds: Annotated[float, arg("Only what lasts longer.", ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, arg("Most sessions.", ge=1, le=500)] = 50,
    database: DatabaseName | None = None,
) -> Sessions:
    """Show sessions: running queries, locks, who blocks whom, idle transactions, progress of maintenance."""
    async with ours(ctx, database) as turn:
        found = await sessions_of.sessions(
            turn.session, view, min_seconds, limit, own=turn.opened.engine.pids, major=turn.facts.major
        )
    return Sessions(found)


@performance.tool(**WATCHING)
async def table_stats(
    ctx: Ctx,
    *,
    schema: SchemaName | None = None,
    pattern: Pattern = "*",
    sort: Annotated[TableSort, arg("What comes first.")] = "size",
    limit: Annotated[int, arg("Most tables.", ge=1, le=1000)] = 50,
    database: DatabaseName | None = None,
) -> TableStats:
    """Show size, dead rows, vacuums and scans of tables."""
    async with ours(ctx, database) as turn:
        return TableStats(await tables(turn.session, turn.opened.narrowed(schema), like(pattern), sort, limit))


@performance.tool(**LOOKING)
async def profile_table(
    ctx: Ctx,
    *,
    table: Annotated[str, arg("Such as orders or shop.orders.", max_length=260)],
    columns: Annotated[list[str], arg("Only these.", min_length=1, max_length=100)] | None = None,
    sample: Annotated[int, arg("Rows to look at.", ge=1, le=1_000_000)] = 10_000,
    database: DatabaseName | None = None,
) -> Profile:
    """Profile the columns of a table: nulls, distinct values, range, common values."""
    async with ours(ctx, database) as turn:
        lookup = Lookup(name=table, type=None, visible=turn.opened.visible, path=turn.facts.path)
        found = await find(turn.session, lookup)
        if found is None or found.type not in _PROFILED:
            raise unknown("table", table, (), "list_objects shows what there is.")
        if found.type in {"view", "matview"}:
            await turn.opened.engine.permitted(turn.deadline.at)
        estimate, count, shown = await profile(turn.session, found, columns, sample)
    missing = set(columns or ()) - {column["name"] for column in shown}
    if missing:
        raise bad_argument("columns", f"names {min(missing)!r}, which {found.name} does not have")
    return Profile(rows_estimate=estimate, sampled=count, columns=shown)


async def _top_texts(turn: Turn) -> list[str]:
    """The top statements that read; texts with what the extension has left out cannot be planned."""
    found = await top(turn.session, turn.facts, "total", 50, 1)
    texts: list[str] = []
    for row in found["queries"]:
        text = str(row.get("query", ""))
        if await _can_be_planned(turn, text):
            texts.append(text)
        if len(texts) == _MOST_TOP:
            break
    return texts


_MOST_TOP = 10


async def _can_be_planned(turn: Turn, text: str) -> bool:
    if not text.lstrip().upper().startswith(("SELECT", "WITH", "(")) or "pg_catalog" in text:
        return False
    return await turn.opened.gate.would_admit(turn.session, text)
