"""Videos of a tab: begun, given chapters and marks of what is done, ended and saved."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.racing import within
from mcp_ref_browser.page.recording import begun, check_secrets, dropped, ended
from mcp_ref_browser.page.video import FPS, Film, program
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, SessionHandle, without
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

if TYPE_CHECKING:
    from playwright.async_api import Page

video = Toolset[State]("devtools", default=False)

Position = Literal["top-left", "top", "top-right", "bottom-left", "bottom", "bottom-right"]
Pointer = Literal["none", "pointer"]
_MILLISECONDS = 60_000
# A tab that has crashed does not say that it has stopped; what it had shown is there all the same.
_STOP_SECONDS = 5.0
_CUT = "The video was longer than is kept: its end is missing."
_CSS = 500


class Size(Struct, frozen=True, forbid_unknown_fields=True):
    """Size of a video."""

    width: Annotated[int, arg("Pixels.", ge=16, le=4096)]
    height: Annotated[int, arg("Pixels.", ge=16, le=4096)]


class Style(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Looks of what shows an action."""

    point: Annotated[str, arg("CSS of the place.", max_length=_CSS)] | None = None
    highlight: Annotated[str, arg("CSS of the element.", max_length=_CSS)] | None = None
    title: Annotated[str, arg("CSS of the words.", max_length=_CSS)] | None = None


@video.tool(**ACTS)
async def browser_start_video(
    ctx: Ctx,
    *,
    filename: Annotated[str, arg("Save under this name when it ends.", max_length=1000)] | None = None,
    size: Annotated[Size, arg("Size.")] | None = None,
    fps: Annotated[int, arg("Pictures a second.", ge=1, le=60)] | None = None,
    cursor: Annotated[bool, arg("Draw a mouse that travels to each action, which slows them.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Record a video of the tab."""
    options: Any = {} if size is None else {"size": {"width": size.width, "height": size.height}}

    async def work(own: Turn) -> dict[str, Any]:
        workers = own.state.workers
        await workers.run(program)
        made = await begun(own.session, "video", filename)
        made.film = film = Film(own.tab.page, made.place, workers, fps or FPS)
        try:
            # Nothing is waited for in between: whoever types a secret in another tab meets the one or the other.
            check_secrets(own.session, reveal=own.state.settings.allow_reveal)
            await own.do(film.page.screencast.start(on_frame=film.add, **options))
            if cursor:
                await own.do(film.page.screencast.show_actions(cursor="pointer"))
        except BaseException:  # a cancellation too
            await dropped(own.session, made)
            raise
        return {"result": {"recording": "video"}, "lines": ["A video is recorded."]}

    return await looked(ctx, Asked(session=session), work)


@video.tool(**ACTS)
async def browser_stop_video(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """End the video and save it."""

    async def work(own: Turn) -> dict[str, Any]:
        made = ended(own.session, "video")
        film = made.film
        if film is None:  # it is only being begun
            raise invalid("No video is being recorded.")
        try:
            await _halted(own, film)
            data = await film.encoded(await own.state.workers.run(program))
        finally:
            await made.discard()
        told = await save(own, made.filename, "video", "video/webm", data)
        return told | {"lines": [*told["lines"], *([_CUT] if film.cut else [])]}

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work, guarded=False)


@video.tool(**ACTS)
async def browser_video_chapter(
    ctx: Ctx,
    *,
    title: Annotated[str, arg("Title.", max_length=200)],
    description: Annotated[str, arg("More words.", max_length=1000)] | None = None,
    duration: Annotated[float, arg("Milliseconds that it shows.", ge=0, le=30_000)] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Show a title over the page, for a video."""
    options: Any = without({"description": description, "duration": duration})

    async def work(own: Turn) -> dict[str, Any]:
        page = _filmed(own)
        if page is None:
            raise invalid("No video is being recorded.")
        await own.do(page.screencast.show_chapter(title, **options))
        return {"result": {"chapter": title}, "lines": ["The chapter has begun."]}

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work)


@video.tool(**ACTS)
async def browser_video_show_actions(
    ctx: Ctx,
    *,
    duration: Annotated[float, arg("Milliseconds that each shows.", ge=0, le=30_000)] | None = None,
    position: Annotated[Position, arg("Where the words are.")] | None = None,
    cursor: Annotated[Pointer, arg("What shows the mouse.")] | None = None,
    style: Annotated[Style, arg("Looks.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Show actions on the page, and in its video, as they happen."""
    looks = {} if style is None else without({"point": style.point, "highlight": style.highlight, "title": style.title})
    options: Any = without({"duration": duration, "position": position, "cursor": cursor, "style": looks or None})

    async def work(own: Turn) -> dict[str, Any]:
        page = _filmed(own) or own.tab.page
        await own.do(page.screencast.show_actions(**options))
        return {"result": {"shown": True}, "lines": ["Actions are shown."]}

    return await looked(ctx, Asked(session=session), work)


@video.tool(**ACTS)
async def browser_video_hide_actions(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Show actions no longer."""

    async def work(own: Turn) -> dict[str, Any]:
        page = _filmed(own) or own.tab.page
        await own.do(page.screencast.hide_actions())
        return {"result": {"shown": False}, "lines": ["Actions are not shown."]}

    return await looked(ctx, Asked(session=session), work)


async def _halted(own: Turn, film: Film) -> None:
    """No more pictures are taken. The tab may be closed or crashed: what it has shown is kept all the same."""
    what = "The video did not end"
    with suppress(BrowserError):
        if film.is_empty:  # a page that is at rest shows nothing new
            shot = film.page.screenshot(type="jpeg", timeout=_STOP_SECONDS * 1000)
            await film.add({"data": await within(shot, _STOP_SECONDS, what, own.tab)})
    with suppress(BrowserError):
        await within(film.page.screencast.stop(), _STOP_SECONDS, what, own.tab)


def _filmed(own: Turn) -> "Page | None":
    """The page that a video is recorded of."""
    made = own.session.recordings.get("video")
    return None if made is None or made.film is None else made.film.page
