"""move_file, copy_file and delete_file: one step each, nothing replaced unasked, rules hold for what is inside."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem import Settings, server
from mcp_ref_filesystem.change import atomic
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.change.moving import MoveResult, move
from mcp_ref_filesystem.change.removing import DeleteResult, Way, delete
from mcp_ref_filesystem.tools.transfer import CopyResult, CopyWish, copy

Bench = Any


def moved(bench: Bench, source: str, destination: str, *, overwrite: bool = False, parents: bool = False) -> MoveResult:
    return move(bench.job, bench.at(source), bench.at(destination), overwrite=overwrite, create_parents=parents)


def copied(bench: Bench, source: str, destination: str, **wish: bool) -> CopyResult:
    return copy(bench.job, bench.at(source), bench.at(destination), CopyWish(**wish))


def deleted(
    bench: Bench, path: str, *, recursive: bool = False, to: Way = "journal", if_match: str | None = None
) -> DeleteResult:
    return delete(bench.job, bench.at(path), recursive=recursive, to=to, if_match=if_match)


def tree(bench: Bench, *paths: str) -> None:
    for path in paths:
        file = bench.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def code(error: pytest.ExceptionInfo[ToolError]) -> str:
    return error.value.code


def test_a_file_moves(bench: Bench) -> None:
    tree(bench, "a")
    done = moved(bench, "a", "b")
    assert bench.names() == ["b"]
    assert (done.type, done.source, done.destination) == ("file", "a", "b")


def test_a_directory_moves_with_all_in_it(bench: Bench) -> None:
    tree(bench, "d/x", "d/e/y")
    assert moved(bench, "d", "f").type == "directory"
    assert bench.names() == ["f", "f/e", "f/e/y", "f/x"]


def test_an_existing_destination_is_not_replaced(bench: Bench) -> None:
    tree(bench, "a", "b", "d/x")
    for destination in ("b", "d"):
        with pytest.raises(ToolError) as error:
            moved(bench, "a", destination)
        assert code(error) == "already_exists"
    assert (bench.path / "b").read_text() == "b"


def test_overwrite_replaces_a_file_but_no_directory(bench: Bench) -> None:
    tree(bench, "a", "b", "d/x")
    moved(bench, "a", "b", overwrite=True)
    assert (bench.path / "b").read_text() == "a"
    with pytest.raises(ToolError) as error:
        moved(bench, "b", "d", overwrite=True)
    assert code(error) == "already_exists"


def test_a_link_moves_as_a_link(bench: Bench) -> None:
    (bench.path / "link").symlink_to("nowhere")
    assert moved(bench, "link", "other").type == "symlink"
    assert (bench.path / "other").readlink() == Path("nowhere")


def test_parents_of_the_destination_are_made_on_request(bench: Bench) -> None:
    tree(bench, "a")
    with pytest.raises(ToolError) as error:
        moved(bench, "a", "x/y/a")
    assert code(error) == "not_found"
    moved(bench, "a", "x/y/a", parents=True)
    assert bench.names() == ["x", "x/y", "x/y/a"]


def test_parents_do_not_stay_when_the_move_fails(bench: Bench) -> None:
    tree(bench, "d/x")
    with pytest.raises(ToolError) as error:
        moved(bench, "d", "d/new/e", parents=True)
    assert code(error) == "invalid_argument"
    assert bench.names() == ["d", "d/x"]


def test_what_is_not_there_cannot_be_moved(bench: Bench) -> None:
    with pytest.raises(ToolError) as error:
        moved(bench, "a", "b")
    assert code(error) == "not_found"


def test_two_names_of_one_file_are_not_moved_onto_each_other(bench: Bench) -> None:
    tree(bench, "a")
    os.link(bench.path / "a", bench.path / "b")
    with pytest.raises(ToolError) as error:
        moved(bench, "a", "b", overwrite=True)
    assert code(error) == "invalid_argument"


def test_a_file_is_copied_with_mode_and_times(bench: Bench) -> None:
    tree(bench, "a")
    (bench.path / "a").chmod(0o4750)
    os.utime(bench.path / "a", ns=(1_000, 2_000_000_007))
    done = copied(bench, "a", "b")
    found = (bench.path / "b").stat()
    assert (found.st_mode & 0o7777, found.st_mtime_ns) == (0o750, 2_000_000_007)
    assert (done.files, done.bytes, done.skipped) == (1, 1, 0)


def test_without_preserve_the_copy_is_new(bench: Bench) -> None:
    tree(bench, "a")
    os.utime(bench.path / "a", ns=(1_000, 2_000))
    copied(bench, "a", "b", preserve=False)
    assert (bench.path / "b").stat().st_mtime_ns > 2_000


def test_a_tree_is_copied_with_links_as_links(bench: Bench) -> None:
    tree(bench, "d/x", "d/e/y")
    (bench.path / "d/link").symlink_to("x")
    (bench.path / "d/out").symlink_to(bench.outside)
    os.mkfifo(bench.path / "d/pipe")
    (bench.path / "d/e").chmod(0o555)
    done = copied(bench, "d", "f")
    assert (done.files, done.skipped) == (4, 1)
    assert bench.names() == [
        *("d", "d/e", "d/e/y", "d/link", "d/out", "d/pipe", "d/x"),
        *("f", "f/e", "f/e/y", "f/link", "f/out", "f/x"),
    ]
    assert (bench.path / "f/out").readlink() == bench.outside
    assert (bench.path / "f/e").stat().st_mode & 0o777 == 0o555
    for made in ("d/e", "f/e"):
        (bench.path / made).chmod(0o755)


def test_a_directory_is_only_copied_recursively(bench: Bench) -> None:
    tree(bench, "d/x")
    with pytest.raises(ToolError) as error:
        copied(bench, "d", "e", recursive=False)
    assert code(error) == "not_a_file"


@pytest.mark.parametrize("destination", ["d", "d/e", "d/x/e"])
def test_a_directory_is_not_copied_into_itself(bench: Bench, destination: str) -> None:
    tree(bench, "d/x/y")
    with pytest.raises(ToolError) as error:
        copied(bench, "d", destination)
    assert code(error) == "invalid_argument"
    assert bench.names() == ["d", "d/x", "d/x/y"]


def test_a_directory_is_not_copied_into_itself_through_a_link(bench: Bench) -> None:
    tree(bench, "d/x")
    (bench.path / "link").symlink_to("d")
    with pytest.raises(ToolError) as error:
        copied(bench, "d", "link/e")
    assert code(error) == "invalid_argument"


def test_a_copy_replaces_only_on_request_and_never_a_directory(bench: Bench) -> None:
    tree(bench, "a", "b", "d/x", "e/y")
    with pytest.raises(ToolError) as error:
        copied(bench, "a", "b")
    assert code(error) == "already_exists"
    copied(bench, "a", "b", overwrite=True)
    assert (bench.path / "b").read_text() == "a"
    with pytest.raises(ToolError) as error:
        copied(bench, "d", "e", overwrite=True)
    assert code(error) == "already_exists"


def test_a_fifo_is_not_copied(bench: Bench) -> None:
    os.mkfifo(bench.path / "pipe")
    with pytest.raises(ToolError) as error:
        copied(bench, "pipe", "b")
    assert code(error) == "not_a_file"


def test_a_cancelled_copy_leaves_nothing(bench: Bench) -> None:
    tree(bench, "d/x", "d/y")
    bench.stop.set()
    with pytest.raises(ToolError) as error:
        copied(bench, "d", "e")
    assert code(error) == "cancelled"
    assert bench.names() == ["d", "d/x", "d/y"]


def test_a_deleted_file_is_in_the_trash(bench: Bench) -> None:
    tree(bench, "a")
    done = deleted(bench, "a")
    assert bench.names() == []
    assert (done.type, done.files, done.bytes, done.trashed) == ("file", 1, 1, True)
    assert done.change_id is not None


def test_without_history_the_trash_still_keeps_it(bench: Bench) -> None:
    tree(bench, "a")
    done = delete(bench.without_history(), bench.at("a"), recursive=False)
    assert done.change_id is not None


def test_a_link_is_deleted_and_not_what_it_leads_to(bench: Bench) -> None:
    tree(bench, "a", "d/x")
    (bench.path / "file").symlink_to("a")
    (bench.path / "dir").symlink_to("d")
    assert [deleted(bench, name).type for name in ("file", "dir")] == ["symlink", "symlink"]
    assert bench.names() == ["a", "d", "d/x"]


def test_a_directory_with_something_in_it_needs_recursive(bench: Bench) -> None:
    tree(bench, "d/x", "d/e/y")
    (bench.path / "empty").mkdir()
    with pytest.raises(ToolError) as error:
        deleted(bench, "d")
    assert code(error) == "conflict"
    assert deleted(bench, "d", recursive=True).files == 2
    deleted(bench, "empty")
    assert bench.names() == []


def test_the_allowed_directory_and_what_holds_one_stay(bench: Bench) -> None:
    tree(bench, "d/inner/x")
    job = replace(bench.job, places=((*bench.root.real.parts[1:],), (*bench.root.real.parts[1:], "d", "inner")))
    for path in (".", "d", "d/inner"):
        with pytest.raises(ToolError) as error:
            delete(job, bench.at(path), recursive=True)
        assert code(error) == "denied_policy"
        with pytest.raises(ToolError) as error:
            move(job, bench.at(path), bench.at("elsewhere"), overwrite=False, create_parents=False)
        assert code(error) == "denied_policy"


def test_permanent_leaves_nothing_behind(bench: Bench) -> None:
    tree(bench, "d/x", "d/e/y", "a")
    for path in ("d", "a"):
        done = deleted(bench, path, recursive=True, to="nowhere")
        assert (done.trashed, done.change_id) == (False, None)
    assert bench.names() == []
    assert not bench.journal.path.exists()


def test_a_stale_etag_keeps_the_file(bench: Bench) -> None:
    tree(bench, "a")
    with pytest.raises(ToolError) as error:
        deleted(bench, "a", if_match="0" * 16)
    assert code(error) == "conflict"
    deleted(bench, "a", if_match=etag_of(b"a"))


def test_too_much_for_the_trash_says_what_to_do(bench: Bench) -> None:
    tree(bench, "a")
    bench.journal.most_bytes = 0
    with pytest.raises(ToolError) as error:
        deleted(bench, "a")
    assert code(error) == "too_large"
    assert "permanent" in str(error.value.hint)
    assert bench.names() == ["a"]


def test_rules_hold_for_what_is_moved_copied_and_deleted(strict_bench: Bench) -> None:
    bench = strict_bench
    tree(bench, "a", "secret/s", "fixed", "holds/fixed.txt", "holds2/secret/x", "dotgit/hooks/run", "repo/.git/config")
    before = bench.names()
    denied = [
        lambda: moved(bench, "a", "secret/a"),
        lambda: moved(bench, "secret/s", "b"),
        lambda: moved(bench, "fixed", "b"),
        lambda: moved(bench, "holds", "b"),
        lambda: moved(bench, "dotgit", ".git"),
        lambda: moved(bench, "dotgit", "x/.git", parents=True),
        lambda: moved(bench, "repo", "other"),
        lambda: copied(bench, "secret/s", "b"),
        lambda: copied(bench, "secret", "b"),
        lambda: copied(bench, "a", "fixed2"),
        lambda: copied(bench, "dotgit", ".git"),
        lambda: copied(bench, "a", ".git/hooks/x"),
        lambda: copied(bench, "a", ".git"),
        lambda: deleted(bench, "fixed"),
        lambda: deleted(bench, "holds", recursive=True),
        lambda: deleted(bench, "secret", recursive=True),
        lambda: deleted(bench, "repo", recursive=True),
    ]
    for number, act in enumerate(denied):
        with pytest.raises(ToolError) as error:
            act()
        assert code(error) == "denied_policy", number
        assert bench.names() == before, number


def _on_another_file_system() -> Path | None:
    shared = Path("/dev/shm")  # noqa: S108  a second file system, where there is one
    if shared.is_dir() and os.access(shared, os.W_OK) and shared.stat().st_dev != Path.cwd().stat().st_dev:
        return shared
    return None


@pytest.fixture
def mounted(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The journal on another file system than the directory."""
    shared = _on_another_file_system()
    if shared is None or (bench.path.stat().st_dev == shared.stat().st_dev):
        pytest.skip("there is no second file system to write to")
    path = shared / f"mcp-ref-test-{os.getpid()}-{tmp_path_factory.getbasetemp().name}"
    bench.journal.path = path
    yield bench
    bench.close()
    for entry in sorted(path.rglob("*"), reverse=True):
        entry.rmdir() if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    path.rmdir()


