"""What the launch tests share: the wheels of every member, built once, and how uv and pip are run."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.raw import ROOT, SLOW_START
from tests.require import missing

BIN = Path(sys.executable).parent
NETWORK_FAULTS = re.compile(r"(?i)failed to fetch|could not connect|connection|dns|timed out|no matching distribution")


@pytest.fixture(scope="session")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment under which uv and pip take the versions of constraints.txt, which the cache has."""
    plain = tmp_path_factory.mktemp("pins") / "constraints.txt"
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    plain.write_text("".join(line.removesuffix("\\") + "\n" for line in lines if "==" in line))
    names = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")
    return {**os.environ, **dict.fromkeys(names, str(plain)), "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}


@pytest.fixture(scope="session")
def run(pinned: dict[str, str]) -> Callable[..., str]:
    """Run a command that may need the package index; skip, with the reason, where none can be reached."""

    def attempt(command: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=SLOW_START
        )

    def run(*parts: str | Path, cwd: Path = ROOT) -> str:
        command = [str(part) for part in parts]
        # First from the cache alone: quicker, and no network is needed once everything has been fetched.
        done = attempt(command, cwd, {**pinned, "UV_OFFLINE": "1"})
        if done.returncode:
            done = attempt(command, cwd, pinned)
        if done.returncode and NETWORK_FAULTS.search(done.stderr):
            missing(f"{Path(command[0]).name} could not reach a package index: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def wheels(run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel of every member. The build backend is in the environment: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        BIN / "uv",
        "build",
        "--all-packages",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        folder,
    )
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with one file, for a server to serve."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("one\ntwo\n")
    return work
