"""What stands around and inside the content of a page and is none of it: menus, forms, boxes of related pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcp_ref_fetch.text import signs
from mcp_ref_fetch.text.hidden import GUTTERS, is_hidden, is_only_transparent
from mcp_ref_fetch.text.measures import Measures
from mcp_ref_fetch.text.scoring import COMMAS

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HIDING = ", ".join(["[hidden]", "[aria-hidden]", "[style]", *(f".{name}" for name in sorted(GUTTERS))])
# A script fades in what is as long as this and more than half of a page.
_LEAST_WAITING = 1000
_MOST_OF_PAGE = 0.5

_ASIDE = frozenset({"aside", "footer", "form"})
_NAMED = "div, section, ul, ol, li, aside, p, span, table, header, dl, form, footer, fieldset"
_CLUTTER = "div, ul, ol, table, form, fieldset, section, dl"
_TITLES = "h1, main, article"
_KEPT = "pre, code, math, figure"
# The most that one box may be of what it is taken from, and all of them together.
_MOST_FURNITURE = (0.3, 0.5)
_MOST_CHROME = (0.5, 0.7)
_MOST_MENUS = (0.9, 0.9)
# A part with a larger share of links is a list of links, and these are its content.
_LINKED = 0.4
_MANY_COMMAS = 10
_SHORT = 25
_SHORT_BOX = 80
_MANY_ROWS = 10
# The share of links from which on a block is clutter: with a bad name, with no good one, with one, and for lists.
_LINKED_BAD, _LINKED_PLAIN, _LINKED_GOOD, _LINKED_LIST = 0.25, 0.2, 0.5, 0.5


def drop_hidden(tree: "LexborHTMLParser", measures: Measures) -> None:
    """Take out of the tree what no reader sees."""
    body = tree.body
    if body is None:
        return
    # From the end to the start, so that nothing is looked at after what it was in is gone.
    for node in reversed(tree.css(_HIDING)):
        if node.mem_id != body.mem_id and is_hidden(node.attributes) and not _waits(node, body, measures):
            node.decompose()


def _waits(node: "LexborNode", body: "LexborNode", measures: Measures) -> bool:
    """Whether a transparent element is the page itself, which a script would fade in."""
    if not is_only_transparent(node.attributes) or measures.is_over:
        return False
    return measures.length(node) >= max(_LEAST_WAITING, measures.length(body) * _MOST_OF_PAGE)


def drop_chrome(body: "LexborNode", measures: Measures) -> None:
    """Take out what stands around the content of every page of a site."""
    _drop(body, [node for node in body.css("nav, footer") if not measures.has(node, _TITLES)], _MOST_MENUS, measures)
    named = [node for node in body.css("[role], [class], [id]") if _is_furniture(node)]
    _drop(body, [node for node in named if not measures.has(node, _TITLES)], _MOST_CHROME, measures)


def prune(roots: "list[LexborNode]", measures: Measures, *, scattered: bool) -> None:
    """Take furniture out of the chosen parts; where the text is scattered over many small blocks, those stay."""
    whole = measures.lengths(roots)
    for root in roots:
        most = (_MOST_FURNITURE[0] * whole / max(measures.length(root), 1), _MOST_FURNITURE[1])
        named = [node for node in root.css(_NAMED) if node.tag in _ASIDE or signs.is_furniture(node.attributes)]
        _drop(root, [node for node in named if not measures.has(node, "h1")], most, measures)
        if not scattered and measures.link_density(root) < _LINKED:
            _drop(root, [node for node in root.css(_CLUTTER) if is_clutter(node, measures)], most, measures)


def _is_furniture(node: "LexborNode") -> bool:
    attributes = node.attributes
    return (attributes.get("role") or "") in signs.ROLES or signs.is_furniture(attributes)


def _drop(root: "LexborNode", nodes: "list[LexborNode]", most: tuple[float, float], measures: Measures) -> None:
    """Take some blocks out, the smallest first: each no more than a part of the whole, and so all together."""
    sizes = [(measures.length(node), -at) for at, node in enumerate(nodes) if node.mem_id != root.mem_id]
    whole = measures.length(root) if sizes and not measures.is_over else 0
    left = whole * most[1]
    for size, at in sorted(sizes):  # of equal ones the inner comes first
        left -= size
        if left < 0 or size > whole * most[0]:
            return
        nodes[-at].decompose()


def is_clutter(node: "LexborNode", measures: Measures) -> bool:
    """Whether a block in the content looks like none: links, fields, few words."""
    if measures.has(node, _KEPT) or _is_data(node):
        return False
    text = node.text().strip()
    return bool(text) and any(_signs_of_clutter(node, text, measures))


def _signs_of_clutter(node: "LexborNode", text: str, measures: Measures) -> Iterator[bool]:
    weight, density = signs.weight(node.attributes), measures.link_density(node)
    if weight < 0:
        yield density > _LINKED_BAD or measures.length(node) < _SHORT_BOX or node.css_first("p") is None
    if len(COMMAS.findall(text)) >= _MANY_COMMAS:
        return
    yield len(node.css("input")) > len(node.css("p")) // 3
    if node.tag in {"ul", "ol"}:
        yield density > _LINKED_LIST
        return
    yield len(text) < _SHORT and density > 0
    yield density > (_LINKED_GOOD if weight > 0 else _LINKED_PLAIN)


def _is_data(node: "LexborNode") -> bool:
    return node.tag == "table" and (
        node.css_first("th, caption, thead") is not None or len(node.css("tr")) >= _MANY_ROWS
    )
