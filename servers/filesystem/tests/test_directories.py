"""Which directories there are, which of them a path is in, and what a client's roots make of them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcp_protocol.errors import Refused, SettingsError
from mcp_ref_filesystem.access.configured import configured
from mcp_ref_filesystem.access.directories import Directories
from mcp_ref_filesystem.access.reach import Ambiguous, Reach
from mcp_ref_filesystem.settings import Settings
from mcp_ref_kit.paths import InvalidPath, NotFound, OutsideRoot
from mcp_ref_kit.roots import path_of_uri
from mcp_ref_kit.workers import Workers


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with Workers("test", 2) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("R/sub/deep", "R-evil", "Q"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "R/sub/x").write_text("inside")
    (tmp_path / "R-evil/x").write_text("outside")
    return tmp_path


def reach(directories: Directories) -> Reach:
    return directories.narrowed(None)


def content(reach: Reach, path: str) -> str:
    with reach.locate(path).open() as file:
        return file.read_at(0, 100).decode()


async def test_absolute_and_relative_paths_are_found(home: Path, workers: Workers) -> None:
    """FS1, FS2."""
    directories = Directories(Settings(dirs=[str(home / "R")]), workers)
    here = reach(directories)
    for path in (f"{home}/R/sub/x", "sub/x", "./sub/deep/../x", f"{home}//R/./sub/x", f"{home}/R/../R/sub/x"):
        assert content(here, path) == "inside"
    for path in (
        f"{home}/R-evil/x",
        f"{home}/R/../R-evil/x",
        f"{home}/R/sub/../../R-evil/x",
        "../R-evil/x",
        "sub/../../R-evil/x",
        "//etc/passwd",
        "/",
        str(home),
        f"{home}/r/sub/x",
    ):
        with pytest.raises(OutsideRoot) as caught:
            here.locate(path)
        assert str(caught.value) == f"`{path}` is outside the allowed directories."
    for path in ("~/.ssh/id_rsa", "$HOME", "..\\..\\R-evil\\x", "....//R-evil/x"):
        with pytest.raises(NotFound):
            content(here, path)
    for path in ("", "a\0b", "a\nb", "x" * 5000, f"{home}/R/a\x1b"):
        with pytest.raises(InvalidPath):
            here.locate(path)
    directories.close()


async def test_errors_call_a_path_what_the_caller_called_it(home: Path, workers: Workers) -> None:
    directories = Directories(Settings(dirs=[str(home / "R")]), workers)
    for path in (f"{home}/R/sub/../missing", "./missing"):
        with pytest.raises(NotFound) as caught:
            content(reach(directories), path)
        assert str(caught.value) == f"`{path}` does not exist."
    directories.close()


async def test_a_link_to_an_allowed_directory_names_it_too(home: Path, workers: Workers) -> None:
    (home / "alias").symlink_to("R")
    directories = Directories(Settings(dirs=[str(home / "alias")]), workers)
    here = reach(directories)
    assert content(here, f"{home}/alias/sub/x") == content(here, f"{home}/R/sub/x") == "inside"
    directories.close()


async def test_nested_directories_keep_their_modes_and_links_between_them_work(home: Path, workers: Workers) -> None:
    """FS33, FS35."""
    (home / "R/link").symlink_to("sub")
    (home / "R/sub/up").symlink_to("../top")
    (home / "R/top").write_text("top")
    directories = Directories(Settings(dirs=[f"{home}/R", f"{home}/R/sub:ro"]), workers)
    here = reach(directories)
    assert content(here, f"{home}/R/sub/up") == "top"
    for path in (f"{home}/R/sub/x", f"{home}/R/link/x", f"{home}/R/sub/new", f"{home}/R/link/deep/new"):
        with pytest.raises(Refused) as caught:
            here.locate(path, write=True).spot()
        assert caught.value.code == "denied_read_only"
        with pytest.raises((Refused, NotFound)):
            here.locate(path, write=True).open(os.O_WRONLY)
    with pytest.raises(Refused):
        here.locate(f"{home}/R/link/x", write=True).open(os.O_RDWR)
    here.locate(f"{home}/R/sub/up", write=True).spot(follow=True).close()
    here.locate(f"{home}/R/top", write=True).spot().close()
    directories.close()


async def test_a_directory_that_is_a_link_out_of_another_one_is_still_allowed(home: Path, workers: Workers) -> None:
    (home / "R/linked").symlink_to(home / "Q")
    (home / "Q/q").write_text("q")
    directories = Directories(Settings(dirs=[f"{home}/R", f"{home}/R/linked"]), workers)
    assert content(reach(directories), f"{home}/R/linked/q") == "q"
    directories.close()


async def test_relative_paths_are_tried_in_order_and_two_are_one_too_many(home: Path, workers: Workers) -> None:
    directories = Directories(Settings(dirs=[f"{home}/Q:ro", f"{home}/R"]), workers)
    here = reach(directories)
    assert here.needs_disk("x")
    assert not here.needs_disk("/x")
    assert content(here, "sub/x") == "inside"
    assert here.locate("sub/new", write=True).root.path == home / "R"
    assert here.locate("new", write=True).root.path == home / "R"
    assert here.locate("new").root.path == home / "Q"
    (home / "Q/sub").mkdir()
    (home / "Q/sub/x").write_text("other")
    with pytest.raises(Ambiguous) as caught:
        here.locate("sub/x")
    assert caught.value.code == "ambiguous"
    assert str(caught.value) == f"`sub/x` exists in `{home}/Q` and `{home}/R`."
    directories.close()


async def test_a_missing_directory_is_warned_about_and_used_once_it_is_there(
    home: Path, workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    """FS8."""
    directories = Directories(Settings(dirs=[f"{home}/R", f"{home}/later"]), workers)
    assert f"{home}/later cannot be opened: no such file or directory" in caplog.text
    here = reach(directories)
    with pytest.raises(NotFound, match="cannot be opened at the moment"):
        content(here, f"{home}/later/f")
    assert [place.exists() for place in here.places] == [True, False]
    (home / "later").mkdir()
    (home / "later/f").write_text("now")
    assert content(here, f"{home}/later/f") == "now"
    directories.close()


async def test_a_missing_directory_that_turns_up_as_a_link_is_not_used(home: Path, workers: Workers) -> None:
    directories = Directories(Settings(dirs=[f"{home}/R", f"{home}/later"]), workers)
    (home / "later").symlink_to("R-evil")
    with pytest.raises(NotFound):
        content(reach(directories), f"{home}/later/x")
    directories.close()


@pytest.mark.parametrize(
    ("dirs", "sentence"),
    [
        ([], "at least one directory"),
        (["{home}/missing"], "None of the directories can be opened"),
        (["{home}/R/sub/x"], "None of the directories can be opened"),
        (["{home}/R", "{home}/R:ro"], "both as read-only and as writable"),
        (["{home}/R", ""], "needs a name"),
        (["{home}/R", "/"], "cannot be allowed as a whole"),
        (["{home}/R", "/proc"], "cannot be allowed"),
    ],
)
async def test_directories_that_cannot_be_are_refused_with_a_sentence(
    home: Path, workers: Workers, dirs: list[str], sentence: str
) -> None:
    """FS8, FS35."""
    with pytest.raises(SettingsError, match=sentence):
        Directories(Settings(dirs=[text.format(home=home) for text in dirs]), workers)


def test_directories_are_made_absolute_and_listed_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home / "R")
    found = configured(["sub/../sub", f"{home}/R/sub", ".:ro"])
    assert [(one.path, one.read_only) for one in found] == [(home / "R/sub", False), (home / "R", True)]


def test_a_variable_taken_apart_at_its_colons_means_the_same(home: Path) -> None:
    variable = f"{home}/R/sub:ro:{home}/Q"
    assert [(one.path, one.read_only) for one in configured(variable.split(":"))] == [
        (home / "R/sub", True),
        (home / "Q", False),
    ]
    assert [one.path.name for one in configured(["./ro", f"{home}/R", "./ro/"])] == ["ro", "R"]


async def test_a_replaced_directory_is_opened_again_only_as_a_real_one(
    home: Path, workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    here = reach(directories)
    (home / "R").rename(home / "old")
    (home / "R").symlink_to("R-evil")
    for _ in range(2):
        assert content(here, "sub/x") == "inside"
    assert caplog.text.count("the one held is still used") == 1
    (home / "R").unlink()
    (home / "R/sub").mkdir(parents=True)
    (home / "R/sub/x").write_text("new")
    assert content(here, "sub/x") == "new"
    assert "has been replaced" in caplog.text
    directories.close()


def roots(*paths: object) -> tuple[str, ...]:
    return tuple(f"file://{path}" for path in paths)


async def test_roots_only_narrow(home: Path, workers: Workers) -> None:
    """FS7."""
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    narrow = directories.narrowed(roots(home / "R/sub"))
    assert [(place.path, place.source) for place in narrow.places] == [(home / "R/sub", "root")]
    assert content(narrow, "x") == content(narrow, f"{home}/R/sub/x") == "inside"
    (home / "R/top").write_text("top")
    for path in (f"{home}/R/top", "../top"):
        with pytest.raises(OutsideRoot):
            narrow.locate(path)
    for whole in (roots("/"), roots(home), roots(f"{home}/R"), roots(f"{home}/R/")):
        wide = directories.narrowed(whole)
        assert [(place.path, place.source) for place in wide.places] == [(home / "R", "operator")]
        assert content(wide, f"{home}/R/top") == "top"
        with pytest.raises(OutsideRoot):
            wide.locate("/etc/hostname")
    apart = directories.narrowed(roots(home / "R-evil"))
    with pytest.raises(OutsideRoot) as caught:
        apart.locate(f"{home}/R/top")
    assert f"file://{home}/R-evil" in str(caught.value)
    assert f"{home}/R" in str(caught.value)
    assert len({wide.fingerprint, narrow.fingerprint, apart.fingerprint}) == 3
    directories.close()


async def test_a_link_out_of_a_root_is_not_followed_even_inside_the_directory(home: Path, workers: Workers) -> None:
    (home / "R/top").write_text("top")
    (home / "R/sub/up").symlink_to("../top")
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    assert content(directories.narrowed(roots(f"{home}/R")), "sub/up") == "top"
    with pytest.raises(OutsideRoot):
        content(directories.narrowed(roots(f"{home}/R/sub")), "up")
    directories.close()


async def test_a_root_that_is_a_link_out_of_the_directory_is_skipped(home: Path, workers: Workers) -> None:
    (home / "R/out").symlink_to("../R-evil")
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    assert directories.narrowed(roots(f"{home}/R/out")).places == ()
    directories.close()


async def test_roots_keep_the_rules_of_the_operator(home: Path, workers: Workers) -> None:
    """A rule is about the path in the operator's directory, wherever a client's root begins."""
    settings = Settings(dirs=[f"{home}/R", f"{home}/R/sub/deep:ro"], deny=["/sub/x"])
    directories = Directories(settings, workers)
    narrow = directories.narrowed(roots(f"{home}/R/sub"))
    with pytest.raises(Refused):
        content(narrow, "x")
    with pytest.raises(Refused):
        narrow.locate(f"{home}/R/sub/deep/new", write=True).spot()
    directories.close()


async def test_other_uris_and_files_are_skipped(home: Path, workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    """FS8."""
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    odd = ("https://example.org/R", f"file://elsewhere{home}/R", *roots(f"{home}/R/sub/x", f"{home}/R/sub"))
    assert [place.path for place in directories.narrowed(odd).places] == [home / "R/sub"]
    assert caplog.text.count("is skipped") == 3
    directories.close()


async def test_without_directories_the_roots_are_the_sandbox_if_the_operator_says_so(
    home: Path, workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    directories = Directories(Settings(roots="require"), workers)
    assert "each client's own roots decide" in caplog.text
    assert reach(directories).places == ()
    here = directories.narrowed(roots(f"{home}/R"))
    assert content(here, "sub/x") == "inside"
    with pytest.raises(OutsideRoot):
        here.locate(f"{home}/R-evil/x")
    assert directories.narrowed(roots("/", "/proc")).places == ()
    directories.close()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b", "/a/b"),
        ("file://localhost/a", "/a"),
        ("file://LOCALHOST/a", "/a"),
        ("FILE:///a", "/a"),
        ("file:/a", "/a"),
        ("file:///with%20space/%C3%A9/é", "/with space/é/é"),
        ("file:///%ff", "/\udcff"),
        ("file:////etc/passwd", "//etc/passwd"),
        ("file:///%252e", "/%2e"),
        ("file://host/a", None),
        ("file:///a?x", None),
        ("file:///a#x", None),
        ("file:///a%00b", None),
        ("file:a", None),
        ("http:///a", None),
        ("file://[::1/a", None),
        ("", None),
    ],
)
def test_file_uris_are_decoded_once(uri: str, path: str | None) -> None:
    assert path_of_uri(uri) == path


async def test_a_root_with_spaces_and_other_letters_is_understood(home: Path, workers: Workers) -> None:
    """FS8."""
    (home / "R/with space é").mkdir()
    directories = Directories(Settings(dirs=[f"{home}/R"]), workers)
    found = directories.narrowed(roots(f"{home}/R/with%20space%20%C3%A9")).places
    assert [place.path.name for place in found] == ["with space é"]
    directories.close()
