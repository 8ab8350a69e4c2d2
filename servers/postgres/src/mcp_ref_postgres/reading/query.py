"""One page of what a caller's statement gives: from a portal that was held, or by running it."""

import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_protocol.server.output import Output
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.envelope import Envelope, Format
from mcp_ref_kit.db.rows.page import Bounds, Page
from mcp_ref_kit.db.rows.paging import Hold, Position
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.driver import TypeName
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.gate.verdicts import Gate, Verdict
from mcp_ref_postgres.reading.columns import EngineCells
from mcp_ref_postgres.reading.parameters import converted, misfit
from mcp_ref_postgres.reading.portals import BLOCK, Reading
from mcp_ref_postgres.state import Ctx, Opened

_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# What a remembered verdict no longer fits: the engine says so in one of these ways.
_STALE = frozenset({"0A000", "42P10", "42703", "42883", "42804"})


class Question(Struct, frozen=True, kw_only=True):
    """What a caller wants to read."""

    sql: str
    params: Sequence[Any]
    bounds: Bounds
    form: Format = "json"
    cursor: str | None = None


class _Stale(Exception):
    """The catalogue has changed since the text was judged."""


async def page_of(ctx: Ctx, opened: Opened, question: Question, deadline: Deadline) -> Output[Envelope]:
    """The page that the question asks for.

    Raises:
        DbError
    """
    await opened.engine.permitted(deadline.at)
    position = ctx.state.paging.start(ctx, question.cursor, opened.engine.name)
    held = ctx.state.held.take(position, opened.engine.name, ctx.principal.key)
    turn = Turn(ctx, opened, question, position, deadline)
    if held is not None:
        try:
            return await turn.go_on(held)
        except DbError as error:
            if error.code != "connection":
                raise
            # Its session is gone, and a page that was held is only a quicker one.
    try:
        return await turn.run()
    except _Stale:
        opened.gate.drop(question.sql)
        return await turn.run()


async def sampled(ctx: Ctx, opened: Opened, question: Question) -> Envelope:
    """The first rows of a statement of ours, as part of another result.

    Raises:
        DbError
    """
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        turn = Turn(ctx, opened, question, Position(0), deadline)
        return await turn.first()


class Turn:
    """One attempt at one page."""

    def __init__(self, ctx: Ctx, opened: Opened, question: Question, position: Position, deadline: Deadline) -> None:
        self._ctx = ctx
        self._opened = opened
        self._question = question
        self._position = position
        self._deadline = deadline
        self._began = time.monotonic()
        self._remembered = False
        self._types: Sequence[TypeName] = ()

    async def run(self) -> Output[Envelope]:
        """Run the statement from its start."""
        engine, gate = self._opened.engine, self._opened.gate
        self._remembered = gate.remembers(self._question.sql)
        session = await engine.begin(engine.read, _READING, self._deadline.at)
        kept = False
        try:
            reading, verdict = await self._open(session, gate)
            page = await self._filled(reading)
            verdict.small = verdict.small or (not page.truncated and page.taken <= BLOCK)
            cursor, kept = self._cursor(page, reading)
            return self._finished(page, session, cursor, re_executed=self._position.offset > 0)
        finally:
            if not kept:
                await self._give_back(session)

    async def first(self) -> Envelope:
        """The first page as data, without a cursor to a next one."""
        engine = self._opened.engine
        await engine.permitted(self._deadline.at)
        async with engine.reading(self._deadline.at, ours=False) as session:
            reading, _ = await self._open(session, self._opened.gate)
            page = await self._filled(reading)
        return page.envelope(elapsed_ms=self._elapsed)

    async def go_on(self, reading: Reading) -> Output[Envelope]:
        """Read on from a portal that was held."""
        session, kept = reading.session, False
        try:
            page = await self._filled(reading)
            cursor, kept = self._cursor(page, reading)
            return self._finished(page, session, cursor, re_executed=False)
        finally:
            if not kept:
                await self._give_back(session)

    async def _give_back(self, session: Session) -> None:
        """Whoever has waited until the deadline does not wait for a backend that will not be cancelled."""
        pool = self._opened.engine.read
        if self._deadline.left > 0:
            await pool.give_back(session)
        else:
            pool.let_go(session)

    async def _open(self, session: Session, gate: Gate) -> tuple[Reading, Verdict]:
        engine, question = self._opened.engine, self._question
        # The engine knows the deadline, and the slot of the call has a later one for what does not stop.
        try:
            verdict = await gate.admit(session, question.sql)
            self._types = verdict.parameters
            arguments = converted(question.params, verdict.parameters)
            shape, statement = verdict.asked(question.bounds.cell)
            reading = Reading(engine, session, shape)
            if verdict.small and not self._position.offset and shape.columns:
                await self._at_once(reading, statement, arguments)
            else:
                await reading.open(statement, arguments, skip=self._position.offset)
        except broken() as error:
            raise self._judged(error) from error
        return reading, verdict

    async def _at_once(self, reading: Reading, statement: str, arguments: Sequence[Any]) -> None:
        """One round trip instead of two for a text that gave few rows before; LIMIT keeps a surprise small."""
        limit = self._question.bounds.limit
        rows = await reading.session.connection.fetch(f"{statement} LIMIT {limit + 1:d}", *arguments)
        reading.give(rows, cut=len(rows) > limit)

    async def _filled(self, reading: Reading) -> Page:
        question = self._question
        cells = EngineCells(reading.shape, question.bounds.cell)
        page = Page(reading.shape.columns, question.bounds, form=question.form, cells=cells)
        try:
            await reading.fill(page, self._deadline.at)
        except TimeoutError as error:
            if not page.taken:
                raise self._deadline.expired() from error
            page.stop("time")
        except broken() as error:
            raise self._judged(error) from error
        return page

    def _cursor(self, page: Page, reading: Reading) -> tuple[str | None, bool]:
        """The cursor of the next page, and whether the portal stays open for it."""
        if not page.truncated:
            return None, False
        ctx, name = self._ctx, self._opened.engine.name
        after = self._position.after(page.taken)
        cursor = ctx.state.paging.seal(ctx, after, name)
        # A backend that is held would be missing from the pooler, for everybody.
        if page.reason == "time" or not reading.holdable or reading.engine.is_pooled:
            return cursor, False
        session = ctx.call.peer.session
        hold = Hold(offset=after.offset, database=name, principal=ctx.principal.key, session=session)
        ctx.state.held.put(after.held, hold, reading)
        return cursor, True

    def _finished(self, page: Page, session: Session, cursor: str | None, *, re_executed: bool) -> Output[Envelope]:
        notices, session.notices = session.notices, []
        return page.finish(elapsed_ms=self._elapsed, next_cursor=cursor, re_executed=re_executed, notices=notices)

    @property
    def _elapsed(self) -> float:
        return (time.monotonic() - self._began) * 1000

    def _judged(self, error: Exception) -> Exception:
        engine = self._opened.engine
        if getattr(error, "sqlstate", None) in _STALE and self._remembered:
            return _Stale()
        # A position would count in the statement that was put round the caller's.
        return misfit(fault(error, engine.scrub, length=-1), self._types)
