"""The reader connections of one database: opened on demand, used last in first out, replaced when the file is."""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_sqlite.engine.connection import Connection, Interrupt, patiently, stopped
from mcp_ref_sqlite.engine.failures import ERRORS, failure, was_interrupted
from mcp_ref_sqlite.engine.gate import READING, Gate
from mcp_ref_sqlite.engine.opening import Bounding, open_reader
from mcp_ref_sqlite.engine.places import Identity, Place

# Threads that single operations of the engine hold, which look at no clock; with more of them nothing new begins.
MOST_ABANDONED = 2


@dataclass(frozen=True)
class Seat:
    """One connection, its gate, and the file that it was opened on."""

    connection: Connection
    gate: Gate
    identity: Identity


class Readers:
    """At most `most` of them. `reclaim` frees one that is held between two pages, if there is one."""

    def __init__(self, place: Place, bounding: Bounding, most: int, *, immutable: bool = False) -> None:
        self._place = place
        self._bounding = bounding
        self._immutable = immutable
        self._most = most
        self._idle: list[Seat] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._abandoned: list[Connection] = []
        self.reclaim: Callable[[], bool] = _nothing

    @asynccontextmanager
    async def lease(self, deadline: Deadline) -> AsyncGenerator[Seat]:
        """A reader for the length of the block.

        Raises:
            DbError: `busy`, `connection`, `timeout`.
        """
        reader = await self.take(deadline)
        try:
            yield reader
        finally:
            self.give_back(reader)

    async def take(self, deadline: Deadline) -> Seat:
        """A reader for as long as its taker wants; it has to be given back."""
        while True:
            if self._idle:
                return self._idle.pop()
            if self._count < self._most:
                return await self._opened(deadline)
            if not self.reclaim():
                await self._turn(deadline)

    def give_back(self, reader: Seat) -> None:
        """Let others use it; one that is not fit for that is closed."""
        connection = reader.connection
        if connection.abandoned or connection.broken:
            self.discard(reader)
            return
        self._idle.append(reader)
        self._wake()

    def discard(self, reader: Seat) -> None:
        """Nobody uses this one again."""
        self._count -= 1
        if reader.connection.abandoned:
            self._abandoned.append(reader.connection)
        reader.connection.leave()
        self._wake()

    def renew(self) -> None:
        """The file was replaced: whatever is open now is opened anew when it is needed."""
        idle, self._idle = self._idle, []
        for reader in idle:
            self.discard(reader)

    async def close(self) -> None:
        """Close all that are idle; the others belong to calls that have ended by now."""
        idle, self._idle = self._idle, []
        for reader in idle:
            self._count -= 1
            await reader.connection.close()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._count

    async def _opened(self, deadline: Deadline) -> Seat:
        self._abandoned = [one for one in self._abandoned if one.is_stuck]
        if len(self._abandoned) >= MOST_ABANDONED:
            raise DbError(
                "Earlier statements are still running in the engine and cannot be stopped.",
                code="busy",
                hint="Try again in half a minute, with less work in single functions.",
            )
        self._count += 1
        try:
            gate = Gate(READING)
            opener = Opener(self._place, partial(self._open, gate), self._bounding.busy_seconds)
            connection = await opener.opened(deadline)
        except BaseException:  # whatever happened, there is no reader
            self._count -= 1
            self._wake()
            raise
        return Seat(connection, gate, opener.identity)

    def _open(self, gate: Gate, interrupt: Interrupt) -> sqlite3.Connection:
        uri = self._place.uri("ro", immutable=self._immutable)
        return open_reader(uri, self._bounding, gate, interrupt)

    async def _turn(self, deadline: Deadline) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout_at(deadline.at):
                await waiter
        except TimeoutError as error:
            raise DbError("All connections were in use until the deadline.", code="busy") from error
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake()  # it was our turn just now; it is another's then
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(waiter)

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


class Opener:
    """Opens on the thread, patiently where the file is locked, and knows afterwards which file it was."""

    def __init__(
        self,
        place: Place,
        opening: Callable[[Interrupt], sqlite3.Connection],
        busy_seconds: float,
        *,
        create: bool = False,
    ) -> None:
        self._place = place
        self._opening = opening
        self._busy_seconds = busy_seconds
        self._create = create
        self.identity = Identity(0, 0)

    async def opened(self, deadline: Deadline) -> Connection:
        """A connection on a thread of its own.

        Raises:
            DbError: `connection`, `busy`, `timeout`.
        """
        interrupt = Interrupt()
        try:
            return await Connection.open(self, interrupt, deadline)
        except ERRORS as error:
            if was_interrupted(error):
                raise stopped(interrupt, deadline) from error
            raise failure(error, self._place.scrub) from error

    def __call__(self, interrupt: Interrupt) -> sqlite3.Connection:
        """The connection, on the file that is there now."""
        if self._create and self._place.identity() is None:
            self._place.create()
        self.identity = self._place.require()
        return patiently(partial(self._opening, interrupt), interrupt, self._busy_seconds)


def _nothing() -> bool:
    return False
