# ruff: noqa: ASYNC240  files are small, and a test waits for nothing else
"""The engine by itself: threads, deadlines, cancellations, replaced files, and what is known of aiosqlite."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_kit import Secret
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_kit.libraries import imported
from mcp_ref_sqlite.engine.connection import DRIVER
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.places import Place
from mcp_ref_sqlite.settings import Settings

ENDLESS = "with recursive a(n) as (select 1 union all select n + 1 from a) select count(*) from a"


@asynccontextmanager
async def opened(path: Path, **settings: Any) -> AsyncGenerator[Database]:
    mode = settings.pop("mode", "read-only")
    source = Source(name="main", dsn=Secret(str(path)), mode=mode)
    database = Database(source, Place(str(path)), Settings(mode=mode, **settings))
    try:
        yield database
    finally:
        await database.close()


def one(connection: sqlite3.Connection) -> int:
    return connection.execute("select 1").fetchone()[0]


def endless(connection: sqlite3.Connection) -> Any:
    return connection.execute(ENDLESS).fetchall()


async def test_a_thread_that_the_engine_keeps_is_left_behind(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layer 7: single operations look at no clock. After two of them nothing new begins until one is done."""
    monkeypatch.setattr("mcp_ref_sqlite.engine.connection.GRACE_SECONDS", 0.1)
    free = threading.Event()

    def stuck(connection: sqlite3.Connection) -> None:
        del connection
        free.wait(20)

    async with opened(small, readers=2) as database:
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(DbError) as late:
                await database.read(stuck, Deadline(0.05))
            assert late.value.code == "timeout"
            assert time.monotonic() - started < 1
        with pytest.raises(DbError) as refused:
            await database.read(one, Deadline(1))
        assert refused.value.code == "busy"
        free.set()
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await database.read(one, Deadline(1)) == 1
                    break
                except DbError:
                    await asyncio.sleep(0.01)


async def test_a_cancelled_call_stops_the_engine_within_a_tenth_of_a_second(small: Path) -> None:
    async with opened(small, readers=1) as database:
        assert await database.read(one, Deadline(1)) == 1
        async with asyncio.TaskGroup() as group:
            call = group.create_task(database.read(endless, Deadline(60)))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            call.cancel()
            await asyncio.wait({call})
            assert time.monotonic() - started < 0.1
        assert await database.read(one, Deadline(1)) == 1
        assert database.readers.open == 1


async def test_a_cancellation_before_the_statement_begins_counts(small: Path) -> None:
    """`interrupt()` alone would be lost: there is nothing to interrupt yet."""
    async with opened(small, readers=1) as database:
        await database.read(one, Deadline(1))
        async with asyncio.TaskGroup() as group:
            call = group.create_task(database.read(endless, Deadline(60)))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait({call}, timeout=2)
            assert call.done()
        assert await database.read(one, Deadline(1)) == 1


async def test_a_deadline_that_has_passed_runs_nothing(small: Path) -> None:
    ran: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        ran.append(one(connection))

    async with opened(small) as database:
        await database.read(one, Deadline(1))
        with pytest.raises(DbError) as late:
            await database.read(work, Deadline(0))
    assert (late.value.code, ran) == ("timeout", [])


