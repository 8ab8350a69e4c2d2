"""The README's code runs: its server over real stdio, its tests with pytest, its other pieces added to the server."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.encoding import encode

README = Path(__file__).parents[1] / "README.md"
SERVER, TESTS, *MORE = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    begin, mark, end = SERVER.partition("@asynccontextmanager")
    (tmp_path / "notes.py").write_text("\n".join([begin, *MORE, mark + end]))
    (tmp_path / "test_notes.py").write_text(TESTS)
    return tmp_path


def test_the_server_is_complete_in_under_forty_lines() -> None:
    assert len([line for line in SERVER.splitlines() if line]) < 40


def test_the_server_answers_on_stdio(folder: Path) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("tools/list", {}),
        ("tools/call", {"name": "write_note", "arguments": {"name": "milk", "text": "two litres"}}),
        ("tools/call", {"name": "read_note", "arguments": {"name": "eggs"}}),
        ("prompts/get", {"name": "summarise", "arguments": {"name": "welcome"}}),
        ("resources/read", {"uri": "note:///welcome"}),
        ("tools/call", {"name": "delete_note", "arguments": {"name": "welcome"}}),
    ]
    replies = [_talk(folder, method, params) for method, params in asked]
    assert [tool["name"] for tool in replies[0]["tools"]] == ["write_note", "read_note", "delete_note"]
    assert replies[1]["structuredContent"] == {"result": "2 notes."}
    assert replies[2]["content"][0]["text"] == "not_found: There is no note 'eggs'. There are ['welcome']."
    assert replies[3]["messages"][0]["content"]["text"].endswith("Hello.")
    assert replies[4]["contents"][0]["text"] == "Hello."
    (question,) = replies[5]["inputRequests"].values()
    assert question["params"]["message"] == "Delete welcome?"


def test_its_tests_pass(folder: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    done = subprocess.run([sys.executable, "-m", "pytest", *options], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    assert b"4 passed" in done.stdout


def test_its_client_is_asked_and_answers(folder: Path) -> None:
    code = "import asyncio, notes; print(asyncio.run(notes.tidy_up()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "{'result': 'Deleted welcome.'}"


def _talk(folder: Path, method: str, params: dict[str, Any]) -> Any:
    message = encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": META}}) + b"\n"
    command = [sys.executable, "notes.py"]
    done = subprocess.run(command, cwd=folder, input=message, capture_output=True, check=True, timeout=30)
    reply = json.loads(done.stdout)
    assert "result" in reply, reply
    return reply["result"]
