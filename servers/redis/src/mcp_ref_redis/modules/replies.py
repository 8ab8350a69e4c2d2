"""Replies of the search module in either protocol as one form. Pure."""

from collections.abc import Sequence
from typing import Any

from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_redis.engine.resp import Pairs
from mcp_ref_redis.keyspace.windows import score, tree
from mcp_ref_redis.values import shown

Hit = dict[str, Any]


def hits(reply: Any, cells: Cells, *, scored: bool) -> tuple[int, list[Hit]]:
    """The total and the documents of FT.SEARCH."""
    if isinstance(reply, Pairs):
        return _from_map(reply, cells)
    total, *rest = reply
    step = 3 if scored else 2
    found: list[Hit] = []
    for at in range(0, len(rest), step):
        hit: Hit = {"key": shown(rest[at])}
        if scored:
            hit["score"] = score(rest[at + 1])
        found.append(hit | {"fields": tree(rest[at + step - 1], cells, top=True)})
    return total, found


def _from_map(reply: Pairs, cells: Cells) -> tuple[int, list[Hit]]:
    facts = members(reply)
    found: list[Hit] = []
    for one in facts.get("results", ()):
        document = members(one)
        hit: Hit = {"key": shown(document.get("id"))}
        if document.get("score") is not None:
            hit["score"] = score(document["score"])
        found.append(hit | {"fields": tree(document.get("extra_attributes", ()), cells, top=True)})
    return facts.get("total_results", len(found)), found


def groups(reply: Any, cells: Cells) -> tuple[int, list[Any]]:
    """The rows of FT.AGGREGATE."""
    if isinstance(reply, Pairs):
        facts = members(reply)
        rows = [members(one).get("extra_attributes", ()) for one in facts.get("results", ())]
        return facts.get("total_results", len(rows)), [tree(row, cells, top=True) for row in rows]
    return reply[0], [tree(row, cells, top=True) for row in reply[1:]]


def members(items: Sequence[Any]) -> dict[str, Any]:
    """Names and values in turn as a table."""
    return {str(shown(items[at])): items[at + 1] for at in range(0, len(items) - 1, 2)}


def prefixes_of(info: dict[str, Any]) -> list[bytes]:
    """The prefixes of an index, from FT.INFO; none means every key."""
    definition = members(info.get("index_definition", ()))
    return list(definition.get("prefixes", ()))
