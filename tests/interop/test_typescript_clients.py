"""The clients of the TypeScript SDK, both generations, talk to the filesystem server."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
# The program, how it is told to negotiate, and what must come of it.
CLIENTS = [
    pytest.param("sdk_v1.mjs", "legacy", LEGACY, id="v1"),
    pytest.param("client_v2.mjs", "legacy", LEGACY, id="v2-legacy"),
    pytest.param("client_v2.mjs", "auto", MODERN, id="v2-auto"),
    pytest.param("client_v2.mjs", "pinned", MODERN, id="v2-pinned"),
]


def talk(node: str, program: Path, task: dict[str, Any]) -> dict[str, Any]:
    command = [node, program.name, json.dumps(task)]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("program", "mode", "revision"), CLIENTS)
def test_a_typescript_client_holds_a_whole_conversation(
    node: str, programs: Path, target: dict[str, Any], directory: Path, program: str, mode: str, revision: str
) -> None:
    seen = talk(node, programs / program, {"mode": mode, "target": target, "directory": str(directory)})

    assert seen["revision"] in {revision, None if "command" in target else revision}
    assert "read_text_file" in seen["tools"]
    assert seen["content"] == "one\ntwo\nthree\n"
    assert "-two\n+2\n" in seen["diff"]
    assert (directory / "a.txt").read_text() == "one\n2\nthree\n"
    assert seen["refused"].startswith("denied_outside_root: ")
    assert seen["progress"] == sorted(seen["progress"])
    assert seen["resource"] == "one\n2\nthree\n"
    assert "file:///{+path}" in seen["templates"]
    assert seen["prompt"] == "user"
    assert "a.txt" in seen["completion"]
    assert seen["unknown"] == -32602
    assert seen["cancelled"] is True
    assert seen["after"] == "file"
