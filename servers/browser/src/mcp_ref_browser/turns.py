"""One call's turn on a tab: its session found or made, the tab to itself, its waits bounded, its answer told."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import UNSET, Struct

from mcp_protocol import Output
from mcp_ref_browser.answer.answers import Answer, Told, answer, errors_redacted
from mcp_ref_browser.answer.redact import masked
from mcp_ref_browser.engine.ending import NotOpened
from mcp_ref_browser.errors import BrowserError, crashed, invalid
from mcp_ref_browser.page.racing import DRIVER_SECONDS, Gone, Interrupted, check_open, driver_errors, race
from mcp_ref_browser.page.settle import Mark, settle
from mcp_ref_browser.page.snapshot import Capture, Wish, capture, title_of
from mcp_ref_browser.page.targets import find
from mcp_ref_browser.page.views import View, against, page_of
from mcp_ref_browser.sessions.leaving import leave
from mcp_ref_browser.sessions.session import Session
from mcp_ref_browser.sessions.tab import Tab
from mcp_ref_browser.settings import CEILING_CHARS, MOST_SECONDS, SnapshotMode
from mcp_ref_browser.state import HEAVY_NODES, Ctx, State

if TYPE_CHECKING:
    from playwright.async_api import Locator

Found = TypeVar("Found")
_TITLE_SECONDS = 1.0


class Asked(Struct, frozen=True, kw_only=True):
    """What every call may say beside its own arguments."""

    session: str | None = None
    snapshot: SnapshotMode | None = None
    timeout_ms: int | None = None
    max_chars: int | None = None
    what: str = "The action did not end"
    fresh: bool = False
    """It may make a session where it has none."""
    waits: Literal["action", "navigation", "evaluate"] = "action"


class Turn:
    """One call on one tab."""

    def __init__(self, ctx: Ctx, session: Session, tab: Tab, asked: Asked) -> None:
        self.ctx = ctx
        self.state: State = ctx.state
        self.session = session
        self.tab = tab
        self.asked = asked
        self.title: str | None = None
        """That of the page when it was last looked at in this call, without what private fields hold."""
        self.minted = False
        self.moved = False
        self.seconds = waiting_seconds(ctx.state, asked)

    @property
    def budget(self) -> int:
        """Characters of page text in the answer."""
        return text_budget(self.state, self.asked.max_chars)

    async def find(self, target: str) -> "Locator":
        """The element that is meant."""
        return await find(self.tab, target)

    async def do(self, work: Awaitable[Found], what: str | None = None) -> Found:
        """Some work on the page, in its time."""
        return await race(self.tab, work, self.seconds, what or self.asked.what, grace=DRIVER_SECONDS)

    async def capture(self, wish: Wish) -> Capture:
        """A snapshot; large ones take turns."""
        async with nullcontext() if self.tab.shown_nodes <= HEAVY_NODES else self.state.heavy:
            taken = await capture(self.tab, wish)
        self.title = taken.title
        return taken

    async def settled(self, mark: Mark) -> None:
        """Wait for what an action began."""
        settings = self.state.settings
        await settle(self.tab, mark, settings.timeout_settle, settings.timeout_navigation)
        await self.check_refusal()
        self.remember()

    def remember(self) -> None:
        """Keep what a death of the browser would lose, once the answer is made: nobody is to wait for it."""
        self.moved = True

    async def check_refusal(self) -> None:
        """Say so if the tab was going to where it may not.

        Raises:
            BrowserError: `blocked_origin`, `blocked_address`.
        """
        refusal, self.tab.refusal = self.tab.refusal, None
        if refusal is not None:
            await self.leave()
            raise refusal

    async def leave(self) -> None:
        """Take the tab away from where the guard or the browser itself answered in place of a page."""
        await leave(self.tab.page)
        self.tab.status = None

    async def told(
        self,
        result: Any = UNSET,
        *,
        snapshot: SnapshotMode = "none",
        snapshot_data: dict[str, Any] | None = None,
        **more: Any,
    ) -> Output[Answer]:
        """The answer, with what the tab shows now."""
        tab, session = self.tab, self.session
        told = Told(session=session.handle, minted=self.minted, result=result, snapshot=snapshot_data, **more)
        if tab.modal is not None:
            modal = tab.modal
            told.modal = {"kind": modal.kind, "message": modal.message, "default": modal.default}
        elif snapshot != "none" and not (tab.crashed or tab.closed):
            await self._look(told, snapshot)
        told.page = await self.page()
        told.events = session.events.take()
        await announce(self.ctx, self.state)
        return answer(told, session.redactor, fence=self.state.settings.fence)

    async def page(self) -> dict[str, Any]:
        """What the tab is on."""
        tab, title = self.tab, self.title
        if title is None and tab.interrupted.is_set():
            title = ""  # a dialog would keep the question waiting in the driver, and many of them the driver itself
        if title is None:
            title = ""
            with suppress(BrowserError, Interrupted):
                title = await title_of(tab, _TITLE_SECONDS)
        page: dict[str, Any] = {"tab": tab.id, "url": tab.page.url[:8192], "title": title}
        return page | ({"status": tab.status} if tab.status else {})

    def given(self, view: View) -> dict[str, Any]:
        """A view as data."""
        where = f"browser://{self.session.handle}/tabs/{self.tab.id}/snapshot/{view.generation}"
        return {"mode": view.mode, "text": view.text, "generation": view.generation, "resource": where}

    def cursor(self, tool: str, arguments: dict[str, Any], position: Any) -> str:
        """A cursor for the rest."""
        scope = f"{self.session.handle} {self.tab.id}"
        return self.state.cursors.seal(tool, arguments, self.ctx.principal, position, scope=scope)

    def opened(self, cursor: str, tool: str, arguments: dict[str, Any], kind: type[Found]) -> Found:
        """The position in a cursor."""
        scope = f"{self.session.handle} {self.tab.id}"
        return self.state.cursors.open(cursor, tool, arguments, self.ctx.principal, position=kind, scope=scope)

    async def _look(self, told: Told, mode: SnapshotMode) -> None:
        try:
            taken = await self.capture(Wish())
        except Interrupted:
            return
        except BrowserError as error:
            told.lines = [*told.lines, f"No snapshot: {error.message} {error.hint or ''}".rstrip()]
            return
        shot = self.tab.keep(taken.lines, self.tab.page.url)
        if mode == "full":
            view = page_of(shot, 0, self.budget)
        else:
            compare = partial(against, self.tab, shot, self.budget, insist=mode == "diff")
            # Others go on while a long page is compared.
            view = await self.state.workers.run(compare) if len(shot.lines) > HEAVY_NODES else compare()
        self.tab.given = shot.generation
        show(told, view, self)
        told.result = _without(told.result, taken.private)


def show(told: Told, view: View, turn: Turn) -> None:
    """Put a view into an answer."""
    told.snapshot = turn.given(view)
    if view.mode == "unchanged":
        told.lines = [*told.lines, "The page is unchanged."]
        return
    told.label, told.text = "Snapshot", view.text
    if view.next is not None:
        told.truncation = {"reason": "chars", "shown": view.shown, "total": view.total}
        told.next_cursor = turn.cursor("browser_snapshot", {}, [view.generation, view.next])


@asynccontextmanager
async def turn(ctx: Ctx, asked: Asked, *, guarded: bool = True) -> AsyncGenerator[Turn]:
    """Have a tab for one call; `guarded`: not while a dialog is open.

    Raises:
        BrowserError: there is no session, browser or tab; a dialog is open.
    """
    async with using(ctx, asked) as (session, minted):
        tab = session.current() or await session.new_tab()
        tab.used = True
        made = Turn(ctx, session, tab, asked)
        made.minted = minted
        if guarded:
            check_open(tab)
        async with tab.lock:
            if guarded:
                check_open(tab)
            try:
                yield made
            except Gone as error:
                raise await _death(ctx.state, tab, error) from error
            except BrowserError as error:
                tab.late = tab.late or error.code == "timeout"
                raise
            finally:
                if made.moved:
                    session.spawn(session.remember(tab))


@asynccontextmanager
async def using(ctx: Ctx, asked: Asked) -> AsyncGenerator[tuple[Session, bool]]:
    """Have a session, open, for one call; whether it was made by this call.

    Raises:
        BrowserError: there is none, or no browser.
    """
    state = ctx.state
    minted = False
    may_mint = ctx.transport != "http" or ctx.call.peer.session is not None or asked.fresh
    if asked.session is None and may_mint and state.registry.implied(ctx) is None:
        session = state.registry.add(ctx, state.maker())
        minted = True
    else:
        session = state.registry.find(ctx, asked.session)
    session.resting.disturb()
    try:
        with errors_redacted(session.redactor), driver_errors():
            await state.ready(session)
            yield session, minted and ctx.transport == "http"
    except BaseException as error:  # a cancellation too
        if isinstance(error, BrowserError) and error.code == "timeout":
            state.supervisor.doubt(opens=isinstance(error, NotOpened))
        if minted and state.registry.implied(ctx) != session.handle:
            await state.end(session)  # nobody has been told its handle, so nobody could ever use or close it
        raise
    finally:
        session.resting.leave()
        state.registry.touch(session)


async def acted(ctx: Ctx, asked: Asked, work: Callable[[Turn], Awaitable[Any]]) -> Output[Answer]:
    """Do something to a page, wait for what it begins, and tell what has become of the page."""
    async with turn(ctx, asked) as own:
        mark = Mark.of(own.tab)
        own.tab.refusal = None
        result: Any = UNSET
        with suppress(Interrupted):  # the answer tells of the dialog
            found = await work(own)
            result = UNSET if found is None else found
            await own.settled(mark)
        return await own.told(result, snapshot=asked.snapshot or ctx.state.settings.snapshot)


async def looked(
    ctx: Ctx, asked: Asked, work: Callable[[Turn], Awaitable[dict[str, Any]]], *, guarded: bool = True
) -> Output[Answer]:
    """Look at a page, and answer what was found; `guarded`: not while a dialog is open or the page has crashed."""
    async with turn(ctx, asked, guarded=guarded) as own:
        try:
            found = await work(own)
        except Interrupted:
            return await own.told()
        return await own.told(**found)


async def announce(ctx: Ctx, state: State) -> None:
    """Tell listeners that artifacts have come or gone."""
    if state.store.changed:
        state.store.changed = False
        await ctx.list_changed("resources")


def waiting_seconds(state: State, asked: Asked) -> float:
    """How long a call waits.

    Raises:
        BrowserError: more than anybody may wait.
    """
    if asked.timeout_ms is None:
        return getattr(state.settings, f"timeout_{asked.waits}")
    if not 1 <= asked.timeout_ms <= MOST_SECONDS * 1000:
        raise invalid(f"`timeoutMs` must be between 1 and {MOST_SECONDS * 1000}, got {asked.timeout_ms}.")
    return asked.timeout_ms / 1000


def text_budget(state: State, max_chars: int | None) -> int:
    """How much page text an answer may have.

    Raises:
        BrowserError: more than any answer may have.
    """
    if max_chars is None:
        return state.settings.max_output_chars
    if not 1 <= max_chars <= CEILING_CHARS:
        raise invalid(f"`maxChars` must be between 1 and {CEILING_CHARS}, got {max_chars}.")
    return max_chars


def arguments_of(**given: Any) -> dict[str, Any]:
    """The arguments of a call that a cursor is bound to: those that were given."""
    return {name: value for name, value in given.items() if value is not None}


async def _death(state: State, tab: Tab, error: Gone) -> BrowserError:
    await state.supervisor.suspect()
    if state.supervisor.running is None:
        return BrowserError(
            "The browser has died.", code="crashed", hint="Call again: it is started anew, and the tabs come back."
        )
    return crashed(tab.url) if tab.crashed else error


def _without(result: Any, private: list[str]) -> Any:
    return masked(result, private) if isinstance(result, str) else result
