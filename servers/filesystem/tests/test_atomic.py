"""Drafts: a name shows the old content or the new, and what is not committed leaves nothing."""

import os
import stat
from collections.abc import Callable
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.change.atomic import Draft, drafted, remove_tree, sweep, temporary_name
from mcp_ref_kit.paths import AlreadyExists, Spot

Bench = Any


@pytest.fixture(params=["anonymous", "named"])
def _kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a nameless draft, and as on file systems that have none."""
    if request.param == "named":
        monkeypatch.setattr(Spot, "anonymous", _no_anonymous)


def _no_anonymous(*_: object) -> None:
    return None


pytestmark = pytest.mark.usefixtures("_kind")


def test_a_new_file_appears_whole(bench: Bench) -> None:
    with bench.at("a").spot() as spot, drafted(spot) as draft:
        draft.write(b"one ")
        draft.write(b"two")
        assert not (bench.path / "a").exists()
        draft.commit(fsync="full")
    assert (bench.path / "a").read_bytes() == b"one two"
    assert bench.names() == ["a"]


def test_a_new_file_has_the_mode_that_the_umask_gives(bench: Bench) -> None:
    (bench.path / "usual").write_bytes(b"")
    with bench.at("a").spot() as spot, drafted(spot) as draft:
        draft.commit(fsync="off")
    assert (bench.path / "a").stat().st_mode == (bench.path / "usual").stat().st_mode


def test_a_draft_that_is_not_committed_leaves_nothing(bench: Bench) -> None:
    with bench.at("a").spot() as spot, drafted(spot) as draft:
        draft.write(b"x")
    assert bench.names() == []


def test_a_new_file_never_replaces_one_that_has_appeared(bench: Bench) -> None:
    with bench.at("a").spot() as spot, drafted(spot) as draft:
        (bench.path / "a").write_bytes(b"theirs")
        with pytest.raises(AlreadyExists):
            draft.commit()
    assert (bench.path / "a").read_bytes() == b"theirs"
    assert bench.names() == ["a"]


def test_replacing_keeps_mode_and_attributes_but_no_set_id_bits(bench: Bench) -> None:
    path = bench.path / "a"
    path.write_bytes(b"old")
    path.chmod(0o6751)
    with_attribute = _set_attribute(path)
    with bench.at("a").spot() as spot, spot.open() as old, drafted(spot) as draft:
        draft.write(b"new")
        draft.keep(old)
        draft.commit(old)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    if with_attribute:
        assert os.getxattr(path, "user.note") == b"kept"
    assert bench.names() == ["a"]


def _set_attribute(path: os.PathLike[str]) -> bool:
    try:
        os.setxattr(path, "user.note", b"kept")
    except (OSError, AttributeError):
        return False
    return True


def _rewritten(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"theirs")


def _replaced(bench: Bench) -> None:
    (bench.path / "b").write_bytes(b"old")
    (bench.path / "b").rename(bench.path / "a")


def _gone(bench: Bench) -> None:
    (bench.path / "a").unlink()


@pytest.mark.parametrize("meddle", [_rewritten, _replaced, _gone])
def test_a_file_that_changed_meanwhile_is_a_conflict(bench: Bench, meddle: Callable[[Bench], None]) -> None:
    (bench.path / "a").write_bytes(b"old")
    with bench.at("a").spot() as spot, spot.open() as old, drafted(spot) as draft:
        draft.write(b"ours")
        meddle(bench)
        with pytest.raises(ToolError) as caught:
            draft.commit(old)
    assert caught.value.code == "conflict"
    assert [(bench.path / name).read_bytes() for name in bench.names()] in ([b"theirs"], [b"old"], [])


def test_a_link_that_took_the_name_is_not_followed(bench: Bench) -> None:
    (bench.outside / "x").write_bytes(b"theirs")
    with bench.at("a").spot() as spot, drafted(spot) as draft:
        draft.write(b"ours")
        (bench.path / "a").symlink_to(bench.outside / "x")
        with pytest.raises(AlreadyExists):
            draft.commit()
    assert (bench.outside / "x").read_bytes() == b"theirs"


def test_stale_drafts_are_swept_and_fresh_ones_are_not(bench: Bench) -> None:
    names = [temporary_name() for _ in range(2)]
    (bench.path / names[0]).write_bytes(b"")
    (bench.path / names[1] / "deep").mkdir(parents=True)
    (bench.path / "mine").write_bytes(b"")
    with bench.root.open_directory(".") as directory:
        assert sweep(directory) == 0
        assert sweep(directory, older_than=-1) == 2
    assert bench.names() == ["mine"]


def test_removing_a_tree_does_not_follow_links(bench: Bench) -> None:
    (bench.outside / "x").write_bytes(b"theirs")
    (bench.path / "d/e").mkdir(parents=True)
    (bench.path / "d/e/out").symlink_to(bench.outside)
    (bench.path / "d/file").symlink_to(bench.outside / "x")
    with bench.at("d").spot(makes="directory") as spot:
        remove_tree(spot)
    assert bench.names() == []
    assert (bench.outside / "x").read_bytes() == b"theirs"


def test_closing_a_draft_twice_is_fine(bench: Bench) -> None:
    with bench.at("a").spot() as spot:
        draft = Draft(spot)
        draft.close()
        draft.close()
    assert bench.names() == []
