"""Reading rows through the protocol: values, forms, bounds, pages, parameters."""

import json
from typing import Any

import pytest

from mcp_protocol import Principal
from mcp_protocol.testing import connect
from mcp_ref_kit.settings import Secret
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
WIDE = "select repeat('x', 1000000) as x from generate_series(1, 1000)"


async def cell(client: Any, sql: str, **more: Any) -> Any:
    async with client() as c:
        result = await c.call("query", sql=sql, **more)
    assert not result.is_error, result.text
    return result.data["rows"][0][0]


@each_revision
async def test_rows_come_back_with_their_columns(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        result = await c.call("query", sql="select id, v from t where id < $1 order by id", params=["3"])
    assert result.data["columns"] == [{"name": "id", "type": "int4"}, {"name": "v", "type": "text"}]
    assert result.data["rows"] == [[1, "value 1"], [2, "value 2"]]
    assert (result.data["row_count"], result.data["truncated"], result.data["untrusted"]) == (2, False, True)
    assert json.loads(result.text)["rows"] == result.data["rows"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("interval '1 mon 1 day'", "1 mon 1 day"),
        ("'infinity'::date", "infinity"),
        ("'-infinity'::timestamptz", "-infinity"),
        ("'0044-03-15 BC'::date", "0044-03-15 BC"),
        ("1.10::numeric", "1.10"),
        ("'NaN'::numeric", "NaN"),
        ("'NaN'::float8", "NaN"),
        ("'-Infinity'::float4", "-Infinity"),
        ("9007199254740993::int8", "9007199254740993"),
        ("9007199254740991::int8", 9007199254740991),
        ('\'{"b": [1, null], "a": 1.5}\'::jsonb', {"a": 1.5, "b": [1, None]}),
        ('\'{"a": 1,\n "a": 2}\'::json', {"a": 2}),
        ("array[1, 2]", [1, 2]),
        ("array[[1.10, null]]::numeric[]", [["1.10", None]]),
        ("array[interval '1 mon']", ["1 mon"]),
        ("int4range(1, 5)", "[1,5)"),
        ("array[int4range(1, 5), 'empty']", ["[1,5)", "empty"]),
        ("array[tsrange('2024-01-01', null)]", ['["2024-01-01 00:00:00",)']),
        ("row(1, 'a', 1.10, null, array[1], '{\"x\": 1}'::jsonb)", [1, "a", "1.10", None, [1], {"x": 1}]),
        ("(select n from notes n where id = 1)", [1, 1, "fine", "first", "2024-02-29", "FIRST"]),
        ('(select array_agg(s) from "select" s)', [[1]]),
        ("array['{\"a\": 1}'::jsonb, null]", [{"a": 1}, None]),
        ("numrange(1.5, 2)", "[1.5,2)"),
        ("array[row(9007199254740993::int8)]", [["9007199254740993"]]),
        ("'\\x00ff'::bytea", {"base64": "AP8=", "size": 2}),
        ("date '2024-02-29'", "2024-02-29"),
        ("timestamptz '2024-01-01 00:00:00+00'", "2024-01-01 09:00:00+09"),
        ("'a'::char(3)", "a  "),
        ("'fine'::mood", "fine"),
        ("array['fine'::mood]", ["fine"]),
        ("point(1, 2)", "(1,2)"),
        ("'{1, 2}'::text", "{1, 2}"),
        ("'10.0.0.1/8'::inet", "10.0.0.1/8"),
        ("B'101'", "101"),
        ("true", True),
        ("null", None),
        ("-0.0::float8", -0.0),
        ("'pg_class'::regclass", "pg_class"),
        ("to_tsvector('simple', 'a b')", "'a':1 'b':2"),
        ("'1e400'::jsonb", 10**400),
    ],
)
async def test_no_value_is_lost(client: Any, expression: str, shown: Any) -> None:
    """P9, DB4: in a server with another time zone."""
    assert await cell(client, f"select {expression}") == shown


async def test_the_digits_of_a_document_stay(client: Any) -> None:
    """P9: a reader with decimals sees them all."""
    async with client() as c:
        result = await c.call("query", sql="select '{\"price\": 12345678901234567890.10}'::jsonb")
    assert "12345678901234567890.10" in result.text


async def test_columns_of_the_same_name_are_both_there(client: Any) -> None:
    """P9, DB4."""
    async with client() as c:
        result = await c.call("query", sql="select 1 a, 2 a")
    assert [column["name"] for column in result.data["columns"]] == ["a", "a"]
    assert result.data["rows"] == [[1, 2]]


