"""`scripts/new-server`: what it makes is clean and has passing tests before a line is written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import tracked
from tests.launch.conftest import BIN
from tests.launch.raw import ROOT

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository as it stands, without its history and its environment."""
    root = tmp_path / "repository"
    for path in tracked():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return root


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_new_server_is_clean_and_its_tests_pass(copy: Path) -> None:
    made = run("scripts/new-server", "sea-weather", cwd=copy)
    assert made.returncode == 0, made.stderr
    server = copy / "servers" / "sea-weather"
    assert (server / "src" / "mcp_ref_sea_weather" / "server.py").exists()
    texts = {path: path.read_text() for path in server.rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if "template" in text and path.name != "README.md"] == []

    for tool in (["check"], ["format", "--check"]):
        linted = run(BIN / "ruff", *tool, "servers/sea-weather", cwd=copy)
        assert linted.returncode == 0, linted.stdout
    tested = run(sys.executable, "-m", "pytest", "-q", "servers/sea-weather", cwd=copy, PYTHONPATH=str(server / "src"))
    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("arguments", [[], ["Weather"], ["a", "b"], ["filesystem"], ["-x"], ["../up"]])
def test_a_name_that_will_not_do_changes_nothing(copy: Path, arguments: list[str]) -> None:
    before = sorted(copy.rglob("*"))
    refused = run("scripts/new-server", *arguments, cwd=copy)
    assert refused.returncode == 1
    assert refused.stderr.strip()
    assert sorted(copy.rglob("*")) == before
