"""Sessions, pages, logs and artifacts as resources: listed, read, watched, completed, for their owner alone."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from mcp_protocol import Annotations, Resource, ResourceContents, ResourceNotFound, ToolError, Toolset
from mcp_ref_browser.page.exchange import described, line_of, part_of
from mcp_ref_browser.page.pictures import Shot, screenshot
from mcp_ref_browser.page.racing import Interrupted, check_open, modal_open, race
from mcp_ref_browser.page.snapshot import Wish
from mcp_ref_browser.sessions.artifacts import Artifact
from mcp_ref_browser.sessions.session import Session
from mcp_ref_browser.sessions.tab import Tab
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.session import describe
from mcp_ref_browser.turns import Asked, Turn

resources = Toolset[State]("core")

_JSON = "application/json"
_TEXT = "text/plain"
# As base64 a third more: the whole reply stays under its limit.
MOST_BYTES = 11 * 1024 * 1024
_SECONDS = 10.0


@resources.resources
async def everything(ctx: Ctx) -> list[Resource]:
    """What the caller's sessions have."""
    return [one for session in ctx.state.registry.listed(ctx) for one in _listed(ctx.state, session)]


@resources.resource("browser://sessions", mime_type=_JSON)
async def sessions(ctx: Ctx) -> str:
    """The caller's sessions."""
    return _json([describe(ctx.state, session) for session in ctx.state.registry.listed(ctx)])


@resources.resource("browser://policy", mime_type=_JSON)
async def policy(ctx: Ctx) -> str:
    """Where pages may connect to."""
    rules = ctx.state.preset.rules
    return _json(
        {
            "allowedOrigins": [str(one) for one in rules.allowed],
            "blockedOrigins": [str(one) for one in rules.blocked],
            "privateAddresses": ctx.state.settings.allow_private_ips,
        }
    )


@resources.resource("browser://{session}/page", mime_type=_JSON)
async def page(ctx: Ctx, session: str) -> str:
    """The page of the active tab."""
    found = _session(ctx, session)
    tab = found.current()
    if tab is None:
        raise _missing()
    told = await Turn(ctx, found, tab, Asked()).page()
    return found.redactor.text(_json(told))


@resources.resource("browser://{session}/tabs/{tab}/snapshot", mime_type=_TEXT)
async def snapshot(ctx: Ctx, session: str, tab: str) -> str:
    """What a tab shows now, as an accessibility tree with refs."""
    async with _reading(ctx, session, tab) as own:
        taken = await own.capture(Wish())
        own.tab.keep(taken.lines, own.tab.page.url, quiet=True)
        return own.session.redactor.text("\n".join(taken.lines))


@resources.resource("browser://{session}/tabs/{tab}/snapshot/{generation}", mime_type=_TEXT)
async def generation(ctx: Ctx, session: str, tab: str, generation: int) -> str:
    """What a tab showed when this snapshot was taken."""
    found = _session(ctx, session)
    kept = _tab(found, tab).snapshots.get(generation)
    if kept is None:
        raise _missing()
    return found.redactor.text("\n".join(kept.lines))


@resources.resource("browser://{session}/tabs/{tab}/console", mime_type=_JSON)
async def console(ctx: Ctx, session: str, tab: str) -> str:
    """What a tab wrote to its console."""
    found = _session(ctx, session)
    entries = [
        {"id": one.id, "level": one.level, "text": one.text, "where": one.where} for one in _tab(found, tab).console
    ]
    return _json(found.redactor.value(entries))


@resources.resource("browser://{session}/tabs/{tab}/network", mime_type=_JSON)
async def network(ctx: Ctx, session: str, tab: str) -> str:
    """The requests of a tab."""
    found = _session(ctx, session)
    return _json(found.redactor.value([described(one) for one in _tab(found, tab).requests]))


@resources.resource("browser://{session}/tabs/{tab}/network/{id}/{part}", mime_type=_TEXT)
async def exchange(ctx: Ctx, session: str, tab: str, id: int, part: str) -> str:  # noqa: A002  a variable of the URI
    """One part of a request: request-headers, request-body, response-headers, response-body, or all."""
    found = _session(ctx, session)
    entry = _tab(found, tab).requests.get(id)
    wanted = None if part == "all" else part
    if entry is None:
        raise _missing()
    try:
        work = part_of(entry, wanted, reveal=ctx.state.settings.show_network_secrets)
        text = await race(_tab(found, tab), work, _SECONDS, "The request could not be read")
    except KeyError as error:
        raise _missing() from error
    except Interrupted as error:
        raise modal_open(_tab(found, tab)) from error
    return found.redactor.text(f"{line_of(entry)}\n{text}" if wanted is None else text)


@resources.resource("browser://{session}/tabs/{tab}/screenshot", mime_type="image/png")
async def picture(ctx: Ctx, session: str, tab: str) -> bytes:
    """A picture of a tab."""
    async with _reading(ctx, session, tab) as own:
        return await screenshot(own.tab, Shot())


@resources.resource("browser://{session}/artifacts", mime_type=_JSON)
async def artifacts(ctx: Ctx, session: str) -> str:
    """What a session has saved."""
    found = _session(ctx, session)
    return _json(found.redactor.value([_described(one) for one in ctx.state.store.of(found.handle)]))


