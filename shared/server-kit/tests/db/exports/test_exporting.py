import asyncio
import csv
import io
import sys
from pathlib import Path
from typing import Any

import ledger
import pytest

from mcp_protocol.errors import SettingsError, ToolError
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.testing import RpcError, connect
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.exports.exporting import Exports, RowBytes, opened
from mcp_ref_kit.db.exports.results import MOST_BYTES, Results
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Column, Format
from mcp_ref_kit.workers import Workers
from tests.launch.raw import MODERN, StdioPeer

SQL = "SELECT a, b FROM t ORDER BY a"
BOMB = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, hex(zeroblob(20000)) FROM n"


def settings_of(tmp_path: Path, **more: Any) -> ledger.Settings:
    return ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"), 1000)], **more)


async def test_all_rows_become_a_resource_with_a_link(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings) as client:
        done = await client.call("export_query", sql=SQL)
        assert done.data == {
            "rows": 1000, "bytes": done.data["bytes"], "format": "csv", "resource_uri": done.data["resource_uri"],
            "file": None,
        }  # fmt: skip
        text, link = done.raw["content"]
        assert link["uri"] == done.data["resource_uri"]
        assert link["size"] == done.data["bytes"]
        assert link["mimeType"] == "text/csv"
        assert "1000 rows" in text["text"]
        [read] = await client.read(link["uri"])
        assert read["mimeType"] == "text/csv"
        assert len(list(csv.reader(io.StringIO(read["text"])))) == 1001


@pytest.mark.parametrize(
    ("form", "end"),
    [
        ("json", "}"),
        ("jsonl", "\n"),
        ("markdown", " |\n"),
        ("csv", "\r\n"),
    ],
)
async def test_every_form_goes_to_a_file_too(tmp_path: Path, form: str, end: str) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    settings = settings_of(tmp_path, export_dir=directory)
    async with connect(ledger.made(settings), settings) as client:
        done = await client.call("export_query", sql=SQL, format=form, file="rows.out")
        assert (done.data["file"], done.data["resource_uri"]) == ("rows.out", None)
    written = (directory / "rows.out").read_bytes()
    assert len(written) == done.data["bytes"]
    assert written.decode().count(end) - {"csv": 1, "markdown": 2}.get(form, 0) == 1000
    assert (directory / "rows.out").stat().st_mode & 0o077 == 0


async def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / "rows.csv").write_text("kept")
    settings = settings_of(tmp_path, export_dir=directory)
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("export_query", sql=SQL, file="rows.csv")
        assert refused.is_error
        assert refused.error_code == "conflict"
    assert (directory / "rows.csv").read_text() == "kept"


