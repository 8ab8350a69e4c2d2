"""What the tools cost a model: the bytes of the list that a host puts before it; and which there are in which mode."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mcp_ref_git import Settings

MOST_BYTES = 20_000
DEFAULT = 22


def printed(*arguments: str) -> list[dict[str, Any]]:
    script = Path(sys.executable).with_name("mcp-ref-git")
    done = subprocess.run([script, "--print-tools", *arguments], capture_output=True, check=True, timeout=20)
    return json.loads(done.stdout)["tools"]


def test_the_default_tools_fit_their_budget() -> None:
    tools = [json.dumps(entry["tool"], separators=(",", ":"), ensure_ascii=False) for entry in printed()]
    assert len(tools) == DEFAULT
    assert sum(map(len, tools)) <= MOST_BYTES


def test_gt28_read_only_offers_no_tool_that_writes() -> None:
    """GT28."""
    tools = printed("--mode", "read-only", "--toolsets", "all")
    assert [entry["tool"]["name"] for entry in tools if not entry["tool"]["annotations"]["readOnlyHint"]] == []


def test_gt21_further_toolsets_are_offered_only_when_they_are_asked_for() -> None:
    """GT21."""
    assert {entry["toolset"] for entry in printed()} == {"read", "write"}
    assert "destructive" not in {entry["toolset"] for entry in printed("--toolsets", "all")}
    assert "destructive" in {entry["toolset"] for entry in printed("--toolsets", "all", "--mode", "admin")}


def test_the_readme_names_every_flag_of_this_server_and_no_other() -> None:
    """Those that every server has are described by the kit."""
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    table = readme.partition("## What is allowed")[2].partition("## Tools")[0]
    own = {f"--{name.replace('_', '-')}" for name in Settings.__struct_fields__} - {"--state-key", "--max-output-chars"}
    assert set(re.findall(r"--[a-z][a-z-]+", table)) == own
    script = Path(sys.executable).with_name("mcp-ref-git")
    told = subprocess.run([script, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert own <= set(re.findall(r"--[a-z][a-z-]+", told))
