"""The server in the README runs as it stands there."""

import subprocess
import sys
from pathlib import Path

from tests.launch.raw import MODERN, StdioPeer

README = Path(__file__).parents[1] / "README.md"


def written(tmp_path: Path) -> list[str]:
    block = README.read_text().partition("```python\n")[2].partition("```")[0]
    script = tmp_path / "words.py"
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
