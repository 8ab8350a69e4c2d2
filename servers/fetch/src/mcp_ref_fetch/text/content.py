"""The part of a page that it is about: what the page declares, and within it the block that holds the running text."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mcp_ref_fetch.text import signs
from mcp_ref_fetch.text.measures import Measures, is_inside, outermost
from mcp_ref_fetch.text.pruning import drop_chrome, prune
from mcp_ref_fetch.text.scoring import Scores

Node = LexborNode

# A shorter article or main element is a teaser, or waits for a script.
_LEAST = 200
# What scores best has to be as long as this to be a text of its own.
_LEAST_TEXT = 140
# Of several articles one is the article when it has this share of all their text.
_DOMINATES = 0.6
# Running text outside of what is declared, against that in it: more than this, and the declaration is not believed.
_OUTSIDE = 0.4
# With less running text than this share of all text a declared part is a list, and all of it is content.
_THIN = 0.4
# But as much as this is a text, whatever is beside it.
_LONG = 4000
# Below this share of the running text the best block is one of many, such as answers or cards.
_SCATTERED = 0.25
# The chosen block holds at least this share of the running text; a declared part not much larger is taken instead.
_ENOUGH = 0.75
_NOT_MUCH_LARGER = 1.5
_NEAR_BEST, _MOST_NEAR, _LEAST_NEAR = 0.75, 5, 2
_SENTENCE, _FEW_LINKS = 80, 0.25
_INNER_BLOCKS = "div, section, table, aside, form, footer, header, nav, article article"
_TOP = frozenset({"body", "html", "-undef", None})


def whole(tree: LexborHTMLParser) -> list[Node]:
    """All of the page."""
    body = tree.body
    return [node for node in [body if body is not None else tree.root] if node is not None]


def main_content(tree: LexborHTMLParser, measures: Measures) -> list[Node]:
    """The part that the page is about, in its order; what is none of it is taken out of the tree."""
    body = tree.body
    if body is None:
        return whole(tree)
    drop_chrome(body, measures)
    declared = _declared(tree, measures)
    if declared is not None and _is_plain(declared, body, measures):
        return [declared]
    roots, scattered = _chosen(tree, body, declared, measures)
    prune(roots, measures, scattered=scattered)
    return roots


def _is_plain(declared: Node, body: Node, measures: Measures) -> bool:
    """Whether a declared part is most of a page and has no blocks in it: then nothing is left to choose."""
    return declared.css_first(_INNER_BLOCKS) is None and measures.length(declared) >= measures.length(body) / 2


def _chosen(tree: LexborHTMLParser, body: Node, declared: Node | None, measures: Measures) -> tuple[list[Node], bool]:
    """The parts, and whether the text is scattered over them."""
    scope = declared or body
    scores = Scores(tree, measures)
    top = scores.best()
    if top is None or measures.is_over:
        return [scope], True
    if not is_inside(top, scope):
        if scores.running([top]) < scores.running([scope]) * _OUTSIDE:
            return [scope], True
        declared, scope = None, body
    if declared is not None and scores.running([scope]) < min(measures.length(scope) * _THIN, _LONG):
        return [scope], True
    first = _with_siblings(_climbed(top, scores), scores, measures)
    scattered = scores.running(first) < scores.running([scope]) * _SCATTERED
    return _settled(_grown(first, top, scope, scores, measures), scope, declared, measures), scattered


def _settled(roots: list[Node], scope: Node, declared: Node | None, measures: Measures) -> list[Node]:
    """What was found, unless it is too little, or nearly all that is declared."""
    size = measures.lengths(roots)
    is_near = declared is not None and measures.length(scope) <= size * _NOT_MUCH_LARGER
    return [scope] if is_near or size < _LEAST_TEXT else roots


def _declared(tree: LexborHTMLParser, measures: Measures) -> Node | None:
    sizes = [(measures.length(node), node) for node in outermost(tree.css("article"))]
    longest, article = max(sizes, key=lambda each: each[0], default=(0, None))
    if longest >= _LEAST and longest >= sum(size for size, _ in sizes) * _DOMINATES:
        return article
    mains = [(measures.length(node), node) for node in outermost(tree.css("main, [role=main]"))]
    longest, main = max(mains, key=lambda each: each[0], default=(0, None))
    return main if longest >= _LEAST else None


def _grown(roots: list[Node], top: Node, scope: Node, scores: Scores, measures: Measures) -> list[Node]:
    """The smallest blocks around the best one that hold enough of the running text, that of comments not counted."""
    talk = [node for node in scope.css("[class], [id]") if signs.is_talk(node.attributes)]
    others = [node for node in outermost(talk) if not is_inside(top, node)]
    least = (scores.running([scope]) - scores.running(others)) * _ENOUGH
    while scores.running(roots) < least and roots[0].mem_id != scope.mem_id:
        parent = roots[0].parent
        if parent is None or parent.tag in _TOP - {"body"}:
            break
        roots = _with_siblings(parent, scores, measures)
    return roots


def _climbed(top: Node, scores: Scores) -> Node:
    """The best block, or one around it that good ones share, that has more points, or that holds nothing else."""
    node = _shared(top, scores)
    last = scores.of(node)
    least = last / 3
    parent = node.parent
    while parent is not None and parent.tag not in _TOP:
        points = scores.of(parent)
        if 0 < points < least:
            break
        if points > last:
            return parent
        last = points or last
        parent = parent.parent
    while (around := node.parent) is not None and around.tag not in _TOP and _elements(around) == 1:
        node = around
    return node


def _shared(top: Node, scores: Scores) -> Node:
    others = [node for node in scores.near_best(_NEAR_BEST, _MOST_NEAR) if node.mem_id != top.mem_id]
    parent = top.parent if len(others) >= _LEAST_NEAR else None
    while parent is not None and parent.tag not in _TOP:
        around = parent
        if sum(is_inside(node, around) for node in others) >= _LEAST_NEAR:
            return around
        parent = parent.parent
    return top


def _elements(parent: Node) -> int:
    return sum(node.is_element_node for node in parent.iter(include_text=False))


def _with_siblings(top: Node, scores: Scores, measures: Measures) -> list[Node]:
    """A block, and those beside it that belong to it."""
    parent = top.parent
    if parent is None or top.tag in {"body", "article", "main"}:
        return [top]
    best, name = scores.of(top), top.attributes.get("class")
    least = max(10, best / 5)
    chosen: list[Node] = []
    for sibling in parent.iter(include_text=False):
        alike = best / 5 if name and sibling.attributes.get("class") == name else 0
        points = scores.of(sibling)
        is_good = sibling.tag not in signs.CHROME and (points and points + alike >= least)
        if sibling.mem_id == top.mem_id or is_good or _belongs(sibling, measures):
            chosen.append(sibling)
    return chosen


def _belongs(sibling: Node, measures: Measures) -> bool:
    """Headings, and sentences."""
    if sibling.tag in {"h1", "h2"}:
        return True
    return sibling.tag == "p" and len(sibling.text()) > _SENTENCE and measures.link_density(sibling) < _FEW_LINKS
