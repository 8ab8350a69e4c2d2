"""One listening server for the attacks, and what must hold after each of them."""

import contextlib
import http.client
import json
import re
import socket
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.launch.raw import ENVELOPE, MODERN, HttpPeer, listening

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-filesystem"))
TEXT = "one\ntwo\n"
PATIENCE = 10


@dataclass
class Victim:
    """A server over HTTP: its address, its process, and the directory it serves."""

    url: str
    pid: int
    directory: Path

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.url)[0])

    @property
    def resident_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def call(self, **overrides: Any) -> dict[str, Any]:
        """A correct tools/call of 2026-07-28, with members replaced."""
        params = {"name": "read_text_file", "arguments": {"path": "a.txt"}, "_meta": ENVELOPE}
        return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params, **overrides}

    def post(self, body: bytes | dict[str, Any], **headers: str) -> tuple[int, str]:
        """Status and text of one POST; `_` in the name of a header stands for `-`."""
        usual = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": "tools/call",
            "Mcp-Name": "read_text_file",
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/mcp", data, {**usual, **named})
            with connection.getresponse() as response:
                return response.status, response.read().decode()

    def raw(self, data: bytes, *, wait: float = 5) -> bytes:
        """All that comes back for these bytes until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.settimeout(wait)
            connection.sendall(data)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Generator[Victim]:
    work = tmp_path_factory.mktemp("victim")
    (work / "a.txt").write_text(TEXT)
    with listening([SCRIPT, str(work), "--history", "off"]) as (launched, url):
        yield Victim(url, launched.process.pid, work)


@pytest.fixture
def victim(listener: Victim) -> Generator[Victim]:
    """The server; afterwards it must be alive, answer correctly, and hold nothing that the attack left."""
    before = listener.descriptors
    yield listener
    peer = HttpPeer(listener.url)
    peer.open(MODERN)
    assert peer.call("read_text_file", path="a.txt")["structuredContent"]["content"] == TEXT
    assert listener.descriptors <= before + 2
