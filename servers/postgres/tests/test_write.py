"""Statements that change something: what passes, what is asked before, what is undone."""

from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
WRITER: dict[str, Any] = {"user": "mcp_writer", "mode": "read-write"}


@each_revision
async def test_a_statement_is_run_and_committed(client: Any, engine: Any, fresh: str, revision: str) -> None:
    async with client(**WRITER, database=fresh, revision=revision) as c:
        added = await c.call("execute", sql="insert into t values ($1, $2)", params=["2000", "x"])
        back = await c.call("execute", sql="update t set v = 'y' where id = 2000 returning id, v")
        read = await c.call("execute", sql="select count(*) from t")
    assert (added.data["command_tag"], added.data["row_count"]) == ("INSERT 0 1", 1)
    assert back.data["rows"]["rows"] == [[2000, "y"]]
    assert back.data["row_count"] == 1
    assert read.data["rows"]["rows"] == [[1001]]
    assert await engine.value("SELECT v FROM t WHERE id = 2000", fresh) == "y"


async def test_rows_that_do_not_fit_are_changed_all_the_same(client: Any, engine: Any, fresh: str) -> None:
    async with client(**WRITER, database=fresh, max_rows=10) as c:
        result = await c.call("execute", sql="update t set v = 'z' where id > 0 returning id")
    assert (result.data["row_count"], result.data["rows"]["row_count"]) == (1000, 10)
    assert result.data["rows"]["truncated"] is True
    assert await engine.value("SELECT count(*) FROM t WHERE v = 'z'", fresh) == 1000


async def test_rows_come_back_from_every_form_of_statement(client: Any, fresh: str) -> None:
    forms = {
        "with a as (select $1::int as n) insert into t select n, 'x' from a returning id, now() > 'epoch'": [
            [7001, True]
        ],
        "with d as (delete from t where id = $1 returning *) select d, interval '1 mon' from d": [
            [[7001, "x"], "1 mon"]
        ],
        "with recursive r(n) as (select $1::int union all select n + 1 from r where n < 7003) select n from r": [
            [7001],
            [7002],
            [7003],
        ],
        "(select $1::int)": [[7001]],
        "values ($1::int, 'infinity'::date)": [[7001, "infinity"]],
        "insert into notes (t_id, body) values (1, $1::int::text) returning notes": None,
    }
    async with client(**WRITER, database=fresh) as c:
        for sql, rows in forms.items():
            result = await c.call("execute", sql=sql, params=[7001])
            assert not result.is_error, (sql, result.text)
            assert rows is None or result.data["rows"]["rows"] == rows


async def test_a_dry_run_changes_nothing(client: Any, engine: Any, fresh: str) -> None:
    async with client(**WRITER, database=fresh) as c:
        result = await c.call("execute", sql="delete from notes", dry_run=True)
    assert (result.data["row_count"], result.data["dry_run"]) == (2, True)
    assert await engine.value("SELECT count(*) FROM notes", fresh) == 2


@pytest.mark.parametrize(
    ("sql", "target"),
    [
        ("update t set v = ''", "t"),
        ("delete from notes", "notes"),
        ("with x as (delete from notes returning *) select * from x", "notes"),
        ("delete from only public.notes -- where id = 1", "public.notes"),
        ("truncate table notes", "notes"),
        ("drop table if exists notes", "notes"),
        ("alter table notes drop column written", "notes"),
        ('drop view "loud"', "loud"),
        ("update t set v = (select max(v) from t where id = 1)", "t"),
        ("insert into t values (-1, ''); ", None),
        ("update t set v = '' where id = 1", None),
        ("insert into t values (1, '') on conflict (id) do update set v = 'x'", None),
        ("alter table notes alter column body drop default", None),
        ("select * from t where v = 'delete from t'", None),
    ],
)
async def test_what_destroys_needs_a_confirmation(
    client: Any, engine: Any, fresh: str, sql: str, target: str | None
) -> None:
    """P14, DB12: a client that cannot be asked."""
    owner = {"user": "mcp_boss", "allow_superuser": True, "mode": "read-write"}
    async with client(**owner, database=fresh) as c:
        without = await c.call("execute", sql=sql)
        wrong = await c.call("execute", sql=sql, confirm="something else")
        before = await engine.value("SELECT (SELECT count(*) FROM notes) || (SELECT v FROM t WHERE id = 1)", fresh)
        right = await c.call("execute", sql=sql, confirm=target) if target else without
    if target is None:
        assert not without.is_error, without.text
        return
    assert without.error_code == wrong.error_code == "confirm_required"
    assert repr(target) in without.text
    assert before == "2value 1"
    assert not right.is_error, right.text


