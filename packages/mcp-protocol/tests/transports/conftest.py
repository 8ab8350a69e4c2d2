"""HTTP servers on loopback ports, spoken to with literal bytes over blocking sockets; every wait has a deadline."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from mcp_protocol.limits import Limits
from mcp_protocol.server.app import Options, Server
from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.app import HttpApp, HttpOptions
from mcp_protocol.transports.http.asgi import Application
from mcp_protocol.transports.http.bounds import Bounds
from mcp_protocol.transports.loops import fast_loop

DEADLINE = 5
P = "io.modelcontextprotocol/"
META: dict[str, Any] = {P + "protocolVersion": "2026-07-28", P + "clientCapabilities": {}}
BOTH = "application/json, text/event-stream"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


@dataclass
class Answer:
    """One HTTP answer as it came."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name.lower()), None)

    @property
    def is_stream(self) -> bool:
        return self.header("content-type") == "text/event-stream"

    @property
    def message(self) -> Any:
        """The JSON-RPC answer, the last message of a stream."""
        return json.loads(self.body) if not self.is_stream else self.messages[-1]

    @property
    def messages(self) -> list[Any]:
        return [json.loads(event["data"]) for event in events_in(self.body) if event.get("data")]

    @property
    def code(self) -> int:
        return self.message["error"]["code"]


def events_in(stream: bytes) -> list[dict[str, str]]:
    """The fields of each event of a stream; comments are left out."""
    found: list[dict[str, str]] = []
    for block in stream.decode().split("\n\n"):
        lines = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


