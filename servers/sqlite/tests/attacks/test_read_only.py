"""Nothing that reads can write, whatever it is told: the engine refuses, and the file has the same bytes afterwards."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mcp_ref_sqlite.engine.gate import READING, WRITING, Gate

WRITES = [
    "insert into t values (0, 'x')",
    "update t set v = 'x'",
    "delete from t",
    "replace into t values (1, 'x')",
    "create table n(a)",
    "create index n on t(v)",
    "create view n as select 1",
    "create virtual table n using fts5(a)",
    "create trigger n after insert on t begin select 1; end",
    "drop table t",
    "drop view vw",
    "alter table t add column n",
    "reindex",
    "analyze",
    "vacuum",
    "with x as (select 1) delete from t",
    "with x as (select 1) insert into t select 0, 'x' from x",
    "insert into t values (0, 'x') returning *",
    "insert into ft values ('x')",
    "insert into ft(ft) values ('delete-all')",
]
WAYS: list[Callable[[str], str]] = [
    str,
    lambda sql: f"/* select */ {sql}",
    lambda sql: f"-- select\n{sql}",
    lambda sql: f"\ufeff{sql}",
    lambda sql: f"; {sql}",
    lambda sql: sql.upper().replace("'X'", "'x'"),
    lambda sql: sql.swapcase(),
]
REFUSED = {"read_only", "permission", "syntax", "not_found"}


@pytest.mark.parametrize("sql", WRITES)
async def test_every_write_in_every_dress_leaves_the_file_as_it_was(
    file: Path, serve: Any, digest: Callable[[Path], str], sql: str
) -> None:
    """S3."""
    before = digest(file)
    async with serve(file) as client:
        for dressed in (way(sql) for way in WAYS):
            result = await client.call("query", sql=dressed)
            assert result.error_code in REFUSED, (dressed, result.text)
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[200_000]]
    assert digest(file) == before
    assert [path.name for path in file.parent.iterdir()] == ["s.db"]


async def test_no_file_is_attached_or_made(file: Path, serve: Any, digest: Callable[[Path], str]) -> None:
    """S4."""
    other = file.with_name("other.db")
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("create table secret(a)")
    new = file.with_name("new.db")
    before = digest(file)
    async with serve(file) as client:
        for sql in (
            f"attach '{new}' as n",
            f"attach '{other}' as n",
            "attach ':memory:' as n",
            "attach '' as n",
            f"attach 'file:{new}?mode=rwc' as n",
            f"vacuum into '{new}'",
            f"vacuum main into 'file:{new}?mode=rwc'",
            "detach main",
        ):
            result = await client.call("query", sql=sql)
            assert result.is_error, sql
        await client.call("query", sql=f"explain vacuum into '{new}'")  # it shows a program and does nothing
    assert sorted(path.name for path in file.parent.iterdir()) == ["other.db", "s.db"]
    assert digest(file) == before


@pytest.mark.parametrize(
    "sql",
    [
        "pragma query_only=0",
        "pragma query_only(0)",
        "PRAGMA main.query_only = OFF",
        "pragma writable_schema=1",
        "pragma journal_mode=wal",
        "pragma user_version=7",
        "pragma application_id=7",
        "pragma foreign_keys=0",
        "pragma schema_version=99",
        "pragma trusted_schema=1",
        "pragma hard_heap_limit=0",
        "pragma temp_store_directory='/tmp'",
        "pragma mmap_size=1",
        "pragma wal_checkpoint",
        "pragma optimize",
        "pragma incremental_vacuum",
        "pragma integrity_check",
        "pragma database_list",
        "select * from pragma_database_list",
        "select * from pragma_query_only",
        "explain pragma query_only=0",
        "explain query plan pragma writable_schema=1",
        "select load_extension('x')",
        "select load_extension('x', 'y')",
        "select fts3_tokenizer('simple')",
        "select fts3_tokenizer('x', x'00')",
        "select readfile('/etc/passwd')",
        "select writefile('/tmp/x', 'y')",
        "select edit('x')",
        "create temp table q(a)",
        "create temp view q as select 1",
        "create temp trigger q after insert on t begin select 1; end",
        "create table temp.q(a)",
        "begin",
        "begin immediate",
        "begin exclusive",
        "commit",
        "end",
        "rollback",
        "savepoint s",
        "release s",
        "select * from sqlite_dbpage",
        "select count(*) from sqlite_dbpage('main')",
        "select sql from sqlite_stmt",
    ],
)
async def test_no_session_is_changed_for_the_next_caller(
    file: Path, serve: Any, digest: Callable[[Path], str], sql: str
) -> None:
    """S6."""
    before = digest(file)
    async with serve(file, readers=1) as client:
        result = await client.call("query", sql=sql)
        assert result.is_error, sql
        after = await client.call("query", sql="delete from t")
        alive = await client.call("query", sql="select count(*) from t")
    assert after.error_code == "read_only"
    assert alive.data["rows"] == [[200_000]]
    assert digest(file) == before


async def test_an_explained_write_is_not_run(file: Path, serve: Any, digest: Callable[[Path], str]) -> None:
    before = digest(file)
    async with serve(file) as client:
        for sql in ("delete from t", "insert into t values (0, 'x')", "update t set v = 1"):
            assert not (await client.call("explain", sql=sql, mode="bytecode")).is_error
        for sql in ("drop table t", "delete from t; delete from t", "select 1) ; delete from t --"):
            assert (await client.call("explain", sql=sql)).is_error
    assert digest(file) == before


async def test_read_tools_stay_read_only_in_every_mode(file: Path, serve: Any, digest: Callable[[Path], str]) -> None:
    before = digest(file)
    async with serve(file, mode="admin") as client:
        for sql in ("delete from t", "begin immediate", "pragma user_version=7", "create table n(a)"):
            assert (await client.call("query", sql=sql)).is_error
    assert digest(file) == before


async def test_the_same_text_as_our_own_is_not_our_own(file: Path, serve: Any) -> None:
    """A statement that is used again is not authorized again: a gate with a flag in it let our own text through."""
    async with serve(file, mode="read-write") as client:
        for _ in range(3):
            assert not (await client.call("execute", sql="insert into t(v) values ('x')")).is_error
            for text in ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "PRAGMA optimize"):
                refused = await client.call("execute", sql=text)
                assert refused.error_code == "permission", refused.text


async def test_the_path_of_the_file_is_told_to_nobody(file: Path, serve: Any) -> None:
    async with serve(file) as client:
        for sql in ("pragma database_list", "select * from nope", "attach 'x' as y", "pragma filename"):
            text = (await client.call("query", sql=sql)).text
            assert str(file.parent) not in text


def test_a_gate_that_raises_denies() -> None:
    def broken(*arguments: object) -> int:
        raise RuntimeError(arguments)

    with closing(sqlite3.connect(":memory:")) as db:
        db.set_authorizer(broken)
        with pytest.raises(sqlite3.DatabaseError):
            db.execute("select 1")


@pytest.fixture
def memory() -> Generator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("create table t(id integer primary key, v text)")
        yield db


def test_the_gate_alone_keeps_a_writable_connection_from_changing_its_schema(memory: sqlite3.Connection) -> None:
    """Each layer holds by itself what is its own to hold."""
    memory.set_authorizer(Gate(READING))
    for sql in ("drop table t", "create index i on t(v)", "attach ':memory:' as x", "begin", "create temp table x(a)"):
        with pytest.raises(sqlite3.DatabaseError):
            memory.execute(sql)


def test_the_gate_says_what_it_refused(memory: sqlite3.Connection) -> None:
    gate = Gate(WRITING)
    memory.set_authorizer(gate)
    with pytest.raises(sqlite3.DatabaseError):
        memory.execute("select load_extension('x')")
    assert gate.refusal is not None
    assert gate.refusal.code == "permission"
    gate.reset()
    memory.execute("insert into t(v) values ('x')")
    assert gate.refusal is None
    assert [event.target for event in gate.events if event.action == sqlite3.SQLITE_INSERT] == ["t"]


async def test_many_callers_at_once_find_the_same_closed_gate(file: Path, serve: Any) -> None:
    async with serve(file) as client:
        sent = [
            await client.peer.begin("tools/call", {"name": "query", "arguments": {"sql": "begin"}}) for _ in range(50)
        ]
        replies = [await client.peer.reply(request) for request in sent]
        after = await client.call("query", sql="select 1")
    assert all(reply["result"]["isError"] for reply in replies)
    assert after.data["rows"] == [[1]]