def test_deleting_across_file_systems_copies_first(mounted: Bench) -> None:
    tree(mounted, "d/x", "d/e/y")
    (mounted.path / "d/link").symlink_to("x")
    assert deleted(mounted, "d", recursive=True).files == 3
    assert mounted.names() == []
    kept = [path for path in mounted.journal.path.iterdir() if path.is_dir()]
    assert sorted(str(path.relative_to(kept[0])) for path in kept[0].rglob("*")) == ["e", "e/y", "link", "x"]


def test_a_pipe_is_not_lost_across_file_systems(mounted: Bench) -> None:
    tree(mounted, "d/x")
    os.mkfifo(mounted.path / "d/pipe")
    with pytest.raises(ToolError) as error:
        deleted(mounted, "d", recursive=True)
    assert code(error) == "not_a_file"
    assert mounted.names() == ["d", "d/pipe", "d/x"]


def test_the_desktop_trash_keeps_it_where_the_user_finds_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash = pytest.importorskip("send2trash.plat_other")
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(trash, "XDG_DATA_HOME", os.fsencode(data))
    monkeypatch.setattr(trash, "HOMETRASH_B", os.fsencode(data / "Trash"))
    monkeypatch.setattr("send2trash.send2trash", trash.send2trash)
    tree(bench, "d/a")
    done = deleted(bench, "d", recursive=True, to="desktop")
    assert (done.trashed, done.change_id) == (True, None)
    assert bench.names() == []
    assert (data / "Trash/files/d/a").read_text() == "d/a"
    assert f"Path={bench.path}/d" in (data / "Trash/info/d.trashinfo").read_text()