@resources.resource("browser://{session}/artifacts/{id}", name="artifact")
async def artifact(ctx: Ctx, session: str, id: str) -> ResourceContents:  # noqa: A002  a variable of the URI
    """A screenshot, document, recording or download."""
    found = _session(ctx, session)
    kept = ctx.state.store.find(found.handle, id)
    if kept is None:
        raise _missing()
    if kept.size > MOST_BYTES:
        raise ToolError(f"The artifact has {kept.size} bytes; {MOST_BYTES} can be read.", code="too_large")
    data = await ctx.state.store.read(kept)
    meta = {"mcp-ref/size": kept.size, "mcp-ref/lastModified": kept.modified}
    return ResourceContents(uri=kept.uri, mime_type=kept.mime_type, meta=meta, **_content(kept, data))


@resources.watch(snapshot)
async def snapshot_changes(ctx: Ctx, session: str, tab: str) -> AsyncIterator[object]:
    """New snapshots of a tab."""
    return _watched(ctx, session, tab).snapshot_signal.listen()


@resources.watch(console)
async def console_changes(ctx: Ctx, session: str, tab: str) -> AsyncIterator[object]:
    """New lines of a console."""
    return _watched(ctx, session, tab).console.signal.listen()


@resources.watch(network)
async def network_changes(ctx: Ctx, session: str, tab: str) -> AsyncIterator[object]:
    """New requests of a tab, and their ends."""
    return _watched(ctx, session, tab).requests.signal.listen()


@resources.watch(artifacts)
async def artifact_changes(ctx: Ctx, session: str) -> AsyncIterator[object]:
    """Artifacts that come and go."""
    try:
        return _session(ctx, session).artifact_signal.listen()
    except ToolError as error:
        raise ResourceNotFound("browser://") from error


@resources.complete(page, "session")
@resources.complete(snapshot, "session")
@resources.complete(console, "session")
@resources.complete(network, "session")
@resources.complete(picture, "session")
@resources.complete(artifacts, "session")
@resources.complete(artifact, "session")
async def handles(ctx: Ctx, typed: str) -> list[str]:
    """The caller's sessions."""
    return [one.handle for one in ctx.state.registry.listed(ctx) if one.handle.startswith(typed)]


@resources.complete(snapshot, "tab")
@resources.complete(console, "tab")
@resources.complete(network, "tab")
@resources.complete(picture, "tab")
async def tabs(ctx: Ctx, typed: str, settled: dict[str, str]) -> list[str]:
    """The tabs of the session that was chosen, or of all."""
    return [tab for one in _chosen(ctx, settled) for tab in one.tabs if tab.startswith(typed)]


@resources.complete(artifact, "id")
async def artifact_ids(ctx: Ctx, typed: str, settled: dict[str, str]) -> list[str]:
    """The artifacts of the session that was chosen, or of all."""
    kept = [each for one in _chosen(ctx, settled) for each in ctx.state.store.of(one.handle)]
    return [one.id for one in kept if one.id.startswith(typed)]


def _chosen(ctx: Ctx, settled: dict[str, str]) -> list[Session]:
    handle = settled.get("session")
    return [one for one in ctx.state.registry.listed(ctx) if handle in {None, one.handle}]


@asynccontextmanager
async def _reading(ctx: Ctx, handle: str, ident: str) -> AsyncGenerator[Turn]:
    """A tab to look at, for one reading."""
    session = _session(ctx, handle)
    tab = _tab(session, ident)
    check_open(tab)
    async with tab.lock:
        check_open(tab)
        try:
            yield Turn(ctx, session, tab, Asked())
        except Interrupted as error:
            raise modal_open(tab) from error


def _session(ctx: Ctx, handle: str) -> Session:
    """The caller's session; anybody else's is as absent as one that never was."""
    try:
        return ctx.state.registry.find(ctx, handle)
    except ToolError as error:
        raise _missing() from error


def _tab(session: Session, ident: str) -> Tab:
    tab = session.tabs.get(ident)
    if tab is None:
        raise _missing()
    return tab


def _watched(ctx: Ctx, handle: str, ident: str) -> Tab:
    try:
        return _tab(_session(ctx, handle), ident)
    except ToolError as error:
        raise ResourceNotFound("browser://") from error


def _missing() -> ToolError:
    return ToolError("There is no such resource.", code="not_found")


def _listed(state: State, session: Session) -> Iterator[Resource]:
    base = f"browser://{session.handle}"
    yield Resource(uri=f"{base}/page", name="page", mime_type=_JSON)
    for ident in session.tabs:
        for name, kind in (("snapshot", _TEXT), ("console", _JSON), ("network", _JSON), ("screenshot", "image/png")):
            yield Resource(uri=f"{base}/tabs/{ident}/{name}", name=f"{ident} {name}", mime_type=kind)
    yield Resource(uri=f"{base}/artifacts", name="artifacts", mime_type=_JSON)
    for one in state.store.of(session.handle):
        yield Resource(
            uri=one.uri,
            name=session.redactor.text(one.name),
            mime_type=one.mime_type,
            size=one.size,
            annotations=Annotations(last_modified=one.modified),
        )


def _described(one: Artifact) -> dict[str, Any]:
    return {
        "id": one.id,
        "uri": one.uri,
        "kind": one.kind,
        "name": one.name,
        "mimeType": one.mime_type,
        "size": one.size,
        "lastModified": one.modified,
    }


def _content(kept: Artifact, data: bytes) -> dict[str, Any]:
    if kept.mime_type.startswith("text/") or kept.mime_type == _JSON:
        try:
            return {"text": data.decode()}
        except UnicodeDecodeError:
            pass
    return {"blob": data}


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
