"""What a page says about itself in its head: titles, descriptions, Open Graph, JSON-LD, feeds, icons, languages."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.clean import cleaned

_LONGEST = 2000
_MOST = 50
_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.date",
    "citation_publication_date",
    "parsely-pub-date",
    "publish-date",
)


class Reference(Struct, frozen=True, omit_defaults=True):
    """A document that belongs to the page."""

    href: str
    type: str | None = None
    title: str | None = None
    hreflang: str | None = None
    sizes: str | None = None


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a page says about itself."""

    title: str | None = None
    description: str | None = None
    language: str | None = None
    published: str | None = None
    canonical: str | None = None
    open_graph: dict[str, str] = {}
    twitter: dict[str, str] = {}
    json_ld: list[Any] = []
    feeds: list[Reference] = []
    icons: list[Reference] = []
    alternates: list[Reference] = []


def facts(tree: LexborHTMLParser, base: str, data: Iterable[str]) -> Facts:
    """Gather what the head and the JSON-LD scripts say."""
    meta = dict(_named(tree))
    root = tree.css_first("html")
    links = [node.attributes for node in tree.css("link[rel][href]")[:500]]
    objects = [found for text in data for found in _parsed(text)]
    return Facts(
        title=_title(tree, meta),
        description=meta.get("description") or meta.get("og:description"),
        language=_text((root.attributes.get("lang") if root else None) or meta.get("content-language")),
        published=_published(tree, meta, objects),
        canonical=next((found.href for found in _references(links, {"canonical"}, base)), None),
        open_graph={name[3:]: value for name, value in meta.items() if name.startswith("og:")},
        twitter={name[8:]: value for name, value in meta.items() if name.startswith("twitter:")},
        json_ld=objects[:_MOST],
        feeds=[found for found in _references(links, {"alternate"}, base) if found.type in _FEEDS],
        icons=list(_references(links, {"icon", "shortcut icon", "apple-touch-icon"}, base)),
        alternates=[found for found in _references(links, {"alternate"}, base) if found.hreflang],
    )


def _title(tree: LexborHTMLParser, meta: dict[str, str]) -> str | None:
    node = tree.css_first("title")
    return (_text(node.text()) if node is not None else None) or meta.get("og:title")


def _named(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """Of several values of one name the first counts."""
    seen: set[str] = set()
    for node in tree.css("meta[content]")[:500]:
        attributes = node.attributes
        said = attributes.get("name") or attributes.get("property") or attributes.get("itemprop")
        name = (said or attributes.get("http-equiv") or "").strip().lower()[:100]
        value = _text(attributes.get("content"))
        if name and value and name not in seen:
            seen.add(name)
            yield name, value


def _references(links: list[dict[str, str | None]], wanted: set[str], base: str) -> Iterator[Reference]:
    count = 0
    for attributes in links:
        if (attributes.get("rel") or "").strip().lower() not in wanted or count >= _MOST:
            continue
        href = inline.absolute(attributes.get("href") or "", base)
        if href is not None:
            count += 1
            yield Reference(
                href=href,
                type=_text(attributes.get("type")),
                title=_text(attributes.get("title")),
                hreflang=_text(attributes.get("hreflang")),
                sizes=_text(attributes.get("sizes")),
            )


def _published(tree: LexborHTMLParser, meta: dict[str, str], objects: list[Any]) -> str | None:
    for name in _PUBLISHED:
        if name in meta:
            return meta[name][:100]
    for found in objects:
        date = cast("dict[str, Any]", found).get("datePublished") if isinstance(found, dict) else None
        if isinstance(date, str):
            return date[:100]
    node = tree.css_first("time[datetime][pubdate], article time[datetime]")
    return _text(node.attributes.get("datetime")) if node is not None else None


def _parsed(text: str) -> list[Any]:
    try:
        found: Any = msgspec.json.decode(text.strip())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return []
    if isinstance(found, dict):
        found = cast("dict[str, Any]", found).get("@graph", found)
    return cast("list[Any]", found) if isinstance(found, list) else [found]


def _text(text: str | None) -> str | None:
    if text is None:
        return None
    return cleaned(inline.collapsed(text).strip())[:_LONGEST] or None
