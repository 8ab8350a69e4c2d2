"""The written attack cases on paths, at the level of the jail: FS1-FS6 and FS35-FS37 of the filesystem server."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths import (
    InvalidPath,
    JailPath,
    NotAFile,
    NotFound,
    OutsideRoot,
    PathError,
    Policy,
    Root,
    TooManyLinks,
    is_encoded,
    open_root,
    show,
)
from tests.require import missing


def test_cve_2025_53110_sibling_prefix(root: Root, inside: Path, outside: Path) -> None:
    """CVE-2025-53110: /data/R-evil passed as beneath /data/R because the text begins alike."""
    (inside / "absolute").symlink_to(outside / "x")
    (inside / "relative").symlink_to("../R-evil/x")
    (inside / "directory").symlink_to(outside)
    for path in ("absolute", "relative", "directory/x", "../R-evil/x"):
        for act in (root.open, root.stat, root.open_directory):
            with pytest.raises(OutsideRoot):
                act(path)
    with pytest.raises(OutsideRoot):
        root.parent("directory/x")


def test_cve_2025_53109_symlink_escape(root: Root, inside: Path, outside: Path) -> None:
    """CVE-2025-53109 (GHSA-q66q-fx2p-7w4m), GHSA-w45p-mpxw-j8jw: reading and writing through a link that leaves."""
    (inside / "l").symlink_to("/etc/passwd")
    (inside / "d").symlink_to(outside)
    (inside / "new").symlink_to(outside / "new")
    (inside / "up").symlink_to("..")
    for path in ("l", "d/x", "up/R-evil/x", "up/up", "new"):
        with pytest.raises(OutsideRoot):
            root.open(path)
        with pytest.raises(OutsideRoot):
            root.open(path, os.O_WRONLY)
    for path in ("new", "l", "d", "up", "d/new", "up/new"):
        with pytest.raises(OutsideRoot):
            root.parent(path, follow=True)


@pytest.mark.parametrize("path", ["d", "d/x", "d/missing", "d/missing/deeper", "../R-evil/x", "../missing"])
def test_outside_and_missing_look_the_same(root: Root, inside: Path, outside: Path, path: str) -> None:
    """FS3, rule 23: no words tell whether something is there."""
    (inside / "d").symlink_to(outside / "nothing" if "missing" in path else outside)
    with pytest.raises(OutsideRoot) as caught:
        root.open(path)
    assert str(caught.value) == f"`{path}` is outside the allowed directories."


@pytest.mark.parametrize(
    "path", ["a/../../R-evil/x", "....//x", "..\\..\\R-evil\\x", "~/.ssh/id_rsa", "$HOME/x", "%2e%2e/R-evil/x", "~root"]
)
def test_nothing_in_a_path_is_expanded(root: Root, inside: Path, path: str) -> None:
    """FS2."""
    (inside / "a").mkdir()
    with pytest.raises((OutsideRoot, NotFound)):
        root.open(path)


def test_links_inside_work_and_loops_end(root: Root, inside: Path) -> None:
    """FS4."""
    (inside / "f").write_bytes(b"f")
    (inside / "l0").symlink_to("f")
    for number in range(1, 41):
        (inside / f"l{number}").symlink_to(inside / f"l{number - 1}")
    root.open("l39").close()
    (inside / "loop").symlink_to("loop")
    (inside / "ping").symlink_to("pong/x")
    (inside / "pong").symlink_to("ping")
    for path in ("l40", "loop", "loop/x", "ping", "pong/y"):
        with pytest.raises(TooManyLinks):
            root.open(path)


def test_links_that_multiply_are_bounded(root: Root, inside: Path) -> None:
    """Each link of a chain names the next one twice: 2^n steps if links were counted by depth."""
    (inside / "l0").symlink_to(".")
    for number in range(1, 30):
        (inside / f"l{number}").symlink_to(f"l{number - 1}/l{number - 1}")
    began = time.thread_time()
    with pytest.raises(TooManyLinks):
        root.open("l29")
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "a/" + "n" * 256, "a\x1b[2J"])
def test_what_is_no_path_is_refused_and_nothing_breaks(root: Root, inside: Path, path: str) -> None:
    """FS6."""
    (inside / "a").mkdir()
    for act in (root.open, root.stat, root.lstat, root.open_directory):
        with pytest.raises(InvalidPath) as caught:
            act(path)
        assert caught.value.code == "invalid_argument"
    root.stat("a")


def test_what_never_ends_is_refused_at_once(root: Root, inside: Path) -> None:
    """FS13: opening a FIFO waits for its other end, a device may never end."""
    os.mkfifo(inside / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.chdir(inside):  # a socket's path has about a hundred bytes
        listener.bind("socket")
    names = ["fifo", "socket"]
    if os.geteuid() == 0:
        os.mknod(inside / "zero", 0o600 | 0o020000, os.makedev(1, 5))
        names.append("zero")
    began = time.monotonic()
    for name in names:
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
            with pytest.raises((NotAFile, PathError)):
                root.open(name, flags)
        with root.open_directory(".") as directory, pytest.raises((NotAFile, PathError)):
            directory.open(name)
        with root.parent(name) as spot, pytest.raises((NotAFile, PathError)):
            spot.open()
    assert time.monotonic() - began < 5  # an open that waits, waits for ever
    listener.close()


@pytest.mark.parametrize("path", ["/proc", "/proc/self", "/proc/self/root", "/sys", "/dev", "/dev/fd", "/"])
def test_views_of_the_kernel_are_no_directories_to_allow(path: str) -> None:
    """FS35: /proc/self/root undoes any check of a path."""
    if not Path(path).exists():
        missing(f"{path} is not there")
    with pytest.raises(SettingsError):
        open_root(Path(path))


MOUNTED = """
import os
import sys
from pathlib import Path
from mcp_ref_kit.paths import PathError, Policy, open_root
top, mechanism, alone = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "alone"
root = open_root(top, policy=Policy(one_filesystem=alone), mechanism=mechanism)
before = len(os.listdir("/proc/self/fd"))
for path in sys.argv[4:]:
    said = []
    for act in (root.open, root.open_directory, root.stat, root.parent):
        try:
            found = act(path)
            said.append("ok")
            getattr(found, "close", int)()
        except PathError as error:
            said.append(type(error).__name__)
    print(path, *said)
