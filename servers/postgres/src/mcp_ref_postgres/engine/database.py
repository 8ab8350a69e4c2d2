"""One named database: a pool for reading and one for writing, what is known of it, transactions of both kinds."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal
from weakref import WeakSet

from mcp_ref_kit.db.calls.deadline import Backoff
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.program.sources import Database
from mcp_ref_postgres.engine.connecting import Path, Session, connect, refuses_parameters
from mcp_ref_postgres.engine.facts import Facts, facts_of
from mcp_ref_postgres.engine.faults import broken, driver_errors, fault, is_lost
from mcp_ref_postgres.engine.pool import Pool
from mcp_ref_postgres.settings import Settings

_log = logging.getLogger(__name__)

Isolation = Literal["read_committed", "repeatable_read", "serializable"]

_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING: dict[Isolation, str] = {
    "read_committed": "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    "repeatable_read": "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
    "serializable": "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
}
# Our own statements see the engine's catalogue and nothing that somebody put before it.
_OURS = "; SET LOCAL search_path = pg_catalog, pg_temp"


class Engine:
    """A database as the tools use it. Nothing is opened before it is asked for."""

    def __init__(self, source: Database, settings: Settings, group: asyncio.TaskGroup) -> None:
        self.source = source
        self.name = source.name
        self.settings = settings
        self.scrub = source.scrub
        self.facts_seen: Facts | None = None
        self.read = Pool("read", settings.pool, self._open, group)
        self.write = Pool("write", settings.pool, self._open, group)
        self._backoff = Backoff()
        self._pooler: str | None = None
        self._warned = False
        self.sessions: WeakSet[Session] = WeakSet()

    async def facts(self, until: float) -> Facts:
        """What is behind the connection; connects if nobody has yet.

        Raises:
            DbError: `connection`.
        """
        if self.facts_seen is None:
            async with self.read.session(until):
                pass
        if self.facts_seen is None:
            raise AssertionError("a session was opened without its facts")
        return self.facts_seen

    @asynccontextmanager
    async def reading(self, until: float, *, ours: bool = True) -> AsyncGenerator[Session]:
        """A READ ONLY transaction, rolled back at the end; `ours` for statements of this server.

        Raises:
            DbError
        """
        session = await self.begin(self.read, _READING + (_OURS if ours else ""), until)
        try:
            yield session
        finally:
            await self.read.give_back(session)

    @asynccontextmanager
    async def writing(self, until: float, isolation: Isolation = "read_committed") -> AsyncGenerator[Session]:
        """A READ WRITE transaction, which whoever opens it commits; what is not committed is rolled back."""
        session = await self.begin(self.write, _WRITING[isolation], until)
        try:
            yield session
        finally:
            await self.write.give_back(session)

    async def begin(self, pool: Pool, opening: str, until: float) -> Session:
        """A session with a transaction begun. One that died while it was idle is replaced once: nothing was sent yet.

        Raises:
            DbError
        """
        session = await pool.take(until)
        try:
            return await self._begun(session, opening, until)
        except broken() as error:
            lost = is_lost(error) and session.used > 0 and not isinstance(error, TimeoutError)
            await pool.give_back(session)
            if not lost:
                raise fault(error, self.scrub) from error
        except BaseException:  # cancelled meanwhile; an engine that stands still would not answer now either
            pool.let_go(session)
            raise
        pool.forget_idle()
        session = await pool.take(until)
        try:
            return await self._begun(session, opening, until)
        except broken() as error:
            await pool.give_back(session)
            raise fault(error, self.scrub) from error
        except BaseException:  # cancelled meanwhile; an engine that stands still would not answer now either
            pool.let_go(session)
            raise

    async def permitted(self, until: float) -> Facts:
        """The facts, if this role may run what a caller writes.

        Raises:
            DbError: `permission`, for a superuser, whom no transaction holds.
        """
        facts = await self.facts(until)
        if facts.superuser and not self.settings.allow_superuser:
            raise DbError(
                f"The session's role {facts.session_user} is a superuser, who can leave a read-only transaction by"
                " files and programs of the engine's machine; its statements are refused.",
                code="permission",
                hint="Connect as a plain role (GRANT pg_read_all_data), or start with --allow-superuser.",
            )
        return facts

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler is in front, which gives each transaction another backend."""
        return self._pooler is not None

    async def dedicated(self) -> Session:
        """A session of its own, outside of the pools; whoever asks closes it.

        Raises:
            DbError, or what the driver raises
        """
        return await self._connected("read")

    @property
    def pids(self) -> list[int]:
        """The backends of this server."""
        return [session.pid for session in self.sessions if not session.connection.is_closed()]

    def clock(self) -> float:
        """The time by which deadlines count."""
        return asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Close both pools."""
        await self.read.close()
        await self.write.close()

    async def _begun(self, session: Session, opening: str, until: float) -> Session:
        loop = asyncio.get_running_loop()
        left = int(max(until - loop.time(), 0.001) * 1000)
        text = f"{opening}{session.prologue}; SET LOCAL statement_timeout = {left}"
        await session.connection.execute(text)
        return session

    async def _open(self, path: Path) -> Session:
        try:
            async with self._backoff.attempt():
                return await self._connected(path)
        except (OSError, TimeoutError, ValueError, *driver_errors()) as error:
            raise fault(error, self.scrub) from error

    async def _connected(self, path: Path) -> Session:
        pooled = self.is_pooled  # another connection may find the pooler while this one is made
        try:
            session = await connect(self.source.dsn.reveal(), self.settings, path, pooled=pooled)
        except driver_errors() as error:
            if pooled or not refuses_parameters(error):
                raise
            self._pooler = "it refuses parameters of the session"
            return await self._connected(path)
        try:
            facts = await facts_of(session.connection, pooler=self._pooler)
            if facts.read_only or path == "write":  # else a pooler is in front, whose backends are not ours to set
                await session.attend()
        except BaseException:  # cancelled or failed: nobody else would close it
            session.connection.terminate()
            raise
        if path == "read" and not facts.read_only and not pooled:
            self._pooler = "parameters of the session do not arrive"
            session.connection.terminate()
            return await self._connected(path)
        self._note(facts)
        self.sessions.add(session)
        return session

    def _note(self, facts: Facts) -> None:
        self.facts_seen = facts
        if facts.dangers and not self._warned:
            self._warned = True
            _log.warning("database %s: the role has %s; a plain role is safer", self.name, ", ".join(facts.dangers))
