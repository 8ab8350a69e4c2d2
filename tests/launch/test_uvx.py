"""`uvx --from`: a folder, a git repository with a subdirectory, and a folder that was copied away."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.conftest import BIN
from tests.launch.raw import ROOT, serves
from tests.require import missing

pytestmark = pytest.mark.timeout(600)
Run = Callable[..., str]
UVX = [str(BIN / "uvx"), "--python", sys.executable]


@pytest.fixture
def fetched(run: Run) -> Callable[..., list[str]]:
    """The command that runs a server by uvx, after a first run that fetched and built what it needs."""

    def fetch(*source: str | Path) -> list[str]:
        command = [*UVX, *(str(part) for part in source), "mcp-ref-filesystem"]
        run(*command, "--version")
        return command

    return fetch


def test_uvx_runs_a_server_from_its_folder(
    fetched: Callable[..., list[str]], pinned: dict[str, str], directory: Path
) -> None:
    serves(fetched("--from", ROOT / "servers" / "filesystem"), directory, env=pinned)


def test_uvx_runs_a_server_from_a_git_repository(
    fetched: Callable[..., list[str]], pinned: dict[str, str], directory: Path
) -> None:
    if not (ROOT / ".git").exists():
        missing("this is no git checkout")
    serves(fetched("--from", f"git+{ROOT.as_uri()}#subdirectory=servers/filesystem"), directory, env=pinned)


def test_a_copied_server_folder_runs_and_passes_its_own_tests(
    run: Run, fetched: Callable[..., list[str]], pinned: dict[str, str], wheels: Path, tmp_path: Path, directory: Path
) -> None:
    """A fork: nothing of the repository is beside the folder; core and kit come as wheels."""
    fork = tmp_path / "fork"
    shutil.copytree(ROOT / "servers" / "filesystem", fork, ignore=shutil.ignore_patterns("__pycache__"))
    serves(fetched("--find-links", wheels, "--from", fork), directory, env=pinned)

    tools = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "jsonschema")
    environment = tmp_path / "venv"
    run(BIN / "uv", "venv", "--python", sys.executable, environment)
    run(BIN / "uv", "pip", "install", "--python", environment, "--find-links", wheels, f"{fork}[images,trash]", *tools)
    # What takes seconds is tested where the folder was copied from.
    quick = ["-q", "-x", "-m", "not slow"]
    command = [environment / "bin" / "python", "-m", "pytest", *quick, "-c", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [*command, "--rootdir", fork, "-o", "pythonpath=", fork / "tests"],
        cwd=fork,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
