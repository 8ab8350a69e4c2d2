"""Screenshots: of the page, all of it or an element, in a size for models, without what was typed secretly."""

import base64
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.racing import race
from mcp_ref_browser.page.script import checked, on_document
from mcp_ref_browser.page.snapshot import Wish, capture
from mcp_ref_browser.page.tree import box_of, ref_of, role_of
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Locator

Format = Literal["png", "jpeg", "webp"]
MOST_PIXELS = 16_384
_MOST_MARKS = 300
_SIZE = """() => { const d = document.documentElement, b = document.body || d;
  return [Math.max(d.scrollWidth, b.scrollWidth, innerWidth), Math.max(d.scrollHeight, b.scrollHeight, innerHeight),
          innerWidth, innerHeight, scrollX, scrollY]; }"""
_Sizes = tuple[float, float, float, float, float, float]
_ANNOTATED = frozenset({"button", "link", "textbox", "checkbox", "radio", "combobox", "slider", "switch", "tab"})


class Shot(Struct, frozen=True, kw_only=True):
    """What is to be seen, and how."""

    target: "Locator | None" = None
    format: Format = "png"
    quality: int | None = None
    full_page: bool = False
    scale: Literal["css", "device"] = "css"
    max_width: int = 1568
    annotate: bool = False
    seconds: float = 15.0


class Area(Struct, frozen=True):
    """A part of the page in its own pixels."""

    x: float
    y: float
    width: float
    height: float


async def screenshot(tab: Tab, shot: Shot) -> bytes:
    """Take a picture.

    Raises:
        BrowserError: `timeout`, `crashed`.
    """
    async with without_typed(tab, shot.seconds), _annotated(tab, shot):
        area = await _area(tab, shot)
        if area.width <= 0 or area.height <= 0:
            raise BrowserError("The element has no size to be seen.", code="unsupported")
        if area.width > shot.max_width or area.height > MOST_PIXELS:
            return await _downscaled(tab, shot, area)
        return await _as_it_is(tab, shot)


async def _as_it_is(tab: Tab, shot: Shot) -> bytes:
    options: Any = {"type": shot.format, "scale": shot.scale, "timeout": shot.seconds * 1000}
    if shot.quality is not None and shot.format != "png":
        options["quality"] = shot.quality
    work = (
        tab.page.screenshot(full_page=shot.full_page, **options)
        if shot.target is None
        else shot.target.screenshot(**options)
    )
    return await race(tab, work, shot.seconds, "The picture could not be taken")


async def _downscaled(tab: Tab, shot: Shot, area: Area) -> bytes:
    """By the browser itself, which scales while it draws."""
    factor = min(1.0, shot.max_width / area.width)
    height = min(area.height, MOST_PIXELS)
    clip = {"x": area.x, "y": area.y, "width": area.width, "height": height, "scale": factor}
    session: Any = await race(
        tab, tab.page.context.new_cdp_session(tab.page), shot.seconds, "The picture could not be taken"
    )
    try:
        params: dict[str, Any] = {"format": shot.format, "clip": clip, "captureBeyondViewport": True}
        if shot.quality is not None and shot.format != "png":
            params["quality"] = shot.quality
        work = session.send("Page.captureScreenshot", params)
        found: Any = await race(tab, work, shot.seconds, "The picture could not be taken")
    finally:
        with contextlib.suppress(Exception):  # the page may be gone, and the session with it
            await session.detach()
    return base64.b64decode(found["data"])


async def _area(tab: Tab, shot: Shot) -> Area:
    what = "The page did not answer"
    width, height, inner_width, inner_height, x, y = await _measured(tab, shot)
    if shot.target is not None:
        if not await race(tab, shot.target.is_visible(), shot.seconds, what):
            raise BrowserError("The element is not visible.", code="unsupported", hint="Show it first.")
        await race(tab, shot.target.scroll_into_view_if_needed(timeout=shot.seconds * 1000), shot.seconds, what)
        *_, x, y = await _measured(tab, shot)
        box = await race(tab, shot.target.bounding_box(), shot.seconds, what)
        if box is None:
            return Area(0, 0, 0, 0)
        return Area(box["x"] + x, box["y"] + y, box["width"], box["height"])
    return Area(0, 0, width, height) if shot.full_page else Area(x, y, inner_width, inner_height)


async def _measured(tab: Tab, shot: Shot) -> _Sizes:
    return checked(await race(tab, tab.page.evaluate(_SIZE), shot.seconds, "The page did not answer"), _Sizes)


@asynccontextmanager
async def without_typed(tab: Tab, seconds: float) -> AsyncGenerator[None]:
    """Hide the fields that hold a secret which was typed into their document, wherever they are by now."""
    told = [(frame, values) for frame in tab.page.frames if (values := _typed_into(tab, frame.url))]
    for frame, values in told:
        await race(tab, frame.evaluate(on_document("hide"), values), seconds, "The page did not answer")
    try:
        yield
    finally:
        for frame, _ in told:
            with contextlib.suppress(Exception):  # the page may be gone
                await race(tab, frame.evaluate(on_document("unhide"), None), seconds, "The page did not answer")


def _typed_into(tab: Tab, url: str) -> list[str]:
    """The secrets that documents of this origin were given; no other document learns them."""
    where = _origin(url)
    return [value for document, value in tab.typed if _origin(document) == where]


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


@asynccontextmanager
async def _annotated(tab: Tab, shot: Shot) -> AsyncGenerator[None]:
    """Draw the refs of what can be used over the page for the length of a picture."""
    if not shot.annotate:
        yield
        return
    taken = await capture(tab, Wish(boxes=True))
    marks = [
        [ref, *box]
        for line in taken.lines
        if role_of(line) in _ANNOTATED and (ref := ref_of(line)) and ref.startswith("e") and (box := box_of(line))
    ]
    tab.keep(taken.lines, tab.page.url)
    await race(tab, tab.page.evaluate(on_document("annotate"), marks[:_MOST_MARKS]), shot.seconds, "No annotations")
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the page may be gone
            await tab.page.evaluate(on_document("unannotate"), None)
