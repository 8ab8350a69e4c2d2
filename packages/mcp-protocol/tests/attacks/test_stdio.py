"""The S cases of the threat model: hostile, slow, oversized and vanishing peers on a pipe, against a real process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).parent.parent / "transports" / "noisy_server.py"
P = "io.modelcontextprotocol/"
META: dict[str, Any] = {P + "protocolVersion": "2026-07-28", P + "clientCapabilities": {}}
DISCOVER: dict[str, Any] = {"jsonrpc": "2.0", "id": "alive", "method": "server/discover", "params": {"_meta": META}}


def tool(request_id: Any, name: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, "_meta": META}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


class Process:
    """A server on two pipes; every line it writes must be JSON-RPC."""

    def __init__(self) -> None:
        self.child = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.stdin, self.stdout = self.child.stdin, self.child.stdout

    def write(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def send(self, *messages: Any) -> None:
        self.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def receive(self) -> dict[str, Any]:
        line = self.stdout.readline()
        assert line, self.child.stderr.read() if self.child.stderr else b""
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def assert_alive(self) -> None:
        self.send(DISCOVER)
        assert self.receive()["id"] == "alive"

    def end(self) -> tuple[bytes, bytes]:
        return self.child.communicate(timeout=5)


@pytest.fixture
def process() -> Iterator[Process]:
    one = Process()
    try:
        yield one
    finally:
        one.child.kill()
        one.child.communicate()


def resident(pid: int) -> int:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def test_s1_long_lines_work_and_endless_ones_are_refused_in_flat_memory(process: Process) -> None:
    process.send(tool(1, "echo", text="x" * 200_000))
    assert len(process.receive()["result"]["content"][0]["text"]) == 200_000
    before = resident(process.child.pid)
    chunk = b"x" * (1 << 20)
    for _ in range(64):
        process.write(chunk)
    refused = process.receive()
    assert (refused["error"]["code"], "id" in refused) == (-32600, False)
    process.write(b"\n")
    process.assert_alive()
    assert resident(process.child.pid) - before < 16


def test_s2_bytes_one_at_a_time_and_ten_thousand_messages_at_once(process: Process) -> None:
    for byte in json.dumps(tool(1, "echo", text="ä€𝄞"), ensure_ascii=False).encode() + b"\r\n":
        process.write(bytes([byte]))
    assert process.receive()["result"]["content"][0]["text"] == "ä€𝄞"
    process.write(b"\n\r\n\n")
    total = 1000
    process.send(*(tool(number, "echo", text=str(number)) for number in range(total)))
    replies = [process.receive() for _ in range(total)]
    assert {reply["id"]: reply["result"]["content"][0]["text"] for reply in replies} == {
        number: str(number) for number in range(total)
    }


def test_s3_bytes_that_are_no_text_are_refused_and_the_next_line_is_served(process: Process) -> None:
    for noise in (b"\xff\xfe\xff\n", b"\x00\n", b"\xc3\n", b"\xef\xbb\xbf{}\n"):
        process.write(noise)
        assert process.receive()["error"]["code"] == -32700
    process.assert_alive()


def test_s4_header_framing_of_another_protocol_gets_errors_not_silence(process: Process) -> None:
    body = json.dumps(DISCOVER).encode()
    process.write(b"Content-Length: %d\r\n\r\n" % len(body) + body + b"\n")
    assert process.receive()["error"]["code"] == -32700
    assert process.receive()["id"] == "alive"


@pytest.mark.parametrize("attempt", range(5))
def test_s5_a_request_followed_by_the_end_of_input_gets_its_reply(process: Process, attempt: int) -> None:
    process.send(tool(attempt, "echo", text="last words"))
    out, _ = process.end()
    assert [json.loads(line)["id"] for line in out.splitlines()] == [attempt]
    assert process.child.returncode == 0


def test_s5_calls_in_flight_at_the_end_of_input_finish_or_are_cancelled_within_two_seconds(process: Process) -> None:
    process.send(*(tool(number, "nap", seconds=0.2) for number in range(25)))
    process.send(*(tool(number, "nap", seconds=60) for number in range(25, 50)))
    started = time.monotonic()
    out, _ = process.end()
    assert time.monotonic() - started < 8  # the naps are of a minute; alone it takes two seconds
    assert sorted(json.loads(line)["id"] for line in out.splitlines()) == list(range(25))
    assert process.child.returncode == 0


def test_s5_the_end_of_input_in_mid_line_ends_the_server(process: Process) -> None:
    process.write(b'{"jsonrpc":"2.0","id":1,')
    out, _ = process.end()
    assert (out, process.child.returncode) == (b"", 0)


def test_s6_a_host_that_closes_stdout_ends_the_server_quietly(process: Process) -> None:
    process.stdout.close()
    process.send(tool(1, "echo", text="x"))
    process.child.wait(timeout=5)
    assert process.child.stderr is not None
    assert b"Traceback" not in process.child.stderr.read()


def test_s8_s9_prints_and_children_cannot_touch_the_protocol(process: Process) -> None:
    process.send(tool("x", "shout"))
    assert process.receive()["result"]["content"][0]["text"] == "child ended with 0"
    out, err = process.end()
    assert out == b""
    assert b"written to fd 1" in err
    assert b"from a child" in err


@pytest.mark.parametrize("closed", ["stdin", "stdout"])
def test_s11_closed_descriptors_are_one_clear_error(closed: str) -> None:
    redirect = {"stdin": "<&-", "stdout": ">&-"}[closed]
    found = subprocess.run(
        ["/bin/sh", "-c", f'"$0" "$1" {redirect}', sys.executable, str(SERVER)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=10,
    )
    assert b"stdin and stdout must be open" in found.stderr


def test_s11_a_closed_stderr_does_not_stop_the_server() -> None:
    found = subprocess.run(
        ["/bin/sh", "-c", '"$0" "$1" 2>&-', sys.executable, str(SERVER)],
        input=json.dumps(tool(1, "shout")).encode() + b"\n",
        stdout=subprocess.PIPE,
        check=False,
        timeout=10,
    )
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == [1]


def test_s12_ten_thousand_pointless_cancellations_are_silent(process: Process) -> None:
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    process.send(*[cancelled] * 5_000)
    process.send(*[cancelled | {"params": {}}] * 5_000)
    process.assert_alive()


def test_a_cancelled_call_is_cancelled_in_the_tool_within_a_second(process: Process, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process.send(tool(1, "leave_a_mark", path=str(mark)))
    assert process.child.stderr is not None
    process.child.stderr.readline()
    process.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "_meta": META}})
    process.assert_alive()
    assert mark.read_text() == "cancelled"


def test_python_sdk_2751_a_cancellation_that_races_the_reply_breaks_nothing(process: Process) -> None:
    for number in range(300):
        process.send(
            tool(number, "echo", text="x"),
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}},
        )
    process.send(DISCOVER)
    seen: list[Any] = []
    while "alive" not in seen:
        seen.append(process.receive()["id"])
    assert len(seen) == len(set(seen))
    process.assert_alive()
