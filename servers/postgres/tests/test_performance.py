"""Top statements, advice on indexes, sessions, tables, columns."""

import asyncio
from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_top_queries_need_their_extension(client: Any, revision: str) -> None:
    """P17."""
    async with client(revision=revision) as c:
        result = await c.call("top_queries")
    assert result.error_code == "unsupported"
    assert "CREATE EXTENSION pg_stat_statements" in result.text


@pytest.mark.parametrize("sort", ["total", "mean", "calls", "rows", "io", "wal", "temp"])
async def test_top_queries_are_sorted(client: Any, engine: Any, fresh: str, sort: str) -> None:
    if not await engine.value("SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'"):
        pytest.skip("this engine does not load pg_stat_statements")
    await engine.run("CREATE EXTENSION pg_stat_statements", fresh)
    async with client(database=fresh) as c:
        for _ in range(3):
            await c.call("query", sql="select count(*) from shop.orders where total > 5")
        result = await c.call("top_queries", sort=sort, limit=100, min_calls=2)
    found = [each for each in result.data["queries"] if "shop.orders" in each["query"]]
    assert found[0]["calls"] >= 2
    assert found[0]["total_ms"] >= found[0]["mean_ms"]


async def test_without_hypopg_filters_of_plans_give_advice(client: Any) -> None:
    queries = ["select * from shop.orders where customer = 'customer 5' and total > 3 order by placed"]
    async with client() as c:
        result = await c.call("advise_indexes", queries=queries, max=2)
    assert result.data["method"] == "heuristic"
    assert result.data["suggestions"][0]["ddl"] == ('CREATE INDEX ON "shop"."orders" USING btree ("customer", "total")')
    assert len(result.data["suggestions"]) == 2


async def test_with_hypopg_the_best_indexes_are_found_by_trying(client: Any, engine: Any, fresh: str) -> None:
    if not await engine.value("SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'"):
        pytest.skip("this engine does not have HypoPG")
    await engine.run("CREATE EXTENSION hypopg; CREATE INDEX twin ON notes (written)", fresh)
    queries = ["select * from shop.orders where customer = $1", "select * from shop.orders where id = 5"]
    async with client(database=fresh) as c:
        result = await c.call("advise_indexes", queries=queries)
        none = await c.call("advise_indexes", queries=queries[1:])
    [best] = result.data["suggestions"]
    assert best["ddl"] == 'CREATE INDEX ON "shop"."orders" USING btree ("customer")'
    assert best["queries"] == [0]
    assert best["gain_pct"] > 20
    assert best["size_est_mb"] > 0
    assert result.data["drop"][0]["index"] == "public.twin"
    assert none.data["suggestions"] == []


async def test_advice_refuses_what_the_gate_refuses(client: Any) -> None:
    async with client() as c:
        result = await c.call("advise_indexes", queries=["delete from t"])
    assert result.error_code == "read_only"


@each_revision
async def test_sessions_show_who_waits_for_whom(client: Any, engine: Any, fresh: str, revision: str) -> None:
    holder = await engine.connect(fresh)
    waiter = await engine.connect(fresh)
    held = holder.transaction()
    await held.start()
    await holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    async with asyncio.TaskGroup() as group, client(database=fresh, revision=revision) as c:
        waiting = group.create_task(waiter.execute("SELECT count(*) FROM t"))
        await engine.until("SELECT count(*) FROM pg_locks WHERE NOT granted", 1, fresh)
        blocking = (await c.call("activity", view="blocking")).data["sessions"]
        idle = (await c.call("activity", view="idle_in_tx")).data["sessions"]
        locks = (await c.call("activity", view="locks")).data["sessions"]
        queries = (await c.call("activity", view="queries")).data["sessions"]
        health = (await c.call("check_health", checks=["locks"])).data
        await held.rollback()
        await waiting
    await holder.close()
    await waiter.close()
    [blocked] = [each for each in blocking if each["pid"] == waiter_pid(blocking)]
    assert blocked["query"] == "SELECT count(*) FROM t"
    assert blocked["blocked_by"] == [each["pid"] for each in idle if each["database"] == fresh]
    assert "public.t" in [lock.get("relation") for lock in locks]
    assert blocked["pid"] in [each["pid"] for each in queries]
    assert health["checks"][0]["status"] in {"warning", "critical"}


def waiter_pid(sessions: list[dict[str, Any]]) -> int:
    return next(each["pid"] for each in sessions if each["query"].startswith("SELECT count"))


@pytest.mark.parametrize("view", ["queries", "locks", "blocking", "idle_in_tx", "progress"])
async def test_every_view_answers_without_this_server(client: Any, view: str) -> None:
    async with client() as c:
        result = await c.call("activity", view=view)
    assert [each for each in result.data["sessions"] if each["application"] == "mcp-ref-postgres"] == []


@pytest.mark.parametrize("sort", ["size", "dead", "seq_scan", "age"])
async def test_tables_are_measured(client: Any, sort: str) -> None:
    async with client() as c:
        result = await c.call("table_stats", sort=sort)
        narrowed = await c.call("table_stats", schema="shop", pattern="ord*")
    assert {each["name"] for each in result.data["tables"]} == {"t", "select", "notes", "orders"}
    assert [each["name"] for each in narrowed.data["tables"]] == ["orders"]
    assert narrowed.data["tables"][0]["index_bytes"] > 0


@each_revision
async def test_columns_are_profiled(client: Any, engine: Any, fresh: str, revision: str) -> None:
    await engine.run(
        "CREATE TABLE bare (a int, b json, c text); INSERT INTO bare VALUES (1, '{}', null), (3, null, 'x')", fresh
    )
    async with client(database=fresh, revision=revision) as c:
        known = (await c.call("profile_table", table="shop.orders", columns=["customer", "total"])).data
        bare = (await c.call("profile_table", table="bare")).data
        view = (await c.call("profile_table", table="loud", sample=10)).data
        missing = await c.call("profile_table", table="t", columns=["nosuch"])
    customer, total = known["columns"]
    assert (customer["distinct_est"], customer["nulls_pct"], len(customer["top"])) == (100, 0, 5)
    assert (total["min"], total["max"]) == ("0.01", "100.00")
    a, b, c_ = bare["columns"]
    assert (a["min"], a["max"], a["distinct_est"]) == ("1", "3", 2)
    assert (b["nulls_pct"], c_["nulls_pct"]) == (50, 50)
    assert view["sampled"] == 10
    assert missing.error_code == "invalid_argument"


async def test_a_large_table_is_sampled(client: Any, engine: Any, fresh: str) -> None:
    await engine.run("CREATE TABLE large AS SELECT n AS id FROM generate_series(1, 200000) n; ANALYZE large", fresh)
    async with client(database=fresh) as c:
        result = await c.call("profile_table", table="large", sample=1000)
    assert 1 <= result.data["sampled"] <= 1000
    assert result.data["rows_estimate"] == 200_000
