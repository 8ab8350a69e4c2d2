"""Tools that find pages of a site: sitemaps, feeds, llms.txt."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_fetch.faults import HttpStatus
from mcp_ref_fetch.pages.chunks import chunk
from mcp_ref_fetch.state import Ctx, State
from mcp_ref_fetch.text.charset import decoded
from mcp_ref_fetch.text.clean import cleaned, fenced
from mcp_ref_fetch.tools.arguments import READING, Cursor, Url
from mcp_ref_fetch.tools.results import fitting
from mcp_ref_fetch.web.wanted import Wanted

discovery = Toolset[State]("discover", default=False)

Found = TypeVar("Found")
Limit = Annotated[int, arg("Most entries.", ge=1, le=1000)]
_MOST_CHARACTERS = 100_000
_XML = "application/xml, text/xml;q=0.9, */*;q=0.5"


class Sitemap(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """urls: loc, lastmod; in an index they are sitemaps."""

    urls: list[Any]
    is_index: bool
    truncated: bool
    next_cursor: str | None = None
    untrusted: bool


class Feed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """entries: title, link, date, summary."""

    entries: list[Any]
    truncated: bool
    next_cursor: str | None = None
    untrusted: bool


class LlmsText(Struct, frozen=True, kw_only=True):
    """What a site wrote for models."""

    url: str
    content: str
    status: int
    truncated: bool
    untrusted: bool


@discovery.tool(**READING)
async def fetch_sitemap(ctx: Ctx, *, url: Url, limit: Limit = 100, cursor: Cursor = None) -> Output[Sitemap]:
    """List the pages of a sitemap.xml; sitemaps of an index are named, not read."""
    from mcp_ref_fetch.pages.feeds import read_sitemap  # noqa: PLC0415  expat is for these two tools

    body = await _document(ctx, url)
    most = ctx.state.settings.max_decoded_bytes
    found, is_index = await ctx.state.workers.run(read_sitemap, body, most)
    part, more = _page(ctx, "fetch_sitemap", {"url": url, "limit": limit}, found, cursor)
    urls = [msgspec.to_builtins(each) for each in part]
    result = Sitemap(urls=urls, is_index=is_index, truncated=more is not None, next_cursor=more, untrusted=True)
    return Output(result, "\n".join(f"{each.loc} {each.lastmod or ''}".rstrip() for each in part) + _more(more))


@discovery.tool(**READING)
async def fetch_feed(ctx: Ctx, *, url: Url, limit: Limit = 100, cursor: Cursor = None) -> Output[Feed]:
    """List the entries of an RSS or Atom feed."""
    from mcp_ref_fetch.pages.feeds import read_feed  # noqa: PLC0415  expat is for these two tools

    body = await _document(ctx, url)
    found = await ctx.state.workers.run(read_feed, body, ctx.state.settings.max_decoded_bytes)
    part, more = _page(ctx, "fetch_feed", {"url": url, "limit": limit}, found, cursor)
    entries = [msgspec.to_builtins(each) for each in part]
    result = Feed(entries=entries, truncated=more is not None, next_cursor=more, untrusted=True)
    lines = [" | ".join(filter(None, (each.date, each.title, each.link))) for each in part]
    return Output(result, "\n".join(lines) + _more(more))


@discovery.tool(**READING)
async def fetch_llms_txt(ctx: Ctx, *, url: Url) -> Output[LlmsText]:
    """Read /llms.txt of a site: what it wrote for models about itself."""
    state = ctx.state
    place = state.url(url).join("/llms.txt")
    async with state.pages.within() as deadline:
        wanted = Wanted(url=place, agent=state.agent, deadline=deadline, accept="text/plain, text/markdown, */*;q=0.5")
        async with state.client.open(wanted) as answer:
            if answer.status >= 400:  # noqa: PLR2004  no such file
                raise HttpStatus(f"`{place}` answered with status {answer.status}: the site has no llms.txt.")
            body = await state.pages.body(answer)
    text, _ = decoded(body, answer.headers.get("content-type", ""), is_markup=False)
    text = cleaned(text)
    content = chunk(text, 0, _MOST_CHARACTERS)
    result = LlmsText(
        url=str(answer.url), content=content, status=answer.status, truncated=len(content) < len(text), untrusted=True
    )
    return Output(result, fenced(content) if state.settings.fence else content)


async def _document(ctx: Ctx, url: str) -> bytes:
    state = ctx.state
    async with state.pages.within() as deadline:
        wanted = Wanted(url=state.url(url), agent=state.agent, deadline=deadline, accept=_XML)
        async with state.client.open(wanted) as answer:
            await state.pages.refuse_errors(answer)
            return await state.pages.body(answer)


def _page(
    ctx: Ctx, tool: str, asked: dict[str, Any], found: Sequence[Found], cursor: str | None
) -> tuple[Sequence[Found], str | None]:
    """One page of a list, and the cursor of the next."""
    cursors, limit = ctx.state.cursors, int(asked["limit"])
    start = 0 if cursor is None else cursors.open(cursor, tool, asked, ctx.principal, position=int)
    part = fitting(found[start : start + limit])
    end = start + len(part)
    more = cursors.seal(tool, asked, ctx.principal, end) if end < len(found) else None
    return part, more


def _more(cursor: str | None) -> str:
    return "" if cursor is None else f"\n[There is more: go on with cursor {cursor}]"
