"""What the interop tests start: the filesystem server on both transports, and the Node programs' packages."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from scripts.node import Unavailable, install, node
from tests import strangers as others
from tests.launch.raw import ROOT, listening
from tests.require import missing

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-filesystem"))
PROGRAMS = Path(__file__).with_name("node")
REQUIREMENTS = Path(__file__).with_name("python") / "requirements.txt"
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
def converse(programs: Path) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Run one program with its task; what it saw."""

    def run(program: str, task: dict[str, Any]) -> dict[str, Any]:
        command = [node(), program, json.dumps(task)]
        done = subprocess.run(command, cwd=programs, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the programs and, beside them, the packages that they import: where Node looks for them."""
    folder = ROOT / ".cache" / "node"
    try:
        install(PROGRAMS / "package.json", folder)
    except Unavailable as reason:
        missing(str(reason))
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, folder)
    return folder


@pytest.fixture(scope="session")
def strangers() -> Path:
    """The Python of an environment with other people's Python programs."""
    try:
        return others.environment(REQUIREMENTS, ROOT / ".cache" / "python")
    except others.Unavailable as reason:
        missing(str(reason))


@pytest.fixture(scope="session")
def inspect(programs: Path) -> Callable[..., Any]:
    """What the Inspector's command line answers; it must end well and find nothing to warn of.

    With `any_values` it may find values of any kind: parameters of statements, cells of rows, parts of a page.
    """

    def run(target: list[str], method: str, *options: str, any_values: bool = False) -> Any:
        launcher = programs / "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        command = [node(), str(launcher), "--cli", *target, "--method", method, "--format", "json", "--quiet", *options]
        done = subprocess.run(command, cwd=programs, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
        issues = [line for line in done.stderr.splitlines() if "Issue:" in line]
        assert [line for line in issues if not (any_values and "accepts any value" in line)] == [], done.stderr
        return json.loads(done.stdout)

    return run
