"""What uploads and `filename` must not touch: links, devices, pipes, names of any kind, and names that change hands."""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.sessions import files
from mcp_ref_browser.sessions.artifacts import safe_name
from mcp_ref_browser.sessions.files import Files
from mcp_ref_browser.settings import Settings
from mcp_ref_kit.workers import Workers

ROUNDS = 300
NO_UPLOADS = (
    "pipe", "null", "zero", "self", "up/outside/note.txt", "loop", ".", "", "../R/../outside/note.txt",
    "note.txt/../../outside/note.txt", "/proc/self/fd/0", "/dev/stdin", "note.txt\0.png", "x" * 300, "a/" * 5000,
)  # fmt: skip


class Alone:
    """The context of a caller that has no roots."""

    transport = "http"


ALONE: Any = Alone()


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    inside = tmp_path / "R"
    inside.mkdir()
    (inside / "note.txt").write_text("a note")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "note.txt").write_text("outside")
    return inside


async def denied(given: Files, path: str) -> bool:
    try:
        await given.upload(ALONE, path)
    except BrowserError as error:
        return error.code == "path_denied"
    return False


async def test_devices_pipes_sockets_and_directories_are_no_uploads(roots: Path) -> None:
    os.mkfifo(roots / "pipe")
    (roots / "null").symlink_to("/dev/null")
    (roots / "zero").symlink_to("/dev/zero")
    (roots / "self").symlink_to("/proc/self/environ")
    (roots / "up").symlink_to("..")
    (roots / "loop").symlink_to("loop")
    async with Workers("test", 1) as workers:
        given = Files(Settings(dirs=[str(roots)]), workers)
        for path in NO_UPLOADS:
            assert await denied(given, path), path
        given.close()


async def test_a_file_that_grows_while_it_is_read_is_cut_off(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_UPLOAD", 10)
    async with Workers("test", 1) as workers:
        given = Files(Settings(dirs=[str(roots)]), workers)
        (roots / "note.txt").write_bytes(b"x" * 11)
        with pytest.raises(BrowserError) as caught:
            await given.upload(ALONE, "note.txt")
        given.close()
    assert caught.value.code == "too_large"


@contextmanager
def changing_hands(roots: Path) -> Generator[None]:
    """The name `sub` is a directory inside at one moment, and a link to one outside at the next."""
    (roots / "sub").mkdir()
    (roots / "sub" / "note.txt").write_text("a note")
    (roots / "bad").symlink_to(roots.parent / "outside")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for old, new in (("sub", "real"), ("bad", "sub"), ("sub", "bad"), ("real", "sub")):
                (roots / old).rename(roots / new)

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        yield
    finally:
        done.set()
        racer.join()


async def test_a_directory_that_changes_hands_during_the_call_leads_nowhere(roots: Path) -> None:
    found: set[bytes] = set()
    refused: set[str] = set()
    async with Workers("test", 1) as workers:
        given = Files(Settings(dirs=[str(roots)]), workers)
        with changing_hands(roots):
            for number in range(ROUNDS):
                try:
                    found.add((await given.upload(ALONE, "sub/note.txt"))[1])
                    await given.write(ALONE, f"sub/made-{number}.txt", b"made")
                except BrowserError as error:
                    refused.add(error.code)
        given.close()
    assert found <= {b"a note"}
    assert refused <= {"path_denied"}
    assert [path.name for path in (roots.parent / "outside").iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "...", "/", "\\", "../../etc/passwd", "..\\..\\x", "a\0b", "\u202egnp.exe", "x" * 300 + ".txt",
     "\u00e4" * 200 + ".txt", "\ud800", " . ", "CON:", "a\nb", ".ssh", "e\u0301" * 200, "\U0001f600" * 100],
)  # fmt: skip
def test_a_name_of_a_page_becomes_one_safe_component(name: str, tmp_path: Path) -> None:
    made = safe_name(name)
    assert 1 <= len(made.encode()) <= 255
    assert "/" not in made
    assert not made.startswith(".")
    (tmp_path / made).write_text("it can be made")
    assert [path.name for path in tmp_path.iterdir()] == [made]
