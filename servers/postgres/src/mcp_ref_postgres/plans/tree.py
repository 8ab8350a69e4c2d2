"""A plan as the engine gives it, into a flat list of nodes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

_BLOCKS = {
    "Shared Hit Blocks": "hit",
    "Shared Read Blocks": "read",
    "Shared Dirtied Blocks": "dirtied",
    "Shared Written Blocks": "written",
    "Temp Read Blocks": "temp_read",
    "Temp Written Blocks": "temp_written",
}
# A plan of thousands of partitions is cut here; its totals are not.
MOST_NODES = 500


class Node(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a plan. Rows and times are for one loop; `ms` is the time of the node with all beneath it, in all."""

    id: int
    parent: int | None
    type: str
    relation: str | None = None
    index: str | None = None
    condition: str | None = None
    rows_est: float
    rows_actual: float | None = None
    loops: float | None = None
    cost: float
    ms: float | None = None
    buffers: dict[str, int] | None = None


class Step(Struct, frozen=True):
    """A node with what the engine said of it."""

    node: Node
    raw: Mapping[str, Any]


def steps(plan: Mapping[str, Any]) -> list[Step]:
    """All nodes of a plan, each after its parent."""
    found: list[Step] = []
    for step in _walk(plan):
        found.append(step)
        if len(found) >= MOST_NODES:
            break
    return found


def _walk(plan: Mapping[str, Any]) -> Iterator[Step]:
    waiting: list[tuple[Mapping[str, Any], int | None]] = [(plan, None)]
    number = 0
    while waiting:
        raw, parent = waiting.pop()
        yield Step(_node(raw, number, parent), raw)
        children: Sequence[Mapping[str, Any]] = raw.get("Plans", ())
        waiting.extend((child, number) for child in reversed(children))
        number += 1


def _node(raw: Mapping[str, Any], number: int, parent: int | None) -> Node:
    loops = raw.get("Actual Loops")
    time = raw.get("Actual Total Time")
    return Node(
        id=number,
        parent=parent,
        type=_type(raw),
        relation=_relation(raw),
        index=raw.get("Index Name"),
        condition=condition(raw),
        rows_est=raw.get("Plan Rows", 0),
        rows_actual=raw.get("Actual Rows"),
        loops=loops,
        cost=raw.get("Total Cost", 0.0),
        ms=None if time is None else round(time * (loops or 1), 3),
        buffers={short: raw[name] for name, short in _BLOCKS.items() if raw.get(name)} or None,
    )


def condition(raw: Mapping[str, Any]) -> str | None:
    """What decides which rows a node gives."""
    for name in ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter"):
        if name in raw:
            return str(raw[name])
    return None


def _type(raw: Mapping[str, Any]) -> str:
    kind = str(raw.get("Node Type", "?"))
    join = raw.get("Join Type")
    if join and join != "Inner":
        kind = f"{kind} ({join})"
    strategy = raw.get("Strategy")
    return f"{strategy} {kind}" if strategy and strategy != "Plain" else kind


def _relation(raw: Mapping[str, Any]) -> str | None:
    name = raw.get("Relation Name") or raw.get("Function Name") or raw.get("CTE Name")
    if name is None:
        return None
    schema = raw.get("Schema")
    return f"{schema}.{name}" if schema else str(name)


def outline(found: Sequence[Step]) -> str:
    """The plan as lines, each below its parent."""
    depth: dict[int, int] = {}
    lines: list[str] = []
    for step in found:
        node = step.node
        depth[node.id] = 0 if node.parent is None else depth[node.parent] + 1
        lines.append("  " * depth[node.id] + _line(node))
    return "\n".join(lines)


def _line(node: Node) -> str:
    place = f" on {node.relation}" if node.relation else ""
    by = f" by {node.index}" if node.index else ""
    real = (
        "" if node.rows_actual is None else f", got {node.rows_actual:g} x {node.loops or 0:g} in {node.ms or 0:g} ms"
    )
    what = f" [{node.condition}]" if node.condition else ""
    return f"{node.type}{place}{by}: cost {node.cost:g}, rows {node.rows_est:g}{real}{what}"
