"""A pool of sessions of one database and path: in order of arrival, cleaned between callers, closed when in doubt."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_postgres.engine.connecting import Path, Session
from mcp_ref_postgres.engine.faults import broken, driver_errors

_log = logging.getLogger(__name__)

IDLE_SECONDS = 60
# Cleaning takes one round trip; an engine that has not answered a cancel by then is left behind.
RESTORE_SECONDS = 2
# Ended transactions leave advisory locks, LISTEN, held cursors and settings; a committed one also what else a function
# of the caller's could have set.
_RESTORE: dict[Path, str] = {
    "read": "ROLLBACK; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL",
    "write": (
        "ROLLBACK; RESET SESSION AUTHORIZATION; RESET ROLE; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *;"
        " RESET ALL; DISCARD TEMP; DISCARD SEQUENCES"
    ),
}

Open = Callable[[Path], Awaitable[Session]]


class Pool:
    """At most `size` sessions. `reclaim` gives one back that waits for a page nobody may ask for.

    What nobody waits for is cleaned in the group of the server.
    """

    def __init__(self, path: Path, size: int, open_session: Open, group: asyncio.TaskGroup) -> None:
        self._path: Path = path
        self._size = size
        self._open = open_session
        self._group = group
        self.reclaim: Callable[[], object] = _nothing
        self._idle: deque[tuple[float, Session]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = 0
        self._closed = False

    @property
    def in_use(self) -> int:
        """Sessions that somebody has."""
        return self._taken

    @property
    def idle(self) -> int:
        """Sessions that wait for somebody."""
        return len(self._idle)

    @asynccontextmanager
    async def session(self, until: float) -> AsyncGenerator[Session]:
        """One session for the length of the block, clean before and after."""
        session = await self.take(until)
        try:
            yield session
        finally:
            await self.give_back(session)

    async def take(self, until: float) -> Session:
        """A clean session; waits no longer than the moment `until` of the loop's clock.

        Raises:
            DbError: `busy`; or why there is no connection.
        """
        await self._turn(until)
        try:
            return self._kept() or await self._opened(until)
        except BaseException:  # cancelled or failed: the turn passes to the next
            self._release()
            raise

    async def give_back(self, session: Session) -> None:
        """Clean a session for the next caller, or close it; a caller who cannot wait for it costs the session."""
        await self._restore(session)

    def let_go(self, session: Session) -> None:
        """The same without waiting for it."""
        self._group.create_task(self._restore(session))

    async def close(self) -> None:
        """Close what is idle, and from now on whatever comes back."""
        self._closed = True
        while self._idle:
            await _say_goodbye(self._idle.pop()[1])

    async def prune(self) -> None:
        """Close sessions that nobody has used for a while."""
        now = asyncio.get_running_loop().time()
        while self._idle and self._idle[0][0] < now - IDLE_SECONDS:
            await _say_goodbye(self._idle.popleft()[1])

    def forget_idle(self) -> None:
        """Close idle sessions at once: what was true when they began has changed."""
        while self._idle:
            self._idle.pop()[1].connection.terminate()

    async def _turn(self, until: float) -> None:
        if self._taken < self._size and not self._waiting:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.reclaim()
        try:
            async with asyncio.timeout_at(until):
                await turn
        except TimeoutError as error:
            self._withdraw(turn)
            raise DbError(
                f"All {self._size} connections were in use until the deadline.",
                code="busy",
                hint="Try again, or let the operator raise --pool.",
            ) from error
        except asyncio.CancelledError:
            self._withdraw(turn)
            raise

    def _withdraw(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif turn.done() and not turn.cancelled():
            self._release()

    def _release(self) -> None:
        """Pass the turn on: who waited longest has it now."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1

    async def _opened(self, until: float) -> Session:
        try:
            async with asyncio.timeout_at(until):
                return await self._open(self._path)
        except TimeoutError as error:
            raise DbError("The database did not answer before the deadline.", code="connection") from error

    def _kept(self) -> Session | None:
        while self._idle:
            _, session = self._idle.pop()
            if not session.connection.is_closed():
                return session
        return None

    async def _restore(self, session: Session) -> None:
        connection = session.connection
        cleaning = _RESTORE[self._path] + session.standing
        try:
            async with asyncio.timeout(RESTORE_SECONDS):
                if not connection.is_closed():
                    await connection.execute(cleaning)
        except (OSError, TimeoutError, *driver_errors()) as error:
            _log.debug("a session was closed instead of cleaned: %s", type(error).__name__)
            connection.terminate()
        except asyncio.CancelledError:
            connection.terminate()
            raise
        finally:
            self._settle(session)

    def _settle(self, session: Session) -> None:
        connection = session.connection
        if connection.is_closed() or connection.is_in_transaction() or self._closed:
            connection.terminate()
        else:
            session.notices.clear()
            session.used += 1
            self._idle.append((asyncio.get_running_loop().time(), session))
        self._release()


async def _say_goodbye(session: Session) -> None:
    try:
        await session.connection.close(timeout=1)
    except broken():
        session.connection.terminate()


def _nothing() -> None:
    return
