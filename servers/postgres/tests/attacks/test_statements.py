"""Ways out of a read-only call by the statement itself, as a plain role and as a superuser."""

from typing import Any

import pytest

both_roles = pytest.mark.parametrize("user", ["mcp_ro", "mcp_boss"])

STACKED = [
    "commit; create table pwned(a int)",
    "select 1; drop table t",
    "rollback; insert into t values (-5, 'x')",
    "select 1; commit; drop table t; --",
    "select 1) to stdout; drop table t; --",
]
DISGUISES = [
    "{}",
    "--x\n{}",
    "/* a /* b */ c */ {}",
    "\ufeff{}",
    ";;{}",
    "select $a$;$a$; {}",
    "{};;",
    "begin; {}; end",
]
# Each alone; every one is refused before it does anything.
LONE = [
    "commit",
    "rollback",
    "begin",
    "end",
    "abort",
    "savepoint a",
    "set transaction read write",
    "set session characteristics as transaction read write",
    "set statement_timeout = 0",
    "set role mcp_boss",
    "set session authorization mcp_boss",
    "reset all",
    "discard all",
    "prepare transaction 'x'",
    "copy (select 1) to program 'touch /tmp/mcp-pwned'",
    "copy t to '/tmp/mcp-pwned'",
    "copy t from '/etc/passwd'",
    "do $$ begin execute 'create table pwned(a int)'; end $$",
    "call writing()",
    "lock table t in access exclusive mode",
    "notify a, 'b'",
    "listen a",
    "unlisten *",
    "load 'auto_explain'",
    "checkpoint",
    "reindex table t",
    "vacuum t",
    "cluster",
    "analyze t",
    "prepare p as delete from t",
    "execute p",
    "deallocate all",
    "declare c cursor with hold for delete from t",
    "fetch all from c",
    "explain analyze delete from t",
    "create table pwned(a int)",
    "create temp table pwned(a int)",
    "truncate t",
    "drop table t",
    "alter system set work_mem = '1GB'",
    "grant all on t to public",
    "security label on table t is 'x'",
    "comment on table t is 'x'",
    "refresh materialized view x",
    "import foreign schema x from server y into z",
    "merge into t using t s on false when not matched then do nothing",
    "insert into t values (-5, 'x')",
    "update t set v = 'x'",
    "delete from t",
]


async def intact(engine: Any, name: str) -> None:
    assert await engine.value("SELECT to_regclass('pwned')", name) is None
    assert await engine.value("SELECT count(*) || ' ' || min(v) FROM t", name) == "1000 value 1"


@both_roles
async def test_postgres_stacked_statements(client: Any, engine: Any, fresh: str, user: str) -> None:
    """P1: server-postgres up to 0.6.2, pgEdge #196."""
    async with client(user=user, database=fresh, allow_superuser=user == "mcp_boss") as c:
        for statement in STACKED:
            for disguise in DISGUISES:
                result = await c.call("query", sql=disguise.format(statement))
                assert result.is_error, disguise.format(statement)
        fine = await c.call("query", sql="select 1")
    assert fine.data["rows"] == [[1]]
    await intact(engine, fresh)


@both_roles
async def test_statements_that_leave_or_change_anything_are_refused(
    client: Any, engine: Any, fresh: str, user: str
) -> None:
    """P2, P3: nothing of the next caller's session has changed, no lock is held, no file written."""
    probe = (
        "select current_user::text, current_setting('statement_timeout') <> '0',"
        " current_setting('transaction_read_only')"
    )
    async with client(user=user, database=fresh, allow_superuser=user == "mcp_boss", pool=1) as c:
        before = await c.call("query", sql=probe)
        for statement in LONE:
            result = await c.call("query", sql=statement)
            assert result.error_code in {"read_only", "syntax", "not_found"}, (statement, result.text)
        after = await c.call("query", sql=probe)
        locks = await engine.value(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted", fresh
        )
    assert before.data["rows"] == after.data["rows"] == [[user, True, "on"]]
    assert locks == 0
    await intact(engine, fresh)


