"""What is in a database: lists, descriptions, plans, texts, health."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ODD_NAMES = [
    "a b",
    'say "hi"',
    "semi;colon",
    "br]acket",
    "back`tick",
    "it's",
    "a/b",
    "..",
    "😀",
    "select",
    "x'; drop table t; --",
]


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    path = tmp_path / "rich.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("""
            create table author(id integer primary key, name text not null default 'x', born integer check (born > 0));
            create table book(
                id integer primary key, author integer references author(id) on delete cascade,
                title text, length integer generated always as (length(title)) virtual
            );
            create index by_title on book(title desc, id) where title is not null;
            create unique index by_name on author(name);
            create trigger counts after insert on book begin select 1; end;
            create view titles as select title from book;
            create view broken as select nope from nowhere;
            create virtual table ft using fts5(title, body);
            create table wr(a, b, primary key (a, b)) without rowid;
            insert into author(name) values ('ada'), ('bob');
            insert into book(author, title) values (1, 'one'), (2, 'two_2');
            insert into ft values ('a title', 'the quick brown fox'), ('other', 'lazy dog');
        """)
    return path


async def test_objects_are_listed_by_name_with_columns_and_rows(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        found = (await client.call("list_objects")).data["objects"]
        names = (await client.call("list_objects", detail="names", types=["index", "trigger"])).data["objects"]
        full = (await client.call("list_objects", detail="full", pattern="BOOK")).data["objects"]
    by_name = {each["name"]: each for each in found}
    assert list(by_name) == ["author", "book", "broken", "ft", "titles", "wr"]
    assert by_name["author"]["rows"] == 2
    assert by_name["author"]["rows_estimated"] is False
    assert by_name["book"]["columns"] == ["id", "author", "title", "length"]
    assert (by_name["broken"]["type"], by_name["broken"]["columns"]) == ("view", [])
    assert by_name["ft"]["type"] == "virtual"
    assert by_name["wr"]["without_rowid"] is True
    assert names == [
        {"name": "by_name", "type": "index"},
        {"name": "by_title", "type": "index"},
        {"name": "counts", "type": "trigger"},
    ]
    assert full[0]["ddl"].startswith("CREATE TABLE book(")


async def test_tables_that_belong_to_others_are_shown_when_they_are_named(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        assert (await client.call("list_objects", pattern="ft_*")).data["objects"] == []
        named = (await client.call("list_objects", pattern="ft_data")).data["objects"]
    assert [each["name"] for each in named] == ["ft_data"]


async def test_lists_go_on_after_a_name(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.call("list_objects", limit=2, **cursor)).data
            found += [each["name"] for each in page["objects"]]
            if page["next_cursor"] is None:
                break
            assert page["truncation"] == {"reason": "limit", "shown": 2, "total": 6}
            cursor = {"cursor": page["next_cursor"]}
    assert found == ["author", "book", "broken", "ft", "titles", "wr"]


async def test_large_tables_are_estimated(file: Path, serve: Any) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("create table wide(id integer primary key, x)")
        db.executemany("insert into wide(x) values (zeroblob(900))", [()] * 12_000)
        db.execute("delete from wide where id < 100")
    async with serve(file) as client:
        guess = (await client.call("list_objects", pattern="wide")).data["objects"][0]
        with closing(sqlite3.connect(file)) as db, db:
            db.execute("create index wx on wide(id)")
            db.execute("analyze")
        better = (await client.call("list_objects", pattern="wide")).data["objects"][0]
    assert (guess["rows"], guess["rows_estimated"]) == (12_000, True)
    assert (better["rows"], better["rows_estimated"]) == (11_901, True)


async def test_a_table_is_described_with_all_that_belongs_to_it(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        book = (
            await client.call(
                "describe_object",
                name="book",
                include=["columns", "indexes", "foreign_keys", "triggers", "ddl", "sample"],
            )
        ).data
        author = (await client.call("describe_object", name="author", include=["foreign_keys"])).data
        index = (await client.call("describe_object", name="by_title")).data
    columns = {each["name"]: each for each in book["columns"]}
    assert (columns["id"]["pk"], columns["length"]["generated"]) == (1, "virtual")
    assert book["indexes"] == [
        {
            "name": "by_title",
            "columns": ["title DESC", "id"],
            "unique": False,
            "partial": True,
            "where": "title is not null",
        }
    ]
    assert book["foreign_keys"] == [
        {"columns": ["author"], "table": "author", "to": ["id"], "on_update": "NO ACTION", "on_delete": "CASCADE"}
    ]
    assert [each["name"] for each in book["triggers"]] == ["counts"]
    assert book["sample"]["rows"] == [[1, 1, "one", 3], [2, 2, "two_2", 5]]
    assert author["referenced_by"] == [{"table": "book", "columns": ["author"], "to": ["id"]}]
    assert set(author) == {"name", "type", "foreign_keys", "referenced_by", "untrusted"}
    assert (index["type"], index["table"]) == ("index", "book")


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_any_name_is_a_name(small: Path, serve: Any, name: str) -> None:
    """servers #3314: a name that became a part of a statement. It is looked up, and what was found is quoted."""
    quoted = name.replace('"', '""')
    with closing(sqlite3.connect(small)) as db, db:
        db.execute(f'create table "{quoted}"(a, "{quoted}")')
        db.execute(f'insert into "{quoted}" values (1, 2)')  # noqa: S608  a test's own words
    async with serve(small) as client:
        described = await client.call(
            "describe_object", name=name, include=["columns", "sample", "indexes", "foreign_keys"]
        )
        assert described.data["sample"]["rows"] == [[1, 2]]
        assert [each["name"] for each in described.data["columns"]] == ["a", name]
        listed = (await client.call("list_objects", detail="names")).data["objects"]
        assert name in [each["name"] for each in listed]
        assert not (await client.call("search_text", text="x", tables=[name])).is_error
        assert not (await client.call("profile_table", table=name)).is_error
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]


