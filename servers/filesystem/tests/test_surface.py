"""What the tools cost a model: the bytes of the list that a host puts before it."""

import json
import subprocess
import sys
from pathlib import Path

MOST_BYTES_PER_TOOL = 980
MOST_BYTES = 20_000


def test_the_default_tools_fit_their_budget() -> None:
    """The official server needs 13.7 kB for 14 tools."""
    script = Path(sys.executable).with_name("mcp-ref-filesystem")
    printed = json.loads(subprocess.run([script, "--print-tools"], capture_output=True, check=True).stdout)
    sizes = [len(json.dumps(entry["tool"], separators=(",", ":"), ensure_ascii=False)) for entry in printed["tools"]]
    assert sum(sizes) <= min(MOST_BYTES, MOST_BYTES_PER_TOOL * len(sizes))
