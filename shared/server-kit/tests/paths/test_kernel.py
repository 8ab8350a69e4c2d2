"""The system calls beneath the jail: found, missing, forbidden, interrupted."""

import ctypes
import errno
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths import Exhausted, NotFound, Root, open_root
from mcp_ref_kit.paths.casing import folds_case
from mcp_ref_kit.paths.kernel import RESOLVE_BENEATH, Kernel, is_kernel_filesystem, kernel, rename_new
from tests.require import missing


class Calls:
    """A system call that fails with these errors before it succeeds."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)

    def __call__(self, *_: object) -> int:
        if not self.errors:
            return 77
        ctypes.set_errno(self.errors.pop(0))
        return -1


def test_an_interrupted_or_raced_call_is_tried_again() -> None:
    calls = Kernel(Calls(errno.EAGAIN, errno.EINTR, errno.EAGAIN))
    assert calls.open(3, "a", os.O_RDONLY, RESOLVE_BENEATH) == 77


def test_a_call_that_is_always_raced_ends() -> None:
    with pytest.raises(BlockingIOError):
        Kernel(Calls(*[errno.EAGAIN] * 1000)).open(3, "a", os.O_RDONLY, RESOLVE_BENEATH)


def test_other_failures_are_told_at_once() -> None:
    calls = Calls(errno.EACCES, errno.EACCES)
    with pytest.raises(PermissionError):
        Kernel(calls).open(3, "a", os.O_RDONLY, RESOLVE_BENEATH)
    assert calls.errors == [errno.EACCES]


@pytest.fixture
def found_anew() -> Iterator[None]:
    kernel.cache_clear()
    yield
    kernel.cache_clear()


@pytest.mark.usefixtures("found_anew")
def test_other_systems_walk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert kernel() is None
    (tmp_path / "f").write_bytes(b"f")
    root = open_root(tmp_path)
    with root.open("f") as file:
        assert file.read_at(0, 9) == b"f"
    root.close()


def test_a_system_without_directory_handles_has_no_jail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "supports_dir_fd", set[object]())
    with pytest.raises(SettingsError, match="relative to a directory"):
        open_root(tmp_path)


FORBIDDEN = """
import ctypes, errno, os, struct, sys
from pathlib import Path

def forbid(number, error):
    # A classic BPF program: load the number of the call; if it is ours, fail with the error; else allow.
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(header)):
        sys.exit(3)

forbid(437, int(sys.argv[1]))
from mcp_ref_kit.paths import OutsideRoot, open_root
from mcp_ref_kit.paths.kernel import kernel
assert kernel() is None
root = open_root(Path(sys.argv[2]))
with root.open("l/f") as file:
    print(file.read_at(0, 9).decode(), file.resolved.shown)
try:
    root.open("out")
except OutsideRoot:
    print("outside")
