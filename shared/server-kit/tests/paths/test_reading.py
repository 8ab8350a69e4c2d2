"""Reading many children of a directory without keeping any open."""

import os
from pathlib import Path

import pytest

from mcp_ref_kit.paths import HardLinked, InvalidPath, NotAFile, NotFound, Policy, open_root


def test_a_small_child_is_read_whole_and_a_larger_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "empty").touch()
    with open_root(tmp_path).open_directory(".") as directory:
        assert directory.read("a", 5) == b"12345"
        assert directory.read("a", 4) is None
        assert directory.read("empty", 0) == b""


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "inner").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with open_root(tmp_path).open_directory(".") as directory:
        for name in ("link", "inner", "fifo"):
            with pytest.raises(NotAFile):
                directory.read(name, 10)
        with pytest.raises(NotFound):
            directory.read("missing", 10)
        with pytest.raises(InvalidPath):
            directory.read("../a", 10)


def test_hard_links_are_refused_where_they_are_off(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    os.link(tmp_path / "a", tmp_path / "b")
    with (
        open_root(tmp_path, policy=Policy(hardlinks="deny")).open_directory(".") as directory,
        pytest.raises(HardLinked),
    ):
        directory.read("a", 10)
