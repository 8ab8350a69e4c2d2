# ruff: noqa: ASYNC240  files are small, and a test waits for nothing else
"""Exports, imports and backups: streamed, whole or not at all, and never outside of the operator's directories."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "markdown"])
async def test_an_export_is_read_as_a_resource(small: Path, serve: Any, form: str) -> None:
    async with serve(small) as client:
        result = await client.call("export_query", sql="select id, v from t", format=form)
        [contents] = await client.read(result.data["resource_uri"])
    assert (result.data["rows"], result.data["file"]) == (3, None)
    assert result.data["bytes"] == len(contents["text"].encode())
    assert [block["type"] for block in result.raw["content"]] == ["text", "resource_link"]
    assert {"csv": "1,a", "json": '"v":"a"', "jsonl": '"v":"a"', "markdown": "| 1 | a |"}[form] in contents["text"]


async def test_every_row_is_exported(file: Path, serve: Any, outbox: Path) -> None:
    async with serve(file, export_dir=outbox, mode="read-write") as client:
        result = await client.call("export_query", sql="select * from t where id <= 50000", file="all.csv")
        again = await client.call("export_query", sql="select * from t", file="all.csv")
    lines = (outbox / "all.csv").read_text().splitlines()
    assert (result.data["rows"], len(lines), lines[-1]) == (50_000, 50_001, "50000,v50000")
    assert again.is_error
    assert [path.name for path in outbox.iterdir()] == ["all.csv"]


async def test_an_export_belongs_to_who_made_it(small: Path, serve: Any) -> None:
    async with serve(small) as client:
        uri = (await client.call("export_query", sql="select 1")).data["resource_uri"]
        assert await client.read(uri)
        for wrong in (uri[:-1] + ("0" if uri[-1] != "0" else "1"), "sqlite://results/x"):
            with pytest.raises(Exception, match="not found"):
                await client.read(wrong)


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", ".hidden", "a/b.csv", "", "x" * 200, "a\nb.csv", "..", "a\\b"])
async def test_a_file_is_a_plain_name(small: Path, serve: Any, outbox: Path, name: str) -> None:
    async with serve(small, export_dir=outbox, backup_dir=outbox, mode="read-write") as client:
        for tool, arguments in (
            ("export_query", {"sql": "select 1", "file": name}),
            ("import_rows", {"table": "t", "file": name}),
            ("backup", {"name": name}),
        ):
            assert (await client.call(tool, **arguments)).error_code == "invalid_argument"
    assert list(outbox.iterdir()) == []


async def test_a_link_leads_nowhere(small: Path, serve: Any, outbox: Path, tmp_path: Path) -> None:
    target = tmp_path / "outside.csv"
    (outbox / "link.csv").symlink_to(target)
    target.write_text("id,v\n7,x\n")
    async with serve(small, export_dir=outbox, backup_dir=outbox, mode="read-write") as client:
        assert (await client.call("export_query", sql="select 1", file="link.csv")).is_error
        assert (await client.call("import_rows", table="t", file="link.csv")).is_error
        assert (await client.call("backup", name="link.csv")).is_error
    assert target.read_text() == "id,v\n7,x\n"


async def test_what_fails_leaves_no_part_of_a_file(small: Path, serve: Any, outbox: Path) -> None:
    endless = "with recursive a(n) as (select 1 union all select n + 1 from a) select n, hex(randomblob(500)) from a"
    async with serve(small, export_dir=outbox) as client:
        late = await client.call("export_query", sql=endless, file="x.csv", timeout_s=0.5)
        large = await client.call("export_query", sql=endless)
    assert late.error_code == "timeout"
    assert large.error_code == "too_large"
    assert list(outbox.iterdir()) == []


async def test_without_a_directory_no_file_is_written(small: Path, serve: Any) -> None:
    async with serve(small, mode="read-write") as client:
        assert (await client.call("export_query", sql="select 1", file="x.csv")).error_code == "permission"
        assert (await client.call("backup")).error_code == "permission"


async def test_an_export_only_reads(small: Path, serve: Any, digest: Callable[[Path], str]) -> None:
    before = digest(small)
    async with serve(small, mode="admin") as client:
        assert (await client.call("export_query", sql="delete from t returning *")).error_code == "read_only"
    assert digest(small) == before


async def test_rows_are_imported_whole_or_not_at_all(small: Path, serve: Any) -> None:
    async with serve(small, mode="read-write") as client:
        failed = await client.call("import_rows", table="t", rows=[{"v": "x"}, {"id": 1, "v": "y"}])
        assert (failed.error_code, len(rows(small, "select * from t"))) == ("conflict", 3)
        done = await client.call("import_rows", table="T", rows=[{"v": "x"}, {"id": 50, "V": {"$base64": "AP8="}}])
        skipped = await client.call(
            "import_rows", table="t", rows=[{"id": 1, "v": "y"}, {"id": 60}], on_conflict="ignore"
        )
        refused = await client.call("import_rows", table="t", rows=[{"id": 1, "v": "new"}], on_conflict="replace")
        replaced = await client.call(
            "import_rows", table="t", rows=[{"id": 1, "v": "new"}], on_conflict="replace", confirm="t"
        )
    assert (done.data["inserted"], done.data["skipped"]) == (2, 0)
    assert (skipped.data["inserted"], skipped.data["skipped"]) == (1, 1)
    assert refused.error_code == "confirm_required"
    assert replaced.data["inserted"] == 1
    assert rows(small, "select v from t where id in (1, 50)") == [("new",), (b"\x00\xff",)]


async def test_a_table_is_made_for_rows(small: Path, serve: Any) -> None:
    data = [{"n": 1, "r": 1, "s": "x", "d": {"a": [1]}}, {"n": None, "r": 1.5, "s": "y", "d": None}]
    async with serve(small, mode="read-write") as client:
        done = await client.call("import_rows", table='my "table"', rows=data, create=True)
        twice = await client.call("import_rows", table='my "table"', rows=data, create=True)
        own = await client.call("import_rows", table="sqlite_x", rows=data, create=True)
        missing = await client.call("import_rows", table="nope", rows=data)
        column = await client.call("import_rows", table="t", rows=[{"vv": 1}])
    assert done.data["inserted"] == 2
    assert (twice.error_code, own.error_code) == ("conflict", "invalid_argument")
    assert (missing.error_code, column.error_code) == ("not_found", "not_found")
    found = rows(small, """select name, type from pragma_table_info('my "table"')""")
    assert found == [("n", "INTEGER"), ("r", "REAL"), ("s", "TEXT"), ("d", "TEXT")]
    assert rows(small, 'select d from "my ""table"""')[0] == ('{"a":[1]}',)


