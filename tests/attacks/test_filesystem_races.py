"""FS5 through the tools: directories and files swapped with links out while the server reads and writes."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_protocol.testing import connect
from mcp_ref_filesystem import Settings, server
from tests.racers import RACE_SECONDS, racing

SECRET = "what the neighbour keeps"  # noqa: S105  the treasure of these tests
INSIDE = "what is inside"
CALLS = [
    ("read_text_file", {"path": "d/x"}),
    ("read_text_file", {"path": "f"}),
    ("read_multiple_files", {"paths": ["d/x", "f", "d/y"]}),
    ("list_directory_with_sizes", {"path": "d"}),
    ("search_content", {"path": ".", "pattern": "what"}),
    ("directory_tree", {"path": "."}),
    ("write_file", {"path": "d/y", "content": INSIDE}),
    ("append_file", {"path": "d/y", "content": INSIDE}),
    ("edit_file", {"path": "f", "edits": [{"oldText": "inside", "newText": "inside"}]}),
    ("write_file", {"path": "f", "content": INSIDE}),
    ("copy_file", {"source": "g", "destination": "d/z", "overwrite": True}),
    ("move_file", {"source": "d/z", "destination": "moved", "overwrite": True}),
    ("create_directory", {"path": "d/deep/er"}),
    ("delete_file", {"path": "d/deep", "recursive": True}),
]
EXPECTED = {
    "denied_outside_root",
    "not_found",
    "not_a_directory",
    "not_a_file",
    "already_exists",
    "conflict",
    "no_match",
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """R with files and links out under other names; the neighbour stays as it is."""
    inside, outside = tmp_path / "R", tmp_path / "R-evil"
    for directory in (inside / "d", outside):
        directory.mkdir(parents=True)
    (outside / "x").write_text(SECRET)
    for name in ("d/x", "f", "g"):
        (inside / name).write_text(INSIDE)
    (inside / "d-out").symlink_to(outside)
    (inside / "f-out").symlink_to(outside / "x")
    yield tmp_path
    assert (outside / "x").read_text() == SECRET
    assert [path.name for path in outside.iterdir()] == ["x"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["R", "R-evil", "history"]


@pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])
async def test_no_tool_is_raced_outside(home: Path, revision: str) -> None:
    inside = home / "R"
    outcomes: Counter[str] = Counter()
    settings = Settings(dirs=[str(inside)], history_dir=home / "history", fsync="off")
    async with connect(server, settings, revision=revision) as client:
        with racing((inside / "d", inside / "d-out"), (inside / "f", inside / "f-out")):
            until = time.monotonic() + RACE_SECONDS
            while time.monotonic() < until:
                for tool, arguments in CALLS:
                    result = await client.call(tool, **arguments)
                    assert SECRET not in json.dumps(result.raw), tool
                    outcomes[result.error_code or "done"] += 1
    assert set(outcomes) <= EXPECTED | {"done"}
    assert outcomes["done"] > 100
    assert outcomes["denied_outside_root"] > 5
