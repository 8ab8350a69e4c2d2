"""One database: its file, its readers, its writer, and the words of its engine for callers."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeVar

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_sqlite.engine.connection import Work, patiently, stopped
from mcp_ref_sqlite.engine.failures import ERRORS, failure, is_broken, was_interrupted
from mcp_ref_sqlite.engine.gate import ADMINISTRATION, READING, WRITING, Gate
from mcp_ref_sqlite.engine.opening import Bounding, open_aside, open_writer
from mcp_ref_sqlite.engine.places import Place
from mcp_ref_sqlite.engine.readers import Readers, Seat
from mcp_ref_sqlite.engine.writer import Single
from mcp_ref_sqlite.settings import Settings

T = TypeVar("T")
WriteWork = Callable[[sqlite3.Connection, Gate], T]


class Replaced(Exception):
    """Another file has the name now."""


class Database:
    """What tools work with. Work runs on a connection's thread, and may run again if the file was locked."""

    def __init__(self, source: Source, place: Place, settings: Settings) -> None:
        self.name = source.name
        self.source = source
        self.place = place
        bounding = Bounding(
            busy_seconds=settings.busy_timeout,
            cache_mib=settings.cache_mb,
            mmap_mib=settings.mmap_mb,
            heap_mib=settings.heap_limit_mb,
            extensions=tuple(str(path) for path in settings.extension),
        )
        self._busy_seconds = settings.busy_timeout
        rules = ADMINISTRATION if source.mode == "admin" else WRITING
        self.readers = Readers(place, bounding, settings.readers, immutable=settings.immutable)
        reading, writing = place.uri("ro", immutable=settings.immutable), place.uri("rw")
        self._writer = Single(
            place, Gate(rules), partial(open_writer, writing, bounding), settings.busy_timeout, create=settings.create
        )
        self._aside = Single(place, Gate(READING), partial(open_aside, reading, bounding), self._busy_seconds)

    async def read(self, work: Work[T], deadline: Deadline, sql: str = "") -> T:
        """Do what reads on a reader; `sql` is the caller's text, for what is wrong with it.

        Raises:
            DbError: what SQLite says, in the words of all database servers.
        """
        for _ in range(2):
            async with self.readers.lease(deadline) as seat:
                try:
                    return await self.on(seat, work, deadline, sql)
                except Replaced:
                    self.renew(seat)
        raise _gone()

    async def on(self, seat: Seat, work: Work[T], deadline: Deadline, sql: str = "") -> T:
        """The same on a connection that the caller has already.

        Raises:
            Replaced: the file was; see `renew`.
        """
        patient = partial(self._patient, seat, work)
        try:
            return await seat.connection.run(patient, deadline)
        except ERRORS as error:
            if is_broken(error):
                seat.connection.broken = True
            raise self._failure(error, seat, deadline, sql) from error

    def renew(self, seat: Seat) -> None:
        """Open everything anew, on the file that has the name now."""
        seat.connection.broken = True
        self.readers.renew()

    async def write(self, work: WriteWork[T], deadline: Deadline, sql: str = "") -> T:
        """Do what writes on the writer.

        Raises:
            DbError: `permission` if the mode of this database does not allow it, and what SQLite says.
        """
        if self.source.mode == "read-only":
            raise DbError(f"The database `{self.name}` is read-only.", code="read_only")
        for _ in range(2):
            async with self.writing(deadline) as seat:
                try:
                    return await self.on(seat, partial(_with_gate, work, seat.gate), deadline, sql)
                except Replaced:
                    self.renew(seat)
        raise _gone()

    async def look(self, work: Work[T], deadline: Deadline) -> T:
        """Do what reads by statements of our own that callers may not use."""
        for _ in range(2):
            async with self._aside.lease(deadline) as seat:
                try:
                    return await self.on(seat, work, deadline)
                except Replaced:
                    self.renew(seat)
        raise _gone()

    def writing(self, deadline: Deadline) -> AbstractAsyncContextManager[Seat]:
        """The writer, for the length of a block."""
        return self._writer.lease(deadline)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.close()
        await self._aside.close()
        await self.readers.close()

    def _patient(self, seat: Seat, work: Work[T], connection: sqlite3.Connection) -> T:
        """On the thread: the work, on the file that has the name, and again while somebody else has a lock."""
        if self.place.identity() != seat.identity:
            raise Replaced
        afresh = partial(_afresh, seat.gate, work, connection)
        try:
            return patiently(afresh, seat.connection.interrupt, self._busy_seconds)
        finally:
            if seat.gate.writes and connection.in_transaction:
                seat.connection.broken = True

    def _failure(self, error: BaseException, seat: Seat, deadline: Deadline, sql: str) -> DbError:
        if was_interrupted(error):
            return stopped(seat.connection.interrupt, deadline)
        refusal = seat.gate.refusal
        if refusal is not None and isinstance(error, sqlite3.DatabaseError):
            return DbError(refusal.message, code=refusal.code, engine_code="SQLITE_AUTH")
        return failure(error, self.place.scrub, sql)


def _gone() -> DbError:
    return DbError("The database file was replaced again and again.", code="connection")


def _with_gate(work: WriteWork[T], gate: Gate, connection: sqlite3.Connection) -> T:
    return work(connection, gate)


def _afresh(gate: Gate, work: Work[T], connection: sqlite3.Connection) -> T:
    gate.reset()
    return work(connection)
