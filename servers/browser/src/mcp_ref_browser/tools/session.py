# ruff: noqa: N803  argument names are the wire's
"""Sessions, tabs, and how a page is shown: size and media."""

import asyncio
from typing import Annotated, Any, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.errors import ToolError
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_browser.answer.answers import Answer, Told, answer
from mcp_ref_browser.answer.redact import Redactor
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.guard.origins import parsed
from mcp_ref_browser.page.recording import begin_har
from mcp_ref_browser.sessions.session import Session
from mcp_ref_browser.sessions.tab import Tab
from mcp_ref_browser.settings import SnapshotMode
from mcp_ref_browser.setup.preset import viewport as read_viewport
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, DEFAULT, DESTROYS, SECONDS, SETS, SessionHandle, bounded, without
from mcp_ref_browser.tools.navigate import go
from mcp_ref_browser.turns import Asked, Turn, acted, turn, using

core = Toolset[State]("core")

MOST_PIXELS = 16_384
Scheme = Literal["light", "dark"]
_SESSIONS: ToolOptions = {"read_only": False, "destructive": False, "open_world": True, "seconds": SECONDS}


@core.tool(**_SESSIONS)
async def browser_session(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    action: Annotated[Literal["create", "list", "info", "close"], arg("What.")],
    name: Annotated[str, arg("Name.")] | None = None,
    storageState: Annotated[dict[str, Any], arg("Cookies etc.")] | None = None,
    viewport: Annotated[str, arg("As 1280x720.")] | None = None,
    locale: Annotated[str, arg("As de-DE.")] | None = None,
    timezone: Annotated[str, arg("As Europe/Rome.")] | None = None,
    userAgent: Annotated[str, arg("User agent.")] | None = None,
    colorScheme: Annotated[Scheme, arg("Colours.")] | None = None,
    device: Annotated[str, arg("As `iPhone 15`.")] | None = None,
    allowedOrigins: Annotated[list[str], arg("Only these.")] | None = None,
    har: Annotated[bool, arg("Record.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Make, list or close sessions (own cookies, storage, tabs). Unused, one ends after 30 minutes."""
    if action == "list":
        sessions = [describe(ctx.state, one) for one in ctx.state.registry.listed(ctx)]
        return plain_answer(ctx.state, {"sessions": sessions}, [_line(one) for one in sessions])
    if action == "info":
        found = ctx.state.registry.find(ctx, session)
        return plain_answer(ctx.state, describe(ctx.state, found), [_line(describe(ctx.state, found))], found)
    if action == "close":
        found = ctx.state.registry.find(ctx, session)
        await ctx.state.end(found)
        return plain_answer(ctx.state, {"closed": found.handle}, ["The session is closed."])
    context = without(
        {
            "storage_state": storageState,
            "viewport": None if viewport is None else _viewport(viewport),
            "locale": locale,
            "timezone_id": timezone,
            "user_agent": userAgent,
            "color_scheme": colorScheme,
            "device": device,
        }
    )
    return await _created(ctx, name, context, allowedOrigins or [], har=bool(har))


async def _created(
    ctx: Ctx, name: str | None, context: dict[str, Any], origins: list[str], *, har: bool
) -> Output[Answer]:
    state = ctx.state
    try:
        narrower = parsed(origins)
    except ValueError as error:
        raise invalid(f"`allowedOrigins`: {error}.") from error
    before = state.registry.implied(ctx)
    made = state.registry.add(ctx, state.maker(name=name, context=context, narrower=narrower))
    try:
        async with using(ctx, Asked(session=made.handle)):
            await made.new_tab()
            if har:
                await begin_har(made)
    except Exception as error:  # whatever it was, there is no session that anybody could use
        await state.end(made)
        if before is not None:
            state.registry.tie(ctx, before)
        raise _unmade(error) from error
    facts = describe(state, made)
    return plain_answer(state, facts, [_line(facts)], made)


def _unmade(error: Exception) -> Exception:
    """Why a session could not be made; what the driver says of its options is about the arguments."""
    if isinstance(error, ToolError) and error.code != "failed":
        return error
    why = f" It says: {error.message}" if isinstance(error, ToolError) else ""
    return invalid(f"The browser does not take `storageState`, `locale` or `timezone` as given.{why}")


def describe(state: State, session: Session) -> dict[str, Any]:
    """What a caller may know of its session."""
    rules = session.policy.rules
    return {
        "session": session.handle,
        "name": session.facts.name,
        "tabs": len(session.tabs),
        "expiresInS": state.registry.left(session),
        "policy": {
            "allowedOrigins": [str(one) for one in (rules.narrower or rules.allowed)],
            "blockedOrigins": [str(one) for one in rules.blocked],
            "privateAddresses": state.settings.allow_private_ips,
        },
    }


def _line(facts: dict[str, Any]) -> str:
    name = f" ({facts['name']})" if facts["name"] else ""
    origins = facts["policy"]["allowedOrigins"]
    allowed = f", only {', '.join(origins)}" if origins else ""
    return f"Session {facts['session']}{name}: {facts['tabs']} tabs, ends {facts['expiresInS']} s from now{allowed}."


def plain_answer(
    state: State, result: dict[str, Any], lines: list[str], session: Session | None = None
) -> Output[Answer]:
    """An answer that is about no page."""
    redactor = Redactor(state.vault.pairs) if session is None else session.redactor
    told = Told(session=None if session is None else session.handle, result=result, lines=lines)
    return answer(told, redactor, fence=False)


def _viewport(text: str) -> dict[str, int]:
    try:
        return read_viewport(text)
    except ValueError as error:
        raise invalid(f"`viewport` {error}.") from error


@core.tool(**ACTS)
async def browser_tabs(
    ctx: Ctx,
    *,
    action: Annotated[Literal["list", "new", "select", "close"], arg("What.")],
    index: Annotated[int, arg("Place.")] | None = None,
    tab: Annotated[str, arg("Id.")] | None = None,
    url: Annotated[str, arg("For new.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """List, open, select or close tabs."""
    fresh = action == "new"
    if url is not None and not fresh:
        raise invalid("`url` is for action=new; browser_navigate opens one in a tab that there is.")
    if action == "select" and index is None and tab is None:
        raise invalid("`index` or `tab` says which one to select.", "browser_tabs with action=list shows them.")
    if fresh and url is not None:
        asked = Asked(session=session, fresh=True, waits="navigation")
        return await go(ctx, asked, url, new_tab=True)
    asked = Asked(session=session, fresh=fresh)
    async with using(ctx, asked) as (found, minted):
        if fresh:
            await found.new_tab()
        elif action != "list":
            chosen = _chosen(found, index, tab)
            if action == "close":
                await found.close_tabs(chosen)
            else:
                found.active = chosen.id
        current = found.current() or await found.new_tab()
        own = Turn(ctx, found, current, asked)
        own.minted = minted
        shown: SnapshotMode = "auto" if action == "select" else "none"
        return await own.told(tabs=await _listed(ctx, found), snapshot=shown)


def _chosen(session: Session, index: int | None, ident: str | None) -> Tab:
    if ident is not None:
        found = session.tabs.get(ident)
    elif index is None:
        found = session.current()
    else:
        tabs = list(session.tabs.values())
        found = tabs[index] if 0 <= index < len(tabs) else None
    if found is None:
        raise invalid("There is no such tab.", "browser_tabs with action=list shows them.")
    return found


async def _listed(ctx: Ctx, session: Session) -> list[dict[str, Any]]:
    tabs = list(session.tabs.values())
    pages = await asyncio.gather(*(Turn(ctx, session, one, Asked()).page() for one in tabs))
    return [
        {**page, "index": index, "active": one.id == session.active, **({"opener": one.opener} if one.opener else {})}
        for index, (one, page) in enumerate(zip(tabs, pages, strict=True))
    ]


@core.tool(**DESTROYS)
async def browser_close(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Close all tabs."""
    async with using(ctx, Asked(session=session)) as (found, _):
        await found.close_tabs(*found.tabs.values())
        return plain_answer(ctx.state, {"closed": True}, ["All tabs are closed."], found)


@core.tool(**SETS)
async def browser_resize(
    ctx: Ctx,
    *,
    width: Annotated[int, arg("Pixels.")],
    height: Annotated[int, arg("Pixels.")],
    session: SessionHandle = None,
) -> Output[Answer]:
    """Resize the page."""
    bounded("width", width, 1, MOST_PIXELS)
    bounded("height", height, 1, MOST_PIXELS)
    async with turn(ctx, Asked(session=session)) as own:
        await own.do(own.tab.page.set_viewport_size({"width": width, "height": height}))
        return await own.told({"width": width, "height": height})


@core.tool(**SETS)
async def browser_emulate_media(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    colorScheme: Annotated[Literal["light", "dark", "default"], arg("Colours.")] | None = None,
    reducedMotion: Annotated[Literal["reduce", "no-preference"], arg("Motion.")] | None = None,
    forcedColors: Annotated[Literal["active", "none"], arg("Forced.")] | None = None,
    contrast: Annotated[Literal["more", "no-preference"], arg("Contrast.")] | None = None,
    media: Annotated[Literal["screen", "print", "default"], arg("Medium.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Emulate media."""
    given = without(
        {
            "color_scheme": colorScheme,
            "reduced_motion": reducedMotion,
            "forced_colors": forcedColors,
            "contrast": contrast,
            "media": media,
        }
    )
    # The driver's word for emulating nothing.
    options: Any = {name: "null" if value == DEFAULT else value for name, value in given.items()}

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.emulate_media(**options))

    return await acted(ctx, Asked(session=session, snapshot="none"), work)
