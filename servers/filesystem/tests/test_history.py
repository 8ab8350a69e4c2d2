"""Undo: bytes, mode and times come back after any sequence of changes, and nothing that has changed since is lost."""

import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.change.moving import move
from mcp_ref_filesystem.change.removing import delete
from mcp_ref_filesystem.change.rewriting import Wish
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.text.splice import Edit
from mcp_ref_filesystem.tools.edit import edit_content
from mcp_ref_filesystem.tools.history import chosen, listed, preview, take_back
from mcp_ref_filesystem.tools.transfer import CopyWish, copy
from mcp_ref_filesystem.tools.write import Addition, Content, append_content, make_directory, write_content
from mcp_ref_kit.paths import JailPath

Bench = Any


def reach_of(bench: Bench) -> Reach:
    place = Place(bench.path, bench.root.real, lambda: bench.root, read_only=False)
    return Reach((place,), bench.rules)


def scene_of(bench: Bench) -> Scene:
    return Scene(reach_of(bench).at)


def undone(bench: Bench, change: str | None = None) -> list[str]:
    """Undo a change, the latest if none is named; the paths are relative."""
    entry = chosen(bench.journal, reach_of(bench), change)
    done = take_back(replace(bench.job, tool="undo_change"), entry, scene_of(bench))
    return [str(Path(path).relative_to(bench.root.real)) for path in done.restored]


def snapshot(directory: Path) -> dict[str, Any]:
    """Everything in a directory with content, mode and time; the time of a directory is nobody's promise."""
    found: dict[str, Any] = {}
    for path in sorted(directory.rglob("*")):
        is_a = path.lstat()
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_dir():
            found[name] = stat.S_IMODE(is_a.st_mode)
        else:
            found[name] = (path.read_bytes(), stat.S_IMODE(is_a.st_mode), is_a.st_mtime_ns)
    return found


def write(bench: Bench, path: str, data: bytes = b"new", **more: Any) -> str | None:
    return write_content(bench.job, bench.at(path), Content(data=data, **more)).change_id


def remove(bench: Bench, path: str) -> None:
    delete(bench.job, bench.at(path), recursive=True)


def refused(bench: Bench, act: Callable[[], object]) -> str:
    before = snapshot(bench.path)
    with pytest.raises(ToolError) as error:
        act()
    assert snapshot(bench.path) == before
    return error.value.code


def test_delete_then_undo_brings_back_bytes_mode_and_time(bench: Bench) -> None:
    path = bench.path / "d/a"
    path.parent.mkdir()
    path.write_bytes(b"\x00\xff")
    path.chmod(0o641)
    os.utime(path, ns=(5, 1_234_567_891))
    before = snapshot(bench.path)
    remove(bench, "d")
    assert undone(bench) == ["d"]
    assert snapshot(bench.path) == before


def test_a_created_file_goes_and_can_come_again(bench: Bench) -> None:
    write(bench, "x/y/a", create_parents=True)
    made = snapshot(bench.path)
    assert undone(bench) == ["x/y/a", "x/y", "x"]
    assert bench.names() == []
    assert undone(bench, listed(bench.journal, reach_of(bench), path=None, after=None, most=1)[0].change_id)
    assert snapshot(bench.path) == made


def test_a_directory_in_use_by_now_stays(bench: Bench) -> None:
    make_directory(bench.job, bench.at("x/y"))
    (bench.path / "x/theirs").write_bytes(b"")
    undone(bench)
    assert bench.names() == ["x", "x/theirs"]


@pytest.mark.parametrize("text", ["more", "\nmore", ""])
def test_an_append_is_cut_off_again(bench: Bench, text: str) -> None:
    (bench.path / "a").write_bytes(b"old")
    os.utime(bench.path / "a", ns=(5, 7))
    before = snapshot(bench.path)
    append_content(bench.job, bench.at("a"), Addition(text=text))
    if text:
        undone(bench)
    assert snapshot(bench.path) == before


def test_an_overwriting_move_and_copy_bring_back_both(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"a")
    (bench.path / "b").write_bytes(b"b")
    (bench.path / "link").symlink_to("a")
    (bench.path / "b").chmod(0o600)
    os.utime(bench.path / "b", ns=(5, 7))
    before = snapshot(bench.path)
    for destination in ("b", "link"):
        move(bench.job, bench.at("a"), bench.at(destination), overwrite=True, create_parents=False)
        undone(bench)
        assert snapshot(bench.path) == before
        copy(bench.job, bench.at("a"), bench.at(destination), CopyWish(overwrite=True))
        undone(bench)
        assert snapshot(bench.path) == before


