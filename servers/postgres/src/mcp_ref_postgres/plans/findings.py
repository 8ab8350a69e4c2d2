"""What is worth a word in a plan: one function for each kind of trouble, in one table. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from mcp_ref_postgres.plans.tree import Step

Severity = Literal["info", "warning", "critical"]

# Below it reading a whole table is what a good plan does.
MANY_ROWS = 1000
# Of the rows that are read, fewer than one in ten is kept.
WASTEFUL = 10
# Where estimate and truth differ by more, other choices of the planner rest on sand.
FAR_OFF = 10
FAR_TOO_FAR_OFF = 1000
MANY_LOOPS = 1000
MOST_FINDINGS = 20


class PlanFinding(Struct, frozen=True):
    """One remark about a node of a plan."""

    severity: Severity
    node: int
    text: str


def findings(found: Sequence[Step]) -> list[PlanFinding]:
    """Everything that is worth a word, the gravest first."""
    remarks = [remark for step in found for judge in _JUDGES for remark in judge(step)]
    order: tuple[Severity, ...] = ("critical", "warning", "info")
    return sorted(remarks, key=lambda remark: (order.index(remark.severity), remark.node))[:MOST_FINDINGS]


def _wasteful_scan(step: Step) -> Iterator[PlanFinding]:
    """A filter that throws most rows away; without analyze the estimate must do, against the cost of the read."""
    removed = step.raw.get("Rows Removed by Filter", 0)
    kept = step.node.rows_actual
    if step.raw.get("Node Type") != "Seq Scan" or "Filter" not in step.raw:
        return
    words = f"Seq Scan on {step.node.relation} reads every row for {step.raw['Filter']}"
    if kept is not None:
        if removed >= MANY_ROWS and removed >= WASTEFUL * max(kept, 1):
            text = f"{words}: {removed:g} rows read in vain, {kept:g} kept; an index could find them."
            yield PlanFinding("warning", step.node.id, text)
    elif step.node.cost >= MANY_ROWS / 10 and step.node.rows_est * WASTEFUL < step.node.cost:
        yield PlanFinding("warning", step.node.id, f"{words} and keeps about {step.node.rows_est:g}.")


def _wrong_estimate(step: Step) -> Iterator[PlanFinding]:
    actual, planned = step.node.rows_actual, step.node.rows_est
    if actual is None or max(actual, planned) < MANY_ROWS / 10:
        return
    factor = max(actual, 1) / max(planned, 1)
    off = max(factor, 1 / factor)
    if off < FAR_OFF:
        return
    severity: Severity = "critical" if off >= FAR_TOO_FAR_OFF else "warning"
    of = f" on {step.node.relation}" if step.node.relation else ""
    text = f"{step.node.type}{of} was planned for {planned:g} rows and got {actual:g}: ANALYZE, or extended statistics."
    yield PlanFinding(severity, step.node.id, text)


def _spilled(step: Step) -> Iterator[PlanFinding]:
    if step.raw.get("Sort Space Type") == "Disk":
        text = f"The sort used {step.raw.get('Sort Space Used')} kB on disk: more work_mem, or an index in that order."
        yield PlanFinding("warning", step.node.id, text)
    batches = step.raw.get("Hash Batches", 1)
    if batches > 1:
        yield PlanFinding("warning", step.node.id, f"The hash went to disk in {batches} parts: more work_mem helps.")


def _many_loops(step: Step) -> Iterator[PlanFinding]:
    loops = step.node.loops or 0
    if loops >= MANY_LOOPS and step.raw.get("Node Type") in {"Seq Scan", "Materialize", "Subquery Scan"}:
        text = f"{step.node.type} on {step.node.relation or 'its input'} ran {loops:g} times: the join has no index."
        yield PlanFinding("critical", step.node.id, text)


def _lossy(step: Step) -> Iterator[PlanFinding]:
    if step.raw.get("Lossy Heap Blocks"):
        yield PlanFinding("info", step.node.id, "The bitmap did not fit work_mem, so rows were checked twice.")
    fetches = step.raw.get("Heap Fetches", 0)
    if fetches >= MANY_ROWS:
        text = f"An index-only scan went to the table {fetches} times: VACUUM {step.node.relation}."
        yield PlanFinding("warning", step.node.id, text)


def _workers(step: Step) -> Iterator[PlanFinding]:
    planned, launched = step.raw.get("Workers Planned"), step.raw.get("Workers Launched")
    if planned and launched is not None and launched < planned:
        yield PlanFinding("info", step.node.id, f"{launched} of {planned} parallel workers could be started.")


def _cross_join(step: Step) -> Iterator[PlanFinding]:
    if step.raw.get("Node Type") == "Nested Loop" and step.node.parent is None:
        bare = all("Index Cond" not in child and "Filter" not in child for child in step.raw.get("Plans", ()))
        if bare and "Join Filter" not in step.raw and step.node.rows_est >= MANY_ROWS * MANY_ROWS:
            yield PlanFinding("critical", step.node.id, "Every row is joined with every other: is a condition missing?")


_JUDGES: tuple[Callable[[Step], Iterator[PlanFinding]], ...] = (
    _wasteful_scan,
    _wrong_estimate,
    _spilled,
    _many_loops,
    _lossy,
    _workers,
    _cross_join,
)
