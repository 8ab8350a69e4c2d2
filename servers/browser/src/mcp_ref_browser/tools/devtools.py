# ruff: noqa: N803  argument names are the wire's
"""For developers of pages: traces, videos, highlights, timings, emulation."""

from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.recording import begun, check_secrets, ended, taken
from mcp_ref_browser.page.timings import MEASURE, PROFILES, Profile
from mcp_ref_browser.page.video import FPS, Film, program
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, LOOKS, SETS, SessionHandle, Target, bounded, without
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

devtools = Toolset[State]("devtools", default=False)

_SECONDS = 60_000
_CUT = "The video was longer than is kept: its end is missing."
_HIDING = "video-actions"


class Size(Struct, frozen=True, forbid_unknown_fields=True):
    """Size of a video."""

    width: Annotated[int, arg("Pixels.", ge=16, le=4096)]
    height: Annotated[int, arg("Pixels.", ge=16, le=4096)]


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A place on earth."""

    latitude: Annotated[float, arg("Degrees.", ge=-90, le=90)]
    longitude: Annotated[float, arg("Degrees.", ge=-180, le=180)]


@devtools.tool(**ACTS)
async def browser_start_tracing(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Record a trace of all actions from now on."""

    async def work(own: Turn) -> dict[str, Any]:
        check_secrets(own.session, reveal=own.state.settings.allow_reveal)
        begun(own.session, "trace", own.state.store.path, ".zip")
        try:
            await own.do(own.tab.page.context.tracing.start(screenshots=True, snapshots=True))
        except BaseException:  # a cancellation too
            ended(own.session, "trace")
            raise
        return {"result": {"recording": "trace"}, "lines": ["A trace is recorded."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_stop_tracing(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """End the trace and save it."""

    async def work(own: Turn) -> dict[str, Any]:
        path = ended(own.session, "trace")
        await own.do(own.tab.page.context.tracing.stop(path=str(path)), "The trace did not end")
        return await save(own, None, "trace", "application/zip", await taken(path))

    return await looked(ctx, Asked(session=session, timeout_ms=_SECONDS), work)


@devtools.tool(**ACTS)
async def browser_start_video(
    ctx: Ctx,
    *,
    size: Annotated[Size, arg("Size.")] | None = None,
    fps: Annotated[int, arg("Pictures a second.", ge=1, le=60)] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Record a video of the tab."""
    options: Any = {} if size is None else {"size": {"width": size.width, "height": size.height}}

    async def work(own: Turn) -> dict[str, Any]:
        workers, recordings = own.state.workers, own.session.recordings
        if "video" in recordings:
            raise invalid("A video is being recorded already.")
        await workers.run(program)
        film = Film(own.tab.page, await workers.run(_scratch, own), workers, fps or FPS)
        # Nothing is waited for in between: whoever types a secret in another tab meets the one or the other.
        check_secrets(own.session, reveal=own.state.settings.allow_reveal)
        recordings["video"] = film
        try:
            await own.do(film.page.screencast.start(on_frame=film.add, **options))
        except BaseException:  # a cancellation too
            del recordings["video"]
            raise
        return {"result": {"recording": "video"}, "lines": ["A video is recorded."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_stop_video(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """End the video and save it."""

    async def work(own: Turn) -> dict[str, Any]:
        film = _film(own)
        del own.session.recordings["video"]
        with suppress(BrowserError):  # the tab may be closed; what it has shown is kept all the same
            if film.is_empty:  # a page that is at rest shows nothing new
                await film.add({"data": await own.do(film.page.screenshot(type="jpeg"))})
            await own.do(film.page.screencast.stop(), "The video did not end")
        data = await film.encoded(await own.state.workers.run(program))
        told = await save(own, None, "video", "video/webm", data)
        return told | {"lines": [*told["lines"], *([_CUT] if film.cut else [])]}

    return await looked(ctx, Asked(session=session, timeout_ms=_SECONDS), work)


@devtools.tool(**ACTS)
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
        await own.do(_film(own).page.screencast.show_chapter(title, **options))
        return {"result": {"chapter": title}, "lines": ["The chapter has begun."]}

    return await looked(ctx, Asked(session=session, timeout_ms=_SECONDS), work)


@devtools.tool(**ACTS)
async def browser_video_show_actions(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Show actions in the video as they happen."""

    async def work(own: Turn) -> dict[str, Any]:
        own.session.recordings[_HIDING] = await own.do(_film(own).page.screencast.show_actions())
        return {"result": {"shown": True}, "lines": ["Actions are shown."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_video_hide_actions(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Show actions no longer."""

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(_film(own).page.screencast.hide_actions())
        own.session.recordings.pop(_HIDING, None)
        return {"result": {"shown": False}, "lines": ["Actions are not shown."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_highlight(
    ctx: Ctx,
    *,
    target: Target,
    style: Annotated[str, arg("CSS of the mark.", max_length=500)] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Mark an element on the page."""
    options: Any = without({"style": style})

    async def work(own: Turn) -> dict[str, Any]:
        found = await own.find(target)
        await own.do(found.highlight(**options))
        return {"result": {"highlighted": target}, "lines": ["The element is marked."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_hide_highlight(
    ctx: Ctx, *, target: Annotated[str, arg("The element; else all.")] | None = None, session: SessionHandle = None
) -> Output[Answer]:
    """Take marks away."""

    async def work(own: Turn) -> dict[str, Any]:
        marked: Any = own.tab.page if target is None else await own.find(target)
        await own.do(marked.hide_highlight())
        return {"result": {"highlighted": None}, "lines": ["The marks are gone."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**LOOKS)
async def browser_performance(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Measure how the page loaded and responds: LCP, CLS, INP, TTFB, totals of its resources."""

    async def work(own: Turn) -> dict[str, Any]:
        found: dict[str, Any] = await own.do(own.tab.page.evaluate(MEASURE), "The page did not answer")
        lines = [f"{name}: {value}" for name, value in found.items()]
        return {"result": found, "label": "Text", "text": "\n".join(lines)}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**SETS)
async def browser_emulate(
    ctx: Ctx,
    *,
    geolocation: Annotated[Place, arg("Where the browser says it is.")] | None = None,
    cpuRate: Annotated[float, arg("How many times slower, 1 to 20.")] | None = None,
    networkProfile: Annotated[Profile, arg("Kind of network.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Emulate a place, a slower processor, a slower network."""
    if geolocation is None and cpuRate is None and networkProfile is None:
        raise invalid("Say what to emulate: `geolocation`, `cpuRate` or `networkProfile`.")
    if cpuRate is not None:
        bounded("cpuRate", int(cpuRate), 1, 20)

    async def work(own: Turn) -> dict[str, Any]:
        context = own.tab.page.context
        if geolocation is not None:
            await own.do(context.grant_permissions(["geolocation"]))
            place: Any = {"latitude": geolocation.latitude, "longitude": geolocation.longitude}
            await own.do(context.set_geolocation(place))
        await _throttle(own, cpuRate, networkProfile)
        return {"result": {"emulated": True}, "lines": ["It is emulated."]}

    return await looked(ctx, Asked(session=session), work)


async def _throttle(own: Turn, rate: float | None, profile: Profile | None) -> None:
    if rate is None and profile is None:
        return
    key = f"cdp-{own.tab.id}"
    recordings = own.session.recordings
    if key not in recordings:  # what is emulated lasts as long as its connection
        recordings[key] = await own.do(own.tab.page.context.new_cdp_session(own.tab.page))
    cdp = recordings[key]
    if rate is not None:
        await own.do(cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate}))
    if profile is not None:
        await own.do(cdp.send("Network.enable"))
        await own.do(cdp.send("Network.emulateNetworkConditions", PROFILES[profile]))


def _film(own: Turn) -> Film:
    film = own.session.recordings.get("video")
    if not isinstance(film, Film):
        raise invalid("No video is being recorded.")
    return film


def _scratch(own: Turn) -> Path:
    """A directory that goes with the browser, if not before."""
    landing = own.session.downloads.landing
    return Path(mkdtemp(prefix="video-", dir=None if landing is None else landing.place))
