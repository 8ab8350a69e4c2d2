"""Pages as resources: by the name of a snapshot, or by their URL."""

from mcp_protocol import ResourceNotFound
from mcp_protocol.types import ResourceContents
from mcp_ref_fetch.pages.reading import Question
from mcp_ref_fetch.state import Ctx
from mcp_ref_fetch.tools.fetch import reading


@reading.resource("fetch-cache://{snapshot}", name="snapshot", title="Text of a snapshot", mime_type="text/markdown")
async def stored(ctx: Ctx, snapshot: str) -> str:
    """The whole text that a fetch was cut from, as long as it is kept."""
    found = ctx.state.pages.stored(snapshot, ctx.state.caller(ctx))
    if found is None:
        raise ResourceNotFound(f"fetch-cache://{snapshot}")
    return found.content


@reading.resource("fetch+{+url}", name="page", title="A page of the web")
async def fetched(ctx: Ctx, url: str) -> ResourceContents:
    """A page as the tool `fetch` reads it, robots.txt included."""
    state = ctx.state
    uri = str(ctx.call.params["uri"])
    # A template's value is decoded once; the URL is what stands in the URI.
    written = uri.removeprefix("fetch+")
    page, _ = await state.pages.read(Question(url=state.url(written), agent=state.agent, caller=state.caller(ctx)))
    state.remember(ctx, written)
    del url
    if page.image is not None:
        return ResourceContents(uri=uri, mime_type=page.content_type, blob=page.image)
    is_page = page.content_type in {"text/html", "application/xhtml+xml"}
    return ResourceContents(uri=uri, mime_type="text/markdown" if is_page else page.content_type, text=page.content)


@reading.complete(fetched, "url")
async def known_pages(ctx: Ctx, prefix: str) -> list[str]:
    """Addresses that were fetched before by this process."""
    return remembered(ctx, prefix)


def remembered(ctx: Ctx, prefix: str) -> list[str]:
    """Addresses that begin so, the latest first; none on HTTP, where they would be another's."""
    return [] if ctx.transport == "http" else [url for url in ctx.state.seen if url.startswith(prefix)]