async def test_the_loop_is_never_blocked(file: Path) -> None:
    """No callback of more than 50 ms while a statement runs."""
    async with opened(file) as database:
        await database.read(one, Deadline(1))
        lags: list[float] = []
        async with asyncio.TaskGroup() as group:
            call = group.create_task(too_late(database))
            while not call.done():
                before = time.monotonic()
                await asyncio.sleep(0.005)
                lags.append(time.monotonic() - before - 0.005)
    assert sorted(lags)[len(lags) // 2] < 0.05  # the usual wait; single ones are a busy machine's


async def too_late(database: Database) -> None:
    with pytest.raises(DbError):
        await database.read(endless, Deadline(0.5))


async def test_readers_are_used_again_last_in_first_out(small: Path) -> None:
    async with opened(small) as database:
        for _ in range(20):
            await database.read(one, Deadline(1))
        assert database.readers.open == 1


async def test_a_call_that_finds_no_connection_waits_its_turn_and_no_longer(small: Path) -> None:
    async with opened(small, readers=1) as database:
        async with database.readers.lease(Deadline(1)):
            with pytest.raises(DbError) as refused:
                await database.read(one, Deadline(0.1))
            assert refused.value.code == "busy"
        assert await database.read(one, Deadline(1)) == 1


async def test_a_file_that_was_replaced_is_opened_anew(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db, db:
        db.executescript("create table new(a); insert into new values (42)")
    async with opened(small) as database:
        await database.read(one, Deadline(1))
        other.replace(small)
        found = await database.read(lambda db: db.execute("select a from new").fetchone()[0], Deadline(1))
    assert found == 42


async def test_a_file_that_is_not_there_is_found_when_it_comes(tmp_path: Path, small: Path) -> None:
    """DB8."""
    missing = tmp_path / "later.db"
    async with opened(missing) as database:
        with pytest.raises(DbError) as refused:
            await database.read(one, Deadline(1))
        assert (refused.value.code, refused.value.retryable) == ("connection", True)
        small.rename(missing)
        assert await database.read(one, Deadline(1)) == 1


async def test_a_lock_of_somebody_else_is_waited_for_and_then_busy(small: Path) -> None:
    with closing(sqlite3.connect(small, isolation_level=None)) as other:
        other.execute("begin exclusive")
        async with opened(small, busy_timeout=0.3, mode="read-write") as database:
            started = time.monotonic()
            with pytest.raises(DbError) as refused:
                await database.read(one_row, Deadline(5))
            assert refused.value.code == "busy"
            assert 0.3 <= time.monotonic() - started < 1.5
            other.execute("rollback")
            assert await database.read(one_row, Deadline(5)) == "a"


def one_row(connection: sqlite3.Connection) -> str:
    return connection.execute("select v from t").fetchone()[0]


async def test_a_writer_that_waits_for_a_lock_can_be_cancelled(small: Path) -> None:
    def insert(connection: sqlite3.Connection, gate: Any) -> None:
        del gate
        connection.execute("insert into t(v) values ('x')")

    with closing(sqlite3.connect(small, isolation_level=None)) as other:
        other.execute("begin immediate")
        async with opened(small, mode="read-write") as database, asyncio.TaskGroup() as group:
            call = group.create_task(database.write(insert, Deadline(60)))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            call.cancel()
            await asyncio.wait({call})
            assert time.monotonic() - started < 0.5
        other.execute("rollback")
        assert other.execute("select count(*) from t").fetchone() == (3,)


async def test_every_thread_ends_with_its_database(small: Path) -> None:
    await imported(DRIVER)
    before = threading.active_count()
    async with opened(small, mode="read-write") as database:
        await asyncio.gather(*(database.read(one, Deadline(1)) for _ in range(10)))
        await database.look(one, Deadline(1))
        assert threading.active_count() > before
    async with asyncio.timeout(2):
        while threading.active_count() > before:  # noqa: ASYNC110  threads tell nobody that they end
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "text", ["", ":memory:", "file:x.db", "FILE:x.db?mode=rwc", "/proc/self/mem", "/dev/zero", "a\0b"]
)
def test_what_is_no_file_is_no_database(text: str) -> None:
    with pytest.raises(SettingsError):
        Place(text)


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no ordinary file"):
        Place(str(tmp_path))


@pytest.mark.parametrize("name", ["a b.db", "a?mode=rwc.db", "a#b.db", "a%20b.db", "ä😀.db", "a&vfs=unix-none.db"])
async def test_a_name_is_a_name_and_no_parameter(small: Path, name: str) -> None:
    odd = small.rename(small.with_name(name))
    async with opened(odd) as database:
        assert await database.read(one, Deadline(1)) == 1
        with pytest.raises(DbError):
            await database.read(lambda db: db.execute("delete from t"), Deadline(1))
    assert [path.name for path in odd.parent.iterdir()] == [name]


async def test_aiosqlite_still_has_what_we_use_of_it() -> None:
    """Its queue, its thread and its connection are private; `engine/thread.py` is the only place that touches them."""
    connection: Any = aiosqlite.Connection(lambda: sqlite3.connect(":memory:", check_same_thread=False), 64)
    assert isinstance(connection._thread, threading.Thread)
    connection._thread.daemon = True
    await connection
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()
    raw = connection._conn
    assert isinstance(raw, sqlite3.Connection)
    connection._tx.put_nowait((None, lambda: loop.call_soon_threadsafe(done.set_result, one(raw))))
    async with asyncio.timeout(5):
        assert await done == 1
    await connection.close()
