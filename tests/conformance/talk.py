"""One conversation with the fixture server in any revision over any transport, in JSON that nothing of ours writes."""

import contextlib
import http.client
import itertools
import json
import queue
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.launch.raw import MODERN, StdioPeer, listening

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-everything"))
DEADLINE = 10.0
CLIENT = {"name": "talk", "version": "1"}
CAPABILITIES: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {}}

Message = dict[str, Any]
Answer = Callable[[Message], Message]


class Wire(Protocol):
    """One way to exchange messages with a server."""

    def begin(self, message: Message) -> Generator[Message]:
        """Send a message; what comes back because of it."""
        ...

    def post(self, message: Message) -> None:
        """Send a message that nothing comes back for."""
        ...


@dataclass
class Heard:
    """What came of one request: its answer, and what was said before."""

    answer: Message
    notices: list[Message] = field(default_factory=list)
    questions: list[Message] = field(default_factory=list)

    @property
    def result(self) -> Message:
        assert "result" in self.answer, self.answer
        return self.answer["result"]


class Talk:
    """A client of one revision."""

    def __init__(self, wire: Wire, revision: str) -> None:
        self.wire = wire
        self.revision = revision
        self._ids = itertools.count(1)

    def open(self) -> Message:
        """Say hello."""
        if self.revision == MODERN:
            return self.ask("server/discover").result
        hello = {"protocolVersion": self.revision, "capabilities": CAPABILITIES, "clientInfo": CLIENT}
        found = self.ask("initialize", hello).result
        self.wire.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return found

    def first(self, message: Any) -> Any:
        """The first thing that comes back for a message; nobody waits for more."""
        with closing(self.wire.begin(message)) as said:
            return next(said)

    def stamped(self, method: str, params: Message | None = None, **meta: Any) -> Message:
        """A request with an id of its own and the envelope that its revision needs."""
        if self.revision == MODERN:
            prefix = "io.modelcontextprotocol/"
            envelope = {"protocolVersion": MODERN, "clientInfo": CLIENT, "clientCapabilities": CAPABILITIES}
            meta = {prefix + name: value for name, value in envelope.items()} | meta
        whole = {**(params or {}), **({"_meta": meta} if meta else {})}
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": whole}

    def ask(self, method: str, params: Message | None = None, answer: Answer | None = None, **meta: Any) -> Heard:
        """Send a request and hear all that comes of it; questions of the server are answered."""
        asked = self.stamped(method, params, **meta)
        notices: list[Message] = []
        questions: list[Message] = []
        with closing(self.wire.begin(asked)) as said:
            for message in said:
                if "method" not in message:
                    assert message["id"] == asked["id"], message
                    return Heard(message, notices, questions)
                if "id" in message:
                    assert answer is not None, message
                    questions.append(message)
                    self.wire.post({"jsonrpc": "2.0", "id": message["id"], "result": answer(message)})
                else:
                    notices.append(message)
        raise AssertionError(f"no answer to {method}")

    def call(self, tool: str, answer: Answer | None = None, *, meta: Message | None = None, **arguments: Any) -> Heard:
        """Call a tool; in 2026-07-28 its questions are answered in rounds."""
        params: Message = {"name": tool, "arguments": arguments}
        heard = self.ask("tools/call", params, answer, **(meta or {}))
        while heard.answer.get("result", {}).get("resultType") == "input_required":
            assert answer is not None
            asked: dict[str, Message] = heard.result["inputRequests"]
            responses = {key: answer(question) for key, question in asked.items()}
            state = {"requestState": heard.result["requestState"]} if "requestState" in heard.result else {}
            questions = [*heard.questions, *asked.values()]
            heard = self.ask("tools/call", {**params, "inputResponses": responses, **state}, answer, **(meta or {}))
            heard.questions = questions + heard.questions
        return heard


class Pipe:
    """stdio."""

    def __init__(self, peer: StdioPeer) -> None:
        self._peer = peer

    def begin(self, message: Message) -> Generator[Message]:
        self._peer.send(message)
        while True:
            yield self._peer.receive()

    def post(self, message: Message) -> None:
        self._peer.send(message)


