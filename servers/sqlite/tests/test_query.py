"""Query: what runs, what a page holds, how cells look, how pages go on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

POINT = "select id, v from t where id = 5"


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_a_row_is_found_with_its_columns_and_types(file: Path, serve: Any, revision: str) -> None:
    """S1."""
    async with serve(file, given={"revision": revision}) as client:
        result = await client.call("query", sql=POINT)
    data = result.data
    assert data["columns"] == [{"name": "id", "type": "INTEGER"}, {"name": "v", "type": "TEXT"}]
    assert data["rows"] == [[5, "v5"]]
    assert (data["truncated"], data["next_cursor"], data["untrusted"]) == (False, None, True)
    assert json.loads(result.text) == data


@pytest.mark.parametrize(
    "sql",
    [
        "/* c */ with x as (select 1 a) select * from x",
        "values(1)",
        "explain query plan select * from t",
        "explain select 1",
        "pragma table_info(t)",
        "select * from ft where ft match 'hello'",
        "select value from json_each('[1]')",
        "select name from pragma_table_info('t')",
        "select printf('%.2f', 1.5)",
        "select count(*) from dbstat",
        "pragma user_version",
        "select 1;",
        "select 1 -- c",
        "\ufeffselect 1",
    ],
)
async def test_what_reads_runs(file: Path, serve: Any, sql: str) -> None:
    """S2, S5, S7."""
    async with serve(file) as client:
        result = await client.call("query", sql=sql)
    assert not result.is_error, result.text
    assert result.data["row_count"] >= 1


async def test_a_second_statement_is_refused_before_the_first_runs(file: Path, serve: Any) -> None:
    """S5."""
    async with serve(file) as client:
        result = await client.call("query", sql="select 1; drop table t")
    assert result.error_code == "syntax"
    assert "one statement" in result.text


async def test_pages_give_every_row_once_and_in_order(file: Path, serve: Any) -> None:
    """S8: 1,000 pages by 999 cursors, none of them run again."""
    seen, pages, again = 0, 0, 0
    async with serve(file) as client:
        cursor: dict[str, str] = {}
        while True:
            data = (await client.call("query", sql="select id from t", limit=200, **cursor)).data
            assert [row[0] for row in data["rows"]] == list(range(seen + 1, seen + 1 + data["row_count"]))
            seen, pages, again = seen + data["row_count"], pages + 1, again + data["re_executed"]
            if data["next_cursor"] is None:
                break
            cursor = {"cursor": data["next_cursor"]}
    assert (seen, pages, again) == (200_000, 1_000, 0)


async def test_pages_that_are_run_again_say_so_and_miss_nothing(file: Path, serve: Any) -> None:
    async with serve(file, held_cursors=0) as client:
        first = (await client.call("query", sql="select id from t where id <= 5", limit=3)).data
        second = (
            await client.call("query", sql="select id from t where id <= 5", limit=3, cursor=first["next_cursor"])
        ).data
    assert first["rows"] == [[1], [2], [3]]
    assert first["truncation"] == {"reason": "limit", "shown": 3, "total": None}
    assert (second["rows"], second["re_executed"], second["next_cursor"]) == ([[4], [5]], True, None)


async def test_cells_are_what_json_can_hold(file: Path, serve: Any) -> None:
    """S10, DB4."""
    sql = "select 9007199254740993 n, 9e999 i, x'00ff' b, null z, -0.0 o, 1 a, 2 a"
    async with serve(file) as client:
        result = await client.call("query", sql=sql)
    assert [column["name"] for column in result.data["columns"]] == ["n", "i", "b", "z", "o", "a", "a"]
    assert result.data["rows"] == [
        ["9007199254740993", "Infinity", {"base64": "AP8=", "size": 2}, None, -0.0, 1, 2],
    ]


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("select v from t where id = :id", {"id": 5}),
        ("select v from t where id = :id", {":id": 5}),
        ("select v from t where id = @id", {"id": 5}),
        ("select v from t where id = $id", {"$id": 5}),
        ("select v from t where id = ?", [5]),
        ("select v from t where id = ?1", [5]),
        ("select v from t where id = ?1 and id = ?1", [5]),
        ("select v from t where v = cast(? as text) and id = 5", [{"$base64": "djU="}]),
    ],
)
async def test_parameters_are_bound_by_name_and_by_place(file: Path, serve: Any, sql: str, params: Any) -> None:
    """S11."""
    async with serve(file) as client:
        assert (await client.call("query", sql=sql, params=params)).data["rows"] == [["v5"]]


@pytest.mark.parametrize(
    ("sql", "params", "words"),
    [
        ("select :id", {}, "It has 1: :id"),
        ("select :id", {"idd": 5}, "It has :id"),
        ("select :id", {"id": 5, "x": 1}, "`x`"),
        ("select ?", [], "It has 1: ?"),
        ("select ?, ?", [1], "It has 2: ?, ?"),
        ("select 1", [1], "It has none"),
        ("select ?", [[1]], ""),
        ("select ?", [{"a": 1}], ""),
        ("select ?", [{"$base64": "no base64!"}], "base64"),
        ("select ?", [0] * 32_767, "at most 32766"),
    ],
)
async def test_parameters_that_do_not_fit_are_named(file: Path, serve: Any, sql: str, params: Any, words: str) -> None:
    """S11."""
    async with serve(file) as client:
        result = await client.call("query", sql=sql, params=params)
    assert result.error_code == "invalid_argument", result.text
    assert words in result.text


async def test_a_huge_cell_is_cut_and_says_how_long_it_was(small: Path, serve: Any) -> None:
    """S12."""
    with closing(sqlite3.connect(small)) as db, db:
        db.execute("insert into t(v) values (?)", ("x" * 10_000_000,))
    async with serve(small) as client:
        result = await client.call("query", sql="select v from t where id = 4")
    [[cell]] = result.data["rows"]
    assert cell.startswith("x" * 4096 + "… [4096 of 10000000 characters]")
    assert result.data["truncated_cells"] == 1
    assert len(result.text.encode()) <= 256 * 1024


async def test_a_page_never_exceeds_its_size_and_goes_on_without_gap(file: Path, serve: Any) -> None:
    """DB6."""
    async with serve(file, max_output_chars=8192) as client:
        sql = "select id, printf('%.500c', 'y') from t where id <= 60"
        found: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            result = await client.call("query", sql=sql, **cursor)
            assert len(result.text.encode()) <= 8192
            found += [row[0] for row in result.data["rows"]]
            if result.data["next_cursor"] is None:
                break
            assert result.data["truncation"]["reason"] == "bytes"
            cursor = {"cursor": result.data["next_cursor"]}
    assert found == list(range(1, 61))


async def test_other_forms_have_their_rows_in_the_text_alone(small: Path, serve: Any) -> None:
    """DB5."""
    sql = """select 'a,"b"' || char(10) || 'c|d' as "x|y", null n"""
    async with serve(small) as client:
        csv = await client.call("query", sql=sql, format="csv")
        markdown = await client.call("query", sql=sql, format="markdown")
        lines = await client.call("query", sql=sql, format="jsonl")
    assert csv.text == 'x|y,n\n"a,""b""\nc|d",\n'
    assert 'a,"b"\\nc\\|d' in markdown.text
    assert json.loads(lines.text) == {"x|y": 'a,"b"\nc|d', "n": None}
    assert all("rows" not in each.data and each.data["row_count"] == 1 for each in (csv, markdown, lines))


@pytest.mark.parametrize("limit", [0, -1, 1.5, 10_001, "x"])
async def test_a_limit_that_is_none_is_refused_by_name(small: Path, serve: Any, limit: Any) -> None:
    """DB3."""
    async with serve(small) as client:
        result = await client.call("query", sql="select 1", limit=limit)
    assert result.error_code == "invalid_argument"
    assert "`limit`" in result.text


async def test_an_argument_that_is_misspelt_is_suggested(small: Path, serve: Any) -> None:
    """DB3."""
    async with serve(small) as client:
        result = await client.call("query", sql="select 1", limt=5)
        null = await client.call("query", sql="select 1", limit=None)
    assert result.error_code == "invalid_argument"
    assert "did you mean `limit`?" in result.text
    assert null.error_code == "invalid_argument"


async def test_a_cursor_is_good_for_its_own_call_alone(small: Path, serve: Any) -> None:
    """DB7."""
    async with serve(small) as client:
        sql = "select id from t order by id"
        cursor = (await client.call("query", sql=sql, limit=1)).data["next_cursor"]
        tried = [
            await client.call("query", sql=sql, limit=1, cursor=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
            await client.call("query", sql=sql, limit=2, cursor=cursor),
            await client.call("query", sql="select id from t", limit=1, cursor=cursor),
            await client.call("list_objects", limit=1, cursor=cursor),
            await client.call("query", sql=sql, limit=1, cursor="x" * 3000),
        ]
        good = await client.call("query", sql=sql, limit=1, cursor=cursor)
    assert [each.error_code for each in tried] == ["invalid_argument"] * len(tried)
    assert good.data["rows"] == [[2]]


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("select * from nope", "not_found", "No such table: nope"),
        ("select nope from t", "not_found", "No such column"),
        ("selec 1", "syntax", "position: 1"),
        ("select json('x')", "syntax", "Malformed JSON"),
        ("", "invalid_argument", "`sql`"),
        ("select " + "1," * 200_000 + "1", "too_large", "262144"),
        ("select\x001", "invalid_argument", "null character"),
    ],
)
async def test_what_is_wrong_with_a_statement_is_said_in_few_words(
    small: Path, serve: Any, sql: str, code: str, words: str
) -> None:
    async with serve(small) as client:
        result = await client.call("query", sql=sql)
        after = await client.call("query", sql="select 1")
    assert result.error_code == code, result.text
    assert words in result.text
    assert result.data is None
    assert after.data["rows"] == [[1]]


async def test_an_empty_statement_is_an_empty_result(small: Path, serve: Any) -> None:
    async with serve(small) as client:
        result = await client.call("query", sql="-- nothing")
    assert (result.data["columns"], result.data["rows"]) == ([], [])


async def test_text_that_is_no_utf8_is_repaired(small: Path, serve: Any) -> None:
    async with serve(small) as client:
        result = await client.call("query", sql="select cast(x'61ff62' as text) bad")
    assert result.data["rows"] == [["a\ufffdb"]]