"""


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS])
def test_where_a_container_forbids_the_call_the_jail_walks(tmp_path: Path, error: int) -> None:
    if sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}:
        missing("there is no seccomp here")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("inside")
    (tmp_path / "l").symlink_to("d")
    (tmp_path / "out").symlink_to("/etc/hostname")
    command = [sys.executable, "-W", "ignore", "-c", FORBIDDEN, str(error), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode == 3:
        missing("a filter of system calls cannot be set here")
    assert done.stdout.splitlines() == ["inside d/f", "outside"], done.stderr


def test_views_of_the_kernel_are_known_by_their_descriptors(tmp_path: Path) -> None:
    for path, is_view in ((Path("/proc"), True), (Path("/sys"), True), (tmp_path, False)):
        if path.is_dir():
            fd = os.open(path, os.O_RDONLY)
            assert is_kernel_filesystem(fd, os.fstat(fd).st_dev) is is_view
            os.close(fd)
    with pytest.raises(OSError, match="Bad file"):
        is_kernel_filesystem(-1, 0)


def test_a_rename_that_must_not_replace_is_one_call(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    here = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(FileExistsError):
        rename_new(here, "a", here, "b")
    assert rename_new(here, "a", here, "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]
    os.close(here)


@contextmanager
def no_descriptors_left() -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    held: list[int] = []
    try:
        while True:
            try:
                held.append(os.open("/", os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_the_answer_is_busy_and_nothing_is_lost(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    (inside / "d/f").touch()
    (inside / "l").symlink_to("d")
    with root.parent("d/f") as spot, root.open_directory("d") as directory:
        acts: list[Callable[[], object]] = [
            lambda: root.open("d/f"),
            lambda: root.open("l/f"),
            lambda: root.parent("l/f"),
            lambda: root.open_directory("l"),
            lambda: directory.open("f"),
            spot.open,
            spot.anonymous,
            spot.sync,
        ]
        with no_descriptors_left():
            for act in acts:
                with pytest.raises(Exhausted) as caught:
                    act()
                assert (caught.value.code, caught.value.retryable) == ("busy", True)
    root.open("l/f").close()


def test_an_anonymous_file_needs_a_directory_that_is_there(root: Root, inside: Path) -> None:
    (inside / "d").mkdir()
    with root.parent("d/f") as spot:
        (inside / "d").rmdir()
        assert spot.anonymous() is None
        with pytest.raises(NotFound):
            spot.create()


def test_without_procfs_no_file_is_anonymous(root: Root, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its name would be given through /proc/self/fd."""
    monkeypatch.setattr("mcp_ref_kit.paths.spot._OWN_DESCRIPTORS", tmp_path / "nothing")
    with root.parent("f") as spot:
        assert spot.anonymous() is None


def test_case_is_found_out_by_looking(root: Root, inside: Path) -> None:
    assert folds_case(root)  # an empty directory does not tell
    (inside / "1").touch()
    assert folds_case(root)
    (inside / "Name").touch()
    assert not folds_case(root)
    os.link(inside / "Name", inside / "nAME")
    assert folds_case(root)


def test_a_name_that_looks_like_another_case_does_not_fold(root: Root, inside: Path) -> None:
    (inside / "Name").touch()
    (inside / "nAME").touch()
    assert not folds_case(root)


def test_an_error_inside_a_block_closes_the_spot(root: Root) -> None:
    spot = root.parent("f")
    with pytest.raises(NotFound), spot:
        spot.lstat()
    assert spot.parent.fd == -1


WITHOUT_FLAGS = """
import os
for name in ("O_NOFOLLOW", "O_DIRECTORY", "O_PATH", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_TMPFILE"):
    delattr(os, name)
os.supports_dir_fd = set()
from pathlib import Path
from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths import JailPath, open_root
assert JailPath.parse("a/b").parts == ("a", "b")
try:
    open_root(Path("."))
except SettingsError as error:
    print(error)
"""


def test_the_jail_can_be_imported_where_it_cannot_work() -> None:
    """Windows has none of these."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_FLAGS], capture_output=True, text=True, timeout=30, check=True)
    assert "no directory is safe" in done.stdout


WITHOUT_O_PATH = """
import os, sys
del os.O_PATH, os.O_TMPFILE
sys.platform = "darwin"
from pathlib import Path
from mcp_ref_kit.paths import OutsideRoot, open_root
from mcp_ref_kit.paths.kernel import kernel
assert kernel() is None
root = open_root(Path(sys.argv[1]))
with root.open("l/f") as file:
    print(file.read_at(0, 9).decode(), file.resolved.shown, root.stat("l/f").stat.st_size)
with root.parent("l/new", follow=True) as spot:
    print(spot.anonymous(), spot.resolved.shown)
for path in ("out", "out/x", "../x"):
    try:
        root.stat(path)
    except OutsideRoot:
        print("outside")
"""


def test_the_walk_needs_nothing_that_only_linux_has(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("inside")
    (tmp_path / "l").symlink_to("d")
    (tmp_path / "out").symlink_to("/etc")
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_O_PATH, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines() == ["inside d/f 6", "None d/new", "outside", "outside", "outside"]