@pytest.mark.parametrize(
    ("sql", "params", "shown"),
    [
        ("select $1::int4 + 1", ["5"], 6),
        ("select $1::int4 + 1", [5], 6),
        ("select $1::int4 + 1", [5.0], 6),
        ("select $1::numeric", ["1.10"], "1.10"),
        ("select $1::numeric", [3], "3"),
        ("select $1::text", [7], "7"),
        ("select $1::bool", ["yes"], True),
        ("select $1::int4[]", [["1", 2, None]], [1, 2, None]),
        ("select $1::date", ["2024-02-29"], "2024-02-29"),
        ("select $1::jsonb", [{"a": [1]}], {"a": [1]}),
        ("select $1::jsonb", ['{"a": 1}'], {"a": 1}),
        ("select $1::bytea", [{"$base64": "AP8="}], {"base64": "AP8=", "size": 2}),
        ("select $1::int4range", ["[1,5)"], "[1,5)"),
        ("select $1::mood", ["sad"], "sad"),
        ("select $1::numrange", ["[1.5,2)"], "[1.5,2)"),
        ("select $1::date", ["infinity"], "infinity"),
        ("select $1::text[]", [['a"b\\', "{}", None, ""]], ['a"b\\', "{}", None, ""]),
        ("select ($1::notes).body", ["(1,1,sad,words,,)"], "words"),
        ("select $1::float8", ["NaN"], "NaN"),
        ("select $1::uuid", ["00000000-0000-0000-0000-000000000001"], "00000000-0000-0000-0000-000000000001"),
        ("select $1::interval", ["1 mon 1 day"], "1 mon 1 day"),
        ("select $1::int4", [None], None),
    ],
)
async def test_values_become_the_types_the_engine_wants(client: Any, sql: str, params: list[Any], shown: Any) -> None:
    assert await cell(client, sql, params=params) == shown


@pytest.mark.parametrize(
    ("sql", "params", "names"),
    [
        ("select $1::int4", [], "$1 int4"),
        ("select 1", [5], "got 1"),
        ("select $1::int4", ["x"], "$1 int4"),
        ("select $1::int2", [70000], "$1 int2"),
        ("select $1::int4", [True], "$1 int4"),
        ("select $1::text", ["a\u0000b"], "NUL"),
        ("select $1::text", [{"a": 1}], "text"),
        ("select $1::bytea", [{"$base64": "?"}], "base64"),
        ("select $1::date", ["soon"], "date"),
        ("select $1::jsonb", ["{"], "json"),
        ("select $1::int4[]", [5], "int4[]"),
        ("select $1::int4", [[5]], "int4"),
    ],
)
async def test_a_value_that_does_not_fit_is_a_clear_error(client: Any, sql: str, params: list[Any], names: str) -> None:
    async with client() as c:
        result = await c.call("query", sql=sql, params=params)
    assert result.error_code == "invalid_argument"
    assert names in result.text


@pytest.mark.parametrize("limit", [0, -1, 1.5, 10_001, "x"])
async def test_a_limit_out_of_bounds_is_named(client: Any, limit: Any) -> None:
    """DB3: no value means that there is no limit."""
    async with client() as c:
        result = await c.call("query", sql="select 1", limit=limit)
    assert result.error_code == "invalid_argument"
    assert "limit" in result.text


async def test_an_unknown_argument_is_told_the_one_that_was_meant(client: Any) -> None:
    """DB3."""
    async with client() as c:
        result = await c.call("query", sql="select 1", limt=5)
    assert result.error_code == "invalid_argument"
    assert "`limit`" in result.text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", 'a,b\n"x,""y\nz",1|2\n'),
        ("markdown", '| a | b |\n| --- | --- |\n| x,"y\\nz | 1\\|2 |\n'),
        ("jsonl", '{"a":"x,\\"y\\nz","b":"1|2"}\n'),
    ],
)
async def test_other_forms_are_in_the_text_alone(client: Any, form: str, text: str) -> None:
    """DB5."""
    async with client() as c:
        result = await c.call("query", sql="select E'x,\"y\\nz' as a, '1|2' as b", format=form)
    assert result.text == text
    assert "rows" not in result.data


async def test_a_page_holds_no_more_than_its_budget(client: Any) -> None:
    """DB6, P11: 1,000 rows of a million characters; the cells are cut by the engine."""
    async with client() as c:
        first = await c.call("query", sql=WIDE)
        again = await c.call("query", sql=WIDE, cursor=first.data["next_cursor"])
        uncut = await c.call("query", sql=WIDE, max_cell_chars=262_144)
    assert len(first.text.encode()) <= 262_144
    assert first.data["truncation"] == {"reason": "bytes", "shown": first.data["row_count"], "total": None}
    assert first.data["truncated_cells"] == first.data["row_count"]
    assert first.data["rows"][0][0].endswith("… [4096 of 1000000 characters]")
    assert again.data["row_count"] > 0
    assert uncut.data["row_count"] == 1
    assert len(uncut.text.encode()) <= 262_144


async def test_the_word_limit_in_a_text_lifts_no_limit(client: Any) -> None:
    """P11."""
    async with client() as c:
        result = await c.call("query", sql="select 'limit 5', * from t", limit=7)
    assert (result.data["row_count"], result.data["truncation"]["reason"]) == (7, "limit")


