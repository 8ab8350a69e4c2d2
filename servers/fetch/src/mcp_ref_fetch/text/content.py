"""The part of a page that it is about: its article or main element, else the block that scores best."""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mcp_ref_fetch.text.hidden import Attributes, is_hidden

Node = LexborNode

# A shorter article element is a teaser, or one of several.
_LEAST = 200
_LEAST_SHARE = 0.25
_LEAST_PARAGRAPH = 25
_GOOD = re.compile(r"\b(?:article|content|post|entry|main|body|text|story|blog|page|readme|markdown)", re.IGNORECASE)
_BAD = re.compile(
    r"\b(?:nav|side|comment|promo|footer|header|menu|share|social|related|banner|cookie|subscribe|breadcrumb|widget"
    r"|advert|sponsor|masthead|toolbar|popup|modal)",
    re.IGNORECASE,
)
_WEIGHT = 25.0
# Beside the text, wherever they stand in it; unless they are a good part of it.
_ASIDE = frozenset({"aside", "footer", "form"})
_FURNITURE_SHARE = 0.3
_BLOCKS = frozenset(["div", "section", "ul", "ol", "li", "aside", "p", "span", "table", "header", "dl"])
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:ads?|advert\w*|banner|breadcrumbs?|comments?|disqus|cookies?|gdpr|newsletter|outbrain|pager|pagination"
    r"|popup|promo\w*|related\w*|recommend\w*|share\w*|sharing|sidebar|signup|skip\w*|social\w*|sponsor\w*|subscribe\w*"
    r"|subscription|taboola|tags?|teaser\w*|toolbar|trending|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
_CHROME = ("nav", "aside", "header", "footer", "form")
# What is never the content, wherever it stands.
_ROLES = frozenset({"navigation", "search", "banner", "contentinfo", "menu", "menubar", "toolbar"})


class Content:
    """The elements to read, in their order, and the elements inside of them to pass over."""

    def __init__(self, roots: list[Node], chrome: frozenset[str] = frozenset({"nav"})) -> None:
        self.roots = roots
        self._chrome = chrome
        self._roots = {root.mem_id for root in roots}
        self._most = sum(_length(root) for root in roots) * _FURNITURE_SHARE

    def passes_over(self, node: Node, tag: str, attributes: Attributes) -> bool:
        """Whether an element is furniture of the page."""
        if tag in self._chrome or (attributes.get("role") or "") in _ROLES:
            return True
        if node.mem_id in self._roots or not (tag in _ASIDE or _is_named_furniture(tag, attributes)):
            return False
        return _length(node) <= self._most and node.css_first("h1") is None


class Everything(Content):
    """The whole body."""

    def passes_over(self, node: Node, tag: str, attributes: Attributes) -> bool:
        """Nothing is furniture."""
        del node, tag, attributes
        return False


def whole(tree: LexborHTMLParser) -> Content:
    """All of the page."""
    return Everything(_body(tree))


def main_content(tree: LexborHTMLParser) -> Content:
    """The part that the page is about; never less than its only text."""
    declared = _declared(tree)
    if declared is not None:
        return Content([declared], frozenset({"nav"}))
    body = _body(tree)
    visible = sum(_length(node) for node in body)
    best = _best(tree)
    if best:
        size = sum(_length(node) for node in best)
        if size >= _LEAST and size >= visible * _LEAST_SHARE:
            return Content(best, frozenset({"nav"}))
    without = frozenset(_CHROME)
    kept = visible - sum(_length(node) for node in _outermost(tree.css(", ".join(_CHROME))))
    if kept >= min(_LEAST, visible):
        return Content(body, without)
    return Everything(body) if kept <= 0 else Content(body, frozenset({"nav"}) if visible > kept else without)


def _declared(tree: LexborHTMLParser) -> Node | None:
    articles = [node for node in _outermost(tree.css("article")) if not _is_out_of_sight(node)]
    if len(articles) == 1 and _length(articles[0]) >= _LEAST:
        return articles[0]
    mains = [node for node in tree.css("main, [role=main]") if _length(node) >= _LEAST and not _is_out_of_sight(node)]
    return max(mains, key=_length) if mains else None


def _best(tree: LexborHTMLParser) -> list[Node]:
    scores: dict[int, float] = {}
    nodes: dict[int, Node] = {}
    for paragraph in tree.css("p, pre, blockquote, td"):
        text = paragraph.text()
        parent = paragraph.parent
        if len(text) < _LEAST_PARAGRAPH or parent is None:
            continue
        score = 1 + text.count(",") + min(len(text) / 100, 3)
        for node, share in ((parent, 1.0), (parent.parent, 0.5)):
            if node is not None and node.tag not in {"html", "-undef", None}:
                nodes[node.mem_id] = node
                scores[node.mem_id] = scores.get(node.mem_id, _weight(node)) + score * share
    final = {key: score * (1 - _link_density(nodes[key])) for key, score in scores.items()}
    if not final:
        return []
    top = max(final, key=lambda key: final[key])
    return _with_siblings(nodes[top], final, final[top])


def _with_siblings(top: Node, scores: dict[int, float], best: float) -> list[Node]:
    parent = top.parent
    if parent is None or top.tag == "body":
        return [top]
    chosen: list[Node] = []
    sibling = parent.child
    while sibling is not None:
        if sibling.mem_id == top.mem_id or _belongs(sibling, scores, best):
            chosen.append(sibling)
        sibling = sibling.next
    return chosen


def _belongs(sibling: Node, scores: dict[int, float], best: float) -> bool:
    if not sibling.is_element_node or sibling.tag in _CHROME:
        return False
    if scores.get(sibling.mem_id, 0) > best / 5:
        return True
    if sibling.tag in {"h1", "h2"}:
        return True
    return sibling.tag == "p" and len(sibling.text()) > 80 and _link_density(sibling) < _LEAST_SHARE  # noqa: PLR2004  a sentence


def _is_named_furniture(tag: str, attributes: Attributes) -> bool:
    """Whether class or id say so. Words of the content beside them count for nothing: `article-related` is related."""
    if tag not in _BLOCKS:
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return names != " " and _FURNITURE.search(names) is not None


def _weight(node: Node) -> float:
    attributes = node.attributes
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    if not names.strip():
        return 0.0
    return _WEIGHT * bool(_GOOD.search(names)) - _WEIGHT * bool(_BAD.search(names))


def _link_density(node: Node) -> float:
    whole_length = len(node.text())
    linked = sum(len(link.text()) for link in node.css("a"))
    return min(linked / whole_length, 1.0) if whole_length else 1.0


def _length(node: Node) -> int:
    return len(node.text().strip())


def _outermost(nodes: Iterable[Node]) -> list[Node]:
    """Those that are inside no other of them."""
    found = list(nodes)
    inside = {node.mem_id for node in found}
    return [node for node in found if not _has_ancestor(node, inside)]


def _has_ancestor(node: Node, among: set[int]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in among:
            return True
        parent = parent.parent
    return False


def _is_out_of_sight(node: Node) -> bool:
    current: Node | None = node
    while current is not None:
        if current.is_element_node and is_hidden(current.attributes):
            return True
        current = current.parent
    return False


def _body(tree: LexborHTMLParser) -> list[Node]:
    body = tree.body
    return [body] if body is not None else [node for node in [tree.root] if node is not None]