async def test_a_name_that_is_not_there_gets_close_ones(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        result = await client.call("describe_object", name="boook")
        injected = await client.call("describe_object", name='book"; drop table book; --')
    assert result.error_code == "not_found"
    assert "Did you mean `book`?" in result.text
    assert injected.error_code == "not_found"


async def test_a_plan_shows_scans_indexes_and_sorts(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        scan = (await client.call("explain", sql="select * from book where author = ? order by title, id")).data
        search = (await client.call("explain", sql="select * from author where name = :n", params={"n": "x"})).data
        program = (await client.call("explain", sql="select 1", mode="bytecode")).data
        nested = await client.call("explain", sql="explain select 1")
    assert scan["full_scans"] == ["book"]
    assert scan["tree"][0]["detail"].startswith("SCAN book")
    assert scan["temp_btrees"] == 1
    assert len(scan["advice"]) == 2
    assert (search["uses_index"], search["full_scans"]) == (["by_name"], [])
    assert program["bytecode"][0][1] == "Init"
    assert nested.error_code == "invalid_argument"


async def test_texts_are_found_by_index_and_by_scan(rich: Path, serve: Any) -> None:
    async with serve(rich) as client:
        indexed = (await client.call("search_text", text="quick brown")).data
        scanned = (await client.call("search_text", text="wo_")).data
        limited = (await client.call("search_text", text="o", limit=1)).data
        missing = await client.call("search_text", text="x", tables=["nope"])
    [match] = indexed["matches"]
    assert (match["table"], match["column"], match["snippet"]) == ("ft", "body", "the quick brown fox")
    assert match["rank"] < 0
    assert [(each["table"], each["column"], each["snippet"]) for each in scanned["matches"]] == [
        ("book", "title", "two_2")
    ]
    assert (limited["truncated"], len(limited["matches"])) == (True, 1)
    assert missing.error_code == "not_found"


@pytest.mark.parametrize("text", ['"', "' or 1=1 --", "a OR b", "NEAR(", "*", "%", "\\", "ft: x"])
async def test_a_text_is_a_text_and_no_pattern(rich: Path, serve: Any, text: str) -> None:
    async with serve(rich) as client:
        result = await client.call("search_text", text=text)
    assert not result.is_error, result.text
    assert result.data["matches"] == []


async def test_a_sound_file_is_healthy_and_its_weak_spots_are_named(rich: Path, serve: Any) -> None:
    with closing(sqlite3.connect(rich)) as db, db:
        db.executescript("create index b1 on book(author); create index b2 on book(author, title);")
        db.execute("insert into book(author, title) values (99, 'nobody')")
    async with serve(rich) as client:
        health = (await client.call("check_health")).data
        deep = (await client.call("check_health", checks=["integrity"], deep=True)).data
    by_name = {each["name"]: each for each in health["checks"]}
    assert list(by_name) == ["integrity", "foreign_keys", "fragmentation", "wal", "stats", "indexes", "settings"]
    assert health["status"] == "fail"
    assert by_name["foreign_keys"]["items"] == ["book row 3 refers to author"]
    assert by_name["indexes"]["fix_sql"] == 'DROP INDEX "b1";'
    assert by_name["stats"]["fix_sql"] == "ANALYZE"
    assert (deep["status"], deep["page_count"]) == ("ok", health["page_count"])


async def test_descriptions_of_the_operator_are_data_in_results(rich: Path, serve: Any, tmp_path: Path) -> None:
    notes = tmp_path / "metadata.json"
    said = {"author": {"description": "Who wrote", "columns": {"born": "Year"}}, "wr": {"hidden": True}}
    notes.write_text(json.dumps({"databases": {"main": {"tables": said}}}))
    async with serve(rich, metadata=notes) as client:
        listed = (await client.call("list_objects")).data["objects"]
        described = (await client.call("describe_object", name="author")).data
    assert [each["description"] for each in listed if each["name"] == "author"] == ["Who wrote"]
    assert "wr" not in [each["name"] for each in listed]
    assert [each["description"] for each in described["columns"] if "description" in each] == ["Year"]


async def test_several_databases_are_told_apart(rich: Path, small: Path, serve: Any) -> None:
    async with serve(f"one={rich}", f"two={small}") as client:
        tools = {tool["name"]: tool for tool in await client.list("tools")}
        schema = tools["query"]["inputSchema"]
        assert schema["properties"]["database"]["enum"] == ["one", "two"]
        assert "database" in schema["required"]
        first = await client.call("query", sql="select count(*) from author", database="one")
        second = await client.call("query", sql="select count(*) from t", database="two")
        cursor = (await client.call("query", sql="select 1 union select 2", limit=1, database="one")).data[
            "next_cursor"
        ]
        mixed = await client.call("query", sql="select 1 union select 2", limit=1, database="two", cursor=cursor)
        none = await client.call("query", sql="select 1")
    assert (first.data["rows"], second.data["rows"]) == ([[2]], [[3]])
    assert mixed.error_code == "invalid_argument"
    assert none.error_code == "invalid_argument"


async def test_one_database_has_no_such_argument(small: Path, serve: Any, digest: Callable[[Path], str]) -> None:
    before = digest(small)
    async with serve(small) as client:
        tools = await client.list("tools")
    assert [tool["name"] for tool in tools if "database" in tool["inputSchema"].get("properties", {})] == []
    assert digest(small) == before
