"""The links of a page, absolute and each once."""

from msgspec import Struct
from selectolax.lexbor import LexborNode

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.clean import cleaned

MOST_LINKS = 10_000
_LONGEST_TEXT = 300


class PageLink(Struct, frozen=True, omit_defaults=True):
    """One link: where it leads, its text, its rel, whether it stays on the host."""

    href: str
    text: str
    rel: str | None = None
    internal: bool = True


def links(roots: list[LexborNode], base: str, host: str) -> list[PageLink]:
    """All links to pages beneath some elements, in their order; of links to one place the first with a text."""
    found: dict[str, PageLink] = {}
    for root in roots:
        for node in root.css("a[href], area[href]"):
            href = inline.absolute(node.attributes.get("href") or "", base)
            if href is None or not href.startswith(("http://", "https://")):
                continue
            href = href.partition("#")[0]
            known = found.get(href)
            if known is None or not known.text:
                found[href] = _link(node, href, host)
            if len(found) >= MOST_LINKS:
                return list(found.values())
    return list(found.values())


def _link(node: LexborNode, href: str, host: str) -> PageLink:
    text = node.text() or node.attributes.get("aria-label") or node.attributes.get("alt") or ""
    there = href.split("/", 3)[2].rpartition("@")[2]
    internal = there == host or there.partition(":")[0] == host.partition(":")[0]
    rel = inline.collapsed(node.attributes.get("rel") or "").strip()
    return PageLink(href, cleaned(inline.collapsed(text).strip())[:_LONGEST_TEXT], rel or None, internal)
