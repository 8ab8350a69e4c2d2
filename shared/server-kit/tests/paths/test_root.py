"""What a root opens, finds and holds, by both mechanisms."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths import (
    HardLinked,
    InvalidPath,
    JailPath,
    LinkRefused,
    Mechanism,
    NotADirectory,
    NotAFile,
    NotFound,
    OutsideRoot,
    Policy,
    Root,
    RootItself,
    Unreachable,
    open_root,
)


def read(root: Root, path: str) -> bytes:
    with root.open(path) as file:
        return file.read_at(0, 1 << 20)


def test_a_root_says_how_it_resolves_paths(root: Root, mechanism: Mechanism, inside: Path) -> None:
    expected = "walk" if mechanism == "walk" else "openat2"
    assert root.mechanism == expected
    assert not root.read_only
    (inside / "d").mkdir()
    narrow = root.narrowed("d")
    assert narrow.mechanism == expected
    narrow.close()


def test_a_file_is_read_through_the_handle(root: Root, inside: Path) -> None:
    (inside / "a/b").mkdir(parents=True)
    (inside / "a/b/f").write_bytes(b"hello")
    with root.open("a/./b//f") as file:
        assert file.resolved.parts == ("a", "b", "f")
        assert file.stat.st_size == 5
        assert file.read_at(1, 3) == b"ell"
        assert file.read_at(4, 10) == b"o"
        assert file.read_at(9, 10) == b""


def test_dots_go_up_no_further_than_the_root(root: Root, inside: Path) -> None:
    (inside / "a").mkdir()
    (inside / "f").write_bytes(b"f")
    assert read(root, "a/../f") == b"f"
    with root.open("a/../a/../f") as file:
        assert file.resolved.parts == ("f",)
    for path in ("..", "../R/f", "a/../../R/f"):
        with pytest.raises(OutsideRoot):
            root.open(path)
    with pytest.raises(NotFound):
        root.open("missing/../f")


def test_links_inside_are_followed_and_the_path_after_them_is_known(root: Root, inside: Path) -> None:
    (inside / "a/b").mkdir(parents=True)
    (inside / "a/b/f").write_bytes(b"f")
    (inside / "l").symlink_to("a/b")
    (inside / "abs").symlink_to(inside / "a")
    (inside / "a/up").symlink_to("../l/f")
    (inside / "self").symlink_to(".")
    for path in ("l/f", "abs/b/f", "a/up", "self/self/a/up", "abs/b/../up", "l/../up"):
        with root.open(path) as file:
            assert file.resolved == JailPath(("a", "b", "f"), path)
    assert root.stat("l").resolved.parts == ("a", "b")
    assert root.lstat("l").resolved.parts == ("l",)
    assert stat.S_ISLNK(root.lstat("l").stat.st_mode)
    assert root.readlink("l") == "a/b"


def test_an_absolute_link_may_use_the_configured_path_or_the_real_one(tmp_path: Path, inside: Path) -> None:
    (inside / "f").write_bytes(b"f")
    alias = tmp_path / "alias"
    alias.symlink_to(inside)
    (inside / "one").symlink_to(alias / "f")
    (inside / "two").symlink_to(inside / "f")
    (inside / "three").symlink_to(f"{tmp_path}//./R/f")
    (inside / "four").symlink_to(tmp_path / "R" / ".." / "R" / "f")
    root = open_root(alias)
    assert [read(root, name) for name in ("one", "two", "three")] == [b"f"] * 3
    with pytest.raises(OutsideRoot):
        root.open("four")
    root.close()


def test_a_link_with_a_slash_at_its_end_must_lead_to_a_directory(root: Root, inside: Path) -> None:
    (inside / "f").write_bytes(b"f")
    (inside / "d").mkdir()
    (inside / "to-file").symlink_to("f/")
    (inside / "to-directory").symlink_to("d/.")
    with pytest.raises(NotADirectory):
        root.open("to-file")
    with root.open_directory("to-directory") as directory:
        assert directory.resolved.parts == ("d",)


def test_the_root_and_what_is_in_it_can_be_looked_at(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    (inside / "f").write_bytes(b"four")
    for path, same in ((".", inside), ("d", inside / "d"), ("d/..", inside), ("f", inside / "f")):
        for look in (root.stat, root.lstat):
            assert os.path.samestat(look(path).stat, same.lstat())
    assert root.stat("f").stat.st_size == 4


def test_links_can_be_turned_off(opened: Callable[[Policy], Root], inside: Path) -> None:
    root = opened(Policy(symlinks="never"))
    (inside / "d").mkdir()
    (inside / "d/f").write_bytes(b"f")
    (inside / "l").symlink_to("d")
    (inside / "lf").symlink_to("d/f")
    assert read(root, "d/f") == b"f"
    for path in ("l/f", "lf"):
        with pytest.raises(LinkRefused):
            root.open(path)
    with pytest.raises(LinkRefused):
        root.parent("lf", follow=True)
    with root.parent("lf") as spot:
        spot.unlink()
    assert not os.path.lexists(inside / "lf")


def test_hard_links_can_be_turned_off(opened: Callable[[Policy], Root], inside: Path, tmp_path: Path) -> None:
    root = opened(Policy(hardlinks="deny"))
    (tmp_path / "elsewhere").write_bytes(b"e")
    os.link(tmp_path / "elsewhere", inside / "f")
    (inside / "single").write_bytes(b"s")
    with pytest.raises(HardLinked):
        root.open("f")
    assert read(root, "single") == b"s"


def test_only_regular_files_are_opened_as_files(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    (inside / "f").write_bytes(b"f")
    for path in ("d", ".", "d/.."):
        with pytest.raises(NotAFile):
            root.open(path)
        with pytest.raises(NotAFile):
            root.open(path, os.O_WRONLY)
    with pytest.raises(NotADirectory):
        root.open("f/x")
    with pytest.raises(NotADirectory):
        root.open_directory("f")


def test_opening_never_makes_or_empties_a_file(root: Root, inside: Path) -> None:
    (inside / "f").write_bytes(b"f")
    for flags in (os.O_CREAT, os.O_TRUNC | os.O_WRONLY):
        with pytest.raises(ValueError, match="Spot"):
            root.open("f", flags)
    with root.open("f", os.O_WRONLY | os.O_APPEND) as file:
        os.write(file.fd, b"g")
    assert (inside / "f").read_bytes() == b"fg"


def test_a_directory_lists_its_entries_and_opens_children_without_following(root: Root, inside: Path) -> None:
    (inside / "d/e").mkdir(parents=True)
    (inside / "d/f").write_bytes(b"f")
    (inside / "d/lf").symlink_to("f")
    (inside / "d/le").symlink_to("e")
    with root.open_directory("d") as directory:
        for _ in range(2):
            with directory.scan() as entries:
                assert sorted(entry.name for entry in entries) == ["e", "f", "le", "lf"]
        with directory.open("f") as file, directory.open_directory("e") as below:
            assert file.resolved.parts == ("d", "f")
            assert below.resolved.written == "d/e"
        assert directory.readlink("lf") == "f"
        assert stat.S_ISLNK(directory.lstat("lf").st_mode)
        with pytest.raises(NotAFile):
            directory.open("lf")
        for name in ("le", "f"):
            with pytest.raises(NotADirectory):
                directory.open_directory(name)
        with pytest.raises(NotFound) as caught:
            directory.lstat("no\nname")
        assert str(caught.value) == "`d/no\\x0aname` does not exist."


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\0b"])
def test_a_child_is_one_name(root: Root, name: str) -> None:
    with root.open_directory(".") as directory:
        for act in (directory.lstat, directory.open, directory.open_directory, directory.readlink):
            with pytest.raises(InvalidPath):
                act(name)


def test_the_root_itself_has_no_place_in_a_directory(root: Root, inside: Path) -> None:
    (inside / "a/b").mkdir(parents=True)
    for path in (".", "a/..", "./"):
        with pytest.raises(RootItself):
            root.parent(path)
    with root.parent("a/b/..") as spot:
        assert spot.resolved.parts == ("a",)


def test_the_other_spelling_is_found_only_where_the_first_is_missing(root: Root, inside: Path) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    (inside / decomposed).mkdir()
    (inside / decomposed / "f").write_bytes(b"decomposed")
    assert read(root, f"{composed}/f") == b"decomposed"
    with root.parent(composed) as spot:
        assert spot.name == decomposed
    with root.parent(composed, exact=True) as spot:
        assert spot.name == composed
    (inside / composed).mkdir()
    (inside / composed / "f").write_bytes(b"composed")
    assert read(root, f"{composed}/f") == b"composed"
    with root.parent(composed) as spot:
        assert spot.name == composed
    with pytest.raises(NotFound):
        root.open(f"{composed}/g")


def test_a_name_that_is_not_utf_8_is_read_by_its_shown_form(root: Root, inside: Path) -> None:
    raw = os.fsdecode(b"\xff\xfe\n")
    (inside / raw).write_bytes(b"odd")
    assert read(root, "\\xff\\xfe\\x0a") == b"odd"
    assert root.stat("\\xff\\xfe\\x0a").resolved.parts == (raw,)
    (inside / "\\xff\\xfe\\x0a").write_bytes(b"literal")
    assert read(root, "\\xff\\xfe\\x0a") == b"literal"
    with root.parent("new\\xff") as spot:
        assert spot.name == "new\\xff"


def test_a_directory_that_was_replaced_is_noticed_and_the_old_one_stays_held(root: Root, inside: Path) -> None:
    (inside / "f").write_bytes(b"old")
    assert root.is_current()
    moved = inside.rename(inside.with_name("moved"))
    assert not root.is_current()
    inside.mkdir()
    (inside / "f").write_bytes(b"new")
    assert not root.is_current()
    assert read(root, "f") == b"old"
    shutil.rmtree(moved)
    with pytest.raises(NotFound):
        root.open("f")


def test_a_directory_is_opened_again_only_without_links_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    root = open_root(tmp_path / "link/deep")
    assert root.real == tmp_path.resolve() / "real/deep"
    root.close()
    for real in (tmp_path / "link/deep", tmp_path / "link"):
        with pytest.raises(Unreachable):
            open_root(tmp_path / "link/deep", real=real)


def test_what_is_no_directory_cannot_become_a_root(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"f")
    for path in (tmp_path / "missing", tmp_path / "f"):
        with pytest.raises(Unreachable, match="cannot be opened"):
            open_root(path)
    with pytest.raises(SettingsError, match="as a whole"):
        open_root(Path("/"))


def test_a_directory_inside_becomes_a_root_of_its_own(root: Root, inside: Path) -> None:
    (inside / "a/b").mkdir(parents=True)
    (inside / "a/b/f").write_bytes(b"f")
    (inside / "g").write_bytes(b"g")
    (inside / "l").symlink_to("a")
    (inside / "a/b/out").symlink_to("../../g")
    narrow = root.narrowed("l/b")
    assert narrow.path == inside / "l/b"
    assert narrow.real == inside.resolve() / "a/b"
    assert read(narrow, "f") == b"f"
    assert read(root, "a/b/out") == b"g"
    with pytest.raises(OutsideRoot):
        narrow.open("out")
    narrow.close()


def test_directories_that_may_be_passed_but_not_listed_are_passed(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    (inside / "d/f").write_bytes(b"f")
    (inside / "d").chmod(0o311)
    assert read(root, "d/f") == b"f"


def test_a_path_of_more_than_4096_bytes_is_reached_name_by_name(root: Root, inside: Path) -> None:
    name = "n" * 250
    parts = tuple(name for _ in range(20))
    here = os.open(inside, os.O_RDONLY)
    for _ in parts:
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with root.open_directory(JailPath(parts)) as directory:
        assert directory.resolved.parts == parts
    shutil.rmtree(inside / name)


def test_a_lost_handle_is_closed_and_complained_about(root: Root) -> None:
    directory = root.open_directory(".")
    with pytest.warns(ResourceWarning, match="unclosed Directory"):
        del directory