def test_a_file_changed_since_is_a_conflict(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    changes = [write(bench, "a", b"one"), write(bench, "a", b"two")]
    assert refused(bench, lambda: undone(bench, changes[0])) == "conflict"
    (bench.path / "a").write_bytes(b"theirs")
    assert refused(bench, lambda: undone(bench)) == "conflict"
    (bench.path / "a").unlink()
    (bench.path / "a").mkdir()
    assert refused(bench, lambda: undone(bench)) == "conflict"


def test_a_copied_tree_changed_since_is_a_conflict(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    (bench.path / "d/x").write_bytes(b"x")
    copy(bench.job, bench.at("d"), bench.at("e"), CopyWish())
    (bench.path / "e/y").write_bytes(b"theirs")
    assert refused(bench, lambda: undone(bench)) == "conflict"


def test_a_name_taken_since_is_a_conflict(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    remove(bench, "a")
    (bench.path / "a").write_bytes(b"theirs")
    assert refused(bench, lambda: undone(bench)) == "conflict"
    move(bench.job, bench.at("a"), bench.at("b"), overwrite=False, create_parents=False)
    (bench.path / "a").write_bytes(b"theirs again")
    assert refused(bench, lambda: undone(bench)) == "conflict"


def test_an_append_changed_since_is_a_conflict(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old\n")
    append_content(bench.job, bench.at("a"), Addition(text="ours"))
    with (bench.path / "a").open("ab") as file:
        file.write(b"theirs")
    assert refused(bench, lambda: undone(bench)) == "conflict"


def test_what_is_undone_already_is_a_conflict(bench: Bench) -> None:
    change = write(bench, "a")
    undone(bench)
    assert refused(bench, lambda: undone(bench, change)) == "conflict"


def test_a_change_that_was_never_made_is_undone_by_doing_nothing(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    change = write(bench, "a", b"new")
    entry = chosen(bench.journal, reach_of(bench), change)
    (bench.path / "a").write_bytes(b"old")
    assert take_back(bench.job, entry, scene_of(bench)).restored == []
    assert (bench.path / "a").read_bytes() == b"old"


def test_undo_passes_the_rules(strict_bench: Bench) -> None:
    bench = strict_bench
    (bench.path / "d").mkdir()
    (bench.path / "d/x").write_bytes(b"")
    remove(bench, "d")
    removed = next(bench.journal.entries())
    # The rule came after the change: as if the operator had started the server again with it.
    for path in ("secret/d", "fixed"):
        step = replace(removed.steps[0], path=f"{bench.root.real}/{path}")
        (bench.path / path).parent.mkdir(exist_ok=True)
        with pytest.raises(ToolError) as error:
            take_back(bench.job, replace(removed, steps=[step]), scene_of(bench))
        assert error.value.code == "denied_policy"
    (removed_blob,) = [path for path in bench.journal.path.iterdir() if path.is_dir()]
    (removed_blob / "hooks").mkdir()
    (removed_blob / "hooks/run").write_bytes(b"")
    step = replace(removed.steps[0], path=f"{bench.root.real}/.git")
    with pytest.raises(ToolError) as error:
        take_back(bench.job, replace(removed, steps=[step]), scene_of(bench))
    assert error.value.code == "denied_policy"
    assert not (bench.path / ".git").exists()


def test_undo_stays_in_the_jail(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    (bench.path / "d/a").write_bytes(b"old")
    (bench.outside / "a").write_bytes(b"new")
    write(bench, "d/a", b"new")
    (bench.path / "d").rename(bench.path / "moved")
    (bench.path / "d").symlink_to(bench.outside)
    assert refused(bench, lambda: undone(bench)) == "denied_outside_root"
    assert (bench.outside / "a").read_bytes() == b"new"


def test_changes_elsewhere_are_not_there_for_the_caller(bench: Bench, tmp_path: Path) -> None:
    change = write(bench, "a")
    elsewhere = Reach(
        (Place(tmp_path / "R-evil", tmp_path / "R-evil", lambda: bench.root, read_only=False),), bench.rules
    )
    assert listed(bench.journal, elsewhere, path=None, after=None, most=9) == []
    for wanted in (change, None, "0" * 13, "../../etc", "x" * 64):
        with pytest.raises(ToolError) as error:
            chosen(bench.journal, elsewhere, wanted)
        assert error.value.code == "not_found"


def test_changes_are_listed_by_path_and_page(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    made = [write(bench, path) for path in ("a", "d/b", "d/c", "dd")]
    reach = reach_of(bench)
    page = listed(bench.journal, reach, path=None, after=None, most=3)
    assert [change.change_id for change in page] == made[:0:-1]
    rest = listed(bench.journal, reach, path=None, after=page[-1].change_id, most=3)
    assert [change.change_id for change in rest] == made[:1]
    beneath = listed(bench.journal, reach, path="d", after=None, most=9)
    assert [change.change_id for change in beneath] == [made[2], made[1]]


def test_a_preview_shows_the_difference_and_touches_nothing(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old\n")
    change = write(bench, "a", b"new\n")
    before, kept = snapshot(bench.path), sorted(bench.journal.path.iterdir())
    done = preview(bench.job, chosen(bench.journal, reach_of(bench), change), scene_of(bench))
    assert done.diff is not None
    assert done.diff.endswith("@@ -1 +1 @@\n-new\n+old\n")
    assert (done.dry_run, done.change_id) == (True, None)
    assert (snapshot(bench.path), sorted(bench.journal.path.iterdir())) == (before, kept)


def test_binary_files_are_restored_without_a_diff(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"\x00\x01")
    change = write(bench, "a", b"\x00\x02")
    done = preview(bench.job, chosen(bench.journal, reach_of(bench), change), scene_of(bench))
    assert (done.diff, len(done.restored)) == (None, 1)


def attempted(act: Callable[[], object]) -> str | None:
    try:
        act()
    except ToolError as error:
        return error.code
    return None


EXPECTED = {None, "not_found", "already_exists", "not_a_file", "not_a_directory", "no_match", "invalid_argument"}
names = st.sampled_from(["a", "b", "d", "d/a", "d/e", "d/e/a", "\udcff"])
moves = st.tuples(st.sampled_from(["write", "append", "edit", "mkdir", "move", "copy", "delete"]), names, names)


def act(bench: Bench, what: str, one: str, two: str, number: int) -> None:
    def at(path: str) -> Located:
        return Located(lambda: bench.root, JailPath(tuple(path.split("/")), path), bench.rules, write=True)

    table: dict[str, Callable[[], object]] = {
        "write": lambda: write_content(bench.job, at(one), Content(data=b"%d\r\n" % number, create_parents=True)),
        "append": lambda: append_content(bench.job, at(one), Addition(text=f"+{number}")),
        "edit": lambda: edit_content(
            bench.job, at(one), [Edit(old_text="1", new_text="one\n", replace_all=True)], Wish()
        ),
        "mkdir": lambda: make_directory(bench.job, at(one)),
        "move": lambda: move(bench.job, at(one), at(two), overwrite=number % 2 == 0, create_parents=True),
        "copy": lambda: copy(
            bench.job, at(one), at(two), CopyWish(overwrite=number % 2 == 0, preserve=number % 3 == 0)
        ),
        "delete": lambda: delete(bench.job, at(one), recursive=True),
    }
    assert attempted(table[what]) in EXPECTED


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(moves, max_size=12), st.integers(0, 2**32))
def test_undoing_everything_restores_bytes_modes_and_times(
    bench: Bench, changes: list[tuple[str, str, str]], seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  any numbers will do
    for left in bench.path.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for entry in list(bench.journal.entries()):
        bench.journal.drop(entry.id)
    for number, name in enumerate(["a", "d/a"]):
        path = bench.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1\n%d" % seed)
        path.chmod(rng.choice([0o600, 0o644, 0o755]))
        os.utime(path, ns=(number, seed * 1000 + number))
    states = [snapshot(bench.path)]
    for number, (what, one, two) in enumerate(changes):
        before = len(list(bench.journal.entries()))
        act(bench, what, one, two, number)
        if len(list(bench.journal.entries())) > before:
            states.append(snapshot(bench.path))
        assert snapshot(bench.path) == states[-1]
    redo: list[str] = []
    for earlier in reversed(states[:-1]):
        undone(bench)
        assert snapshot(bench.path) == earlier
        redo.append(next(bench.journal.entries()).id)
    for change, later in zip(reversed(redo), states[1:], strict=True):
        undone(bench, change)
        assert snapshot(bench.path) == later
