"""The decorators prove an author's mistakes before anything runs: what basedpyright says of a file full of them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("authors.txt")
CHECKER = shutil.which("basedpyright", path=str(Path(sys.executable).parent))


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.skipif(CHECKER is None, reason="basedpyright is not installed")
def test_the_type_checker_finds_each_mistake_of_an_author_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "authors.py").write_text(SOURCE.read_text())
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    command = [str(CHECKER), "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    printed = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).stdout
    found: dict[int, set[str]] = {}
    for report in json.loads(printed)["generalDiagnostics"]:
        found.setdefault(report["range"]["start"]["line"] + 1, set()).add(report["rule"])
    assert found == _expected(SOURCE.read_text())


def _expected(source: str) -> dict[int, set[str]]:
    marked = (re.search(r"# error: (.+)$", line) for line in source.splitlines())
    return {number: set(mark[1].split()) for number, mark in enumerate(marked, 1) if mark}
