"""The tool `fetch_many`: several pages at once; one that fails does not fail the others."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from mcp_protocol import Output, ToolError, arg
from mcp_ref_fetch.pages.chunks import chunk
from mcp_ref_fetch.pages.reading import Question
from mcp_ref_fetch.state import Ctx
from mcp_ref_fetch.text.clean import fenced
from mcp_ref_fetch.text.form import Form, Format
from mcp_ref_fetch.tools.arguments import READING
from mcp_ref_fetch.tools.fetch import reading
from mcp_ref_fetch.tools.results import about
from mcp_ref_fetch.web.wanted import Hop

MOST_URLS = 10
# Ten texts of one answer, and once more in the structured content.
_MOST_EACH = 25_000


class FetchError(Struct, frozen=True, omit_defaults=True):
    """Why one page failed."""

    code: str
    message: str
    hint: str | None = None


class One(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the pages."""

    url: str
    ok: bool
    content: str | None = None
    next_start_index: int | None = None
    total_length: int | None = None
    snapshot: str | None = None
    title: str | None = None
    description: str | None = None
    language: str | None = None
    published: str | None = None
    final_url: str | None = None
    redirects: tuple[Hop, ...] = ()
    downgraded: bool = False
    status: int | None = None
    content_type: str | None = None
    charset: str | None = None
    cached: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: str | None = None
    robots: str | None = None
    bytes: int | None = None
    truncated: bool = False
    error: FetchError | None = None


class Several(Struct, frozen=True, kw_only=True):
    """results: url, ok, content, next_start_index, snapshot, title, error."""

    results: list[Any]
    truncated: bool
    untrusted: bool


@reading.tool(**READING)
async def fetch_many(
    ctx: Ctx,
    *,
    urls: Annotated[list[str], arg("URLs.", min_length=1, max_length=MOST_URLS)],
    max_length: Annotated[int, arg("Most characters of each.", ge=1, le=_MOST_EACH)] = 3000,
    format: Annotated[Format, arg("Form of a page.")] = "markdown",  # noqa: A002  the wire's name
) -> Output[Several]:
    """Read several pages; one that fails does not fail the rest. Go on in one with fetch."""
    progress = Progress(ctx, len(urls))
    async with ctx.state.pages.within(), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(ctx, url, max_length, Form(format=format), progress)) for url in urls]
    found = [task.result() for task in tasks]
    several = Several(
        results=[msgspec.to_builtins(one) for one in found],
        truncated=any(one.truncated for one in found),
        untrusted=True,
    )
    return Output(several, "\n\n".join(_shown(one, fence=ctx.state.settings.fence) for one in found))


class Progress:
    """Counts the pages that are done."""

    def __init__(self, ctx: Ctx, total: int) -> None:
        self._ctx = ctx
        self._total = total
        self._done = 0

    async def step(self) -> None:
        """One more."""
        self._done += 1
        await self._ctx.progress(self._done, self._total, f"{self._done} of {self._total} pages")


async def _one(ctx: Ctx, url: str, most: int, form: Form, progress: Progress) -> One:
    state = ctx.state
    try:
        question = Question(url=state.url(url), agent=state.agent, caller=state.caller(ctx), form=form)
        page, cached = await state.pages.read(question)
    except ToolError as error:
        await progress.step()
        return One(url=url, ok=False, error=FetchError(error.code, error.message, error.hint))
    state.remember(ctx, url)
    content = chunk(page.content, 0, most)
    cut = len(content) < len(page.content)
    await progress.step()
    fields: dict[str, Any] = about(page)
    return One(
        url=url,
        ok=True,
        content=content,
        next_start_index=len(content) if cut else None,
        total_length=len(page.content),
        snapshot=page.id,
        cached=cached,
        truncated=cut or page.truncated,
        **fields,
    )


def _shown(one: One, *, fence: bool) -> str:
    if one.error is not None:
        return f"Could not read {one.url}: {one.error.code}: {one.error.message}"
    content = one.content or ""
    text = f"Contents of {one.url}:\n{fenced(content) if fence else content}"
    if one.next_start_index is None:
        return text
    return f"{text}\n\n<error>Content truncated. Go on with fetch and start_index={one.next_start_index}.</error>"