@each_revision
@pytest.mark.parametrize("answer", ["accept", "decline", "cancel", "no"])
async def test_the_user_is_asked_where_that_is_possible(
    client: Any, engine: Any, fresh: str, revision: str, answer: str
) -> None:
    """DB12: every answer but a plain yes is a no; `confirm` does not replace the user."""
    questions: list[str] = []

    def asked(params: dict[str, Any]) -> dict[str, Any]:
        questions.append(params["message"])
        if answer in {"accept", "no"}:
            return {"action": "accept", "content": {"agree": answer == "accept"}}
        return {"action": answer}

    async with client(**WRITER, database=fresh, revision=revision, answers={"elicitation/create": asked}) as c:
        result = await c.call("execute", sql="delete from notes", confirm="notes")
    assert questions == ["Delete all rows of `notes` (2 rows) in the database `main`?"]
    assert result.is_error == (answer != "accept")
    assert await engine.value("SELECT count(*) FROM notes", fresh) == (0 if answer == "accept" else 2)


async def test_the_operator_can_do_without_confirmation(client: Any, fresh: str) -> None:
    async with client(**WRITER, database=fresh, no_confirm=True) as c:
        result = await c.call("execute", sql="delete from notes")
    assert result.data["row_count"] == 2


REFUSED = [
    "copy t from program 'cat /etc/passwd'",
    "copy t to '/tmp/mcp-pwned'",
    "blorp t",
    "set role mcp_boss",
    "reset all",
    "begin",
    "commit",
    "prepare p as select 1",
    "lock table t",
    "listen a",
    "notify a",
    "load 'x'",
    "checkpoint",
    "alter system set work_mem = '1GB'",
    "create role x superuser",
    "drop role mcp_ro",
    "create database x",
    "drop database x",
    "create tablespace x location '/tmp'",
    "create language x",
    "create server x foreign data wrapper y",
    "security label on table t is 'x'",
    "do $$ begin end $$",
    "call writing()",
    "create function f() returns int language sql as 'select 1'",
    "create extension dblink",
    "grant all on t to public",
    "vacuum t",
    "create trigger x before insert on t for each row execute function f()",
]
NEVER = REFUSED[:22]


@pytest.mark.parametrize("sql", REFUSED)
async def test_statements_beyond_the_mode_are_refused(client: Any, sql: str) -> None:
    """P14."""
    async with client(**WRITER) as c:
        result = await c.call("execute", sql=sql)
        batch = await c.call("execute_batch", statements=[{"sql": sql}])
    assert result.error_code == batch.error_code == "permission", result.text


@pytest.mark.parametrize("sql", NEVER)
async def test_some_statements_are_refused_in_every_mode(client: Any, sql: str) -> None:
    async with client(user="mcp_boss", allow_superuser=True, mode="admin") as c:
        result = await c.call("execute", sql=sql, confirm="x")
    assert result.error_code == "permission", result.text


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("insert into t values (-1, ''); insert into t values (-2, '')", {"syntax"}),
        ("insert into t select 1, pg_read_file('/etc/passwd')", {"permission"}),
        ("create table x as select pg_sleep(1)", {"permission"}),
        ("insert into t values (1, 'again')", {"conflict"}),
        ("insert into t values ('x', '')", {"invalid_argument"}),
        ("insert into nosuch values (1)", {"not_found"}),
        ("insert into shop.orders values (", {"syntax"}),
    ],
)
async def test_a_failing_statement_changes_nothing(client: Any, engine: Any, fresh: str, sql: str, codes: Any) -> None:
    async with client(**WRITER, database=fresh) as c:
        result = await c.call("execute", sql=sql)
    assert result.error_code in codes, result.text
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


async def test_read_only_lists_no_tool_that_writes(client: Any, engine: Any, fresh: str) -> None:
    """DB2 at the level of the database: even where a tool is reached, the mode of the database holds."""
    async with client(user="mcp_writer", database=fresh) as c:
        result = await c.call("execute", sql="insert into t values (-1, '')")
    assert result.error_code == "read_only"
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


