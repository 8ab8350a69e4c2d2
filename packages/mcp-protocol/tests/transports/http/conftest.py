"""A server on a loopback port, spoken to with literal bytes over blocking sockets."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.asgi import Application
from mcp_protocol.transports.http.bounds import Bounds

DEADLINE = 5


@dataclass
class Answer:
    """One HTTP answer as it came."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name.lower()), None)


class Wire:
    """One TCP connection; every wait has a deadline."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.port = port
        self.rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        while mark not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError(f"closed before {mark!r}, after {self.rest[-200:]!r}")
            self.rest += data
        found, _, self.rest = self.rest.partition(mark)
        return found + mark

    def exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed in a body")
            self.rest += data
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def head(self) -> Answer:
        """Status line and fields of the next answer."""
        status, *lines = self.until(b"\r\n\r\n").decode().strip().split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return Answer(int(status.split()[1]), fields)

    def answer(self) -> Answer:
        """The next whole answer."""
        answer = self.head()
        if answer.header("transfer-encoding") == "chunked":
            answer.body = b"".join(self.chunks())
        elif answer.status not in {202, 204}:
            answer.body = self.exactly(int(answer.header("content-length") or 0))
        return answer

    def chunks(self) -> Iterator[bytes]:
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            self.exactly(2)
        self.exactly(2)

    def closed(self) -> bytes:
        """Wait for the end of the connection; what came before it."""
        while True:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return self.rest
            if not data:
                return self.rest
            self.rest += data


@dataclass
class Running:
    """A server in its own thread."""

    port: int
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    thread: threading.Thread
    connections: list[Wire] = field(default_factory=list[Wire])

    @property
    def host(self) -> bytes:
        return b"127.0.0.1:%d" % self.port

    def connect(self) -> Wire:
        wire = Wire(self.port)
        self.connections.append(wire)
        return wire

    def ask(self, data: bytes) -> Answer:
        """One answer on a connection of its own."""
        with self.connect() as wire:
            return wire.send(data).answer()

    def shut(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()


Serve = Callable[..., AbstractContextManager[Running]]


@contextmanager
def running(make: Callable[[serve.Address], Application], bounds: Bounds | None = None) -> Iterator[Running]:
    """Serve what `make` returns for the real address until the block ends."""
    sock = serve.bind(serve.Listen(port=0), guarded=False)
    address = serve.address_of(sock)
    ready = threading.Event()
    found: dict[str, Any] = {}

    async def main() -> None:
        found.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
        app = make(address)
        drain = getattr(app, "drain", None)
        await serve.run(app, sock, bounds=bounds or Bounds(), started=ready.set, stop=found["stop"], drain=drain)

    def work() -> None:
        with asyncio.Runner(loop_factory=serve.loop_factory()) as runner:
            runner.run(main())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(DEADLINE)
    server = Running(address.port, found["loop"], found["stop"], thread)
    try:
        yield server
    finally:
        for wire in server.connections:
            wire.socket.close()
        server.shut()


@pytest.fixture(scope="session")
def serving() -> Serve:
    """Start a server: `with serving(make_app, bounds) as server`."""
    return running