@pytest.mark.parametrize("held", [2, 0])
async def test_pages_follow_each_other_without_gap_or_repeat(client: Any, held: int) -> None:
    """DB6: with a portal that stays open, and by running the statement again."""
    rows: list[int] = []
    async with client(held_cursors=held) as c:
        cursor: str | None = None
        again: list[bool] = []
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            result = await c.call("query", sql="select id from t order by id", limit=300, **more)
            rows += [row[0] for row in result.data["rows"]]
            again.append(result.data["re_executed"])
            cursor = result.data["next_cursor"]
            if cursor is None:
                break
    assert rows == list(range(1, 1001))
    assert again == [False, *[held == 0] * 3]


async def test_a_statement_that_was_small_and_grew_is_still_capped(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh) as c:
        small = await c.call("query", sql='select a from "select"', limit=5)
        await engine.run('INSERT INTO "select" SELECT generate_series(2, 500)', fresh)
        first = await c.call("query", sql='select a from "select"', limit=5)
        second = await c.call("query", sql='select a from "select"', limit=5, cursor=first.data["next_cursor"])
    assert small.data["row_count"] == 1
    assert (first.data["row_count"], first.data["truncated"]) == (5, True)
    assert second.data["rows"] == [[6], [7], [8], [9], [10]]


@pytest.mark.parametrize("change", ["flip", "tool", "argument", "long"])
async def test_a_cursor_serves_only_the_call_it_was_made_for(client: Any, change: str) -> None:
    """DB7: nothing is run."""
    async with client() as c:
        cursor = (await c.call("query", sql="table t", limit=5)).data["next_cursor"]
        changed = {"flip": cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), "long": cursor * 50}.get(change, cursor)
        if change == "tool":
            result = await c.call("list_objects", limit=5, cursor=changed)
        else:
            result = await c.call("query", sql="table t", limit=6 if change == "argument" else 5, cursor=changed)
    assert result.error_code == "invalid_argument"


async def test_a_cursor_of_somebody_else_is_none(engine: Any) -> None:
    """DB7: another principal, the same server."""
    settings = Settings(databases=[Secret(engine.dsn())], state_key=Secret("k" * 32))
    async with connect(server, settings, principal=Principal("issuer", "a")) as first:
        cursor = (await first.call("query", sql="table t", limit=5)).data["next_cursor"]
    async with connect(server, settings, principal=Principal("issuer", "b")) as second:
        result = await second.call("query", sql="table t", limit=5, cursor=cursor)
    assert result.error_code == "invalid_argument"


@pytest.mark.parametrize("spelling", ["show work_mem", "SHOW  Work_Mem ;", "show time zone", "show all"])
async def test_a_lone_show_is_answered(client: Any, spelling: str) -> None:
    async with client() as c:
        result = await c.call("query", sql=spelling)
        hidden = await c.call("query", sql="show data_directory")
    assert result.data["row_count"] >= 1
    assert "data_directory" not in [row[0] for row in result.data["rows"]]
    assert hidden.error_code == "not_found"


@pytest.mark.parametrize(
    ("sql", "code", "position"),
    [
        ("select nosuch from t", "not_found", 8),
        ("-- first\n/* a /* b */ */ select * from nosuch", "not_found", 40),
        ("selec 1", "syntax", 1),
        ("select 1 +", "syntax", 11),
        ("", "syntax", None),
        (" ; -- nothing", "syntax", None),
        ("select 1/0", "invalid_argument", None),
    ],
)
async def test_an_error_points_into_the_callers_own_text(
    client: Any, sql: str, code: str, position: int | None
) -> None:
    async with client() as c:
        result = await c.call("query", sql=sql)
    assert result.error_code == code, result.text
    assert result.raw["_meta"]["mcp-ref/error"]["position"] == position
    assert "structuredContent" not in result.raw


async def test_a_statement_that_is_too_long_is_refused(client: Any) -> None:
    async with client() as c:
        result = await c.call("query", sql=f"select '{'x' * 262_144}'")
    assert result.error_code == "too_large"


async def test_notices_come_with_the_rows(client: Any, engine: Any, fresh: str) -> None:
    await engine.run(
        "CREATE FUNCTION says() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''hear''; RETURN 1; END'", fresh
    )
    async with client(database=fresh) as c:
        result = await c.call("query", sql="select says()")
        after = await c.call("query", sql="select 1")
    assert result.data["notices"] == ["hear"]
    assert after.data["notices"] == []


async def test_a_changed_table_is_seen_by_a_statement_that_was_remembered(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh) as c:
        before = await c.call("query", sql='table "select"')
        await engine.run("ALTER TABLE \"select\" ADD COLUMN b text DEFAULT 'new'", fresh)
        after = await c.call("query", sql='table "select"')
        await engine.run('ALTER TABLE "select" DROP COLUMN a', fresh)
        last = await c.call("query", sql='table "select"')
    assert (before.data["rows"], after.data["rows"], last.data["rows"]) == ([[1]], [[1, "new"]], [["new"]])


async def test_no_columns_are_no_mistake(client: Any) -> None:
    async with client() as c:
        result = await c.call("query", sql="select from t", limit=3)
    assert (result.data["columns"], result.data["rows"]) == ([], [[], [], []])
