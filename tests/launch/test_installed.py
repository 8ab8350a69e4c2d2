"""One server alone, installed the ways a user installs it: from wheels with uv, and from the folders with pip."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.conftest import BIN
from tests.launch.raw import LEGACY, ROOT, HttpPeer, listening, serves

pytestmark = pytest.mark.timeout(300)
Run = Callable[..., str]


def test_the_wheel_of_one_server_runs_in_an_empty_environment(
    run: Run, wheels: Path, tmp_path: Path, directory: Path
) -> None:
    environment = tmp_path / "venv"
    run(BIN / "uv", "venv", "--python", sys.executable, environment)
    run(BIN / "uv", "pip", "install", "--python", environment, "--find-links", wheels, "mcp-ref-filesystem")

    installed = run(BIN / "uv", "pip", "freeze", "--python", environment)
    assert "pytest" not in installed
    assert {line.split("==")[0] for line in installed.splitlines() if line.startswith("mcp-ref-")} == {
        "mcp-ref-filesystem",
        "mcp-ref-kit",
        "mcp-ref-protocol",
    }
    script = str(environment / "bin" / "mcp-ref-filesystem")
    serves([script], directory)
    with listening([script, str(directory)]) as (_, url):
        peer = HttpPeer(url)
        peer.open(LEGACY)
        assert peer.call("read_text_file", path="a.txt")["structuredContent"]["content"] == "one\ntwo\n"


def test_pip_installs_one_server_from_its_folders_in_one_command(run: Run, tmp_path: Path, directory: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    folders = ("packages/mcp-protocol", "shared/server-kit", "servers/filesystem")
    run(environment / "bin" / "pip", "install", "--quiet", *(f"./{folder}" for folder in folders), cwd=ROOT)
    serves([str(environment / "bin" / "mcp-ref-filesystem")], directory)
    serves([str(environment / "bin" / "python"), "-m", "mcp_ref_filesystem"], directory)
