"""Calls that are cancelled, late, many at once or very long, on an engine that works."""

import resource
import time
from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
FOREVER = "select count(*) from shop.orders a, shop.orders b, shop.orders c"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%shop.orders a, shop.orders b%'"


async def until_running(engine: Any, database: str, count: int) -> None:
    await engine.until(f"{RUNNING} AND datname = '{database}' AND pid <> pg_backend_pid()", count, database)


@each_revision
async def test_a_statement_ends_at_its_deadline(client: Any, engine: Any, fresh: str, revision: str) -> None:
    """P8."""
    async with client(database=fresh, revision=revision) as c:
        began = time.monotonic()
        result = await c.call("query", sql=FOREVER, timeout_s=0.5)
        elapsed = time.monotonic() - began
        await until_running(engine, fresh, 0)
        after = await c.call("query", sql="select 1")
    assert result.error_code == "timeout"
    assert elapsed < 2
    assert after.data["rows"] == [[1]]


async def test_a_function_that_lifts_its_own_timeout_ends_too(client: Any, engine: Any, fresh: str) -> None:
    await engine.run(
        "CREATE FUNCTION stays() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN"
        " PERFORM set_config(''statement_timeout'', ''0'', false);"
        " RETURN (SELECT count(*) FROM shop.orders a, shop.orders b, shop.orders c); END'",
        fresh,
    )
    async with client(database=fresh) as c:
        began = time.monotonic()
        result = await c.call("query", sql="select stays()", timeout_s=0.5)
        elapsed = time.monotonic() - began
        await until_running(engine, fresh, 0)
    assert result.error_code == "timeout"
    assert elapsed < 3


@each_revision
async def test_a_call_that_is_cancelled_frees_the_engine(client: Any, engine: Any, fresh: str, revision: str) -> None:
    """P8: no reply is sent, and the connection is usable."""
    async with client(database=fresh, revision=revision, pool=1) as c:
        ident = await c.peer.begin("tools/call", {"name": "query", "arguments": {"sql": FOREVER}})
        await until_running(engine, fresh, 1)
        began = time.monotonic()
        await c.peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ident}})
        await until_running(engine, fresh, 0)
        freed = time.monotonic() - began
        after = await c.call("query", sql="select 1")
    assert freed < 0.5
    assert after.data["rows"] == [[1]]
    assert not c.peer.has_reply(ident)


@each_revision
async def test_200_000_rows_are_paged_to_the_end_while_others_write(
    client: Any, engine: Any, fresh: str, revision: str
) -> None:
    """P10: a held portal is one snapshot; memory does not grow with the result."""
    await engine.run("CREATE TABLE large AS SELECT n AS id, 'row ' || n AS v FROM generate_series(1, 200000) n", fresh)
    writer = await engine.connect(fresh, "mcp_writer")
    seen = 0
    async with client(database=fresh, revision=revision) as c:
        more: dict[str, Any] = {}
        pages = 0
        before = 0
        while True:
            page = (await c.call("query", sql="select id, v from large", limit=1000, **more)).data
            ids = [row[0] for row in page["rows"]]
            assert ids == list(range(seen + 1, seen + len(ids) + 1))
            assert page["re_executed"] is False
            seen += len(ids)
            pages += 1
            if pages == 20:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if pages % 50 == 0:
                await writer.execute("INSERT INTO large VALUES (0, 'in between')")
            if page["next_cursor"] is None:
                break
            more = {"cursor": page["next_cursor"]}
    await writer.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert seen == 200_000
    assert grown < 20


async def test_pages_at_limit_100_need_no_second_run(client: Any) -> None:
    """P10."""
    async with client() as c:
        more: dict[str, Any] = {}
        page: dict[str, Any] = {}
        for _ in range(50):
            page = (await c.call("query", sql="select id from shop.orders order by id", limit=100, **more)).data
            assert page["re_executed"] is False
            more = {"cursor": page["next_cursor"]}
        last = page["rows"][-1][0]
    assert last == 5000


