"""The server as a program: what it refuses before it starts, and what --check says."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(home: Path, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "mcp_ref_filesystem", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"HOME": str(home)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "filesystem: Name at least one directory, or let clients name them by --roots require."),
        (["{home}/missing"], "filesystem: None of the directories can be opened: {home}/missing."),
        (["/"], "filesystem: The directory / cannot be allowed as a whole; name directories in it."),
        (["{home}", "{home}:ro"], "filesystem: The directory {home} is given both as read-only and as writable."),
    ],
)
def test_directories_that_cannot_be_end_the_start_with_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """FS8, FS35."""
    code, out, err = run(tmp_path / "elsewhere", *(argument.format(home=tmp_path) for argument in arguments))
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == sentence.format(home=tmp_path)
    assert "Traceback" not in err


def test_a_journal_inside_an_allowed_directory_ends_the_start(tmp_path: Path) -> None:
    code, _, err = run(tmp_path, str(tmp_path))
    assert code == 2
    assert "is inside the allowed directory" in err


def test_a_missing_directory_beside_a_usable_one_is_a_warning(tmp_path: Path) -> None:
    """FS8: the input ends at once, and so does the server."""
    (tmp_path / "R").mkdir()
    code, out, err = run(tmp_path, str(tmp_path / "R"), str(tmp_path / "missing"))
    assert (code, out) == (0, "")
    assert "missing cannot be opened: no such file or directory. It is tried again when it is used." in err


def test_check_says_what_works(tmp_path: Path) -> None:
    (tmp_path / "R").mkdir()
    (tmp_path / "Q").mkdir()
    code, out, _ = run(tmp_path, str(tmp_path / "R"), f"{tmp_path}/Q:ro", "--check")
    assert code == 0
    assert f"ok  directory {tmp_path}/R  read-write, by " in out
    assert f"ok  directory {tmp_path}/Q  read-only, by " in out
    code, out, _ = run(tmp_path, str(tmp_path / "R"), f"{tmp_path}/missing", "--check")
    assert code == 1
    assert f"FAILED  directory {tmp_path}/missing" in out
