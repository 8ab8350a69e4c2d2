"""Many rows out and in."""

import csv
import gzip
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_postgres.transfer.exporting import LineEnds

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
WRITER: dict[str, Any] = {"user": "mcp_writer", "mode": "read-write"}
ODD = "select 1 as a, E'x,\"y\\nz' as a, null::text as c, E'{\"k\":\\n 1.10}'::json as d"


def nothing_in(directory: Path) -> bool:
    return not list(directory.iterdir())


@each_revision
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", 'a,a,c,d\r\n1,"x,""y\nz",,"{""k"":\n 1.10}"\r\n'),
        ("jsonl", '{"a":1,"a_2":"x,\\"y\\nz","c":null,"d":{"k":  1.10}}\n'),
        ("text", '1\tx,"y\\nz\t\\N\t{"k":\\n 1.10}\n'),
    ],
)
async def test_rows_become_a_result_to_read(client: Any, revision: str, form: str, text: str) -> None:
    async with client(revision=revision) as c:
        result = await c.call("export_query", sql=ODD, format=form)
        [content] = await c.read(result.data["resource_uri"])
    assert content["text"] == text
    assert (result.data["rows"], result.data["bytes"]) == (1, len(text.encode()))
    link = [block for block in result.raw["content"] if block["type"] == "resource_link"]
    assert link[0]["uri"] == result.data["resource_uri"]


@given(
    st.lists(st.lists(st.text('a",\n', max_size=4), min_size=1, max_size=3)), st.lists(st.integers(0, 60), max_size=4)
)
def test_lines_end_as_rfc_4180_says_and_values_keep_their_newlines(rows: list[list[str]], cuts: list[int]) -> None:
    wanted, engine = io.StringIO(), io.StringIO()
    csv.writer(wanted, lineterminator="\r\n").writerows(rows)
    csv.writer(engine, lineterminator="\n").writerows(rows)
    data, ends = engine.getvalue().encode(), LineEnds()
    places = [0, *sorted(cuts), len(data)]
    assert b"".join(ends(data[a:b]) for a, b in pairwise(places)) == wanted.getvalue().encode()


async def test_200_000_rows_are_exported_to_a_file(client: Any, tmp_path: Path) -> None:
    sql = "select n, 'row ' || n from generate_series(1, $1::int) n"
    async with client(export_dir=tmp_path) as c:
        plain = await c.call("export_query", sql=sql, params=[200_000], file="rows.csv")
        packed = await c.call("export_query", sql=sql, params=[200_000], file="rows.csv.gz", compress=True)
        again = await c.call("export_query", sql="select 1", file="rows.csv")
    assert plain.data["rows"] == packed.data["rows"] == 200_000
    data = (tmp_path / "rows.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == 200_001
    assert gzip.decompress((tmp_path / "rows.csv.gz").read_bytes()) == data
    assert again.error_code == "conflict"


async def test_what_is_too_large_for_memory_says_so(client: Any) -> None:
    sql = "select repeat('x', 1000) from generate_series(1, 20000)"
    async with client() as c:
        result = await c.call("export_query", sql=sql)
        after = await c.call("query", sql="select 1")
    assert result.error_code == "too_large"
    assert "--export-dir" in result.text
    assert after.data["rows"] == [[1]]


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".hidden", "a/b", "", "x\n", "a:b"])
async def test_a_file_is_a_plain_name(client: Any, tmp_path: Path, name: str) -> None:
    async with client(export_dir=tmp_path) as c:
        result = await c.call("export_query", sql="select 1", file=name)
    assert result.error_code == "invalid_argument"
    assert nothing_in(tmp_path)


async def test_an_export_that_fails_leaves_no_file(client: Any, tmp_path: Path) -> None:
    sql = "select 1 / (100000 - n) from generate_series(1, 200000) n"
    async with client(export_dir=tmp_path) as c:
        result = await c.call("export_query", sql=sql, file="half.csv")
        slow = await c.call(
            "export_query",
            sql="select count(*) from shop.orders a, shop.orders b, shop.orders c",
            file="slow.csv",
            timeout_s=0.3,
        )
    assert (result.error_code, slow.error_code) == ("invalid_argument", "timeout")
    assert nothing_in(tmp_path)


