# ruff: noqa: N803  argument names are the wire's
"""For developers of pages: traces, highlights, timings, emulation."""

from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.page.racing import within
from mcp_ref_browser.page.recording import begun, check_secrets, dropped, ended
from mcp_ref_browser.page.script import checked
from mcp_ref_browser.page.timings import MEASURE, PROFILES, Profile
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, LOOKS, SETS, SessionHandle, Target, bounded, without
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

devtools = Toolset[State]("devtools", default=False)

_MILLISECONDS = 60_000


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A place on earth."""

    latitude: Annotated[float, arg("Degrees.", ge=-90, le=90)]
    longitude: Annotated[float, arg("Degrees.", ge=-180, le=180)]


@devtools.tool(**ACTS)
async def browser_start_tracing(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Record a trace of all actions from now on."""

    async def work(own: Turn) -> dict[str, Any]:
        made = await begun(own.session, "trace")
        try:
            # Nothing is waited for between this and what it is about: whoever types a secret meets the recording.
            check_secrets(own.session, reveal=own.state.settings.allow_reveal)
            await own.do(own.tab.page.context.tracing.start(screenshots=True, snapshots=True))
        except BaseException:  # a cancellation too
            await dropped(own.session, made)
            raise
        return {"result": {"recording": "trace"}, "lines": ["A trace is recorded."]}

    return await looked(ctx, Asked(session=session), work)


@devtools.tool(**ACTS)
async def browser_stop_tracing(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """End the trace and save it."""

    async def work(own: Turn) -> dict[str, Any]:
        made = ended(own.session, "trace")
        try:
            stopping = own.tab.page.context.tracing.stop(path=str(made.file))
            await within(stopping, own.seconds, "The trace did not end", own.tab)
            return await save(own, None, "trace", "application/zip", await made.taken())
        finally:
            await made.discard()

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work, guarded=False)


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
        measured = await own.do(own.tab.page.evaluate(MEASURE), "The page did not answer")
        found = checked(measured, dict[str, float | None])
        lines = [f"{name}: {'none' if value is None else value}" for name, value in found.items()]
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
        bounded("cpuRate", cpuRate, 1, 20)

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
