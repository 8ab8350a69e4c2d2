"""compare_files, hash_files and analyze_directory: right, bounded, and blind to what is denied."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_filesystem.search.summing import Summary, Summing, What
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Pulse
from mcp_ref_filesystem.tools.analyze import MOST_COMPARED, compare

Bench = Any


def summary(bench: Bench, what: What, limit: int = 50, path: str = ".", **settings: Any) -> Summary:
    summing = Summing(Pulse(), bench.at(path), what, limit, Settings(**settings))
    for _ in summing.steps():
        pass
    return summing.summary


@pytest.fixture
def grove(strict_bench: Bench) -> Bench:
    """Some files, equal ones among them; `secret` is denied."""
    path: Path = strict_bench.path
    for directory in ("d/e", "secret", "empty", "only_link"):
        (path / directory).mkdir(parents=True)
    (path / "a.txt").write_bytes(b"x" * 100)
    (path / "d/b.TXT").write_bytes(b"x" * 100)
    (path / "d/e/c.py").write_bytes(b"y" * 100)
    (path / "d/none").write_bytes(b"")
    (path / "secret/copy.txt").write_bytes(b"x" * 100)
    (path / "only_link/link").symlink_to("../a.txt")
    return strict_bench


def test_equal_and_different_texts(bench: Bench) -> None:
    (bench.path / "a").write_text("one\ntwo\n")
    (bench.path / "b").write_text("one\n2\n")
    done = compare(bench.stop, bench.at("a"), bench.at("b"), 3)
    assert (done.equal, done.similarity) == (False, 0.5)
    assert done.diff is not None
    assert done.diff.endswith(" one\n-two\n+2\n")
    same = compare(bench.stop, bench.at("a"), bench.at("a"), 3)
    assert (same.equal, same.similarity, same.diff) == (True, 1.0, "")


def test_binary_files_are_equal_or_not(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"\x00\x01")
    (bench.path / "b").write_bytes(b"\x00\x02")
    done = compare(bench.stop, bench.at("a"), bench.at("b"), 3)
    assert (done.equal, done.diff) == (False, None)
    assert compare(bench.stop, bench.at("a"), bench.at("a"), 3).equal


def test_large_files_are_compared_without_being_held(bench: Bench) -> None:
    for name, last in (("a", b"x"), ("b", b"y"), ("c", b"")):
        with (bench.path / name).open("wb") as file:
            file.truncate(MOST_COMPARED + 10)
            file.seek(0, 2)
            file.write(last)
    assert not compare(bench.stop, bench.at("a"), bench.at("b"), 3).equal
    assert not compare(bench.stop, bench.at("a"), bench.at("c"), 3).equal
    assert compare(bench.stop, bench.at("a"), bench.at("a"), 3).equal


def test_sizes_of_the_entries(grove: Bench) -> None:
    found = summary(grove, "size")
    assert [(item.path, item.type, item.files, item.bytes) for item in found.items] == [
        ("d", "directory", 3, 200),
        ("a.txt", "file", 1, 100),
        ("empty", "directory", 0, 0),
        ("only_link", "directory", 0, 0),
        ("secret", "directory", 0, 0),
    ]
    assert (found.totals.files, found.totals.bytes, found.totals.denied) == (4, 300, 1)
    assert not found.truncated


def test_largest_files_first(grove: Bench) -> None:
    found = summary(grove, "largest", limit=1)
    assert [(item.path, item.bytes) for item in found.items] == [("a.txt", 100)]
    assert found.truncated
    assert found.truncation is not None
    assert (found.truncation.reason, found.truncation.total) == ("limit", 4)


def test_duplicates_are_equal_in_every_byte(grove: Bench) -> None:
    (item,) = summary(grove, "duplicates").items
    assert (item.paths, item.files, item.bytes) == (("d/b.TXT", "a.txt"), 2, 100)
    assert item.hash == hashlib.sha256(b"x" * 100).hexdigest()


def test_what_holds_only_denied_things_or_links_is_not_empty(grove: Bench) -> None:
    assert [(item.path, item.type) for item in summary(grove, "empty").items] == [
        ("empty", "directory"),
        ("d/none", "file"),
    ]


def test_extensions_are_told_without_case(grove: Bench) -> None:
    (grove.path / ".hidden").write_bytes(b"zz")
    assert [(item.extension, item.files, item.bytes) for item in summary(grove, "extensions").items] == [
        ("txt", 2, 200),
        ("py", 1, 100),
        ("", 2, 2),
    ]


def test_paths_are_in_the_spelling_of_the_caller(grove: Bench) -> None:
    assert [item.path for item in summary(grove, "largest", path="d").items] == ["d/b.TXT", "d/e/c.py", "d/none"]


def test_the_walk_is_bounded(grove: Bench) -> None:
    found = summary(grove, "size", max_visited=3)
    assert found.truncation is not None
    assert found.truncation.reason == "visited"


async def test_one_file_that_fails_does_not_fail_the_others(tmp_path: Path) -> None:
    root = tmp_path / "R"
    root.mkdir()
    (root / "a").write_bytes(b"abc")
    (root / "big").write_bytes(b"x" * 3_000_000)
    async with connect(server, Settings(dirs=[str(root)], history_dir=tmp_path / "J")) as client:
        done = await client.call("hash_files", paths=["a", "missing", "../out", ".", "big"], algorithm="md5")
        whole = await client.call("analyze_directory", path=".", what="largest")
        same = await client.call("compare_files", left="a", right="a")
    rows = done.data["files"]
    assert rows[0] == {"path": "a", "ok": True, "hash": hashlib.md5(b"abc").hexdigest(), "size": 3}  # noqa: S324  asked for
    assert [row.get("error", {}).get("code") for row in rows] == [
        None,
        "not_found",
        "denied_outside_root",
        "not_a_file",
        None,
    ]
    assert [item["path"] for item in whole.data["items"]] == ["big", "a"]
    assert same.data["equal"]
