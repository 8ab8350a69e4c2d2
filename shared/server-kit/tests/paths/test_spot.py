"""Making, renaming and removing by (directory handle, name)."""

import os
import stat
from pathlib import Path

import pytest

from mcp_ref_kit.paths import (
    AlreadyExists,
    CrossDevice,
    InvalidPath,
    NotADirectory,
    NotAFile,
    NotEmpty,
    NotFound,
    OpenFile,
    Root,
    Spot,
    open_root,
)
from mcp_ref_kit.paths.spot import rename_by_steps


def test_a_new_file_is_made_where_nothing_is(root: Root, inside: Path) -> None:
    with root.parent("f") as spot:
        assert not spot.exists()
        with spot.create(0o640) as file:
            os.write(file.fd, b"new")
            assert file.read_at(0, 9) == b"new"
        assert spot.exists()
        assert stat.S_IMODE(spot.lstat().st_mode) == 0o640 & ~_umask()
        with pytest.raises(AlreadyExists):
            spot.create()
    assert (inside / "f").read_bytes() == b"new"


def test_a_new_file_is_its_owners_alone(root: Root) -> None:
    with root.parent("f") as spot, spot.create() as file:
        assert stat.S_IMODE(file.stat.st_mode) == 0o600
    with root.parent("g") as spot, _anonymous(spot) as file:
        assert stat.S_IMODE(file.stat.st_mode) == 0o600
        assert file.stat.st_nlink == 0


def test_a_dangling_link_takes_the_name(root: Root, inside: Path) -> None:
    (inside / "l").symlink_to("target")
    with root.parent("l") as spot:
        assert spot.exists()
        assert spot.readlink() == "target"
        with pytest.raises(AlreadyExists):
            spot.create()
        with pytest.raises(AlreadyExists):
            spot.mkdir()
        with pytest.raises(NotAFile):
            spot.open()
        with pytest.raises(NotADirectory):
            spot.open_directory()
    assert not (inside / "target").exists()