class Streamable:
    """Streamable HTTP: a POST for each message, and with a session before 2026-07-28."""

    def __init__(self, url: str, revision: str) -> None:
        self._place = urlsplit(url)
        self._revision = revision
        self.session: dict[str, str] = {}

    def begin(self, message: Message) -> Generator[Message]:
        with self._sent(message) as response:
            if "application/json" in response.headers["Content-Type"]:
                yield json.loads(response.read())
            else:
                yield from events(response)

    def post(self, message: Message) -> None:
        with self._sent(message) as response:
            assert response.status == http.client.ACCEPTED, response.read()

    def headers(self, message: Message) -> dict[str, str]:
        """What a client of the revision sends with it."""
        found = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **self.session}
        params = message.get("params", {})
        if self._revision == MODERN and "method" in message:
            subject = params.get("name") or params.get("uri") or params.get("taskId")
            found |= {"Mcp-Method": message["method"], **({"Mcp-Name": subject} if subject else {})}
        if message.get("method") != "initialize" and self._revision >= "2025-06-18":
            found["MCP-Protocol-Version"] = self._revision
        return found

    @contextlib.contextmanager
    def _sent(self, message: Message) -> Generator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self._place.netloc, timeout=DEADLINE)
        connection.request("POST", self._place.path, json.dumps(message), self.headers(message))
        with closing(connection), connection.getresponse() as response:
            if found := response.headers.get("Mcp-Session-Id"):
                self.session = {"Mcp-Session-Id": found}
            yield response


class TwoRoutes:
    """HTTP+SSE of 2024-11-05: everything comes on one stream, everything goes to the address that it names first."""

    def __init__(self, base: str) -> None:
        self._place = urlsplit(base)
        self._stream = http.client.HTTPConnection(self._place.netloc, timeout=60)
        self._stream.request("GET", "/sse", headers={"Accept": "text/event-stream"})
        self._response = self._stream.getresponse()
        lines = named_events(self._response)
        self._address = next(data for name, data in lines if name == "endpoint")
        self._heard: queue.Queue[Message] = queue.Queue()
        self._reader = threading.Thread(target=self._listen, args=(lines,), daemon=True)
        self._reader.start()

    def begin(self, message: Message) -> Generator[Message]:
        self.post(message)
        while True:
            yield self._heard.get(timeout=DEADLINE)

    def post(self, message: Message) -> None:
        connection = http.client.HTTPConnection(self._place.netloc, timeout=DEADLINE)
        connection.request("POST", self._address, json.dumps(message), {"Content-Type": "application/json"})
        with closing(connection), connection.getresponse() as response:
            assert response.status == http.client.ACCEPTED, response.read()

    def close(self) -> None:
        """Leave; the reader notices."""
        if self._stream.sock:
            self._stream.sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(DEADLINE)
        self._response.close()
        self._stream.close()

    def _listen(self, lines: Iterator[tuple[str, str]]) -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            for _, data in lines:
                self._heard.put(json.loads(data))


def events(response: http.client.HTTPResponse) -> Iterator[Message]:
    """The messages of a stream; comments and priming events carry none."""
    return (json.loads(data) for _, data in named_events(response) if data)


def named_events(response: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    """The events of a stream, each with its name."""
    name, data = "message", ""
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            data += value
        elif not line:
            yield name, data
            name, data = "message", ""


@contextlib.contextmanager
def opened(transport: str, revision: str) -> Generator[tuple[Talk, Message]]:
    """A conversation that has begun, and how the server said hello."""
    with contextlib.ExitStack() as stack:
        if transport == "stdio":
            wire: Wire = Pipe(stack.enter_context(StdioPeer([SCRIPT])))
        else:
            _, url = stack.enter_context(listening([SCRIPT, "--legacy-sse"]))
            wire = Streamable(url, revision) if transport == "http" else stack.enter_context(closing(TwoRoutes(url)))
        talk = Talk(wire, revision)
        yield talk, talk.open()
