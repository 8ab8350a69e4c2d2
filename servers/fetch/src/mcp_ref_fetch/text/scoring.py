"""Which block holds the running text: paragraphs give points to what is around them, links take them away."""

import re
from typing import TYPE_CHECKING

from mcp_ref_fetch.text import signs
from mcp_ref_fetch.text.measures import Measures

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

COMMAS = re.compile("[,\u060c\u3001\uff0c\ufe50\ufe10\u2e41]")
_LEAST_PARAGRAPH = 25
_MOST_FOR_LENGTH = 3
_LEAST_RUNNING = 0.5
# A sample is enough to find where the text is.
_MOST_PARAGRAPHS = 1000
# What a paragraph gives to the blocks around it, the nearest first: all of its points, a half, a sixth, ...
_PARTS = (1, 2, 6, 9, 12)
_DEEPEST = 100
_FIRST_POINTS = (
    dict.fromkeys(("article", "main"), 10.0)
    | {"div": 5.0, "pre": 3.0, "td": 3.0, "blockquote": 3.0, "section": 2.0}
    | dict.fromkeys(("address", "ol", "ul", "dl", "dd", "dt", "li", "form"), -3.0)
    | dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "th"), -5.0)
)
_TEXTUAL = "p, pre, td, h2, h3, h4, h5, h6, div, section, article, blockquote, li, dd"
# Of these the whole text is a paragraph; of cells only when no blocks are in them; of others what stands in them bare.
_WHOLE = frozenset({"p", "pre", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "li", "dd"})
_PLAIN = frozenset({"div", "section", "article", "blockquote"})
# Shorter texts in inline elements alone are labels.
_LEAST_INLINE = 80
_BLOCKS = "p, div, table, ul, ol, dl, pre, blockquote, section, article, h1, h2, h3, h4"
_TOP = frozenset({"html", "-undef", None})


class Scores:
    """The blocks that have points, and how many; and how much running text there is in each."""

    def __init__(self, tree: "LexborHTMLParser", measures: Measures) -> None:
        self._measures = measures
        self._points: dict[int, float] = {}
        self._nodes: dict[int, LexborNode] = {}
        self._running: dict[int, float] = {}
        for paragraph, text, is_whole in _paragraphs(tree, measures):
            line = _line(paragraph)
            if all(node.tag != "a" for node in line):
                running = len(text) - (measures.linked(paragraph) if is_whole else 0.0)
                if running < len(text) * _LEAST_RUNNING:
                    continue  # a list of links, however long it is
                points = 1 + len(COMMAS.findall(text)) + min(len(text) / 100, _MOST_FOR_LENGTH)
                # What stands bare in a block is a paragraph of that block.
                self._give(line[1:] if is_whole else line, points * max(running, 0.0) / len(text))
                self._count(line, running)
        self._final = {
            key: points * (1 - measures.link_density(self._nodes[key])) for key, points in self._points.items()
        }

    def best(self) -> "LexborNode | None":
        """The block with the most points."""
        if not self._final:
            return None
        return self._nodes[max(self._final, key=lambda key: self._final[key])]

    def near_best(self, share: float, most: int) -> "list[LexborNode]":
        """The few blocks whose points come near the best."""
        least = max(self._final.values()) * share
        ranked = sorted(self._final, key=lambda key: -self._final[key])[:most]
        return [self._nodes[key] for key in ranked if self._final[key] >= least]

    def of(self, node: "LexborNode") -> float:
        """The points of one block."""
        return self._final.get(node.mem_id, 0.0)

    def running(self, nodes: "list[LexborNode]") -> float:
        """How much running text some blocks hold: the characters of their paragraphs, without links."""
        return sum(self._running.get(node.mem_id, 0.0) for node in nodes)

    def _give(self, around: "list[LexborNode]", points: float) -> None:
        for node, part in zip(around, _PARTS, strict=False):
            if node.tag in _TOP:
                return
            key = node.mem_id
            if key not in self._points:
                self._nodes[key] = node
                self._points[key] = _FIRST_POINTS.get(node.tag or "", 0.0) + signs.weight(node.attributes)
            self._points[key] += points / part

    def _count(self, line: "list[LexborNode]", running: float) -> None:
        if running >= _LEAST_PARAGRAPH:
            for node in line:
                self._running[node.mem_id] = self._running.get(node.mem_id, 0.0) + running


def _paragraphs(tree: "LexborHTMLParser", measures: Measures) -> "list[tuple[LexborNode, str, bool]]":
    """The elements that hold text themselves, with it, and whether it is all of their text."""
    found: list[tuple[LexborNode, str, bool]] = []
    nodes = tree.css(_TEXTUAL)
    for node in nodes[:: len(nodes) // _MOST_PARAGRAPHS + 1]:
        if measures.is_over:
            break
        is_whole = node.tag in _WHOLE or (node.tag in _CELLS and node.css_first(_BLOCKS) is None)
        text = node.text(deep=is_whole).strip()
        if not text and node.tag in _PLAIN and len(node.css(_BLOCKS)) == 1:  # itself: its text is in inline elements
            is_whole = len(inline := node.text().strip()) >= _LEAST_INLINE
            text = inline if is_whole else ""
        if len(text) >= _LEAST_PARAGRAPH:
            found.append((node, text, is_whole))
    return found


def _line(node: "LexborNode") -> "list[LexborNode]":
    """An element and what it is in, the innermost first."""
    line: list[LexborNode] = []
    current: LexborNode | None = node
    while current is not None and current.is_element_node and len(line) < _DEEPEST:
        line.append(current)
        current = current.parent
    return line
