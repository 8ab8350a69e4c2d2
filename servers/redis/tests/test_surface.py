"""What the tools cost a model, and that the list is the same every time."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_ref_kit.settings.fields import fields_of
from mcp_ref_redis.settings import Settings

Clients = Any
# Arguments and tables of the config file, and what the kit describes.
ELSEWHERE = {"databases", "tables", "queries", "config", "state_key", "mode", "max_in_flight"}
MOST_BYTES = 12_288  # of the tools that are usual, in any mode; redis-mcp-server sends 41 774 for all of its own


@pytest.mark.parametrize("mode", ["read-only", "read-write", "admin"])
def test_the_default_tools_fit_their_budget(mode: str) -> None:
    """DB1."""
    tools = surface("--mode", mode)
    assert len(json.dumps({"tools": tools}, separators=(",", ":"), ensure_ascii=False).encode()) <= MOST_BYTES
    assert len(tools) == (6 if mode == "read-only" else 11)


def test_the_readme_names_every_flag_of_this_server_and_no_other() -> None:
    """Those that every server has are described by the kit."""
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    table = readme.partition("| flag | meaning |")[2].partition("## Tools")[0]
    own = {field.flag for name, field in fields_of(Settings).items() if name not in ELSEWHERE}
    assert set(re.findall(r"--[a-z][a-z-]+", table)) == own
    script = Path(sys.executable).with_name("mcp-ref-redis")
    told = subprocess.run([script, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert own <= set(re.findall(r"--[a-z][a-z-]+", told))


def test_hints_are_true_for_the_mode() -> None:
    """DB1, DB2: in read-only mode every tool only reads."""
    reading = surface("--mode", "read-only", "--toolsets", "all")
    writing = surface("--mode", "admin", "--toolsets", "all")
    assert all(tool["annotations"]["readOnlyHint"] for tool in reading)
    assert {"command", "pipeline", "stream_groups", "vector_set", "time_series"} <= {tool["name"] for tool in reading}
    by_name = {tool["name"]: tool["annotations"] for tool in writing}
    assert by_name["command"]["destructiveHint"]
    assert by_name["read_key"]["readOnlyHint"]
    for tool in writing:
        assert tool["inputSchema"]["additionalProperties"] is False
        assert "outputSchema" in tool
        assert len(tool["annotations"]) >= 4


async def test_the_list_is_the_same_every_time(client_of: Clients) -> None:
    """DB1: over a thousand calls."""
    async with client_of() as client:
        first = json.dumps(await client.request("tools/list", {}))
        for _ in range(1000):
            assert json.dumps(await client.request("tools/list", {})) == first


def surface(*arguments: str) -> list[dict[str, Any]]:
    script = Path(sys.executable).with_name("mcp-ref-redis")
    command = [script, *arguments, "--print-tools"]
    printed = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
    return [entry["tool"] for entry in printed["tools"]]
