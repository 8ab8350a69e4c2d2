"""Changes that were recorded and never made, and things that appear at the worst moment."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.archives.containers import judged_name
from mcp_ref_filesystem.archives.packing import pack
from mcp_ref_filesystem.change import replacing
from mcp_ref_filesystem.change.moving import move
from mcp_ref_filesystem.change.placing import rename_over
from mcp_ref_filesystem.change.removing import delete
from mcp_ref_filesystem.change.replacing import Query, planned
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.tools.attributes import Wanted, set_attributes
from mcp_ref_filesystem.tools.history import chosen, take_back
from mcp_ref_filesystem.tools.transfer import CopyWish, copy
from mcp_ref_filesystem.tools.write import Addition, Content, append_content, make_directory, write_content
from mcp_ref_kit.paths import Spot

Bench = Any

CHANGES: dict[str, Callable[[Bench], object]] = {
    "create": lambda bench: write_content(bench.job, bench.at("new"), Content(data=b"new")),
    "write": lambda bench: write_content(bench.job, bench.at("a"), Content(data=b"new")),
    "append": lambda bench: append_content(bench.job, bench.at("a"), Addition(text="new")),
    "mkdir": lambda bench: make_directory(bench.job, bench.at("d/new")),
    "move": lambda bench: move(bench.job, bench.at("a"), bench.at("new"), overwrite=False, create_parents=False),
    "copy": lambda bench: copy(bench.job, bench.at("d"), bench.at("new"), CopyWish()),
    "delete": lambda bench: delete(bench.job, bench.at("d"), recursive=True),
    "mode": lambda bench: set_attributes(bench.job, bench.at("a"), Wanted(mode=0o700, mtime_ns=5, atime_ns=5)),
}


def scene(bench: Bench) -> Scene:
    reach = Reach((Place(bench.path, bench.root.real, lambda: bench.root, read_only=False),), bench.rules)
    return Scene(reach.at)


def undone(bench: Bench) -> list[str]:
    reach = Reach((Place(bench.path, bench.root.real, lambda: bench.root, read_only=False),), bench.rules)
    return take_back(bench.job, chosen(bench.journal, reach, None), scene(bench)).restored


def conflicts(bench: Bench) -> bool:
    before = bench.names()
    with pytest.raises(ToolError) as error:
        undone(bench)
    assert bench.names() == before
    return error.value.code == "conflict"


@pytest.fixture
def planted(bench: Bench) -> Bench:
    (bench.path / "a").write_bytes(b"old")
    (bench.path / "a").chmod(0o640)
    (bench.path / "d").mkdir()
    (bench.path / "d/x").write_bytes(b"x")
    return bench


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_was_recorded_and_never_made_is_passed_over(planted: Bench, name: str) -> None:
    """As after a kill between the entry and the change: the state is put back by hand."""
    aside = planted.outside / "copy"
    shutil.copytree(planted.path, aside, symlinks=True)
    CHANGES[name](planted)
    for path in planted.path.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(aside, planted.path, symlinks=True, dirs_exist_ok=True)
    for blob in planted.journal.path.iterdir():
        if name == "delete" and blob.suffix != ".json":
            shutil.rmtree(blob)
    before = planted.names()
    assert undone(planted) == []
    assert planted.names() == before
    assert (planted.path / "a").read_bytes() == b"old"


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_undone_whatever_it_was(planted: Bench, name: str) -> None:
    before = (planted.names(), (planted.path / "a").read_bytes(), (planted.path / "a").stat().st_mode)
    CHANGES[name](planted)
    assert len(undone(planted)) == 1
    assert (planted.names(), (planted.path / "a").read_bytes(), (planted.path / "a").stat().st_mode) == before


def test_what_is_gone_on_both_sides_is_a_conflict(planted: Bench) -> None:
    CHANGES["move"](planted)
    (planted.path / "new").unlink()
    assert conflicts(planted)
    CHANGES["delete"](planted)
    for blob in planted.journal.path.iterdir():
        if blob.is_dir():
            shutil.rmtree(blob)
    assert conflicts(planted)


def test_an_overwriting_move_that_was_never_made_is_passed_over(planted: Bench) -> None:
    (planted.path / "b").write_bytes(b"b")
    aside = planted.outside / "copy"
    shutil.copytree(planted.path, aside)
    move(planted.job, planted.at("a"), planted.at("b"), overwrite=True, create_parents=False)
    shutil.copytree(aside, planted.path, dirs_exist_ok=True)
    assert undone(planted) == []
    assert (planted.path / "b").read_bytes() == b"b"


def test_permissions_changed_since_are_a_conflict(planted: Bench) -> None:
    CHANGES["mode"](planted)
    (planted.path / "a").chmod(0o644)
    assert conflicts(planted)


def test_a_directory_that_appears_meanwhile_will_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Spot.mkdir

    def twice(spot: Spot, mode: int = 0o777) -> None:
        made(spot, mode)
        made(spot, mode)

    monkeypatch.setattr(Spot, "mkdir", twice)
    write_content(bench.job, bench.at("x/y/a"), Content(data=b"", create_parents=True))
    assert bench.names() == ["x", "x/y", "x/y/a"]


def test_a_file_that_appears_in_the_place_of_a_directory_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Spot.mkdir

    def taken(spot: Spot, mode: int = 0o777) -> None:
        (bench.path / "x").write_bytes(b"theirs")
        made(spot, mode)

    monkeypatch.setattr(Spot, "mkdir", taken)
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("x/a"), Content(data=b"", create_parents=True))
    assert error.value.code == "already_exists"
    assert (bench.path / "x").read_bytes() == b"theirs"


def test_a_path_up_from_what_is_not_there_is_refused(bench: Bench) -> None:
    with pytest.raises(ToolError) as error:
        make_directory(bench.job, bench.at("x/../y"))
    assert error.value.code == "invalid_argument"


@pytest.mark.parametrize("meddle", ["changed", "gone"])
def test_what_is_to_be_replaced_and_changes_is_a_conflict(planted: Bench, meddle: str) -> None:
    old = (planted.path / "d/x").stat()
    if meddle == "changed":
        (planted.path / "d/x").chmod(0o600)
    else:
        (planted.path / "d/x").unlink()
    with planted.at("a").spot() as source, planted.at("d/x").spot() as to, pytest.raises(ToolError) as error:
        rename_over(planted.job, source, to, old)
    assert error.value.code == "conflict"
    assert (planted.path / "a").read_bytes() == b"old"


def test_what_goes_while_it_is_packed_is_counted(planted: Bench) -> None:
    (planted.path / "link").symlink_to("a")
    (planted.path / "unreadable").mkdir()
    done = pack(
        planted.job,
        [planted.at("link"), planted.at("d"), planted.at("d/x")],
        planted.at("x.tar"),
        Globs([]),
        max_depth=9,
    )
    assert (done.files, done.skipped) == (1, 1)


def test_nothing_there_cannot_be_packed(planted: Bench) -> None:
    with pytest.raises(ToolError) as error:
        pack(planted.job, [planted.at("missing")], planted.at("x.tar"), Globs([]), max_depth=9)
    assert error.value.code == "not_found"
    assert "x.tar" not in planted.names()


def test_a_replacement_is_bounded_in_bytes_and_in_lines(planted: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (planted.path / "long").write_text("x" * 2_000_000)
    (planted.path / "large").write_text("two\n" * 100)
    monkeypatch.setattr(replacing, "MOST_BYTES", 300)
    found = planned(planted.job, planted.at("."), Query(pattern="x$", replacement="y"), max_depth=9, seconds=5)
    assert ([rewrite.path for rewrite in found.rewrites], found.skipped) == (["d/x"], 2)
    monkeypatch.setattr(replacing, "MOST_HELD", 0)
    with pytest.raises(ToolError) as error:
        planned(planted.job, planted.at("."), Query(pattern="x", replacement="y"), max_depth=9, seconds=5)
    assert error.value.code == "too_large"
    with pytest.raises(ToolError) as error:
        planned(planted.job, planted.at("."), Query(pattern="x", replacement="y"), max_depth=9, seconds=-1)
    assert error.value.code == "timeout"


@pytest.mark.parametrize("name", ["", ".", "./", "//", "\0", "a/\0"])
def test_a_member_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(ToolError) as error:
        judged_name(name)
    assert error.value.code == "denied_policy"


def test_a_socket_is_neither_read_nor_moved_into_place(bench: Bench) -> None:
    os.mkfifo(bench.path / "pipe")
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("pipe"), Content(data=b""))
    assert error.value.code == "not_a_file"
    move(bench.job, bench.at("pipe"), bench.at("other"), overwrite=False, create_parents=False)
    assert [Path(name).name for name in bench.names()] == ["other"]
