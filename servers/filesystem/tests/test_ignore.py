""".gitignore files: what each line hides, and that git hides the same."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_ref_filesystem.search.ignore import Ignore, blocks_of, rules_above
from mcp_ref_kit.paths import JailPath, open_root


def hides(text: str, path: str, *, directory: bool = False) -> bool:
    """Whether the file hides a path, or a directory that it is in."""
    *parents, name = path.split("/")
    ignore = Ignore(blocks_of(text))
    for parent in parents:
        if ignore.hides(parent, directory=True):
            return True
        ignore = ignore.below(parent)
    return ignore.hides(name, directory=directory)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("*.pyc", "a/b.pyc", True),
        ("*.pyc\n!keep.pyc", "a/keep.pyc", False),
        ("!keep.pyc\n*.pyc", "keep.pyc", True),
        ("/dist", "dist", True),
        ("/dist", "a/dist", False),
        ("a/b", "a/b", True),
        ("a/b", "x/a/b", False),
        ("build/", "build", False),
        ("build/", "build/x", True),
        ("**/foo/bar", "x/y/foo/bar", True),
        ("foo/**", "foo/x/y", True),
        ("foo/*", "foo/x/y", True),
        ("# comment", "# comment", False),
        (r"\#file", "#file", True),
        (r"\!file", "!file", True),
        ("trailing   ", "trailing", True),
        ("trailing\\ ", "trailing ", True),
        ("crlf\r", "crlf", True),
        ("a[", "a[", False),
        ("a\\", "a", False),
        ("{a,b}", "a", False),
        ("{a,b}", "{a,b}", True),
        ("", "x", False),
        ("/", "x", False),
        ("!", "x", False),
        ("***/x", "a/b/x", True),
        ("x" * 2000, "x" * 2000, False),
        ("", ".git", True),
    ],
)
def test_a_line_hides_what_git_says(text: str, path: str, *, expected: bool) -> None:
    assert hides(text, path) is expected


def test_a_pattern_for_directories_leaves_files_alone() -> None:
    assert hides("build/", "build", directory=True)
    assert not hides("build/", "build", directory=False)


def test_names_and_patterns_that_are_not_utf8_do_no_harm() -> None:
    assert hides(b"*.\xff".decode(errors="surrogateescape"), "a.\udcff")
    assert hides(b"[\xff]x?".decode(errors="surrogateescape") + "\n*.log", "a.log")


def test_the_rules_of_directories_above_reach_down(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*.log\n/a/b/secret\n")
    (tmp_path / "a" / ".gitignore").write_text("!keep.log\n")
    ignore = rules_above(open_root(tmp_path), JailPath.parse("a/b"))
    assert ignore.keep(["keep.log", "other.log", "secret", "x"], directories=False) == ["keep.log", "x"]


def test_a_repository_inside_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "inner" / ".git").mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*.log\n")
    root = open_root(tmp_path)
    ignore = rules_above(root, JailPath.parse("inner"))
    assert ignore.hides("a.log", directory=False)
    with root.open_directory("inner") as directory:
        inside = ignore.inside(directory, has_file=False, is_repository=True)
    assert not inside.hides("a.log", directory=False)


@pytest.mark.parametrize("what", ["link", "large", "directory"])
def test_a_file_that_is_not_what_it_should_be_is_passed_over(tmp_path: Path, what: str) -> None:
    if what == "link":
        (tmp_path / "rules").write_text("*\n")
        (tmp_path / ".gitignore").symlink_to("rules")
    elif what == "large":
        (tmp_path / ".gitignore").write_text("*\n" * 200_000)
    else:
        (tmp_path / ".gitignore").mkdir()
    with open_root(tmp_path).open_directory(".") as directory:
        assert not Ignore().inside(directory, has_file=True, is_repository=False).hides("x", directory=False)


NAME = st.text("abc.* ", min_size=1, max_size=3).filter(lambda name: name not in {".", ".."})
PIECE = st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]", "[[:alpha:]]", "\\*", " ", "\\ ", "#", "!"])
SEGMENT = st.one_of(st.just("**"), st.lists(PIECE, min_size=1, max_size=3).map("".join))
LINE = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    # A segment of other characters and `**` is left out: git reads `b**/x` as `b` and `**/x`.
    st.lists(SEGMENT.filter(lambda text: "**" not in text or text == "**"), min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "", "/"]),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    path = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", path], check=True)
    return path


@given(
    lines=st.lists(LINE, min_size=1, max_size=5),
    paths=st.lists(st.lists(NAME, min_size=1, max_size=3).map("/".join), min_size=20, max_size=40, unique=True),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_git_hides_the_same(repository: Path, lines: list[str], paths: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    (repository / ".gitignore").write_text(text)
    asked = subprocess.run(
        ["git", "-C", repository, "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths).encode(),
        stdout=subprocess.PIPE,
        check=False,
    )
    hidden = set(asked.stdout.decode().split("\0")) - {""}
    assert {path for path in paths if hides(text, path)} == hidden
