"""The connections of which a database has one each: the writer, and the one for statements of our own alone.

Opened on first use, one piece of work at a time, always left clean.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_sqlite.engine.connection import Interrupt
from mcp_ref_sqlite.engine.gate import Gate
from mcp_ref_sqlite.engine.places import Place
from mcp_ref_sqlite.engine.readers import Opener, Seat

T = TypeVar("T")


Opening = Callable[[Gate, Interrupt], sqlite3.Connection]


class Single:
    """Makes and keeps one connection. With `create` a file that is not there is made."""

    def __init__(
        self, place: Place, gate: Gate, opening: Opening, busy_seconds: float, *, create: bool = False
    ) -> None:
        self._place = place
        self._busy_seconds = busy_seconds
        self._gate = gate
        self._opening = opening
        self._create = create
        self._seat: Seat | None = None
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def lease(self, deadline: Deadline) -> AsyncGenerator[Seat]:
        """The connection for the length of the block.

        Raises:
            DbError: `busy`, `connection`, `timeout`.
        """
        await self._turn(deadline)
        try:
            seat = self._seat = self._seat or await self._opened(deadline)
            try:
                yield seat
            finally:
                if seat.connection.abandoned or seat.connection.broken:
                    self._seat = None
                    seat.connection.leave()
        finally:
            self._one.release()

    async def close(self) -> None:
        """Close it; where it has written, SQLite refreshes what its planner knows, if that is worth it."""
        seat, self._seat = self._seat, None
        if seat is not None:
            if seat.gate.writes:
                seat.connection.post(partial(_optimize, seat))
            await seat.connection.close()

    async def _turn(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout_at(deadline.at):
                await self._one.acquire()
        except TimeoutError as error:
            raise DbError("Other calls needed the same connection until the deadline.", code="busy") from error

    async def _opened(self, deadline: Deadline) -> Seat:
        opening = partial(self._opening, self._gate)
        opener = Opener(self._place, opening, self._busy_seconds, create=self._create)
        connection = await opener.opened(deadline)
        return Seat(connection, self._gate, opener.identity)


def transaction(
    connection: sqlite3.Connection, gate: Gate, act: Callable[[sqlite3.Connection], T], *, keep: bool = True
) -> T:
    """What `act` does, as a whole or not at all; without `keep` it is undone in the end. On the thread."""
    ours(connection, gate, "BEGIN IMMEDIATE")
    try:
        answer = act(connection)
        ours(connection, gate, "COMMIT" if keep else "ROLLBACK")
    except BaseException:  # whatever happened, nothing of it stays
        if connection.in_transaction:
            ours(connection, gate, "ROLLBACK")
        raise
    return answer


def ours(connection: sqlite3.Connection, gate: Gate, statement: str) -> None:
    """Run a statement of our own, that the gate denies to callers.

    The gate is taken away and not told: setting it makes SQLite forget what it has authorized, so that a caller's
    equal text is judged on its own.
    """
    connection.set_authorizer(None)
    try:
        connection.execute(statement).close()
    finally:
        connection.set_authorizer(gate)


def _optimize(seat: Seat) -> None:
    raw = seat.connection.raw
    raw.set_authorizer(None)
    raw.execute("PRAGMA optimize").close()