async def test_slow_reads_overlap_and_leave_room_for_a_ping(client: Any, engine: Any, fresh: str) -> None:
    """P16: eight reads on a pool of five."""
    await engine.run(
        "CREATE FUNCTION naps() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN 1; END';"
        " CREATE VIEW slow AS SELECT naps() AS n",
        fresh,
    )
    async with client(database=fresh, revision="2025-11-25") as c:
        await c.call("query", sql="select 1")
        began = time.monotonic()
        idents = [
            await c.peer.begin("tools/call", {"name": "query", "arguments": {"sql": "table slow"}}) for _ in range(8)
        ]
        pings: list[float] = []
        for _ in range(5):
            asked = time.monotonic()
            await c.request("ping", {})
            pings.append(time.monotonic() - asked)
        replies = [await c.peer.reply(ident) for ident in idents]
        elapsed = time.monotonic() - began
    assert [reply["result"]["structuredContent"]["rows"] for reply in replies] == [[[1]]] * 8
    assert elapsed < 8 * 0.3
    assert sorted(pings)[2] < 0.05


async def test_a_held_page_never_makes_another_call_wait(client: Any) -> None:
    async with client(pool=1, held_cursors=1) as c:
        first = await c.call("query", sql="select id from t order by id", limit=10)
        began = time.monotonic()
        other = await c.call("query", sql="select 1")
        waited = time.monotonic() - began
        again = await c.call("query", sql="select id from t order by id", limit=10, cursor=first.data["next_cursor"])
    assert other.data["rows"] == [[1]]
    assert waited < 2
    assert again.data["rows"][0] == [11]
    assert again.data["re_executed"] is True


async def test_without_a_slot_until_the_deadline_a_call_is_busy(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh, max_in_flight=1) as c:
        ident = await c.peer.begin("tools/call", {"name": "query", "arguments": {"sql": FOREVER, "timeout_s": 5}})
        await until_running(engine, fresh, 1)
        busy = await c.call("query", sql="select 1", timeout_s=0.2)
        await c.peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ident}})
        after = await c.call("query", sql="select 1")
    assert busy.error_code == "busy"
    assert busy.raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert after.data["rows"] == [[1]]


async def test_failing_statements_leave_the_pool_as_usable_as_none(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh, pool=2) as c:
        for sql in ["selec", "select 1/0", "select * from nosuch", "delete from t", "select pg_sleep(1)"] * 4:
            assert (await c.call("query", sql=sql)).is_error
        result = await c.call("query", sql="select 1")
        sessions = await engine.value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'mcp-ref-postgres' AND datname = current_database()",
            fresh,
        )
    assert result.data["rows"] == [[1]]
    assert sessions <= 2


async def test_a_backend_that_was_terminated_is_replaced(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh, pool=1) as c:
        first = (await c.call("query", sql="select pg_backend_pid()")).data["rows"][0][0]
        await engine.value(f"SELECT pg_terminate_backend({first})")
        second = await c.call("query", sql="select pg_backend_pid()")
    assert not second.is_error, second.text
    assert second.data["rows"][0][0] != first


async def test_a_lock_is_not_waited_for_without_end(client: Any, engine: Any, fresh: str) -> None:
    holder = await engine.connect(fresh)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    async with client(database=fresh, lock_timeout=0.2) as c:
        result = await c.call("query", sql="select count(*) from t")
    await transaction.rollback()
    await holder.close()
    assert result.error_code == "busy"


async def test_many_calls_leave_nothing_behind(client: Any, engine: Any, fresh: str) -> None:
    """DB13, short: mixed calls, then sessions, transactions and locks as before."""
    async with client(database=fresh) as c:
        for number in range(100):
            await c.call("query", sql="select $1::int", params=[number])
            await c.call("query", sql="table t", limit=5)
            await c.call("query", sql="selec")
        watched = f"FROM pg_stat_activity WHERE application_name = 'mcp-ref-postgres' AND datname = '{fresh}'"
        sessions = await engine.value(f"SELECT count(*) {watched}")
        open_ones = await engine.value(f"SELECT count(*) {watched} AND state LIKE 'idle in%'")
    assert sessions <= 5
    assert open_ones <= 2  # the portals that are held
    await engine.until(f"SELECT count(*) {watched}", 0)