assert len(os.listdir("/proc/self/fd")) == before
"""


def in_a_namespace(mount: str, *arguments: str) -> list[str]:
    script = f'{mount} && exec \'{sys.executable}\' -W ignore -c "$0" "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, MOUNTED, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        missing("unshare is not installed")
    if done.returncode != 0:
        missing(f"file systems cannot be mounted here: {done.stderr[-200:]}")
    return done.stdout.splitlines()


def test_procfs_inside_a_directory_is_not_reached(inside: Path, mechanism: str) -> None:
    """FS35: mounted later, or by a hostile container image."""
    (inside / "p").mkdir()
    (inside / "l").symlink_to("p/self/root")
    paths = (
        "p/version",
        "p/self/root/etc/passwd",
        "p/self/cwd/x",
        "p",
        "l/etc/passwd",
        "p/self/fd/0",
        "p/self/environ",
    )
    lines = in_a_namespace(f"mount --rbind /proc '{inside}/p'", str(inside), mechanism, "any", *paths)
    assert len(lines) == len(paths)
    for line in lines:
        path, opened, listed, seen, placed = line.split()
        assert {opened, listed, seen} <= {"OutsideRoot", "NotFound", "NotADirectory"}, line
        assert placed in {"OutsideRoot", "NotFound", "NotADirectory"} or (path, placed) == ("p", "ok"), line


def test_mount_points_are_not_crossed_when_that_is_off(inside: Path, mechanism: str) -> None:
    (inside / "m/deep").mkdir(parents=True)
    (inside / "l").symlink_to("m/deep")
    (inside / "f").touch()
    mount = f"mount -t tmpfs none '{inside}/m' && mkdir '{inside}/m/deep' && touch '{inside}/m/deep/f'"
    crossing, alone = (
        in_a_namespace(mount, str(inside), mechanism, kind, "m/deep/f", "l/f", "f") for kind in ("any", "alone")
    )
    assert crossing == ["m/deep/f ok NotADirectory ok ok", "l/f ok NotADirectory ok ok", "f ok NotADirectory ok ok"]
    refused = "OtherFilesystem OtherFilesystem OtherFilesystem OtherFilesystem"
    assert alone == [f"m/deep/f {refused}", f"l/f {refused}", "f ok NotADirectory ok ok"]


def test_odd_names_are_listed_as_valid_text_and_read_back(root: Root, inside: Path) -> None:
    """FS36."""
    raw = [b"new\nline", b"\x1b[31mred", "\u202eright to left".encode(), b"\xff\xfe", b"back\\slash", b"tab\t\xff\\"]
    for number, name in enumerate(raw):
        (inside / os.fsdecode(name)).write_bytes(b"%d" % number)
    with root.open_directory(".") as directory, directory.scan() as entries:
        found = [entry.name for entry in entries]
    shown = json.loads(json.dumps([show(name) for name in found]).encode())
    assert sorted(os.fsencode(name) for name in found) == sorted(raw)
    for name, text in zip(found, shown, strict=True):
        with root.open(text) as file:
            assert raw[int(file.read_at(0, 9))] == os.fsencode(name)
            assert is_encoded(name) == (text != name)


def test_a_huge_sparse_file_costs_what_is_read_of_it(root: Root, inside: Path) -> None:
    """FS37."""
    (inside / "sparse").touch()
    size = 1 << 40
    try:
        os.truncate(inside / "sparse", size)
    except OSError:  # more than this file system allows
        size = 1 << 33
        os.truncate(inside / "sparse", size)
    with root.open("sparse") as file:
        assert file.stat.st_size == size
        assert file.read_at(size - 3, 10) == b"\0\0\0"
        assert file.read_at(size // 2, 4096) == bytes(4096)


def test_a_file_that_changes_its_size_while_read_gives_a_clean_answer(root: Root, inside: Path) -> None:
    """FS37."""
    path = inside / "f"
    path.write_bytes(b"x" * 100_000)
    done = threading.Event()

    def resize() -> None:
        while not done.is_set():
            os.truncate(path, 10)
            os.truncate(path, 100_000)

    racer = threading.Thread(target=resize)
    racer.start()
    try:
        for _ in range(2000):
            with root.open("f") as file:
                assert len(file.read_at(5, 50_000)) in {5, 50_000}
    finally:
        done.set()
        racer.join()


def test_a_deny_of_hard_links_holds_for_every_way_in(
    opened: Callable[[Policy], Root], inside: Path, outside: Path
) -> None:
    root = opened(Policy(hardlinks="deny"))
    os.link(outside / "x", inside / "x")
    with root.open_directory(".") as directory, root.parent("x") as spot:
        for act in (lambda: root.open("x"), lambda: directory.open("x"), spot.open):
            with pytest.raises(PathError) as caught:
                act()
            assert caught.value.code == "denied_policy"
    (inside / "x").unlink()


def test_a_path_of_two_thousand_names_is_no_trouble(root: Root) -> None:
    for path in ("a/" * 2000 + "a", "../" * 1300, "./" * 2000 + "a"):
        with pytest.raises(PathError):
            root.open(JailPath.parse(path))