@each_revision
async def test_rows_are_imported_in_every_type(client: Any, engine: Any, fresh: str, revision: str) -> None:
    await engine.run(
        "CREATE TABLE many (i int, n numeric, t text, b bytea, j jsonb, d date, a int[], x text[], m mood, r numrange,"
        " o bool);"
        " GRANT ALL ON many TO mcp_writer",
        fresh,
    )
    row = [
        1, "1.10", 'a,"b"\n\\N', {"$base64": "AP8="}, {"k": [1]}, "infinity", [1, None], ['q"', None], "sad", "[1.5,2)",
        True,
    ]  # fmt: skip
    columns = ["i", "n", "t", "b", "j", "d", "a", "x", "m", "r", "o"]
    async with client(**WRITER, database=fresh, revision=revision) as c:
        result = await c.call(
            "import_rows",
            table="many",
            columns=columns,
            rows=[row, [None] * 11, [2, "", *[None] * 9][:1] + [None] * 10],
        )
        back = await c.call("query", sql="select * from many where i = 1")
    assert result.data["inserted"] == 3
    assert back.data["rows"] == [[*row[:3], {"base64": "AP8=", "size": 2}, *row[4:]]]


async def test_rows_that_are_there_already(client: Any, engine: Any, fresh: str) -> None:
    rows = [[1, "new"], [5000, "added"]]
    call = {"table": "t", "columns": ["id", "v"], "rows": rows}
    async with client(**WRITER, database=fresh) as c:
        error = await c.call("import_rows", **call)
        ignored = await c.call("import_rows", **call, on_conflict="ignore")
        asked = await c.call("import_rows", **call, on_conflict="update")
        updated = await c.call("import_rows", **call, on_conflict="update", confirm="t")
    assert error.error_code == "conflict"
    assert [ignored.data[key] for key in ("inserted", "updated", "skipped")] == [1, 0, 1]
    assert asked.error_code == "confirm_required"
    assert [updated.data[key] for key in ("inserted", "updated", "skipped")] == [0, 2, 0]
    assert await engine.value("SELECT v FROM t WHERE id = 1", fresh) == "new"


async def test_a_file_that_was_exported_can_be_imported(client: Any, engine: Any, fresh: str, tmp_path: Path) -> None:
    async with client(**WRITER, database=fresh, export_dir=tmp_path) as c:
        await c.call("export_query", sql="select id + 5000 as id, v from t", file="t.csv")
        result = await c.call("import_rows", table="t", columns=["id", "v"], file="t.csv")
        outside = await c.call("import_rows", table="t", columns=["id", "v"], file="../t.csv")
    assert result.data["inserted"] == 1000
    assert outside.error_code == "invalid_argument"
    assert await engine.value("SELECT count(*) FROM t", fresh) == 2000


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"table": "t", "columns": ["id", "v"], "rows": [[1]]}, "invalid_argument"),
        ({"table": "t", "columns": ["id", "nosuch"], "rows": [[1, 2]]}, "not_found"),
        ({"table": "nosuch", "columns": ["id"], "rows": [[1]]}, "not_found"),
        ({"table": "loud", "columns": ["id"], "rows": [[1]]}, "not_found"),
        ({"table": "t", "columns": ["id"]}, "invalid_argument"),
        ({"table": "t", "columns": ["id"], "rows": [["x"]]}, "invalid_argument"),
        ({"table": "t", "columns": ["id", "v"], "rows": [[7000, "a\u0000"]]}, "invalid_argument"),
        ({"table": "select", "columns": ["a"], "rows": [[1]], "on_conflict": "ignore"}, "invalid_argument"),
    ],
)
async def test_an_import_that_cannot_be_changes_nothing(
    client: Any, engine: Any, fresh: str, arguments: Any, code: str
) -> None:
    async with client(**WRITER, database=fresh) as c:
        result = await c.call("import_rows", **arguments)
    assert result.error_code == code, result.text
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


async def test_lines_of_json_are_json(client: Any) -> None:
    async with client() as c:
        result = await c.call("export_query", sql="table notes", format="jsonl")
        [content] = await c.read(result.data["resource_uri"])
    assert [json.loads(line)["body"] for line in content["text"].splitlines()] == ["first", "second"]
