"""FS1, FS2, FS3 and FS6 through the protocol: every path of every tool, in both eras."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import Connection, connect
from mcp_ref_filesystem import Settings, server

SECRET = "what the neighbour keeps"  # noqa: S105  the treasure of these tests
both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])

Arguments = Callable[[str], dict[str, Any]]

# Every place of every tool where a path can stand.
WAYS: dict[str, list[Arguments]] = {
    "read_text_file": [lambda path: {"path": path}],
    "read_file": [lambda path: {"path": path}],
    "read_file_range": [lambda path: {"path": path}],
    "read_media_file": [lambda path: {"path": path}],
    "read_multiple_files": [lambda path: {"paths": ["in.txt", path]}],
    "list_directory": [lambda path: {"path": path}],
    "list_directory_with_sizes": [lambda path: {"path": path}],
    "directory_tree": [lambda path: {"path": path}],
    "get_file_info": [lambda path: {"path": path}],
    "search_files": [lambda path: {"path": path, "pattern": "*"}],
    "search_content": [lambda path: {"path": path, "pattern": "neighbour"}],
    "write_file": [
        lambda path: {"path": path, "content": "x"},
        lambda path: {"path": path, "content": "x", "createParents": True},
    ],
    "append_file": [lambda path: {"path": path, "content": "x"}],
    "edit_file": [lambda path: {"path": path, "edits": [{"oldText": "what", "newText": "x"}]}],
    "create_directory": [lambda path: {"path": path}],
    "move_file": [
        lambda path: {"source": path, "destination": "stolen"},
        lambda path: {"source": "in.txt", "destination": path},
        lambda path: {"source": "in.txt", "destination": path, "overwrite": True, "createParents": True},
    ],
    "copy_file": [
        lambda path: {"source": path, "destination": "stolen"},
        lambda path: {"source": "in.txt", "destination": path, "overwrite": True},
    ],
    "delete_file": [lambda path: {"path": path, "recursive": True}, lambda path: {"path": path, "permanent": True}],
    "list_changes": [lambda path: {"path": path}],
    "edit_lines": [lambda path: {"path": path, "edits": [{"start": 1, "end": 1, "newText": "x"}]}],
    "replace_in_files": [lambda path: {"path": path, "pattern": "what", "replacement": "x"}],
    "set_file_mode": [lambda path: {"path": path, "mode": "600"}],
    "set_file_times": [lambda path: {"path": path, "mtime": "2020-01-01"}],
    "compare_files": [lambda path: {"left": path, "right": "in.txt"}, lambda path: {"left": "in.txt", "right": path}],
    "hash_files": [lambda path: {"paths": [path]}],
    "analyze_directory": [lambda path: {"path": path, "what": "size"}],
    "list_archive": [lambda path: {"path": path}],
    "extract_archive": [
        lambda path: {"path": path, "destination": "stolen"},
        lambda path: {"path": "in.zip", "destination": path},
    ],
    "create_archive": [
        lambda path: {"paths": [path], "destination": "stolen.zip"},
        lambda path: {"paths": ["in.txt"], "destination": path},
    ],
    "wait_for_change": [lambda path: {"paths": [path], "timeoutSeconds": 1}],
}
WITHOUT_PATHS = {"list_allowed_directories", "undo_change"}
# These act on a link itself, which is inside.
ON_LINKS = {"move_file", "copy_file", "delete_file", "get_file_info", "create_archive", "list_changes"}
# Its path is compared with what the journal holds; nothing is looked at.
WITHOUT_DISK = {"list_changes"}

OUTSIDE = [
    "{S}/x",
    "{S}",
    "{S}/missing/deeper",
    "{R}/../R-evil/x",
    "{R}/a/../../R-evil/x",
    "../R-evil/x",
    "a/../../R-evil/new",
    "//etc/passwd",
    "/",
    "{R}x",
]
THROUGH_LINKS = ["d/x", "d/missing", "up/R-evil/x", "{R}/d/new", "a/away/x"]
LINKS = ["l", "d", "new", "{R}/l"]
LITERAL = ["....//R-evil/x", "..\\..\\R-evil\\x", "~/.ssh/id_rsa", "$HOME/x", "%2e%2e/R-evil/x", "{R}/%2e%2e/R-evil/x"]
NO_PATHS = ["", "a\0b", "x" * 5000, "a/" + "n" * 256, "a\nb", "\x1b]0;title\x07"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """R with links that lead out, and its neighbour, which no test may change."""
    inside, outside = tmp_path / "R", tmp_path / "R-evil"
    (inside / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "x").write_text(SECRET)
    (inside / "in.txt").write_text("what is inside\n")
    # An empty zip archive.
    (inside / "in.zip").write_bytes(base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="))
    (inside / "l").symlink_to(outside / "x")
    (inside / "d").symlink_to(outside)
    (inside / "new").symlink_to(outside / "new")
    (inside / "up").symlink_to("..")
    (inside / "a/away").symlink_to("../../R-evil")
    before = (outside / "x").stat()
    yield tmp_path
    after = (outside / "x").stat()
    assert (outside / "x").read_text() == SECRET
    assert (before.st_mtime_ns, before.st_mode, before.st_ino) == (after.st_mtime_ns, after.st_mode, after.st_ino)
    assert sorted(path.name for path in outside.iterdir()) == ["x"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "history") == ["R", "R-evil"]


def settings(home: Path) -> Settings:
    return Settings(dirs=[f"{home}/R"], mode="admin", history_dir=home / "history")


def placed(home: Path, paths: list[str]) -> list[str]:
    return [path.format(R=f"{home}/R", S=f"{home}/R-evil") for path in paths]


async def answers(client: Connection, paths: list[str], without: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """(tool, path, whole answer) of every tool with each path in each place."""
    offered = {tool["name"] for tool in await client.list("tools")}
    assert offered <= set(WAYS) | WITHOUT_PATHS, "a tool without its attack cases"
    return [
        (tool, path, json.dumps((await client.call(tool, **way(path))).raw))
        for tool in sorted(offered - WITHOUT_PATHS - set(without))
        for way in WAYS[tool]
        for path in paths
    ]


def refused(answer: str) -> bool:
    """By the jail, or before anything is looked at because of how the name ends."""
    return "denied_outside_root" in answer or "no ending of an archive" in answer


@both_eras
async def test_no_tool_reaches_outside(home: Path, revision: str) -> None:
    async with connect(server, settings(home), revision=revision) as client:
        found = await answers(client, placed(home, OUTSIDE))
        found += await answers(client, placed(home, THROUGH_LINKS), WITHOUT_DISK)
        for tool, path, answer in found:
            assert SECRET not in answer, (tool, path)
            assert refused(answer), (tool, path, answer)


@both_eras
async def test_no_tool_follows_a_link_out(home: Path, revision: str) -> None:
    async with connect(server, settings(home), revision=revision) as client:
        for tool, path, answer in await answers(client, placed(home, LINKS), ON_LINKS):
            assert SECRET not in answer, (tool, path)
            assert refused(answer), (tool, path, answer)
        for tool in ("get_file_info", "copy_file", "move_file", "delete_file"):
            for way in WAYS[tool]:
                answer = json.dumps((await client.call(tool, **way("l"))).raw)
                assert SECRET not in answer, (tool, answer)


@both_eras
async def test_nothing_in_a_path_is_expanded(home: Path, revision: str) -> None:
    reading = {"read_text_file", "get_file_info", "list_directory", "search_files", "delete_file", "edit_file"}
    async with connect(server, settings(home), revision=revision) as client:
        for tool, path, answer in await answers(client, placed(home, LITERAL), set(WAYS) - reading):
            assert SECRET not in answer, (tool, path)
            assert "not_found" in answer, (tool, path, answer)


@both_eras
async def test_what_is_no_path_is_an_invalid_argument(home: Path, revision: str) -> None:
    async with connect(server, settings(home), revision=revision) as client:
        for tool, path, answer in await answers(client, NO_PATHS, WITHOUT_DISK):
            assert "invalid_argument" in answer, (tool, path, answer[:500])
            assert len(answer) < 16_000
        assert (await client.call("create_directory", path="still-alive")).error_code is None


async def test_outside_gets_the_same_words_whether_it_exists_or_not(home: Path) -> None:
    async with connect(server, settings(home)) as client:
        for there, missing in (("{S}/x", "{S}/y"), ("d/x", "d/y"), ("/etc/passwd", "/etc/nothing-of-that-name")):
            words: set[str] = set()
            for path in placed(home, [there, missing]):
                result = await client.call("write_file", path=path, content="x")
                assert result.error_code == "denied_outside_root"
                words.add(result.text.replace(path, "PATH"))
            assert len(words) == 1


@both_eras
async def test_fs4_links_that_stay_inside_work_and_chains_and_loops_end(home: Path, revision: str) -> None:
    root = home / "R"
    (root / "real").write_text("inside")
    (root / "relative").symlink_to("real")
    (root / "absolute").symlink_to(root / "real")
    (root / "chain0").symlink_to("real")
    for number in range(1, 42):
        (root / f"chain{number}").symlink_to(f"chain{number - 1}")
    (root / "loop").symlink_to("pool")
    (root / "pool").symlink_to("loop")
    async with connect(server, settings(home), revision=revision) as client:
        for name in ("relative", "absolute", "chain20"):
            assert (await client.call("read_text_file", path=name)).text == "inside"
        for name in ("chain41", "loop"):
            for tool, more in (("read_text_file", {}), ("write_file", {"content": "x"})):
                result = await client.call(tool, path=name, **more)
                assert result.is_error, (tool, name)
                assert "link" in result.text.lower(), result.text
    assert (root / "real").read_text() == "inside"