async def test_without_a_directory_there_are_no_files(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("export_query", sql=SQL, file="rows.csv")
        assert refused.error_code == "permission"
        assert "--export-dir" in refused.text


async def test_memory_has_an_end(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("export_query", sql=BOMB)
        assert refused.error_code == "too_large"
        assert "--export-dir" in refused.text


async def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    root = opened(directory)
    async with Workers("exports", 1) as workers:
        exports = Exports(Results("x"), workers, root)

        async def export() -> None:
            async with exports.begin(LOCAL, "csv", "rows.csv") as export:
                await export.add(b"x" * 100_000, 1)
                assert (directory / "rows.csv").stat().st_size == 100_000
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await export()
        assert list(directory.iterdir()) == []
    assert root is not None
    root.close()


async def test_a_cancelled_export_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    root = opened(directory)
    begun = asyncio.Event()
    async with Workers("exports", 1) as workers:
        exports = Exports(Results("x"), workers, root)

        async def export() -> None:
            async with exports.begin(LOCAL, "csv", "rows.csv") as export:
                await export.add(b"x" * 100_000, 1)
                begun.set()
                await asyncio.Event().wait()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(export())
            await begun.wait()
            task.cancel()
        assert list(directory.iterdir()) == []
    assert root is not None
    root.close()


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_whoever_is_cancelled_while_the_file_is_made_leaves_nothing(tmp_path: Path) -> None:
    root = opened(tmp_path)
    assert root is not None
    async with Workers("exports", 1) as workers:
        exports = Exports(Results("x"), workers, root)

        async def export(name: str) -> None:
            async with exports.begin(LOCAL, "csv", name):
                await asyncio.Event().wait()

        for turns in range(8):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(export("rows.csv"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
            assert names_in(tmp_path) == []
    root.close()


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ledger.filled(str(tmp_path / "a.db"), 20_000)
    arguments = [sys.executable, ledger.__file__, str(tmp_path / "a.db"), "--export-dir", str(tmp_path / "out")]
    limited = ["sh", "-c", 'ulimit -f 256; exec "$@"', "limited", *arguments]
    with StdioPeer(limited) as peer:
        peer.open(MODERN)
        refused = peer.call("export_query", sql=SQL, file="rows.csv")
        assert refused["isError"]
        assert "would become larger" in refused["content"][0]["text"]
        assert list((tmp_path / "out").iterdir()) == []
        assert peer.call("export_query", sql="SELECT 1 AS a", file="rows.csv")["structuredContent"]["rows"] == 1


def test_a_directory_that_is_not_there_is_a_bad_setting(tmp_path: Path) -> None:
    """DB9"""
    with pytest.raises(SettingsError):
        opened(tmp_path / "missing")


async def test_a_file_can_be_read_back_for_an_import(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n")
    root = opened(tmp_path)
    async with Workers("exports", 1) as workers:
        exports = Exports(Results("x"), workers, root)
        with await exports.read("rows.csv") as file:
            assert file.read_at(0, 100) == b"a,b\n"
        with pytest.raises(ToolError):
            await exports.read("missing.csv")
        with pytest.raises(DbError):
            await exports.read("../rows.csv")
    assert root is not None
    root.close()


async def test_results_belong_to_their_caller() -> None:
    results = Results("x")
    uri = results.put(LOCAL, "csv", b"a")
    name = uri.removeprefix("x://results/")
    assert len(name) == 32
    assert results.contents(LOCAL, name).text == "a"
    for principal, asked in ((Principal("issuer", "you"), name), (LOCAL, "0" * 32)):
        with pytest.raises(ToolError) as caught:
            results.find(principal, asked)
        assert caught.value.message == "There is no such result, or no longer."
    results.clear()


async def test_the_oldest_result_makes_room_and_none_is_kept_for_long() -> None:
    results = Results("x", most=2, seconds=0.02)
    first, second, third = (results.put(LOCAL, "csv", b"a").rpartition("/")[2] for _ in range(3))
    with pytest.raises(ToolError):
        results.find(LOCAL, first)
    assert results.find(LOCAL, second) == results.find(LOCAL, third)
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, later.set)
    await later.wait()
    with pytest.raises(ToolError):
        results.find(LOCAL, third)


async def test_what_memory_takes_is_what_a_result_may_have() -> None:
    async with Workers("exports", 1) as workers:
        exports = Exports(Results("x"), workers)
        async with exports.begin(LOCAL, "csv", None) as export:
            await export.add(b"x" * MOST_BYTES, 1)
        assert export.exported is not None
        assert export.exported.bytes == MOST_BYTES
        exports.results.clear()


async def test_an_unknown_result_is_a_resource_that_does_not_exist(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings) as client:
        with pytest.raises(RpcError) as caught:
            await client.read("ledger://results/" + "0" * 32)
        assert caught.value.message == "Resource not found"


@pytest.mark.parametrize("form", ["json", "csv", "jsonl", "markdown"])
def test_blocks_join_to_what_one_block_would_be(form: Format) -> None:
    columns = [Column("a", ""), Column("a", "")]
    rows = [(number, f"x{number}") for number in range(10)]
    one, several = RowBytes(form, columns, Cells()), RowBytes(form, columns, Cells())
    parts = [several.block(rows[:0]), several.block(rows[:3]), several.block(rows[3:3]), several.block(rows[3:])]
    assert b"".join(parts) == one.block(rows)
