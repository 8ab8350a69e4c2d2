"""A load client for HTTP: keep-alive connections driven by one selector, each with one request in flight."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from typing import Self

from benches.messages import INITIALIZED, REVISIONS, Failed, Request, answer, opening
from benches.pipes import ENVIRONMENT, deadline


class Connection:
    """One keep-alive connection, its own client (and legacy session)."""

    def __init__(self, port: int, era: str) -> None:
        self._era = era
        self._port = port
        self._session = b""
        self._versioned = era == "2026"
        self._buffer = bytearray()
        self._last_id = 0
        self.socket = _connected(port)

    def open(self) -> None:
        """Say hello as that era does."""
        self.send(opening(self._era))
        self.receive()
        if self._era == "2025":
            self._versioned = True
            self._post(INITIALIZED, "notifications/initialized", "")
            self.receive()

    def refresh(self) -> None:
        """Connect again if the server has closed the connection meanwhile: most do after some idle seconds."""
        self.socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            if not self.socket.recv(1, socket.MSG_PEEK):
                self.socket.close()
                self.socket = _connected(self._port)
        self.socket.settimeout(None)

    def send(self, request: Request) -> None:
        """Put one request on the wire."""
        self._last_id += 1
        self._post(request.numbered(self._last_id), request.method, request.name)

    def receive(self) -> None:
        """Block until the answer is whole, and check it."""
        while not self.read():
            pass

    def read(self) -> bool:
        """Take what has come; whether an answer is complete now."""
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise Failed("the server closed the connection")
        self._buffer += chunk
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4:  # noqa: PLR2004  the head is not complete
            return False
        head = bytes(self._buffer[:end])
        body = _body(head.lower(), self._buffer, end)
        if body is None:
            return False
        self._buffer.clear()
        at = head.lower().find(b"mcp-session-id:")
        self._session = head[at:].split(b"\r\n", 1)[0] + b"\r\n" if at >= 0 else self._session
        if body:
            answer(body)
        elif not head.startswith(b"HTTP/1.1 2"):
            raise Failed(head.decode())
        return True

    def _post(self, body: bytes, method: str, name: str) -> None:
        lines = [
            b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n" % self._port,
            b"Accept: application/json, text/event-stream\r\n",
            self._session,
        ]
        if self._versioned:
            lines.append(f"MCP-Protocol-Version: {REVISIONS[self._era]}\r\n".encode())
        if self._era == "2026":
            lines.append(f"Mcp-Method: {method}\r\n".encode())
            lines.append(f"Mcp-Name: {name}\r\n".encode() if name else b"")
        self.socket.sendall(b"%bContent-Length: %d\r\n\r\n%b" % (b"".join(lines), len(body), body))


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _body(head: bytes, buffer: bytearray, end: int) -> bytes | None:
    """The body when it is complete: by length, chunked, or none; the one event of a stream is taken out of it."""
    at = head.find(b"content-length:")
    if at >= 0:
        size = int(head[at + 15 :].split(b"\r\n", 1)[0])
        whole = bytes(buffer[end : end + size])
        if len(whole) < size:
            return None
    elif b"transfer-encoding: chunked" not in head:
        return b""
    elif not buffer.endswith(b"0\r\n\r\n"):
        return None
    else:
        whole = b"".join(bytes(buffer[end:]).split(b"\r\n")[1::2])
    events = [line[5:].strip() for line in whole.splitlines() if line.startswith(b"data:") and line[5:].strip()]
    return events[-1] if events else whole


class Listening:
    """One started server that listens; `{port}` in the command is filled in."""

    def __init__(self, command: list[str], era: str, connections: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._port, self._era, self._count = port, era, connections
        self._process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._connections: list[Connection] = []

    @property
    def pid(self) -> int:
        """The process that is measured."""
        return self._process.pid

    def __enter__(self) -> Self:
        until = time.monotonic() + 30
        while True:
            try:
                self._connections.append(Connection(self._port, self._era))
                break
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise Failed("the server does not listen") from None
                time.sleep(0.01)
        self._connections += [Connection(self._port, self._era) for _ in range(self._count - 1)]
        with deadline():
            for connection in self._connections:
                connection.open()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.socket.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def load(self, request: Request, times: int) -> None:
        """`times` requests, one in flight on each connection."""
        left = times
        with selectors.DefaultSelector() as selector, deadline():
            for connection in self._connections:
                connection.refresh()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(request)
            busy = len(self._connections)
            left -= busy
            while busy:
                for key, _ in selector.select():
                    connection: Connection = key.data
                    if not connection.read():
                        continue
                    if left > 0:
                        left -= 1
                        connection.send(request)
                    else:
                        busy -= 1
