"""The server in the README runs as it stands there."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.launch.raw import MODERN, StdioPeer

README = Path(__file__).parents[1] / "README.md"


def written(tmp_path: Path, number: int = 0) -> list[str]:
    block = README.read_text().split("```python\n")[number + 1].partition("```")[0]
    script = tmp_path / "server.py"
    script.write_text(block)
    return [sys.executable, str(script)]


def test_its_pages_follow_one_another(tmp_path: Path) -> None:
    with StdioPeer([*written(tmp_path), "a", "b", "c"]) as peer:
        peer.open(MODERN)
        first = peer.call("list_files", limit=2)["structuredContent"]
        second = peer.call("list_files", limit=2, cursor=first["next_cursor"])["structuredContent"]
        other = peer.call("list_files", limit=1, cursor=first["next_cursor"])
    assert first["files"] == ["a", "b"]
    assert second == {"files": ["c"], "next_cursor": None}
    assert other["content"][0]["text"].startswith("invalid_argument: ")


def test_its_check_tells_what_is_missing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*written(tmp_path), "--check", "/no/such/file"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "FAILED  /no/such/file" in ended.stdout


def test_its_database_server_reads_pages(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a UNION SELECT 2 UNION SELECT 3")
    with StdioPeer([*written(tmp_path, 1), path]) as peer:
        peer.open(MODERN)
        first = peer.call("query", sql="SELECT a FROM t", limit=2)["structuredContent"]
        second = peer.call("query", sql="SELECT a FROM t", limit=2, cursor=first["next_cursor"])["structuredContent"]
        wrong = peer.call("query", sql="SELEC")
    assert (first["rows"], second["rows"], second["next_cursor"]) == ([[1], [2]], [[3]], None)
    assert wrong["content"][0]["text"].startswith("syntax: ")
