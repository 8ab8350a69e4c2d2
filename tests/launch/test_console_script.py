"""The console script as a host starts it: on stdio and on HTTP, in both eras."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.launch.raw import LEGACY, MODERN, HttpPeer, StdioPeer, each_revision, listening, message

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-filesystem"))
TEXT = "one\ntwo\n"


@each_revision
def test_a_host_starts_it_and_calls_a_tool_over_stdio(directory: Path, revision: str) -> None:
    with StdioPeer([SCRIPT, str(directory)]) as peer:
        peer.open(revision)
        assert "read_text_file" in {tool["name"] for tool in peer.request("tools/list")["tools"]}
        assert peer.call("read_text_file", path="a.txt")["structuredContent"]["content"] == TEXT
        assert peer.end() == 0


@each_revision
def test_a_client_calls_a_tool_over_http(directory: Path, revision: str) -> None:
    with listening([SCRIPT, str(directory)]) as (_, url):
        peer = HttpPeer(url)
        peer.open(revision)
        assert "read_text_file" in {tool["name"] for tool in peer.request("tools/list")["tools"]}
        assert peer.call("read_text_file", path="a.txt")["structuredContent"]["content"] == TEXT


def test_both_eras_share_one_pipe(directory: Path) -> None:
    with StdioPeer([SCRIPT, str(directory)]) as peer:
        peer.open(LEGACY)
        peer.revision = MODERN
        assert peer.request("tools/list")["resultType"] == "complete"
        peer.revision = LEGACY
        assert "resultType" not in peer.request("tools/list")


@each_revision
def test_a_request_followed_at_once_by_end_of_input_is_answered(directory: Path, revision: str) -> None:
    with StdioPeer([SCRIPT, str(directory)]) as peer:
        peer.open(revision)
        arguments = {"name": "read_text_file", "arguments": {"path": "a.txt"}}
        peer.send(*(message(revision, "tools/call", arguments, ident=f"last-{number}") for number in range(8)))
        assert peer.end() == 0
        answers = [peer.receive() for _ in range(8)]
    assert {answer["id"] for answer in answers} == {f"last-{number}" for number in range(8)}
    assert all(answer["result"]["structuredContent"]["content"] == TEXT for answer in answers)


def test_end_of_input_ends_the_process_without_a_word(directory: Path) -> None:
    with StdioPeer([SCRIPT, str(directory)]) as peer:
        peer.open(MODERN)
        began = time.monotonic()
        assert peer.end() == 0
        assert time.monotonic() - began < 5  # a grace for calls in flight, of which there are none, would be longer
        assert "Traceback" not in peer.stderr


@pytest.mark.parametrize("arguments", [["--no-such-flag"], ["--port", "many"], ["/no/such/directory"]])
def test_a_bad_setting_is_one_sentence_and_exit_code_2(arguments: list[str]) -> None:
    ended = subprocess.run(
        [SCRIPT, *arguments], capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip()


def test_open_bind_refuses_to_start(directory: Path) -> None:
    """CVE-2025-49596, CVE-2026-23744, CVE-2026-32211, CVE-2026-33032: a reachable port without authentication."""
    command = [SCRIPT, str(directory), "--transport", "http", "--host", "0.0.0.0", "--port", "0"]  # noqa: S104  the refusal is the test
    ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 2
    assert "--allow-unauthenticated" in ended.stderr


def test_the_version_is_told_without_starting_anything() -> None:
    ended = subprocess.run([SCRIPT, "--version"], capture_output=True, text=True, timeout=10, check=True)
    assert "0.1.0" in ended.stdout


def test_files_of_the_working_directory_are_not_imported(directory: Path) -> None:
    """X2: a hostile directory that holds json.py or msgspec.py."""
    for name in ("json", "msgspec", "asyncio", "mcp_ref_kit"):
        (directory / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    with StdioPeer([SCRIPT, "."], cwd=directory) as peer:
        peer.open(MODERN)
        assert peer.call("read_text_file", path="a.txt")["structuredContent"]["content"] == TEXT
