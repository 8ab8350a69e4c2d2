"""directory_tree: what it shows, what it counts as omitted, its two forms of text."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mcp_protocol.testing import connect
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.tools.tree import as_json, as_text
from mcp_ref_filesystem.views import branches
from mcp_ref_filesystem.views.branches import Node, Tree, TreeQuery
from mcp_ref_kit.paths import PathError, Root

Bench = Any


def grow(bench: Bench, settings: Settings | None = None, **query: Any) -> Tree:
    tree = Tree(bench.at("."), TreeQuery(path=".", **query), settings or Settings())
    list(tree.steps())
    return tree


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_a_tree_by_indentation(bench: Bench) -> None:
    make(bench.path, "b/c/d", "b/a", "z")
    (bench.path / "l").symlink_to("z")
    tree = grow(bench)
    assert as_text(tree.top) == "b/\n  c/\n    d\n  a\nl@\nz"
    assert (tree.counts.directories, tree.counts.files, tree.counts.omitted, tree.truncation) == (2, 4, 0, None)
    assert as_text(Node(name=".", type="directory", children=[])) == "(empty)"


def test_a_tree_in_the_form_of_the_official_server(bench: Bench) -> None:
    make(bench.path, "b/a")
    assert json.loads(as_json(grow(bench).top.children or [])) == [
        {"name": "b", "type": "directory", "children": [{"name": "a", "type": "file"}]}
    ]


def test_what_is_below_the_last_level_is_counted(bench: Bench) -> None:
    make(bench.path, "a/b/1", "a/b/2", "a/c")
    tree = grow(bench, max_depth=2)
    assert as_text(tree.top) == "a/\n  b/\n    ... 2 more\n  c"
    assert tree.counts.omitted == 2
    assert tree.truncation is not None
    assert (tree.truncation.reason, tree.truncation.shown) == ("limit", 3)


def test_a_directory_of_many_files_shows_some(bench: Bench) -> None:
    make(bench.path, *(f"d/{number}" for number in range(9)), "e")
    assert as_text(grow(bench, files_per_directory=2).top) == "d/\n  0\n  1\n  ... 7 more\ne"


def test_what_has_no_room_is_missing_evenly(bench: Bench) -> None:
    make(bench.path, *(f"{name}/{number}" for name in "abc" for number in range(3)))
    assert as_text(grow(bench, max_entries=5).top) == ("a/\n  0\n  1\n  ... 1 more\nb/\n  ... 3 more\nc/\n  ... 3 more")


def test_names_that_are_too_long_together_are_cut_by_bytes(bench: Bench) -> None:
    make(bench.path, *(f"{number}{'x' * 200}" for number in range(9)))
    tree = grow(bench, replace(Settings(), max_output_chars=1200))
    assert tree.truncation is not None
    assert (tree.truncation.reason, tree.counts.files, tree.counts.omitted) == ("bytes", 4, 5)


def test_ignored_and_excluded_entries_are_not_even_counted(bench: Bench) -> None:
    make(bench.path, "src/a.pyc", "src/a.py", "node_modules/x/y", "build/z", ".git/HEAD")
    (bench.path / ".gitignore").write_text("*.pyc\nbuild/\n")
    tree = grow(bench, exclude=("node_modules",))
    assert as_text(tree.top) == "src/\n  a.py\n.gitignore"
    assert tree.counts.omitted == 0
    assert "build/" in as_text(grow(bench, gitignore=False).top)


def test_denied_entries_are_left_out_and_counted(strict_bench: Bench) -> None:
    make(strict_bench.path, "secret/a", "secret/b", "c")
    tree = grow(strict_bench)
    assert as_text(tree.top) == "secret/\nc"
    assert tree.counts.denied == 2


def test_an_unreadable_directory_is_marked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    make(bench.path, "a/x", "b/y")
    original = Root.open_directory

    def refuse(root: Root, path: Any) -> Any:
        if getattr(path, "parts", ()) == ("a",):
            raise PathError("a")
        return original(root, path)

    monkeypatch.setattr(Root, "open_directory", refuse)
    assert as_text(grow(bench).top) == "a/ (unreadable)\nb/\n  y"


def test_enough_visited_leaves_the_rest_unseen(bench: Bench) -> None:
    make(bench.path, "a/x", "b/y", "c/z")
    tree = grow(bench, Settings(max_visited=4))
    assert as_text(tree.top) == "a/\n  x\nb/ (unseen)\nc/ (unseen)"
    assert tree.truncation is not None
    assert tree.truncation.reason == "visited"


def test_when_the_time_is_up_the_rest_is_unseen(bench: Bench) -> None:
    make(bench.path, "a/x")
    tree = Tree(bench.at("."), TreeQuery(path="."), Settings())
    tree.deadline = 0
    list(tree.steps())
    assert tree.truncation is not None
    assert (tree.truncation.reason, tree.top.error) == ("time", "unseen")


def test_names_with_escapes_are_shown_with_them(bench: Bench) -> None:
    make(bench.path, "a\nb", "c")
    assert as_text(grow(bench).top) == "a\\x0ab\nc"
    assert branches.Node(name="x", type="file").omitted == 0


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_the_tool_answers_both_forms(tmp_path: Path, revision: str) -> None:
    make(tmp_path / "R", "d/a", "b")
    settings = Settings(dirs=[str(tmp_path / "R")], history_dir=tmp_path / "history")
    async with connect(server, settings, revision=revision) as client:
        text = await client.call("directory_tree", path=".")
        data = await client.call("directory_tree", path=str(tmp_path / "R"), format="json", maxDepth=1)
    assert text.text == "d/\n  a\nb"
    assert text.data == {
        "tree": [
            {"name": "d", "type": "directory", "children": [{"name": "a", "type": "file"}]},
            {"name": "b", "type": "file"},
        ],
        "truncated": False,
        "counts": {"directories": 1, "files": 2, "omitted": 0, "denied": 0},
        "untrusted": True,
    }
    assert json.loads(data.text) == data.data["tree"]
    assert data.data["truncation"] == {"reason": "limit", "shown": 2, "total": None}
