"""How much text an element holds, and how much of it is links; within a time, since elements hold each other."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Clock = Callable[[], float]

# A sample is enough to know a share.
_MOST_LINKS = 300
# Of links within the page a third counts: a table of contents is more of a text than a menu.
_WITHIN = 0.3
_MOST_NODES = 1000
# What an element is said to hold when there is no time left to look: nothing is thrown away unseen.
UNKNOWN = 1 << 40


class Measures:
    """Measures elements, until its time is over."""

    def __init__(self, deadline: float, clock: Clock = time.monotonic) -> None:
        self._deadline = deadline
        self._clock = clock

    @property
    def is_over(self) -> bool:
        """Whether the time is."""
        return self._clock() > self._deadline

    def length(self, node: "LexborNode") -> int:
        """The characters of a text, but for those that indent the source."""
        if self.is_over:
            return UNKNOWN
        return _shown(node)

    def lengths(self, nodes: "Iterable[LexborNode]") -> int:
        """The characters of several texts."""
        return sum(self.length(node) for node in nodes)

    def linked(self, node: "LexborNode") -> float:
        """The characters in links."""
        if self.is_over:
            return 0.0
        links = node.css("a")
        step = len(links) // _MOST_LINKS + 1
        return step * sum(_shown(link) * (_WITHIN if _leads_within(link) else 1.0) for link in links[::step])

    def link_density(self, node: "LexborNode") -> float:
        """The share of a text that is links."""
        whole = self.length(node)
        return min(self.linked(node) / whole, 1.0) if whole > 0 else 1.0

    def has(self, node: "LexborNode", selector: str) -> bool:
        """Whether an element, or one in it, matches; without time left: yes."""
        return self.is_over or node.css_first(selector) is not None


def outermost(nodes: "list[LexborNode]") -> "list[LexborNode]":
    """Those of the first of them that are inside no other."""
    found = nodes[:_MOST_NODES]
    inside = {node.mem_id for node in found}
    return [node for node in found if not has_ancestor(node, inside)]


def is_inside(node: "LexborNode", other: "LexborNode") -> bool:
    """Whether an element is another one, or in it."""
    return node.mem_id == other.mem_id or has_ancestor(node, {other.mem_id})


def has_ancestor(node: "LexborNode", among: set[int]) -> bool:
    """Whether an element is inside one of some others."""
    parent = node.parent
    while parent is not None:
        if parent.mem_id in among:
            return True
        parent = parent.parent
    return False


def _shown(node: "LexborNode") -> int:
    text = node.text()
    return len(text) - 2 * text.count("  ") - text.count("\n") - text.count("\t")


def _leads_within(link: "LexborNode") -> bool:
    return (link.attributes.get("href") or "").startswith("#")
