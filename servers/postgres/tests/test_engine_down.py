"""An engine that is not there, is killed in the middle of a statement, or restarted."""

import asyncio
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_kit.settings import Secret
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings

FOREVER = "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b"


@pytest.fixture
def own(own_engine: Any) -> Generator[Any]:
    """An engine that this test may kill."""
    with own_engine() as engine:
        yield engine


def settings(dsn: str, **more: Any) -> Settings:
    return Settings(databases=[Secret(dsn)], **more)


async def test_a_database_that_comes_up_later_is_found_without_a_restart(own: Any) -> None:
    """DB8."""
    own.control("-m", "fast", "stop")
    async with connect(server, settings(own.dsn())) as c:
        tools = [tool["name"] for tool in await c.list("tools")]
        down = await c.call("query", sql="select 1")
        own.control("start")
        began = time.monotonic()
        while (up := await c.call("query", sql="select 1")).is_error:
            assert time.monotonic() - began < 2, up.text
    assert "query" in tools
    assert down.error_code == "connection"
    assert down.raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert up.data["rows"] == [[1]]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_kill_9_of_the_engine_in_the_middle_of_a_statement(own: Any, revision: str) -> None:
    """The call fails at once, others too, and the next one after the restart succeeds."""
    async with connect(server, settings(own.dsn(), held_cursors=2), revision=revision) as c:
        page = await c.call("query", sql="table t", limit=10)
        ident = await c.peer.begin("tools/call", {"name": "query", "arguments": {"sql": FOREVER}})
        running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%100000%'"
        await own.until(f"{running} AND pid <> pg_backend_pid()", 1)
        await own.run("CHECKPOINT")
        everyone = [own.pid, *children(own)]
        for pid in everyone:
            os.kill(pid, signal.SIGKILL)
        failed = await c.peer.reply(ident)
        while_down = await c.call("query", sql="select 1")
        while any(is_alive(pid) for pid in everyone):  # noqa: ASYNC110  no children of ours, to be waited for
            await asyncio.sleep(0.005)
        # Where nobody collects the dead, their lock files look like those of the living.
        for lock in [own.directory / "data" / "postmaster.pid", *own.directory.glob(".s.*")]:
            lock.unlink(missing_ok=True)
        own.control("start")
        began = time.monotonic()
        while (after := await c.call("query", sql="select count(*) from t")).is_error:
            assert time.monotonic() - began < 2, after.text
        rest = await c.call("query", sql="table t", limit=10, cursor=page.data["next_cursor"])
    assert failed["result"]["_meta"]["mcp-ref/error"]["code"] == "connection"
    assert while_down.error_code == "connection"
    assert after.data["rows"] == [[1000]]
    assert rest.data["re_executed"] is True
    assert rest.data["row_count"] == 10


async def test_a_restart_between_two_calls_is_not_noticed(own: Any) -> None:
    async with connect(server, settings(own.dsn())) as c:
        await c.call("query", sql="select 1")
        own.control("-m", "fast", "restart")
        result = await c.call("query", sql="select 1")
    assert result.data["rows"] == [[1]], result.text


async def test_a_write_is_never_sent_twice(own: Any) -> None:
    """What may have reached the engine is not repeated: the caller is told that the connection was lost."""
    await own.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(5); RETURN NEW; END';"
        " CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    async with connect(server, settings(own.dsn(user="mcp_writer"), mode="read-write")) as c:
        arguments = {"sql": "insert into t values (5000, 'x')"}
        ident = await c.peer.begin("tools/call", {"name": "execute", "arguments": arguments})
        waiting = "FROM pg_stat_activity WHERE query LIKE 'insert into t%' AND state = 'active'"
        await own.until(f"SELECT count(*) {waiting}", 1)
        pid = await own.value(f"SELECT pid {waiting}")
        await own.value(f"SELECT pg_terminate_backend({pid})")
        reply = await c.peer.reply(ident)
    assert reply["result"]["_meta"]["mcp-ref/error"]["code"] == "connection"
    assert await own.value("SELECT count(*) FROM t WHERE id = 5000") == 0


@pytest.mark.parametrize("change", ["password", "database", "port", "role"], ids=lambda change: f"wrong {change}")
async def test_a_misconfigured_database_answers_connection_and_tells_no_secret(engine: Any, change: str) -> None:
    dsn = {
        "password": engine.dsn().replace("hunter2", "guessed"),
        "database": engine.dsn("nosuch"),
        "port": engine.dsn().replace(str(port_of(engine)), "1"),
        "role": engine.dsn(user="nobody_known"),
    }[change]
    async with connect(server, settings(dsn)) as c:
        result = await c.call("query", sql="select 1")
        info = await c.call("server_info")
    assert result.error_code == info.error_code == "connection"
    for secret in ("hunter2", "guessed", "%2F", "mcp-pg-"):
        assert secret not in result.text + info.text


async def test_too_many_connections_are_busy(own: Any) -> None:
    await own.run("ALTER ROLE mcp_ro CONNECTION LIMIT 0")
    async with connect(server, settings(own.dsn())) as c:
        result = await c.call("query", sql="select 1")
        await own.run("ALTER ROLE mcp_ro CONNECTION LIMIT -1")
        after = await c.call("query", sql="select 1")
    assert result.error_code == "busy"
    assert after.data["rows"] == [[1]]


def children(engine: Any) -> list[int]:
    listed = Path(f"/proc/{engine.pid}/task/{engine.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def is_alive(pid: int) -> bool:
    """A process that nobody has waited for yet holds nothing any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def port_of(engine: Any) -> int:
    return int(engine.admin.rpartition(":")[2].partition("/")[0])


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_an_engine_that_stands_still_costs_a_call_its_deadline_and_no_more(own: Any, revision: str) -> None:
    """A stopped process keeps its sockets open: nothing is refused, nothing comes back."""
    async with connect(server, settings(own.dsn(), pool=1), revision=revision) as c:
        await c.call("query", sql="select 1")
        everyone = [own.pid, *children(own)]
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            idle = await c.call("query", sql="select 1", timeout_s=0.5)
            fresh = await c.call("query", sql="select 1", timeout_s=0.5)
            elapsed = time.monotonic() - began
        finally:
            for pid in everyone:
                os.kill(pid, signal.SIGCONT)
        began = time.monotonic()
        while (after := await c.call("query", sql="select count(*) from t")).is_error:
            assert time.monotonic() - began < 5, after.text
    assert idle.error_code in {"timeout", "connection"}
    assert fresh.error_code in {"timeout", "connection", "busy"}
    assert elapsed < 4
    assert after.data["rows"] == [[1000]]


async def test_a_full_disk_fails_the_statement_and_not_the_server(own: Any) -> None:
    """The engine says 53400 for its own bound and 53100 for the disk: the caller may ask for less."""
    await own.run("ALTER ROLE mcp_ro SET work_mem = '64kB'; ALTER ROLE mcp_ro SET temp_file_limit = '1MB'")
    async with connect(server, settings(own.dsn(), pool=1)) as c:
        full = await c.call("query", sql="select n, md5(n::text) from generate_series(1, 200000) n order by 2")
        after = await c.call("query", sql="select 1")
    assert full.error_code == "too_large", full.text
    assert "mcp-pg" not in full.text
    assert after.data["rows"] == [[1]]