async def test_files_are_imported_by_their_ending(small: Path, serve: Any, outbox: Path) -> None:
    (outbox / "a.csv").write_text('id,v,"x y"\n7,007,\n8,"a ""quoted"", b",2.50\n')
    (outbox / "b.jsonl").write_text("\n".join(json.dumps({"id": number, "v": "j"}) for number in (9, 10)) + "\n")
    (outbox / "c.jsonl").write_text('{"id": 11}\nno json\n[1]\n')
    (outbox / "d.txt").write_text("x")
    (outbox / "e.csv").write_text("id,v\n1\n")
    async with serve(small, export_dir=outbox, mode="read-write") as client:
        made = await client.call("import_rows", table="n", file="a.csv", create=True)
        lines = await client.call("import_rows", table="t", file="b.jsonl")
        abort = await client.call("import_rows", table="t", file="c.jsonl")
        ignore = await client.call("import_rows", table="t", file="c.jsonl", on_conflict="ignore")
        ending = await client.call("import_rows", table="t", file="d.txt")
        ragged = await client.call("import_rows", table="t", file="e.csv")
        both = await client.call("import_rows", table="t", file="a.csv", rows=[{"v": 1}])
        neither = await client.call("import_rows", table="t")
    assert made.data["inserted"] == 2
    assert rows(small, "select * from n") == [(7, "007", None), (8, 'a "quoted", b', "2.50")]
    assert lines.data["inserted"] == 2
    assert abort.error_code == "invalid_argument"
    assert (ignore.data["inserted"], [each["row"] for each in ignore.data["errors"]]) == (1, [1, 2])
    assert [each.error_code for each in (ending, ragged, both, neither)] == ["invalid_argument"] * 4


async def test_tables_of_others_are_not_imported_into(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.execute("create virtual table ft using fts5(body)")
    async with serve(small, mode="read-write") as client:
        result = await client.call("import_rows", table="ft_content", rows=[{"id": 9, "c0": "x"}])
    assert result.error_code == "permission"


async def test_a_backup_is_a_whole_database_and_its_source_unchanged(
    file: Path, serve: Any, outbox: Path, digest: Callable[[Path], str]
) -> None:
    before = digest(file)
    async with serve(file, backup_dir=outbox, mode="read-write") as client:
        done = await client.call("backup", name="copy.db")
        twice = await client.call("backup", name="copy.db")
    assert rows(outbox / "copy.db", "pragma integrity_check") == [("ok",)]
    assert rows(outbox / "copy.db", "select count(*) from t") == [(200_000,)]
    assert done.data["bytes"] == (outbox / "copy.db").stat().st_size
    assert twice.error_code == "conflict"
    assert digest(file) == before
    assert [path.name for path in outbox.iterdir()] == ["copy.db"]
