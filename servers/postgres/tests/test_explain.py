"""Plans: their forms, findings, values that are missing, indexes that do not exist."""

from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
SLOW = "select * from shop.orders where customer = 'customer 5'"


@each_revision
async def test_a_plan_is_told_with_what_is_wrong_about_it(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        planned = (await c.call("explain", sql=SLOW)).data
        ran = (await c.call("explain", sql=SLOW, analyze=True)).data
    assert planned["plan"].startswith("Seq Scan on shop.orders")
    assert planned["nodes"][0]["relation"] == "shop.orders"
    assert "execution_ms" not in planned
    assert ran["nodes"][0]["rows_actual"] == 200
    assert "19800 rows read in vain" in ran["findings"][0]["text"]
    assert ran["execution_ms"] > 0


@pytest.mark.parametrize("form", ["tree", "json", "text"])
async def test_forms_of_a_plan(client: Any, form: str) -> None:
    async with client() as c:
        plan = (await c.call("explain", sql=SLOW, format=form)).data["plan"]
    assert ("Seq Scan" in plan) if isinstance(plan, str) else (plan["Plan"]["Node Type"] == "Seq Scan")


async def test_a_plan_without_values_is_the_one_for_any_values(client: Any) -> None:
    """A bound null would be one value: the planner folds it to nothing."""
    sql = "select * from shop.orders where id = $1"
    async with client(pool=1) as c:
        generic = (await c.call("explain", sql=sql)).data
        again = (await c.call("explain", sql=sql, generic=True, params=[1])).data
        bound = (await c.call("explain", sql=sql, params=["7"])).data
        left = await c.call("query", sql="select count(*) from pg_prepared_statements where name = '_generic'")
    assert "$1" in generic["plan"]
    assert "$1" in again["plan"]
    assert "id = 7" in bound["plan"]
    assert left.data["rows"] == [[0]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"sql": "insert into t values (-5, 'x')"}, "read_only"),
        ({"sql": "insert into t values (-5, 'x')", "analyze": True}, "read_only"),
        ({"sql": "select 1; drop table t", "analyze": True}, "syntax"),
        ({"sql": "analyze t"}, "read_only"),
        ({"sql": "select $1::int", "analyze": True}, "invalid_argument"),
        ({"sql": "select 1", "analyze": True, "generic": True}, "invalid_argument"),
        ({"sql": "select pg_sleep(1)", "analyze": True}, "permission"),
        ({"sql": "select writing()", "analyze": True}, "read_only"),
    ],
)
async def test_what_may_not_run_is_not_explained(client: Any, engine: Any, arguments: Any, code: str) -> None:
    async with client() as c:
        result = await c.call("explain", **arguments)
    assert result.error_code == code, result.text
    assert await engine.value("SELECT count(*) FROM t") == 1000


async def test_analyze_of_a_change_is_rolled_back(client: Any, engine: Any, fresh: str) -> None:
    async with client(user="mcp_writer", database=fresh, mode="read-write") as c:
        result = await c.call("explain", sql="delete from notes where id = $1", params=[1], analyze=True)
        refused = await c.call("explain", sql="drop table t", analyze=True)
    assert result.data["nodes"][0]["type"].startswith("ModifyTable")
    assert refused.is_error
    assert await engine.value("SELECT count(*) FROM notes", fresh) == 2


async def has_hypopg(engine: Any) -> bool:
    return bool(await engine.value("SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg'"))


async def test_hypothetical_indexes_need_hypopg(client: Any) -> None:
    """P12."""
    async with client() as c:
        result = await c.call(
            "explain", sql=SLOW, hypothetical_indexes=[{"table": "shop.orders", "columns": ["customer"]}]
        )
    assert result.error_code == "unsupported"
    assert "CREATE EXTENSION hypopg" in result.text


async def test_a_hypothetical_index_shows_what_it_would_save(client: Any, engine: Any, fresh: str) -> None:
    """P12: inside READ ONLY; no index is in the catalogue after."""
    if not await has_hypopg(engine):
        pytest.skip("this engine does not have HypoPG")
    await engine.run("CREATE EXTENSION hypopg", fresh)
    indexes = [
        {"table": "shop.orders", "columns": ["customer"]},
        {"table": "shop.orders", "columns": ["id"], "where": "total > 5"},
    ]
    async with client(database=fresh, pool=1) as c:
        result = await c.call("explain", sql=SLOW, hypothetical_indexes=indexes)
        generic = await c.call(
            "explain", sql="select * from shop.orders where customer = $1", hypothetical_indexes=indexes[:1]
        )
        after = await c.call("explain", sql=SLOW)
        bad = await c.call(
            "explain",
            sql=SLOW,
            hypothetical_indexes=[{"table": "t", "columns": ["v"], "where": "true) ; drop table t; --"}],
        )
        called = await c.call(
            "explain",
            sql=SLOW,
            hypothetical_indexes=[{"table": "t", "columns": ["v"], "where": "v = pg_read_file('/etc/passwd')"}],
        )
        missing = await c.call("explain", sql=SLOW, hypothetical_indexes=[{"table": "t", "columns": ["nosuch"]}])
    compare = result.data["compare"]
    assert compare["cost_after"] < compare["cost_before"] / 2
    [used] = compare["used"]
    assert "customer" in used
    assert generic.data["compare"]["cost_after"] < generic.data["compare"]["cost_before"]
    assert after.data["plan"].startswith("Seq Scan")
    assert (bad.error_code, called.error_code, missing.error_code) == ("syntax", "permission", "not_found")
    assert await engine.value("SELECT count(*) FROM pg_class WHERE relname LIKE '%btree%'", fresh) == 0


async def test_analyze_cannot_use_what_does_not_exist(client: Any) -> None:
    async with client() as c:
        result = await c.call(
            "explain", sql="select 1", analyze=True, hypothetical_indexes=[{"table": "t", "columns": ["v"]}]
        )
    assert result.error_code == "invalid_argument"
