# ruff: noqa: N803  argument names are the wire's
"""Pictures of a page."""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from mcp_protocol import Image, Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.page.pictures import Format, Shot, screenshot
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import LOOKS, Filename, SessionHandle, bounded
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

core = Toolset[State]("core")

_ENDINGS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
# Wider pictures are shrunk by the models that look at them.
WIDTH = 1568


@core.tool(**LOOKS)
async def browser_take_screenshot(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Annotated[str, arg("Part.")] | None = None,
    type: Annotated[Format, arg("Format.")] | None = None,  # noqa: A002  the wire's name
    quality: Annotated[int, arg("1 to 100.")] | None = None,
    fullPage: Annotated[bool, arg("All.")] | None = None,
    scale: Annotated[Literal["css", "device"], arg("Pixels.")] | None = None,
    maxWidth: Annotated[int, arg("Shrink to.")] | None = None,
    annotateRefs: Annotated[bool, arg("Refs.")] | None = None,
    filename: Filename = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Picture of the page."""
    form = type or _by_ending(filename) or "png"
    if fullPage and target is not None:
        raise invalid("`fullPage` shows all of the page, and `target` a part of it: give one of them.")
    if quality is not None and form == "png":
        raise invalid("`quality` is for jpeg and webp: give one of them as `type`.")
    width = bounded("maxWidth", WIDTH if maxWidth is None else maxWidth, 16, 8192)
    if quality is not None:
        bounded("quality", quality, 1, 100)

    async def work(own: Turn) -> dict[str, Any]:
        located = None if target is None else await own.find(target)
        shot = Shot(
            target=located,
            format=form,
            quality=quality,
            full_page=bool(fullPage),
            scale=scale or "css",
            max_width=width,
            annotate=bool(annotateRefs),
        )
        data = await screenshot(own.tab, shot)
        mime_type = f"image/{form}"
        told = await save(own, filename, "screenshot", mime_type, data)
        if own.state.settings.image_responses == "allow":
            told["blocks"] = [Image(data, mime_type), *told.get("blocks", ())]
        return told

    return await looked(ctx, Asked(session=session), work)


def _by_ending(filename: str | None) -> Format | None:
    return _ENDINGS.get(PurePath(filename or "").suffix.lower())
