"""A page of HTML read whole: parsed within bounds, its facts, its text in the form that was asked for."""

import re
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from mcp_ref_fetch.faults import BadRequest
from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.clean import cleaned
from mcp_ref_fetch.text.content import main_content, whole
from mcp_ref_fetch.text.form import Form
from mcp_ref_fetch.text.frames import Options
from mcp_ref_fetch.text.links import PageLink, links
from mcp_ref_fetch.text.markdown import Writer
from mcp_ref_fetch.text.measures import Measures
from mcp_ref_fetch.text.metadata import Facts, facts
from mcp_ref_fetch.text.pruning import drop_hidden
from mcp_ref_fetch.text.tokens import simplified

Clock = Callable[[], float]
# Choosing the content may take this long; what was not looked at by then stays.
_CHOOSING_SECONDS = 2.0
# Matching a selector can look at every ancestor once for each of its parts.
_MOST_COMBINATORS = 8
_MOST_MATCHES = 1000
_LAST = re.compile(r"#{1,6} [^\n]*|---")
_MOST_LAST = 8
# Of a short page, such as one of pictures, all headings stay.
_LEAST_BEFORE = 200


class Page(Struct, frozen=True):
    """The text of a page, and what it says about itself."""

    text: str
    facts: Facts
    truncated: bool = False


class Tree:
    """A parsed page."""

    def __init__(self, html: str, url: str, deadline: float, clock: Clock = time.monotonic) -> None:
        simple = simplified(html, deadline, clock)
        self.parser = LexborHTMLParser(simple.html)
        self.truncated = simple.truncated
        self.base = _base(self.parser, url)
        self.url = url
        self._data = simple.data

    @property
    def facts(self) -> Facts:
        """What the page says about itself."""
        return facts(self.parser, self.base, self._data)

    def links(self, roots: list[LexborNode] | None = None) -> list[PageLink]:
        """Where the page, or a part of it, leads to."""
        host = self.url.split("/", 3)[2]
        return links(roots or [self.parser.root] if self.parser.root else [], self.base, host)

    def select(self, form: Form, measures: Measures) -> list[LexborNode]:
        """The part of the page that is wanted.

        Raises:
            BadRequest: the selector is none, or matches nothing.
        """
        if form.selector is not None:
            return _matching(self.parser, form.selector)
        return main_content(self.parser, measures) if form.main_only else whole(self.parser)


def read_html(html: str, url: str, form: Form, deadline: float, clock: Clock = time.monotonic) -> Page:
    """The text of a page in the wanted form."""
    tree = Tree(html, url, deadline, clock)
    said = tree.facts
    if form.format == "metadata":
        return Page(cleaned(msgspec.json.format(msgspec.json.encode(said), indent=2).decode()), said, tree.truncated)
    measures = Measures(min(deadline, clock() + _CHOOSING_SECONDS), clock)
    if form.format in {"markdown", "text"}:
        drop_hidden(tree.parser, measures)
    roots = tree.select(form, measures)
    if form.format == "links":
        found = tree.links(None if form.selector is None and not form.main_only else roots)
        text = "\n".join(f"- [{link.text or link.href}]({link.href})" for link in found)
        return Page(text, said, tree.truncated)
    if form.format == "html":
        text = "\n".join(root.html or "" for root in roots)
        return Page(text, said, tree.truncated)
    options = Options(base=tree.base, links=form.include_links, images=form.include_images, plain=form.format == "text")
    writer = Writer(options, deadline, clock)
    text = cleaned(writer.write([root.html or "" for root in roots]))
    if form.format == "markdown" and form.selector is None:
        text = _titled(_without_last_headings(text) if form.main_only else text, said.title)
    return Page(text, said, tree.truncated or writer.truncated)


def _titled(text: str, title: str | None) -> str:
    """With the title of the page above, where the text has none of its own."""
    if not title or text.startswith("# ") or "\n# " in text:
        return text
    return f"# {title}\n\n{text}" if text else f"# {title}"


def _without_last_headings(text: str) -> str:
    """Without headings and rules at the end: what stood beneath them was none of the content."""
    for _ in range(_MOST_LAST):
        before, _, last = text.rpartition("\n\n")
        if len(before) < _LEAST_BEFORE or not _LAST.fullmatch(last):
            break
        text = before
    return text


def _matching(parser: LexborHTMLParser, selector: str) -> list[LexborNode]:
    parts = sum(selector.count(mark) for mark in " >+~,") + selector.count(":has") * 2
    if parts > _MOST_COMBINATORS:
        raise BadRequest(f"`selector` has more than {_MOST_COMBINATORS} parts.", hint="An id or class is enough.")
    try:
        found = parser.css(selector)[:_MOST_MATCHES]
    except SelectolaxError as error:
        raise BadRequest(f"`selector` is not a CSS selector: {selector[:100]!r}.") from error
    if not found:
        raise BadRequest(
            f"Nothing on the page matches the selector {selector[:100]!r}.",
            hint='Read the page without `selector`, or its source with format="html", to see what there is.',
        )
    inside = {node.mem_id for node in found}
    return [node for node in found if not _within(node, inside)]


def _within(node: LexborNode, others: set[int]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in others:
            return True
        parent = parent.parent
    return False


def _base(parser: LexborHTMLParser, url: str) -> str:
    node = parser.css_first("base[href]")
    href = node.attributes.get("href") if node is not None else None
    found = inline.absolute(href, url) if href else None
    return found if found is not None and found.startswith(("http://", "https://")) else url
