"""Where a server listens, what it announces, and how a process ends."""

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import SettingsError
from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.app import HttpOptions

PROGRAM = Path(__file__).with_name("waiting_server.py")
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Process:
    """The server as a process; its stderr says what happens."""

    def __init__(self, drain: str) -> None:
        self.child = subprocess.Popen([sys.executable, str(PROGRAM), drain], stderr=subprocess.PIPE, text=True)
        self.url = self.line()

    def line(self) -> str:
        assert self.child.stderr is not None
        return self.child.stderr.readline().strip()

    def call(self, tool: str) -> socket.socket:
        host, port = self.url.removeprefix("http://").removesuffix("/mcp").split(":")
        body = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": tool, "arguments": {}, "_meta": META},
            }
        )
        wire = socket.create_connection((host, int(port)), timeout=5)
        wire.sendall(
            f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nAccept: */*\r\n"
            f"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        return wire


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    one = Process(getattr(request, "param", "5"))
    yield one
    if one.child.poll() is None:
        one.child.kill()
    one.child.communicate(timeout=5)


def test_the_real_url_is_announced_once_it_answers(process: Process) -> None:
    assert process.url.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(process.url, headers={"Accept": "text/event-stream"}))  # noqa: S310  a loopback URL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_code_0(process: Process, number: signal.Signals) -> None:
    process.child.send_signal(number)
    assert process.line() == "closed"
    assert process.child.wait(5) == 0


@pytest.mark.parametrize("process", ["0.1"], indirect=True)
def test_a_signal_lets_calls_finish_for_a_while_only(process: Process) -> None:
    with process.call("wait") as wire:
        assert process.line() == "waiting"
        process.child.send_signal(signal.SIGTERM)
        assert [process.line(), process.line()] == ["cancelled", "closed"]
        assert wire.recv(100).startswith(b"HTTP/1.1 503 ")
    assert process.child.wait(5) == 0


def test_a_second_signal_ends_the_process_at_once(process: Process) -> None:
    with process.call("wait"):
        assert process.line() == "waiting"
        process.child.send_signal(signal.SIGTERM)
        while process.child.poll() is None:
            process.child.send_signal(signal.SIGTERM)
    assert process.child.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("host", "guarded", "allowed", "opens"),
    [
        ("127.0.0.1", False, False, True),
        ("localhost", False, False, True),
        ("0.0.0.0", False, False, False),  # noqa: S104  the point is who may
        ("0.0.0.0", True, False, True),  # noqa: S104  likewise
        ("0.0.0.0", False, True, True),  # noqa: S104  likewise
    ],
)
def test_an_open_address_needs_authentication(host: str, *, guarded: bool, allowed: bool, opens: bool) -> None:
    listen = serve.Listen(host=host, port=0, allow_unauthenticated=allowed)
    if opens:
        serve.bind(listen, guarded=guarded).close()
    else:
        with pytest.raises(SettingsError, match="set up authentication"):
            serve.bind(listen, guarded=guarded)


@pytest.mark.parametrize("host", ["203.0.113.1", "a" * 70])
def test_an_address_that_cannot_be_used_is_one_sentence(host: str) -> None:
    with pytest.raises(SettingsError, match=f"^Cannot listen on {host} port 9: .*[.]$"):
        serve.bind(serve.Listen(host=host, port=9, allow_unauthenticated=True), guarded=False)


def test_a_port_in_use_is_one_sentence() -> None:
    with serve.bind(serve.Listen(port=0), guarded=False) as first:
        port = serve.address_of(first).port
        with pytest.raises(SettingsError, match="Cannot listen"):
            serve.bind(serve.Listen(port=port), guarded=False)


def test_an_address_names_its_hosts_and_origins() -> None:
    loopback = serve.options_at(serve.Address("127.0.0.1", 8000), HttpOptions())
    assert loopback.hosts == {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}
    assert "http://localhost:8000" in loopback.origins
    six = serve.options_at(serve.Address("fe80::1", 8000), HttpOptions())
    assert six.hosts == {"[fe80::1]:8000"}
    given: Any = HttpOptions(hosts=frozenset({"mcp.example"}), origins=frozenset({"https://app.example"}))
    assert serve.options_at(serve.Address("127.0.0.1", 8000), given) == given


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no such options")
def test_l6_a_client_that_vanishes_without_a_word_is_noticed_within_a_minute() -> None:
    """Accepted sockets inherit the bounds: unanswered data for 30 s, or silence for 60, ends the connection."""
    with (
        serve.bind(serve.Listen(port=0), guarded=False) as listener,
        socket.create_connection(listener.getsockname()[:2]),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, step, count = (
            accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_KEEP{name}"))
            for name in ("IDLE", "INTVL", "CNT")
        )
        unanswered = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert idle + step * count <= 60
    assert unanswered <= 60_000
