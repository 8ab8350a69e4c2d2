"""The scripts that people run: the demo tells its whole story, and the benches run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.stories import NAMES
from tests.launch.raw import ROOT
from tests.require import missing

pytestmark = pytest.mark.timeout(180)


def run(*module: str) -> str:
    done = subprocess.run([sys.executable, "-m", *module], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_has_a_story_of_every_server(name: str) -> None:
    """Each works, is refused something, and holds what it claims."""
    told = run("scripts.demo", name)
    assert "WRONG" not in told
    assert told.count("    ok: ") >= 3
    assert "refused" in told
    assert "\033" not in told


def test_the_demo_shows_both_eras_and_both_transports_and_ends_with_what_to_paste() -> None:
    told = run("scripts.demo", "filesystem")
    assert told.count("ok: it was refused") == 8
    assert told.count("byte for byte") == 2
    assert re.search(r"2026-07-28 on stdio.*2025-11-25 on stdio.*on HTTP.*listening on http://127", told, re.DOTALL)
    snippet = told[told.rindex('{\n      "mcpServers"') : told.rindex("}") + 1]
    [entry] = json.loads(snippet)["mcpServers"].values()
    assert Path(entry["command"]).exists()


def test_the_benches_run_and_write_what_they_measured() -> None:
    if not sys.platform.startswith("linux"):
        missing("the benches read Linux's accounts of processes")
    told = run("benches", "--quick", "sequential", "http", "names")
    written = ROOT / re.findall(r"written to (\S+)", told)[0]
    rows = json.loads(written.read_text())["rows"]
    assert [row["row"].split(",")[0] for row in rows] == ["stdio", "HTTP", "filesystem: search names"]
    assert all(row["values"]["ours"][0] > 0 for row in rows)
    assert [row["missing"] for row in rows] == [{}, {}, {}]