def test_writing_through_a_link_happens_at_its_target(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    (inside / "l").symlink_to("d/target")
    (inside / "l2").symlink_to(inside / "l")
    with root.parent("l2", follow=True) as spot:
        assert spot.resolved.parts == ("d", "target")
        assert spot.resolved.written == "l2"
        spot.create().close()
    assert (inside / "d/target").exists()
    assert (inside / "l").is_symlink()
    with root.parent("l2", follow=True) as spot, spot.open() as file:
        assert file.stat.st_size == 0


def test_an_anonymous_file_gets_a_name_that_was_free(root: Root, inside: Path) -> None:
    with root.parent("f") as spot, _anonymous(spot) as file:
        os.write(file.fd, b"whole")
        assert not list(inside.iterdir())
        spot.link(file)
        assert (inside / "f").read_bytes() == b"whole"
        (inside / "g").symlink_to("nowhere")
        with pytest.raises(AlreadyExists):
            spot.beside("g").link(file)


def test_directories_are_made_and_removed(root: Root, inside: Path) -> None:
    with root.parent("d") as spot:
        spot.mkdir()
        with pytest.raises(AlreadyExists):
            spot.mkdir()
        (inside / "d/f").touch()
        with pytest.raises(NotEmpty):
            spot.rmdir()
        with spot.open_directory() as directory:
            Spot.within(directory, "f").unlink()
        spot.sync()
        spot.rmdir()
        with pytest.raises(NotFound):
            spot.lstat()
        with pytest.raises(NotFound):
            spot.unlink()


def test_a_rename_does_not_replace_unless_told(root: Root, inside: Path) -> None:
    (inside / "a").write_bytes(b"a")
    (inside / "b").write_bytes(b"b")
    (inside / "dangling").symlink_to("nowhere")
    (inside / "d").mkdir()
    with root.parent("a") as source:
        for name in ("b", "dangling", "d"):
            with root.parent(name) as target, pytest.raises(AlreadyExists) as caught:
                source.rename(target)
            assert caught.value.path == name
        with root.parent("b") as target:
            source.rename(target, replace=True)
    assert (inside / "b").read_bytes() == b"a"
    with root.parent("b") as source, root.parent("d/c") as target:
        source.rename(target)
    assert (inside / "d/c").read_bytes() == b"a"


def test_a_link_is_renamed_as_a_link(root: Root, inside: Path) -> None:
    (inside / "l").symlink_to("nowhere")
    with root.parent("l") as source, root.parent("m") as target:
        source.rename(target)
    assert (inside / "m").readlink() == Path("nowhere")


def test_a_directory_cannot_be_moved_into_itself(root: Root, inside: Path) -> None:
    (inside / "d/e").mkdir(parents=True)
    for replace in (False, True):
        with root.parent("d") as source, root.parent("d/e/f") as target, pytest.raises(InvalidPath):
            source.rename(target, replace=replace)


def test_a_replacing_rename_says_what_is_in_its_way(root: Root, inside: Path) -> None:
    (inside / "d/e").mkdir(parents=True)
    (inside / "f").touch()
    (inside / "g").mkdir()
    with root.parent("g") as source, root.parent("d") as target, pytest.raises(NotEmpty) as caught:
        source.rename(target, replace=True)
    assert caught.value.path == "d"
    with root.parent("f") as source, root.parent("d") as target, pytest.raises(NotAFile):
        source.rename(target, replace=True)


def test_without_the_kernels_help_a_rename_still_does_not_replace(root: Root, inside: Path) -> None:
    (inside / "a").write_bytes(b"a")
    (inside / "b").write_bytes(b"b")
    (inside / "d").mkdir()
    (inside / "e").mkdir()
    with root.parent("a") as a, root.parent("b") as b, root.parent("d") as d, root.parent("e") as e:
        for source, target in ((a, b), (d, e), (a, e), (d, b)):
            with pytest.raises((AlreadyExists, FileExistsError)):
                rename_by_steps(source, target)
        with root.parent("c") as c, root.parent("f") as f:
            rename_by_steps(a, c)
            rename_by_steps(d, f)
    assert sorted(path.name for path in inside.iterdir()) == ["b", "c", "e", "f"]
    assert (inside / "c").stat().st_nlink == 1


def test_a_spot_keeps_to_its_directory_when_that_is_moved(root: Root, inside: Path, outside: Path) -> None:
    (inside / "d").mkdir()
    with root.parent("d/f") as spot:
        (inside / "d").rename(inside / "elsewhere")
        (inside / "d").symlink_to(outside)
        spot.create().close()
    assert (inside / "elsewhere/f").exists()
    (inside / "d").unlink()


def test_a_symlink_is_made_but_not_believed(root: Root, inside: Path) -> None:
    with root.parent("l") as spot:
        spot.symlink("../R-evil/x")
    assert (inside / "l").readlink() == Path("../R-evil/x")


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\0b"])
def test_a_spot_is_one_name(root: Root, name: str) -> None:
    with root.parent("f") as spot, pytest.raises(InvalidPath):
        spot.beside(name)


def test_a_closed_spot_reaches_nothing(root: Root) -> None:
    spot = root.parent("f")
    spot.close()
    with pytest.raises(Exception, match="could not"):
        spot.create()


def test_file_systems_are_not_crossed_by_a_rename(root: Root, inside: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108  any other file system will do
    if not memory.is_dir() or memory.stat().st_dev == inside.stat().st_dev:
        pytest.skip("there is no second file system here")
    (inside / "f").touch()
    other = open_root(memory)
    with root.parent("f") as source, other.parent(f"mcp-ref-{os.getpid()}") as target:
        for replace in (False, True):
            with pytest.raises(CrossDevice):
                source.rename(target, replace=replace)
    other.close()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _anonymous(spot: Spot) -> OpenFile:
    file = spot.anonymous()
    if file is None:
        pytest.skip("this file system has no files without a name")
    return file
