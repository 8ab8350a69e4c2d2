"""Names of files that lead elsewhere, links that were put there, results of others."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import ledger
import pytest

from mcp_protocol.testing import Connection, connect

SQL = "SELECT a FROM t"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Connection]:
    (tmp_path / "out").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "canary").write_text("untouched")
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], export_dir=tmp_path / "out")
    async with connect(ledger.made(settings), settings) as client:
        yield client


@pytest.mark.parametrize(
    "name",
    [
        "../outside/new", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".bashrc", "a\x00b", "a\nb", "C:x", "x" * 200,
        "a:stream", "nul?", "é" * 100, "\u202egpj.exe", "*",
    ],
)  # fmt: skip
async def test_a_name_that_is_more_than_a_name(client: Connection, tmp_path: Path, name: str) -> None:
    """CVE-2025-53109, CVE-2025-53110: a path that leads out of what was allowed."""
    refused = await client.call("export_query", sql=SQL, file=name)
    assert refused.error_code == "invalid_argument"
    assert list((tmp_path / "out").iterdir()) == []
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["canary"]
    assert str(tmp_path) not in refused.text


async def test_a_link_in_the_place_of_the_file(client: Connection, tmp_path: Path) -> None:
    (tmp_path / "out" / "rows.csv").symlink_to(tmp_path / "outside" / "canary")
    (tmp_path / "out" / "new.csv").symlink_to(tmp_path / "outside" / "new")
    for name in ("rows.csv", "new.csv"):
        assert (await client.call("export_query", sql=SQL, file=name)).is_error
    assert (tmp_path / "outside" / "canary").read_text() == "untouched"
    assert not (tmp_path / "outside" / "new").exists()


async def test_a_directory_that_is_exchanged_for_a_link(client: Connection, tmp_path: Path) -> None:
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "out").symlink_to(tmp_path / "outside")
    done = await client.call("export_query", sql=SQL, file="rows.csv")
    assert done.data["file"] == "rows.csv"
    assert (tmp_path / "moved" / "rows.csv").exists()
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["canary"]


async def test_a_fifo_in_the_place_of_the_file_does_not_hang(client: Connection, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out" / "rows.csv")
    assert (await client.call("export_query", sql=SQL, file="rows.csv")).is_error


async def test_formulas_stay_text(client: Connection, tmp_path: Path) -> None:
    """A cell is data of the file as it is of the database; nothing is added that would change it."""
    await client.call("export_query", sql="SELECT '=1+1' AS a, '@x' AS b", file="rows.csv")
    assert (tmp_path / "out" / "rows.csv").read_bytes() == b"a,b\r\n=1+1,@x\r\n"


async def test_control_characters_do_not_reach_a_terminal(client: Connection, tmp_path: Path) -> None:
    await client.call("export_query", sql="SELECT char(27) || '[2J' || char(155) AS a", file="rows.csv")
    assert (tmp_path / "out" / "rows.csv").read_bytes() == b"a\r\n\\x1b[2J\\x9b\r\n"