@each_revision
async def test_a_batch_is_all_or_nothing(client: Any, engine: Any, fresh: str, revision: str) -> None:
    """P15."""
    statements = [
        {"sql": "insert into t values ($1, 'a')", "params": [3000]},
        {"sql": "insert into t values (1, 'twice')"},
        {"sql": "insert into t values (3001, 'never')"},
    ]
    async with client(**WRITER, database=fresh, revision=revision) as c:
        failed = await c.call("execute_batch", statements=statements)
        nothing = await engine.value("SELECT count(*) FROM t WHERE id >= 3000", fresh)
        kept = await c.call("execute_batch", statements=statements, on_error="continue")
        dry = await c.call("execute_batch", statements=[{"sql": "delete from notes where id = 1"}], dry_run=True)
        many = await c.call(
            "execute_batch",
            statements=[{"sql": "insert into t values ($1, $2)", "params_list": [[4000, "a"], ["4001", None]]}],
            isolation="serializable",
        )
    assert (failed.data["committed"], failed.data["failed_index"], len(failed.data["results"])) == (False, 1, 2)
    assert failed.data["results"][1]["error"]["code"] == "conflict"
    assert nothing == 0
    assert (kept.data["committed"], kept.data["failed_index"]) == (True, 1)
    assert [result.get("row_count") for result in kept.data["results"]] == [1, None, 1]
    assert dry.data["committed"] is False
    assert many.data["results"] == [{"command_tag": "INSERT", "row_count": None, "runs": 2}]
    assert await engine.value("SELECT count(*) FROM t WHERE id >= 3000", fresh) == 4
    assert await engine.value("SELECT count(*) FROM notes", fresh) == 2


async def test_a_batch_asks_once_for_all_that_it_destroys(client: Any, engine: Any, fresh: str) -> None:
    statements = [{"sql": "delete from notes"}, {"sql": "update t set v = ''"}]
    async with client(**WRITER, database=fresh) as c:
        refused = await c.call("execute_batch", statements=statements)
        done = await c.call("execute_batch", statements=statements, confirm="notes, t")
    assert refused.error_code == "confirm_required"
    assert done.data["committed"] is True
    assert await engine.value("SELECT count(*) FROM notes", fresh) == 0


@pytest.mark.parametrize("statements", [[], [{"sql": "select 1"}] * 101, [{"sqll": "select 1"}]])
async def test_a_batch_out_of_bounds_is_refused(client: Any, statements: Any) -> None:
    async with client(**WRITER) as c:
        result = await c.call("execute_batch", statements=statements)
    assert result.error_code == "invalid_argument"


async def test_nothing_of_a_session_is_left_for_the_next_caller(client: Any, engine: Any, fresh: str) -> None:
    """What a committed function sets for the session, and temporary tables, end with the call."""
    await engine.run(
        "CREATE FUNCTION sets() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''work_mem'', ''64kB'',"
        " false); CREATE TEMP TABLE left_over (a int); PERFORM pg_advisory_lock(9); RETURN 1; END'",
        fresh,
    )
    async with client(**WRITER, database=fresh, pool=1) as c:
        await c.call("execute", sql="select sets()")
        after = await c.call(
            "execute",
            sql="select current_setting('work_mem'), (select count(*) from pg_class where relname = 'left_over')",
        )
        locks = await engine.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", fresh)
    assert after.data["rows"]["rows"] == [["4MB", 0]]
    assert locks == 0


async def test_a_cancelled_write_is_whole_or_not_at_all(client: Any, engine: Any, fresh: str) -> None:
    await engine.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END';"
        " CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()",
        fresh,
    )
    async with client(**WRITER, database=fresh, pool=1) as c:
        sql = "insert into t select n, 'x' from generate_series(5000, 5100) n"
        ident = await c.peer.begin("tools/call", {"name": "execute", "arguments": {"sql": sql}})
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'insert into t%' AND state = 'active'"
        await engine.until(running, 1, fresh)
        await c.peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ident}})
        after = await c.call("execute", sql="select count(*) from t where id >= 5000")
    assert after.data["rows"]["rows"] == [[0]]


async def test_ddl_is_seen_by_everything_at_once(client: Any, fresh: str) -> None:
    owner = {"user": "mcp_boss", "allow_superuser": True, "mode": "read-write"}
    async with client(**owner, database=fresh) as c:
        before = await c.call("search_schema", text="brandnew")
        await c.call("query", sql='table "select"')
        await c.call("execute", sql="create table brandnew (a int)")
        await c.call("execute", sql='alter table "select" add column more text')
        after = await c.call("search_schema", text="brandnew")
        rows = await c.call("query", sql='table "select"')
    assert before.data["matches"] == []
    assert after.data["matches"][0]["name"] == "brandnew"
    assert rows.data["rows"] == [[1, None]]
