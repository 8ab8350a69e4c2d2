"""FastMCP's client talks to the filesystem server, in both eras and on both transports."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.interop.seen import is_a_whole_conversation

PROGRAM = Path(__file__).with_name("python") / "fastmcp_client.py"
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}


@pytest.mark.parametrize("mode", MODES)
def test_fastmcp_holds_a_whole_conversation(
    strangers: Path, target: dict[str, Any], directory: Path, mode: str
) -> None:
    task = {"mode": mode, "target": target, "directory": str(directory)}
    command = [str(strangers), str(PROGRAM), json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["revision"] == MODES[mode]
    is_a_whole_conversation(seen, directory)