@both_roles
@pytest.mark.parametrize(
    "statement",
    [
        "with d as (delete from t returning *) select * from d",
        "with d as (insert into t values (-5, 'x') returning *) table d",
        "select * into pwned from t",
        "select * from t for update",
        "select * from t for no key update skip locked",
        "select writing()",
        "select * from (select writing() from t limit 1) x",
    ],
)
async def test_reading_statements_that_write_are_stopped_by_the_engine(
    client: Any, engine: Any, fresh: str, user: str, statement: str
) -> None:
    """P7."""
    async with client(user=user, database=fresh, allow_superuser=user == "mcp_boss") as c:
        result = await c.call("query", sql=statement)
    assert result.error_code == "read_only", result.text
    await intact(engine, fresh)


async def test_a_block_that_commits_cannot_leave_the_transaction(client: Any, engine: Any, fresh: str) -> None:
    """With the default setting alone one that commits and begins READ WRITE gets out; 2D000 and 25006 stop it."""
    await engine.run(
        "CREATE PROCEDURE leave() LANGUAGE plpgsql AS 'BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM t; END';"
        " CREATE FUNCTION goes_out() RETURNS int LANGUAGE plpgsql AS 'BEGIN CALL leave(); RETURN 1; END'",
        fresh,
    )
    async with client(user="mcp_writer", database=fresh) as c:
        result = await c.call("query", sql="select goes_out()")
    assert result.is_error
    await intact(engine, fresh)


@pytest.mark.parametrize(("mode", "revision"), [("read-only", "2025-11-25"), ("read-write", "2026-07-28")])
async def test_a_superuser_is_refused_with_the_reason(client: Any, mode: str, revision: str) -> None:
    """P13: what does not run a caller's text still answers."""
    async with client(user="mcp_boss", mode=mode, revision=revision) as c:
        refused = [
            await c.call("query", sql="select 1"),
            await c.call("explain", sql="select 1"),
            await c.call("export_query", sql="select 1"),
            await c.call("advise_indexes", queries=["select 1"]),
        ]
        if mode == "read-write":
            refused.append(await c.call("execute", sql="insert into t values (-5, 'x')"))
            refused.append(await c.call("execute_batch", statements=[{"sql": "insert into t values (-5, 'x')"}]))
        info = await c.call("server_info")
        listed = await c.call("list_objects")
        health = await c.call("check_health", checks=["security"])
    assert {result.error_code for result in refused} == {"permission"}
    assert "superuser" in refused[0].text
    assert "superuser" in info.data["role_flags"]
    assert info.data["read_only_enforcement"][0]["active"] is False
    assert listed.data["objects"]
    assert health.data["checks"][0]["status"] == "critical"


async def test_advisory_locks_and_settings_of_a_function_do_not_outlive_the_call(
    client: Any, engine: Any, fresh: str
) -> None:
    """Advisory locks survive ROLLBACK; the session is cleaned before anybody else has it."""
    await engine.run(
        "CREATE FUNCTION holds() RETURNS int LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_lock(7); PERFORM set_config(''statement_timeout'', ''0'', false); RETURN 1; END'",
        fresh,
    )
    async with client(database=fresh, pool=1) as c:
        await c.call("query", sql="select holds()")
        setting = await c.call("query", sql="show statement_timeout")
        held = await engine.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", fresh)
    assert held == 0
    assert setting.data["rows"] != [["0"]]


async def test_literals_of_an_export_cannot_end_the_copy(client: Any, engine: Any, fresh: str) -> None:
    """COPY goes by the simple protocol: a `$1` inside of a string is no parameter, and a value stays a value."""
    value = "x) to stdout; drop table t; --"
    async with client(user="mcp_writer", database=fresh, mode="read-write") as c:
        result = await c.call("export_query", sql="select '$1', $1::text, '\\', $$ $1 $$", params=[value])
        stacked = await c.call("export_query", sql="select 1) to program 'touch /tmp/mcp-pwned'; --")
        text = (await c.read(result.data["resource_uri"]))[0]["text"]
    assert text.splitlines()[1] == f"$1,{value},\\, $1 "
    assert stacked.is_error
    await intact(engine, fresh)