class Wire:
    """One TCP connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Self:
        self.socket.sendall(data)
        return self

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        while mark not in self.rest:
            self._more()
        found, _, self.rest = self.rest.partition(mark)
        return found + mark

    def exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            self._more()
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed after {self.rest[-200:]!r}")
        self.rest += data

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
        else:
            answer.body = self.exactly(int(answer.header("content-length") or 0))
        return answer

    def chunks(self) -> Generator[bytes]:
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            self.exactly(2)
        self.exactly(2)

    def event(self) -> dict[str, str]:
        """The next event of a stream whose head has been read; comments are skipped."""
        while True:
            chunk = self.exactly(int(self.until(b"\r\n"), 16))
            self.exactly(2)
            if not chunk:
                raise ConnectionError("the stream has ended")
            found = events_in(chunk)
            if found:
                self.rest = b"".join(
                    [*(_chunk(event) for event in found[1:]), self.rest]
                )  # several events came in one chunk
                return found[0]

    def comment(self) -> None:
        """The next chunk of a stream, which must be a comment."""
        assert self.exactly(int(self.until(b"\r\n"), 16)) == b":\n\n"
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


def _chunk(event: dict[str, str]) -> bytes:
    text = "".join(f"{name}: {value}\n" for name, value in event.items()) + "\n"
    return b"%x\r\n%b\r\n" % (len(text.encode()), text.encode())


@dataclass
class Running:
    """A server in its own thread."""

    port: int
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    thread: threading.Thread
    limits: Limits = field(default_factory=Limits)
    wires: list[Wire] = field(default_factory=list[Wire])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self) -> Wire:
        wire = Wire(self.port)
        self.wires.append(wire)
        return wire

    def ask(self, data: bytes) -> Answer:
        """One answer on a connection of its own."""
        with Wire(self.port) as wire:
            return wire.send(data).answer()

    def refused(self, data: bytes) -> int | None:
        """The status of a refusal that ends the connection, None where there was none; nothing may come after it."""
        with Wire(self.port) as wire:
            told = wire.send(data).closed()
        assert told.count(b"HTTP/1.1 ") <= 1
        return int(told.split()[1]) if told else None

    def soon(self, function: Callable[[], Any]) -> None:
        """Do something in the server's loop."""
        self.loop.call_soon_threadsafe(function)

    def settled(self) -> None:
        """Return when what the server has received so far has been looked at: a later request was refused by path."""
        assert self.ask(self.http("GET", path="/nowhere")).status == 404

    def shut(self) -> None:
        if self.thread.is_alive():
            self.soon(self.stop.set)
        self.thread.join(2 * DEADLINE)
        assert not self.thread.is_alive()

    def http(self, method: str, body: bytes = b"", *, path: str = "/mcp", **headers: str | list[str] | None) -> bytes:
        """A request with the usual headers; a keyword replaces one, None leaves it out, a list repeats it."""
        usual: dict[str, Any] = {"host": self.host, "content_type": "application/json", "accept": BOTH}
        lines = [f"{method} {path} HTTP/1.1"]
        for name, value in (usual | headers).items():
            lines += [f"{name.replace('_', '-')}: {one}" for one in _several(value)]
        if method == "POST" and not {"content_length", "transfer_encoding"} & set(headers):
            lines.append(f"content-length: {len(body)}")
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body

    def raw(self, head: bytes, body: bytes = b"") -> bytes:
        """A POST with a head of one's own after the usual fields."""
        usual = self.http("POST", content_length="x").replace(b"content-length: x\r\n\r\n", b"")
        return usual + head + b"\r\n\r\n" + body

    def modern(self, method: str, given: Any = None, *, id_: Any = 1, meta: Any = None, **headers: Any) -> bytes:
        """A 2026-07-28 request."""
        params: dict[str, Any] = {**(given or {}), "_meta": META if meta is None else meta}
        body = json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params}).encode()
        mirrored: dict[str, Any] = {"mcp_protocol_version": "2026-07-28", "mcp_method": method, "mcp_name": None}
        if method in NAMED_BY:
            mirrored["mcp_name"] = params.get(NAMED_BY[method])
        return self.http("POST", body, **mirrored | headers)

    def call(self, tool: str, *, id_: Any = 1, meta: Any = None, headers: Any = None, **arguments: Any) -> bytes:
        """A tools/call of 2026-07-28."""
        params = {"name": tool, "arguments": arguments}
        return self.modern("tools/call", params, id_=id_, meta=meta, **headers or {})

    def post(self, message: Any, session: str | None = None, **headers: Any) -> bytes:
        """Any message, as a legacy client sends it."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        usual: dict[str, Any] = {"mcp_session_id": session}
        return self.http("POST", body, **usual | headers)

    def initialize(self, revision: str = "2025-11-25", capabilities: Any = None, **headers: Any) -> "Session":
        """A session whose handshake is done."""
        params = {
            "protocolVersion": revision,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        message = {"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params}
        answer = self.ask(self.post(message, **headers))
        assert answer.status == 200, answer
        session = Session(self, str(answer.header("mcp-session-id")), headers)
        done = self.ask(session.note("notifications/initialized"))
        assert (done.status, done.body) == (202, b"")
        return session

    def assert_alive(self) -> None:
        """The standing oracle: discover and a cheap call are answered."""
        assert self.ask(self.modern("server/discover", id_="alive")).message["id"] == "alive"


@dataclass
class Session:
    """A legacy session, as the client knows it."""

    server: Running
    id: str
    headers: dict[str, Any]

    def post(self, message: Any, **headers: Any) -> bytes:
        return self.server.post(message, self.id, **self.headers | headers)

    def request(self, method: str, params: Any = None, *, id_: Any = 1, **headers: Any) -> bytes:
        message = {"jsonrpc": "2.0", "id": id_, "method": method} | ({} if params is None else {"params": params})
        return self.post(message, **headers)

    def note(self, method: str, params: Any = None) -> bytes:
        return self.post({"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params}))

    def call(self, tool: str, *, id_: Any = 1, token: Any = None, **arguments: Any) -> bytes:
        meta = {} if token is None else {"_meta": {"progressToken": token}}
        return self.request("tools/call", {"name": tool, "arguments": arguments, **meta}, id_=id_)

    def get(self, **headers: Any) -> bytes:
        usual: dict[str, Any] = {"content_type": None, "accept": "text/event-stream", "mcp_session_id": self.id}
        return self.server.http("GET", **usual | self.headers | headers)

    def delete(self, **headers: Any) -> bytes:
        usual: dict[str, Any] = {"content_type": None, "mcp_session_id": self.id}
        return self.server.http("DELETE", **usual | self.headers | headers)


def _several(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


Make = Callable[[serve.Address], AbstractAsyncContextManager[Application]]


@contextmanager
def running(make: Make, bounds: Bounds | None = None) -> Generator[Running]:
    """Serve what `make` gives for the real address until the block ends."""
    sock = serve.bind(serve.Listen(port=0), guarded=False)
    address = serve.address_of(sock)
    ready = threading.Event()
    found: dict[str, Any] = {}

    async def main() -> None:
        found.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
        async with make(address) as app:
            drain = getattr(app, "drain", None)
            started, stop = ready.set, found["stop"]
            await serve.run(app, sock, bounds=bounds or Bounds(), started=started, stop=stop, drain=drain)

    def work() -> None:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(main())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(DEADLINE)
    server = Running(address.port, found["loop"], found["stop"], thread)
    try:
        yield server
    finally:
        for wire in server.wires:
            wire.socket.close()
        server.shut()


@contextmanager
def running_mcp(
    server: Server[Any, Any],
    settings: Any = None,
    *,
    limits: Limits | None = None,
    options: HttpOptions | None = None,
    bounds: Bounds | None = None,
) -> Generator[Running]:
    """Serve an MCP server at /mcp."""

    @asynccontextmanager
    async def make(address: serve.Address) -> AsyncGenerator[Application]:
        async with server.run(settings, Options(limits=limits or Limits())) as app:
            yield HttpApp(app, serve.options_at(address, options or HttpOptions()))

    with running(make, bounds) as found:
        found.limits = limits or Limits()
        yield found


@pytest.fixture(scope="session")
def serve_asgi() -> Callable[..., Any]:
    """`with serve_asgi(make, bounds) as server`: any ASGI application."""
    return running


@pytest.fixture(scope="session")
def serve_mcp() -> Callable[..., Any]:
    """`with serve_mcp(server, settings, limits=…, options=…, bounds=…) as server`: an MCP server."""
    return running_mcp
