# ruff: noqa: N803  argument names are the wire's
"""The page as a PDF document."""

from typing import Annotated, Any, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.pictures import without_typed
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import LOOKS, SessionHandle, without
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

pdf = Toolset[State]("pdf", default=False)

Paper = Literal["A3", "A4", "A5", "Letter", "Legal", "Tabloid"]
_MILLISECONDS = 30_000


@pdf.tool(**LOOKS)
async def browser_pdf_save(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    format: Annotated[Paper, arg("Paper.")] | None = None,  # noqa: A002  the wire's name
    landscape: Annotated[bool, arg("Wider than high.")] | None = None,
    printBackground: Annotated[bool, arg("With background colours.")] | None = None,
    pageRanges: Annotated[str, arg("Such as 1-3, 5.", max_length=200)] | None = None,
    filename: Annotated[str, arg("Save under this name.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Save the page as PDF."""
    options: Any = without(
        {"format": format, "landscape": landscape, "print_background": printBackground, "page_ranges": pageRanges}
    )

    async def work(own: Turn) -> dict[str, Any]:
        async with without_typed(own.tab, own.seconds):
            data = await _printed(own, options)
        return await save(own, filename, "pdf", "application/pdf", data)

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work)


async def _printed(own: Turn, options: Any) -> bytes:
    try:
        return await own.do(own.tab.page.pdf(**options), "The document was not made")
    except BrowserError as error:
        _, sign, why = error.message.partition("Page range")
        if sign:
            raise invalid(f"`pageRanges`: page range{why}.", "Such as 1-3, 5.") from error
        raise
