"""Tools about a page rather than its text: its links, what it says about itself, what robots.txt says about it."""

import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Struct, structs

from mcp_protocol import Output, arg
from mcp_ref_fetch.faults import UnsupportedType
from mcp_ref_fetch.state import Ctx
from mcp_ref_fetch.text.charset import decoded
from mcp_ref_fetch.text.sniff import sniffed
from mcp_ref_fetch.tools.arguments import READING, Cursor, Url
from mcp_ref_fetch.tools.fetch import reading
from mcp_ref_fetch.tools.results import Truncation, fitting
from mcp_ref_fetch.web.agents import named
from mcp_ref_fetch.web.wanted import Answer, Wanted

KIB = 1024
# Heads of pages are at their beginning.
_HEAD_BYTES = 512 * KIB
_SECONDS = 5.0
_LONGEST_LINE = 1000
_MOST_LINES = 60
# What tells about a page, and nothing about who asked or how it is served.
_SHOWN_HEADERS = (
    "content-type",
    "content-length",
    "content-language",
    "last-modified",
    "etag",
    "cache-control",
    "expires",
    "age",
    "date",
    "server",
    "x-robots-tag",
    "link",
    "vary",
)

Scope = Literal["all", "internal", "external"]


class Links(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """links: href, text, rel, internal."""

    links: list[Any]
    truncated: bool
    next_cursor: str | None = None
    untrusted: bool


class AllLinks(Links, frozen=True, kw_only=True, omit_defaults=True):
    """The same with what else is known."""

    final_url: str
    truncation: Truncation | None = None


@reading.tool(**READING)
async def fetch_links(
    ctx: Ctx,
    *,
    url: Url,
    filter: Annotated[str, arg("Part of the URL or text.", max_length=500)] | None = None,  # noqa: A002  the wire's name
    scope: Annotated[Scope, arg("On the page's host or not.")] = "all",
    limit: Annotated[int, arg("Most links.", ge=1, le=1000)] = 200,
    cursor: Cursor = None,
) -> Output[Links]:
    """List where a page links to: absolute URLs, each once."""
    state = ctx.state
    asked = {"url": url, "filter": filter, "scope": scope, "limit": limit}
    cursors = state.cursors
    start = 0 if cursor is None else cursors.open(cursor, "fetch_links", asked, ctx.principal, position=int)
    document = await _document(ctx, url, None)
    found = [
        link
        for link in await state.workers.run(_links, document)
        if _fits(link.href, link.text, filter) and scope in {"all", "internal" if link.internal else "external"}
    ]
    part = fitting(found[start : start + limit])
    end = start + len(part)
    more = cursors.seal("fetch_links", asked, ctx.principal, end) if end < len(found) else None
    result = AllLinks(
        links=[structs.asdict(link) | ({} if link.rel else {"rel": ""}) for link in part],
        truncated=more is not None,
        next_cursor=more,
        final_url=document.url,
        truncation=Truncation("limit" if len(part) == limit else "bytes", len(part), len(found)) if more else None,
        untrusted=True,
    )
    text = "\n".join(f"{link.href} {link.text}".rstrip() for link in part) or "No links."
    return Output(result, text + (f"\n[{len(part)} of {len(found)}: go on with cursor {more}]" if more else ""))


class Metadata(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a page says about itself; also open_graph, twitter, json_ld, feeds, icons, alternates, headers."""

    url: str
    status: int
    title: str | None = None
    description: str | None = None
    canonical: str | None = None
    truncated: bool
    untrusted: bool


class AllMetadata(Metadata, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    final_url: str
    language: str | None = None
    published: str | None = None
    open_graph: dict[str, str]
    twitter: dict[str, str]
    json_ld: list[Any]
    feeds: list[Any]
    icons: list[Any]
    alternates: list[Any]
    headers: dict[str, str]


@reading.tool(**READING)
async def fetch_metadata(ctx: Ctx, *, url: Url) -> Output[Metadata]:
    """Title, description, Open Graph, JSON-LD, feeds, icons and headers of a page."""
    document = await _document(ctx, url, _HEAD_BYTES)
    said = await ctx.state.workers.run(_facts, document)
    result = AllMetadata(
        url=url,
        final_url=document.url,
        status=document.status,
        headers=document.headers,
        truncated=document.truncated,
        untrusted=True,
        open_graph=said.open_graph,
        twitter=said.twitter,
        json_ld=said.json_ld,
        feeds=said.feeds,
        icons=said.icons,
        alternates=said.alternates,
        title=said.title,
        description=said.description,
        canonical=said.canonical,
        language=said.language,
        published=said.published,
    )
    return Output(result, "\n".join(_lines(result)))


class Permission(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What robots.txt says."""

    allowed: bool
    rule: str | None = None
    crawl_delay: float | None = None
    sitemaps: list[str]
    status: int | None = None
    untrusted: bool


@reading.tool(**READING)
async def fetch_robots(
    ctx: Ctx,
    *,
    url: Url,
    user_agent: Annotated[str, arg("Who asks; this server if left out.", min_length=1, max_length=200)] | None = None,
) -> Output[Permission]:
    """Whether robots.txt lets a page be read, by which rule, and its sitemaps."""
    state = ctx.state
    agent = state.agent if user_agent is None else named(user_agent)
    async with state.pages.within() as deadline:
        said = await state.robots.verdict(state.url(url), agent, deadline)
    result = Permission(
        allowed=said.allowed,
        rule=said.rule,
        crawl_delay=said.crawl_delay,
        sitemaps=said.sitemaps,
        status=said.status,
        untrusted=True,
    )
    words = "allowed" if said.allowed else "not allowed"
    rule = f" by `{said.rule}`" if said.rule else ""
    return Output(result, "\n".join([f"{words}{rule}", *(f"Sitemap: {each}" for each in said.sitemaps)]))


@dataclass(frozen=True)
class _Document:
    body: bytes
    content_type: str
    url: str
    status: int
    headers: dict[str, str]
    truncated: bool


async def _document(ctx: Ctx, url: str, most: int | None) -> _Document:
    """A page of HTML, or its beginning, fresh from its host."""
    state = ctx.state
    async with state.pages.within() as deadline:
        wanted = Wanted(url=state.url(url), agent=state.agent, deadline=deadline)
        async with state.client.open(wanted) as answer:
            await state.pages.refuse_errors(answer)
            body = await state.pages.body(answer, most)
    state.remember(ctx, url)
    return _of(answer, body, truncated=most is not None and len(body) >= most)


def _of(answer: Answer, body: bytes, *, truncated: bool) -> _Document:
    content_type = answer.headers.get("content-type", "")
    what = sniffed(body, content_type)
    if what.kind != "html":
        raise UnsupportedType(f"`{answer.url}` is {what.mime} and no page of HTML.", hint="Read it with fetch.")
    headers = {name: answer.headers[name][:1000] for name in _SHOWN_HEADERS if name in answer.headers}
    return _Document(body, content_type, str(answer.url), answer.status, headers, truncated)


def _links(document: _Document) -> list[Any]:
    return _tree(document).links()


def _facts(document: _Document) -> Any:
    return _tree(document).facts


def _tree(document: _Document) -> Any:
    from mcp_ref_fetch.text.html import Tree  # noqa: PLC0415  the parser costs 23 ms of start-up

    text, _ = decoded(document.body, document.content_type, is_markup=True)
    return Tree(text, document.url, time.monotonic() + _SECONDS)


def _fits(href: str, text: str, wanted: str | None) -> bool:
    return wanted is None or wanted.lower() in href.lower() or wanted.lower() in text.lower()


def _lines(found: AllMetadata) -> list[str]:
    plain = ("title", "description", "canonical", "language", "published", "status")
    lines = [f"{name}: {getattr(found, name)}" for name in plain if getattr(found, name) is not None]
    lines += [f"og:{name}: {value}" for name, value in found.open_graph.items()]
    lines += [f"feed: {feed.href}" for feed in found.feeds]
    return [line[:_LONGEST_LINE] for line in lines[:_MOST_LINES]]