def test_without_the_extra_the_desktop_trash_is_explained(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "send2trash", None)
    tree(bench, "a")
    with pytest.raises(ToolError) as error:
        deleted(bench, "a", to="desktop")
    assert "extra" in error.value.message
    assert bench.names() == ["a"]


def test_names_of_drafts_are_reserved(bench: Bench) -> None:
    tree(bench, "a")
    for act in (moved, copied):
        with pytest.raises(ToolError) as error:
            act(bench, "a", f"{TEMPORARY_PREFIX}x")
        assert code(error) == "invalid_argument"


async def test_what_a_killed_server_left_is_swept_at_the_first_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "R"
    (root / "d").mkdir(parents=True)
    for directory in (root, root / "d"):
        (directory / f"{TEMPORARY_PREFIX}left").write_bytes(b"")
        (directory / f"{TEMPORARY_PREFIX}tree/deep").mkdir(parents=True)
    monkeypatch.setattr(atomic, "STALE_SECONDS", -1.0)
    monkeypatch.setattr(atomic.sweep, "__kwdefaults__", {"older_than": -1.0})
    async with connect(server, Settings(dirs=[str(root)], history_dir=tmp_path / "J")) as client:
        assert TEMPORARY_PREFIX not in (await client.call("list_directory", path=".")).text
        await client.call("write_file", path="a", content="")
        assert sorted(path.name for path in root.iterdir()) == ["a", "d"]
        assert len(list((root / "d").iterdir())) == 2
        await client.call("create_directory", path="d/e")
        assert [path.name for path in (root / "d").iterdir()] == ["e"]
