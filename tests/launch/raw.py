"""A peer that speaks raw JSON-RPC bytes to a started server: no code of ours between the test and the wire."""

import contextlib
import http.client
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
ROOT = Path(__file__).parents[2]
DEADLINE = 10.0
# A start by uvx may build wheels first.
SLOW_START = 240.0
CLIENT = {"name": "raw", "version": "1"}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}

Message = dict[str, Any]
each_revision = pytest.mark.parametrize("revision", [LEGACY, MODERN])


def message(revision: str, method: str, params: Message | None = None, *, ident: int | str) -> Message:
    """One request, with the envelope that 2026-07-28 wants on each."""
    meta = {"_meta": ENVELOPE} if revision == MODERN else {}
    return {"jsonrpc": "2.0", "id": ident, "method": method, "params": {**(params or {}), **meta}}


def opening(revision: str) -> tuple[str, Message]:
    """The first request of a client."""
    if revision == MODERN:
        return "server/discover", {}
    return "initialize", {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT}


INITIALIZED: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Launched:
    """A process with its stderr collected; ends with the `with` block."""

    def __init__(self, command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # uvx starts the server as a child of its own, which must end too
        )
        self._said: list[str] = []
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @property
    def stderr(self) -> str:
        with self._news:
            return "".join(self._said)

    def wait_for(self, pattern: str, *, within: float = DEADLINE) -> re.Match[str]:
        """The first match of the pattern in what the process says on stderr."""
        with self._news:
            self._news.wait_for(lambda: re.search(pattern, "".join(self._said)), within)
        found = re.search(pattern, self.stderr)
        assert found, f"{pattern!r} was not said within {within} s, but: {self.stderr}"
        return found

    def _listen(self) -> None:
        assert self.process.stderr
        while chunk := self.process.stderr.read(4096):
            with self._news:
                self._said.append(chunk.decode(errors="replace"))
                self._news.notify_all()


class StdioPeer(Launched):
    """One JSON-RPC message a line."""

    revision = MODERN
    within = DEADLINE
    _buffer = b""
    _last_id = 0

    def open(self, revision: str, *, within: float = DEADLINE) -> Message:
        """Say hello as a client of that revision does; the result of it."""
        self.revision = revision
        self.within = within
        result = self.request(*opening(revision))
        if revision != MODERN:
            self.send(INITIALIZED)
        self.within = DEADLINE
        return result

    def request(self, method: str, params: Message | None = None) -> Message:
        """The result of one request; an error answer fails the test."""
        self._last_id += 1
        self.send(message(self.revision, method, params, ident=self._last_id))
        answer = self.receive()
        while "method" in answer:
            answer = self.receive()
        assert answer.get("id") == self._last_id, answer
        assert "result" in answer, answer
        return answer["result"]

    def call(self, tool: str, **arguments: object) -> Message:
        """The result of one tool."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def send(self, *messages: Message) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in messages))

    def receive(self) -> Message:
        """The next message, or a failure after the deadline."""
        deadline = time.monotonic() + self.within
        while b"\n" not in self._buffer:
            self._buffer += self._read(deadline)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def end(self, *, within: float = DEADLINE) -> int:
        """Close stdin and wait for the exit code; what was still written can be received afterwards."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(within)

    def _read(self, deadline: float) -> bytes:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"no answer within {self.within} s; stderr: {self.stderr}"
        chunk = os.read(self.process.stdout.fileno(), 65536)
        assert chunk, f"stdout was closed; stderr: {self.stderr}"
        return chunk


class HttpPeer:
    """One connection to a server that listens."""

    def __init__(self, url: str) -> None:
        self._host, self._path = re.fullmatch(r"http://([^/]+)(/.*)", url).groups()  # pyright: ignore[reportOptionalMemberAccess]  a wrong URL fails the test
        self.revision = MODERN
        self._session: dict[str, str] = {}
        self._last_id = 0

    def open(self, revision: str) -> Message:
        self.revision = revision
        result = self.request(*opening(revision))
        if revision != MODERN:
            assert self.post(INITIALIZED)[0] == http.client.ACCEPTED
        return result

    def request(self, method: str, params: Message | None = None) -> Message:
        self._last_id += 1
        name = (params or {}).get("name") or (params or {}).get("uri")
        headers = {"Mcp-Method": method, **({"Mcp-Name": name} if name else {})} if self.revision == MODERN else {}
        status, answer = self.post(message(self.revision, method, params, ident=self._last_id), headers)
        assert status == http.client.OK, answer
        assert answer["id"] == self._last_id
        assert "result" in answer, answer
        return answer["result"]

    def call(self, tool: str, **arguments: object) -> Message:
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def post(self, body: Message, headers: Mapping[str, str] | None = None) -> tuple[int, Message]:
        """Status and the answer, whether it came as JSON or as the last event of a stream."""
        connection = http.client.HTTPConnection(self._host, timeout=DEADLINE)
        version = {} if body["method"] == "initialize" else {"MCP-Protocol-Version": self.revision}
        common = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request(
            "POST", self._path, json.dumps(body), {**common, **version, **self._session, **(headers or {})}
        )
        with contextlib.closing(connection), connection.getresponse() as response:
            if session := response.headers.get("Mcp-Session-Id"):
                self._session = {"Mcp-Session-Id": session}
            text = response.read().decode()
        events = [
            line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:") and line[5:].strip()
        ]
        return response.status, json.loads(events[-1] if events else text or "{}")


def serves(command: list[str], directory: Path, *, env: Mapping[str, str] | None = None) -> None:
    """The command serves the directory on stdio in both eras; a first start may have to build."""
    for revision in (LEGACY, MODERN):
        with StdioPeer([*command, str(directory)], cwd=directory, env=env) as peer:
            peer.open(revision, within=SLOW_START)
            read = peer.call("read_text_file", path="a.txt")
            assert read["structuredContent"]["content"] == (directory / "a.txt").read_text()
            assert peer.end() == 0


@contextlib.contextmanager
def listening(command: list[str], *, within: float = DEADLINE) -> Generator[tuple[Launched, str]]:
    """A server started on a port of its own choice, and its URL."""
    with Launched([*command, "--transport", "http", "--port", "0"]) as launched:
        yield launched, launched.wait_for(r"listening on (http://\S+)", within=within)[1]
