"""Which indexes would help: tried one after the other with HypoPG, or read from the filters of plans without it.

The search is greedy and can stop at any time with what it has: in each round every candidate is tried beside those
that were chosen, and the one that saves most joins them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline, Progress
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.gate.verdicts import Verdict
from mcp_ref_postgres.observing.candidates import Candidate, candidates_of
from mcp_ref_postgres.plans import hypothetical
from mcp_ref_postgres.plans.explaining import Request, explained
from mcp_ref_postgres.plans.hypothetical import Made

MEGABYTE = 1024 * 1024
# A candidate that saves less is not worth its writes.
LEAST_GAIN = 0.05
MOST_CANDIDATES = 40
# Of the time of the call, for the search; the rest is for what comes after it.
SEARCH_SHARE = 0.8

Method = Literal["hypopg", "heuristic"]


class Suggestion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An index, and what it would do for which of the queries."""

    ddl: str
    size_est_mb: float | None = None
    cost_before: float
    cost_after: float | None = None
    gain_pct: float | None = None
    queries: list[int]


class Plans:
    """The queries, and their plans as they are now."""

    def __init__(self, session: Session, verdicts: Sequence[Verdict]) -> None:
        self.session = session
        self._requests = [
            Request(statement=verdict.statement.text, text=verdict.text, parameters=verdict.parameters, given=[])
            for verdict in verdicts
        ]
        self.now: list[Any] = []

    async def load(self) -> None:
        """Look at each plan."""
        self.now = [(await explained(self.session, request))["Plan"] for request in self._requests]

    async def costs(self) -> list[float]:
        """What each costs with the indexes of the moment."""
        return [(await explained(self.session, request))["Plan"]["Total Cost"] for request in self._requests]


class Wish(Struct, frozen=True):
    """Bounds of an advice."""

    budget_mb: int
    most: int


async def advised(
    plans: Plans, schema: str | None, wish: Wish, deadline: Deadline, progress: Progress
) -> tuple[list[Suggestion], Method]:
    """The indexes that help most, the best first."""
    await plans.load()
    found = list(_unique(plans.now))[:MOST_CANDIDATES]
    costs = [plan["Total Cost"] for plan in plans.now]
    if schema is None:
        return _by_heuristic(found, costs, wish), "heuristic"
    search = _Search(plans, schema, wish, deadline)
    await progress.report(0)
    return await search.run(found, costs, progress.report), "hypopg"


def _unique(plans: Sequence[Any]) -> Iterator[Candidate]:
    by_ddl: dict[str, Candidate] = {}
    for number, plan in enumerate(plans):
        for found in candidates_of(plan):
            known = by_ddl.get(found.ddl)
            queries = sorted({*(known.queries if known else ()), number})
            by_ddl[found.ddl] = Candidate(found.ddl, queries)
    yield from by_ddl.values()


def _by_heuristic(found: Sequence[Candidate], costs: Sequence[float], wish: Wish) -> list[Suggestion]:
    ordered = sorted(found, key=lambda one: -sum(costs[number] for number in one.queries))
    return [
        Suggestion(ddl=one.ddl, cost_before=sum(costs[number] for number in one.queries), queries=list(one.queries))
        for one in ordered[: wish.most]
    ]


class _Search:
    def __init__(self, plans: Plans, schema: str, wish: Wish, deadline: Deadline) -> None:
        self._plans = plans
        self._schema = schema
        self._wish = wish
        self._deadline = deadline
        self._end = deadline.seconds * (1 - SEARCH_SHARE)

    async def run(self, left: list[Candidate], before: list[float], report: Callable[[float], Any]) -> list[Suggestion]:
        """Choose until nothing helps, the budget is spent or the time is up."""
        chosen: list[Suggestion] = []
        ddls: list[str] = []
        spent = 0.0
        tried = 0
        while left and len(chosen) < self._wish.most and not self._late:
            best: tuple[float, Candidate, list[float], float] | None = None
            for candidate in list(left):
                if self._late:
                    break
                after, size = await self._tried([*ddls, candidate.ddl])
                tried += 1
                await report(tried)
                gain = sum(before) - sum(after)
                fits = spent + size <= self._wish.budget_mb
                if fits and gain > LEAST_GAIN * sum(before) and (best is None or gain > best[0]):
                    best = (gain, candidate, after, size)
            if best is None:
                break
            gain, candidate, after, size = best
            helped = [number for number, cost in enumerate(after) if cost < before[number] * (1 - LEAST_GAIN)]
            chosen.append(_suggestion(candidate.ddl, before, after, size, helped))
            ddls.append(candidate.ddl)
            left = [one for one in left if one.ddl != candidate.ddl]
            before, spent = after, spent + size
        return chosen

    @property
    def _late(self) -> bool:
        return self._deadline.left < self._end

    async def _tried(self, ddls: Sequence[str]) -> tuple[list[float], float]:
        """The costs with these indexes, and how large the last of them would be."""
        session = self._plans.session
        try:
            made: list[Made] = await hypothetical.make(session, self._schema, ddls)
            costs = await self._plans.costs()
            [size] = await hypothetical.sizes(session, self._schema, made[-1:])
        finally:
            await hypothetical.reset(session, self._schema)
        return costs, size / MEGABYTE


def _suggestion(ddl: str, before: list[float], after: list[float], size: float, helped: list[int]) -> Suggestion:
    total_before, total_after = sum(before), sum(after)
    return Suggestion(
        ddl=ddl,
        size_est_mb=round(size, 2),
        cost_before=round(total_before, 2),
        cost_after=round(total_after, 2),
        gain_pct=round(100 * (1 - total_after / total_before), 1) if total_before else 0.0,
        queries=helped,
    )


def nothing_to_advise() -> DbError:
    """What to say where there is no query."""
    return DbError(
        "There is no query to look at.", code="invalid_argument", hint="Give `queries`, or use pg_stat_statements."
    )
