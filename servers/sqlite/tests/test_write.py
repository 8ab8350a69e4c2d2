"""Writes: one transaction a call, judged by the engine, agreed to by somebody, whole or not at all."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ERAS = ["2025-11-25", "2026-07-28"]
ASKED = "elicitation/create"


def count(path: Path, table: str = "t") -> int:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f'select count(*) from "{table}"').fetchone()[0]  # noqa: S608  a test's own words


def saying(*, agree: bool, action: str = "accept") -> dict[str, Any]:
    def answer(question: dict[str, Any]) -> dict[str, Any]:
        del question
        return {"action": action, "content": {"agree": agree}}

    return {"answers": {ASKED: answer}}


@pytest.mark.parametrize("revision", ERAS)
async def test_deleting_everything_needs_a_confirmation(file: Path, serve: Any, revision: str) -> None:
    """S13, DB12."""
    async with serve(file, mode="read-write", given={"revision": revision}) as client:
        refused = await client.call("execute", sql="delete from t")
        assert refused.error_code == "confirm_required"
        assert "200000 rows" in refused.text
        assert "`confirm` set to 't'" in refused.text
        wrong = await client.call("execute", sql="delete from t", confirm="T")
        assert wrong.error_code == "confirm_required"
        tried = await client.call("execute", sql="delete from t", dry_run=True)
        assert (tried.data["changes"], tried.data["dry_run"]) == (200_000, True)
        assert count(file) == 200_000
        done = await client.call("execute", sql="delete from t", confirm="t")
    assert (done.data["changes"], done.data["dry_run"], done.data["last_insert_rowid"]) == (200_000, False, None)
    assert count(file) == 0


@pytest.mark.parametrize("revision", ERAS)
@pytest.mark.parametrize(
    ("given", "rows"),
    [
        (saying(agree=True), 0),
        (saying(agree=False), 3),
        (saying(agree=True, action="decline"), 3),
        (saying(agree=True, action="cancel"), 3),
    ],
)
async def test_a_client_that_can_ask_its_user_is_asked(
    small: Path, serve: Any, revision: str, given: Any, rows: int
) -> None:
    """DB12: `confirm` is no way round the user."""
    async with serve(small, mode="read-write", given={"revision": revision, **given}) as client:
        result = await client.call("execute", sql="delete from t", confirm="t")
    assert result.is_error == (rows > 0)
    assert count(small) == rows


async def test_no_confirm_asks_nobody(small: Path, serve: Any) -> None:
    async with serve(small, mode="read-write", no_confirm=True) as client:
        assert (await client.call("execute", sql="delete from t")).data["changes"] == 3


@pytest.mark.parametrize(
    ("sql", "target"),
    [
        ("delete from t", "t"),
        ("/* where */ delete from t -- where id = 1", "t"),
        ("with w as (select 1 from t where id = 1) delete from t", "t"),
        ("update t set v = (select 'where' from t where id = 1)", "t"),
        ("update \"t\" set v = 'x'", "t"),
        ("drop table t", "t"),
        ("drop table if exists main.t", "t"),
        ("DROP VIEW vw", "vw"),
        ("drop index i", "i"),
        ("drop trigger tr", "tr"),
        ("alter table t drop column v", "t"),
    ],
)
async def test_what_destroys_is_known_by_what_it_does(small: Path, serve: Any, sql: str, target: str) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.executescript(
            "create view vw as select 1; create index i on t(id, v); drop index i; create index i on t(id);"
            " create trigger tr after insert on t begin select 1; end"
        )
        if "column" in sql:
            db.execute("drop trigger tr")
    async with serve(small, mode="read-write") as client:
        refused = await client.call("execute", sql=sql)
        assert refused.error_code == "confirm_required", refused.text
        done = await client.call("execute", sql=sql, confirm=target)
    assert not done.is_error, done.text


@pytest.mark.parametrize(
    "sql",
    [
        "delete from t where id = 1",
        "update t set v = 'x' where id = 1",
        "with w as (select 1 a) delete from t where id in (select a from w)",
        "insert into t(v) values ('x')",
        "insert into t values (1, 'x') on conflict(id) do update set v = 'y'",
        "create table n(a)",
        "alter table t add column n",
        "alter table t rename to n",
    ],
)
async def test_what_destroys_little_is_not_asked_about(small: Path, serve: Any, sql: str) -> None:
    async with serve(small, mode="read-write") as client:
        result = await client.call("execute", sql=sql)
    assert not result.is_error, result.text


async def test_returned_rows_come_as_a_page(small: Path, serve: Any) -> None:
    async with serve(small, mode="read-write") as client:
        result = await client.call("execute", sql="insert into t(v) values (?), (?) returning *", params=["x", "y"])
    assert result.data["rows"]["rows"] == [[4, "x"], [5, "y"]]
    assert (result.data["changes"], result.data["last_insert_rowid"]) == (2, 5)
    assert count(small) == 5


async def test_rows_returned_beyond_a_page_are_written_all_the_same(small: Path, serve: Any) -> None:
    numbers = "with recursive a(n) as (select 1 union all select n + 1 from a limit 1000)"
    sql = f"{numbers} insert into t(v) select n from a returning id"  # noqa: S608  a test's own words
    async with serve(small, mode="read-write") as client:
        result = await client.call("execute", sql=sql)
    assert (result.data["changes"], result.data["rows"]["truncated"]) == (1000, True)
    assert count(small) == 1003


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("insert into t values (1, 'x')", "conflict"),
        ("insert into nope values (1)", "not_found"),
        ("insert into t(nope) values (1)", "not_found"),
        ("create table t(a)", "conflict"),
        ("inser into t", "syntax"),
        ("insert into t values (9, 'x'); delete from t", "syntax"),
        ("explain delete from t", "invalid_argument"),
        ("attach ':memory:' as x", "permission"),
        ("vacuum into 'x.db'", "syntax"),
        ("begin", "permission"),
        ("commit", "permission"),
        ("savepoint s", "permission"),
        ("create temp table x(a)", "permission"),
        ("create temp trigger x after insert on main.t begin select 1; end", "permission"),
        ("pragma journal_mode=wal", "permission"),
        ("pragma writable_schema=1", "permission"),
        ("pragma foreign_keys=0", "permission"),
        ("select load_extension('x')", "permission"),
        ("update sqlite_schema set sql = ''", "permission"),
        ("delete from sqlite_master", "permission"),
        ("delete from ft_data", "permission"),
        ("insert into ft_content values (9, 'x')", "permission"),
        ("drop table ft_idx", "permission"),
        ("update sqlite_sequence set seq = 7", "permission"),
        ("delete from sqlite_sequence", "permission"),
    ],
)
async def test_what_cannot_be_written_leaves_everything_as_it_was(
    small: Path, serve: Any, digest: Callable[[Path], str], sql: str, code: str
) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.executescript(
            "create virtual table ft using fts5(body); insert into ft values ('hello');"
            " create table au(id integer primary key autoincrement); insert into au default values"
        )
    before = digest(small)
    async with serve(small, mode="read-write", no_confirm=True) as client:
        result = await client.call("execute", sql=sql)
        assert result.error_code == code, result.text
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]
    assert digest(small) == before


async def test_sqlite_itself_writes_what_callers_may_not(small: Path, serve: Any) -> None:
    """Full text and AUTOINCREMENT keep tables of their own, and dropping one tidies up."""
    async with serve(small, mode="read-write", no_confirm=True) as client:
        for sql in (
            "create virtual table ft using fts5(body)",
            "insert into ft values ('hello')",
            "create virtual table rt using rtree(id, a, b)",
            "insert into rt values (1, 2, 3)",
            "create table au(id integer primary key autoincrement, x)",
            "insert into au(x) values (1)",
            "alter table au rename to au2",
            "create table c as select * from t",
            "create index ci on c(v)",
            "drop table au2",
            "drop table ft",
        ):
            result = await client.call("execute", sql=sql)
            assert not result.is_error, (sql, result.text)


async def test_a_batch_is_done_whole_or_not_at_all(small: Path, serve: Any) -> None:
    """S14."""
    good = {"sql": "insert into t values (10, 'x')"}
    async with serve(small, mode="read-write") as client:
        failed = await client.call("execute_batch", statements=[good, {"sql": "insert into t values (1, 'x')"}])
        assert failed.error_code == "conflict"
        assert failed.text.startswith("conflict: Statement 1 failed, and nothing was changed")
        facts = failed.raw["_meta"]["mcp-ref/error"]
        assert (facts["committed"], facts["failed_index"]) == (False, 1)
        assert count(small) == 3
        many = {"sql": "insert into t(v) values (:v)", "params_list": [{"v": "a"}, {"v": "b"}]}
        tried = await client.call("execute_batch", statements=[good, many], dry_run=True)
        assert (tried.data["committed"], count(small)) == (False, 3)
        done = await client.call("execute_batch", statements=[good, many])
    assert [each["changes"] for each in done.data["results"]] == [1, 2]
    assert (done.data["committed"], done.data["failed_index"], count(small)) == (True, None, 6)


async def test_a_batch_is_asked_about_once(small: Path, serve: Any) -> None:
    statements = [{"sql": "create table n(a)"}, {"sql": "delete from t"}, {"sql": "insert into n values (1)"}]
    async with serve(small, mode="read-write") as client:
        refused = await client.call("execute_batch", statements=statements)
        assert refused.error_code == "confirm_required"
        assert count(small) == 3
        done = await client.call("execute_batch", statements=statements, confirm="t")
    assert done.data["committed"]
    assert (count(small), count(small, "n")) == (0, 1)


async def test_a_batch_is_judged_where_each_statement_stands(small: Path, serve: Any) -> None:
    """A table renamed and then emptied under its new name is the same loss."""
    statements = [{"sql": "alter table t rename to n"}, {"sql": "delete from n"}]
    dropped = [
        {"sql": "create table x as select * from t"},
        {"sql": "alter table t rename to y"},
        {"sql": "drop table y"},
    ]
    async with serve(small, mode="read-write") as client:
        for each, target in ((statements, "n"), (dropped, "y")):
            refused = await client.call("execute_batch", statements=each)
            assert refused.error_code == "confirm_required"
            assert f"`{target}`" in refused.text
            assert count(small) == 3
        done = await client.call("execute_batch", statements=statements, confirm="n")
    assert done.data["committed"]
    assert count(small, "n") == 0


@pytest.mark.parametrize("statements", [[], [{"sql": "select 1"}] * 101, [{"sqll": "x"}], [{"sql": ""}]])
async def test_a_batch_that_is_none_is_refused(small: Path, serve: Any, statements: Any) -> None:
    async with serve(small, mode="read-write") as client:
        assert (await client.call("execute_batch", statements=statements)).error_code == "invalid_argument"


async def test_read_only_offers_no_write_tool(small: Path, serve: Any) -> None:
    """DB2."""
    async with serve(small) as client:
        refused = await client.call("execute", sql="delete from t")
    # The selection by mode is the program's: see test_command_line. Here the database itself says no.
    assert refused.error_code == "read_only"
    assert count(small) == 3


async def test_writers_wait_for_one_another_and_readers_for_nobody(small: Path, serve: Any) -> None:
    """100 readers and writers at once: nobody is told `busy`."""
    async with serve(small, mode="read-write") as client:
        asked: list[int] = []
        for number in range(100):
            tool, sql = (
                ("execute", f"insert into t(v) values ({number})")  # noqa: S608  a test's own words
                if number % 10 == 0
                else ("query", "select count(*) from t")
            )
            asked.append(await client.peer.begin("tools/call", {"name": tool, "arguments": {"sql": sql}}))
        replies = [await client.peer.reply(request) for request in asked]
    assert [reply for reply in replies if reply["result"].get("isError")] == []
    assert count(small) == 13


async def test_another_programs_lock_is_busy_while_reads_go_on(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small, isolation_level=None)) as other:
        other.execute("pragma journal_mode=wal")
        other.execute("begin immediate")
        async with serve(small, mode="read-write", busy_timeout=0.5) as client:
            write = await client.peer.begin(
                "tools/call", {"name": "execute", "arguments": {"sql": "insert into t(v) values (1)"}}
            )
            assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]
            reply = await client.peer.reply(write)
            assert reply["result"]["_meta"]["mcp-ref/error"]["code"] == "busy"
            other.execute("rollback")
            assert not (await client.call("execute", sql="insert into t(v) values (1)")).is_error
    assert count(small) == 4


async def test_a_cancelled_write_is_whole_or_nothing(small: Path, serve: Any) -> None:
    sql = "with recursive a(n) as (select 1 union all select n + 1 from a) insert into t(v) select n from a"
    async with serve(small, mode="read-write") as client:
        request = await client.peer.begin("tools/call", {"name": "execute", "arguments": {"sql": sql}})
        await asyncio.sleep(0.2)
        await client.peer.send(
            {
                "jsonrpc": "2.0",
                "method": "notifications/cancelled",
                "params": client.peer.stamped({"requestId": request}),
            }
        )
        async with asyncio.timeout(2):
            after = await client.call("execute", sql="insert into t(v) values ('after')")
    assert not after.is_error
    assert count(small) == 4


async def test_an_open_page_does_not_keep_a_write_waiting(file: Path, serve: Any) -> None:
    """A cursor between two pages has a lock outside of WAL mode; a write lets go of it."""
    async with serve(file, mode="read-write") as client:
        page = (await client.call("query", sql="select id from t")).data
        assert not (await client.call("execute", sql="insert into t(v) values ('x')")).is_error
        following = (await client.call("query", sql="select id from t", cursor=page["next_cursor"])).data
    assert (following["rows"][0], following["re_executed"]) == ([201], True)


async def test_an_open_page_keeps_another_program_waiting_for_moments_only(file: Path, serve: Any) -> None:
    """Outside of WAL mode a cursor is held for two seconds, not for a minute."""

    def insert() -> None:
        with closing(sqlite3.connect(file, timeout=4)) as db, db:
            db.execute("insert into t(v) values ('x')")

    async with serve(file) as client:
        await client.call("query", sql="select id from t")
        await asyncio.to_thread(insert)
    assert count(file) == 200_001
