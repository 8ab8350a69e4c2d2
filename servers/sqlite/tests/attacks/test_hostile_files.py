# ruff: noqa: ASYNC240  files are small, and a test waits for nothing else
"""Files made by an enemy, or broken by chance: an error for the call, never the end of the server, never a write."""

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

READS: list[tuple[str, dict[str, Any]]] = [
    ("query", {"sql": "select count(*) from t"}),
    ("query", {"sql": "select * from t"}),
    ("list_objects", {"detail": "full"}),
    ("describe_object", {"name": "t"}),
    ("search_text", {"text": "x"}),
    ("check_health", {}),
    ("profile_table", {"table": "t"}),
]


async def survives(client: Any) -> None:
    """Every tool that reads answers somehow."""
    for tool, arguments in READS:
        result = await client.call(tool, **arguments)
        assert "Traceback" not in result.text


@pytest.mark.parametrize(
    "content",
    [
        b"not a database at all, but long enough to have a header of its own",
        b"SQLite format 3\0",
        b"SQLite format 3\0" + b"\xff" * 4096,
        b"SQLite format 3\0" + b"\0" * 84,
        b"\x7fELF" + b"\0" * 4096,
        bytes(range(7, 23)),
    ],
)
async def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, serve: Any, content: bytes) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    async with serve(path) as client:
        await survives(client)
        refused = await client.call("query", sql="select count(*) from sqlite_schema")
    assert refused.is_error
    assert refused.error_code == "connection"
    assert path.read_bytes() == content


async def test_an_empty_file_is_an_empty_database(tmp_path: Path, serve: Any) -> None:
    path = tmp_path / "x.db"
    path.touch()
    async with serve(path) as client:
        assert (await client.call("list_objects")).data["objects"] == []
    assert path.stat().st_size == 0


@pytest.mark.parametrize("seed", range(6))
async def test_broken_pages_break_calls_and_nothing_else(small: Path, serve: Any, seed: int) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.executemany("insert into t(v) values (?)", [("x" * 500,) for _ in range(200)])
    data = bytearray(small.read_bytes())
    dice = random.Random(seed)  # noqa: S311  the same breakage each time
    for _ in range(200):
        data[dice.randrange(100, len(data))] = dice.randrange(256)
    small.write_bytes(data)
    async with serve(small) as client:
        await survives(client)
        shutil.copy(small, small.with_name("mended.db"))
        with closing(sqlite3.connect(small.with_name("mended.db"))) as db, db:
            db.execute("pragma writable_schema=1")
        assert (await client.call("query", sql="select 1")).text
    assert small.read_bytes() == bytes(data)


async def test_a_file_that_is_cut_short_while_it_is_open_ends_no_process(file: Path, serve: Any) -> None:
    """With a memory map this is SIGBUS: hence no map unless the operator asks for one."""
    async with serve(file) as client:
        page = (await client.call("query", sql="select * from t")).data
        os.truncate(file, 8192)
        await client.call("query", sql="select * from t", cursor=page["next_cursor"])
        await client.call("query", sql="select sum(id) from t where v > 'v'")
        await survives(client)


async def test_after_a_broken_file_a_sound_one_is_read(small: Path, serve: Any, file: Path) -> None:
    good = small.read_bytes()
    small.write_bytes(good[:4096] + b"\xff" * (len(good) - 4096))
    async with serve(small) as client:
        assert (await client.call("query", sql="select * from t")).is_error
        file.replace(small)
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[200_000]]


async def test_views_and_triggers_of_a_stranger_run_nothing_dangerous(
    small: Path, serve: Any, digest: Callable[[Path], str]
) -> None:
    """Functions hidden in the schema: a view that loads an extension, a column whose default reads a file."""
    with closing(sqlite3.connect(small)) as db, db:
        db.create_function("load_extension", 1, str, deterministic=True)
        db.executescript("""
            create view evil as select load_extension('x') as a;
            create view tokens as select fts3_tokenizer('simple') as a;
            create view loop1 as select * from loop2;
            create view loop2 as select * from loop1;
            create view deep as select * from sqlite_dbpage;
            create trigger boom after insert on t begin select load_extension('x'); end;
            create trigger again after insert on t begin insert into t(v) values ('more'); end;
        """)
    before = digest(small)
    async with serve(small) as client:
        for view in ("evil", "tokens", "loop1", "deep"):
            assert (await client.call("query", sql=f"select * from {view}")).is_error  # noqa: S608  a test's own words
        await survives(client)
        assert (await client.call("list_objects")).data["objects"]
    assert digest(small) == before
    async with serve(small, mode="read-write") as client:
        assert (await client.call("execute", sql="insert into t(v) values ('x')")).is_error
        with closing(sqlite3.connect(small)) as db:
            assert db.execute("select count(*) from t").fetchone() == (3,)


async def test_a_trigger_cannot_do_what_its_statement_may_not(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.executescript(
            "create table au(id integer primary key autoincrement); insert into au default values;"
            " create trigger tr after insert on t begin update sqlite_sequence set seq = 99; end"
        )
    async with serve(small, mode="read-write") as client:
        refused = await client.call("execute", sql="insert into t(v) values ('x')")
    assert refused.error_code == "permission"


async def test_names_and_rows_with_controls_reach_no_terminal(small: Path, serve: Any) -> None:
    bell = "a\x1b[31m\x07\x9bb"
    with closing(sqlite3.connect(small)) as db, db:
        db.execute(f'create table "{bell}"(a)')
        db.execute("insert into t(v) values (?)", (bell,))
    async with serve(small) as client:
        texts = [
            (await client.call("list_objects")).text,
            (await client.call("query", sql="select v from t where id = 4")).text,
            (await client.call("query", sql="select v from t where id = 4", format="csv")).text,
            (await client.call("query", sql="select v from t where id = 4", format="markdown")).text,
            (await client.call("query", sql=f'select * from "{bell}x"')).text,  # noqa: S608  a test's own words
            (await client.call("describe_object", name=f"{bell}x")).text,
            (await client.read("sqlite://main/schema"))[0]["text"],
        ]
    for text in texts:
        assert not {"\x1b", "\x07", "\x9b"} & set(text), ascii(text)


async def test_a_schema_of_thousands_is_shown_in_pages(tmp_path: Path, serve: Any) -> None:
    path = tmp_path / "many.db"
    tables = "".join(f"create table t{number}(a, b, c);" for number in range(2000))
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"begin; {tables} commit")
    async with serve(path) as client:
        page = await client.call("list_objects", limit=10_000, detail="full")
        assert len(page.text.encode()) <= 256 * 1024
        assert page.data["truncated"] or len(page.data["objects"]) == 2000
        assert len((await client.read("sqlite://main/schema"))[0]["text"]) <= 257 * 1024


async def test_a_link_is_followed_once_and_then_the_file_is_held(small: Path, file: Path, serve: Any) -> None:
    link = small.with_name("link.db")
    link.symlink_to(small)
    async with serve(link) as client:
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]
        link.unlink()
        link.symlink_to(file)
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]


async def test_a_lock_that_stays_is_waited_for_within_bounds(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small, isolation_level=None)) as other:
        other.execute("begin exclusive")
        async with serve(small, busy_timeout=0.2) as client:
            async with asyncio.timeout(3):
                assert (await client.call("query", sql="select * from t")).error_code == "busy"
