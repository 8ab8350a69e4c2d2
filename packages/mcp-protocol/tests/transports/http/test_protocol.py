"""The connection under our application: what it lets through, and what it refuses before anyone is asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest

from mcp_protocol.transports.http.bounds import Bounds

SMALL = Bounds(connections=20, raw=200_000, linger_seconds=0.5)
BRISK = Bounds(head_seconds=0.2, body_seconds=0.2, idle_seconds=1, linger_seconds=0.5)
POST = b"POST /mcp HTTP/1.1\r\nHost: x\r\n"


class Echo:
    """Answers with the body it got and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.seen.append(scope)
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event["body"]
            more = event["more_body"]
        self.bodies.append(body)
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})


def anywhere(app: Any) -> Callable[[Any], AbstractAsyncContextManager[Any]]:
    """The application, whatever address it gets."""

    def made(_address: Any) -> AbstractAsyncContextManager[Any]:
        return nullcontext(app)

    return made


@pytest.fixture(scope="module")
def served(serve_asgi: Any) -> Iterator[tuple[Any, Echo]]:
    echo = Echo()
    with serve_asgi(anywhere(echo), SMALL) as server:
        yield server, echo


@pytest.fixture
def server(served: tuple[Any, Echo]) -> Any:
    return served[0]


@pytest.fixture(scope="module")
def brisk(serve_asgi: Any) -> Iterator[Any]:
    with serve_asgi(anywhere(Echo()), BRISK) as server:
        yield server


@pytest.fixture
def echo(served: tuple[Any, Echo]) -> Echo:
    served[1].seen.clear()
    served[1].bodies.clear()
    return served[1]


def alive(server: Any) -> bool:
    return server.ask(POST + b"Content-Length: 2\r\n\r\nok").body == b"ok"


def test_two_requests_on_one_connection_are_answered_in_order(server: Any) -> None:
    with server.connect() as wire:
        wire.send(POST + b"Content-Length: 1\r\n\r\na" + POST + b"Content-Length: 1\r\n\r\nb")
        assert [wire.answer().body, wire.answer().body] == [b"a", b"b"]


def test_a_request_in_single_bytes_is_one_request(server: Any) -> None:
    with server.connect() as wire:
        for byte in POST + b"Content-Length: 2\r\n\r\nhi":
            wire.send(bytes([byte]))
        assert wire.answer().body == b"hi"


def test_trailers_never_become_headers(server: Any, echo: Echo) -> None:
    answer = server.ask(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    assert answer.body == b"hi"
    assert [name for name, _ in echo.seen[0]["headers"]] == [b"host", b"transfer-encoding"]


def test_a_large_body_in_one_write_is_no_large_head(server: Any) -> None:
    assert server.ask(POST + b"Content-Length: 150000\r\n\r\n" + b"x" * 150_000).body == b"x" * 150_000


def test_a_head_of_exactly_the_bound_passes_and_one_byte_more_does_not(server: Any, echo: Echo) -> None:
    start = POST + b"Content-Length: 0\r\nX: "
    pad = SMALL.head - len(start) - 4
    assert server.ask(start + b"a" * pad + b"\r\n\r\n").status == 200
    assert server.ask(start + b"a" * (pad + 1) + b"\r\n\r\n").status == 431
    assert len(echo.seen) == 1


def test_a_head_after_a_large_pipelined_body_has_its_own_count(server: Any) -> None:
    first = POST + b"Content-Length: 60000\r\n\r\n" + b"x" * 60_000
    with server.connect() as wire:
        wire.send(first + POST[:10])
        assert len(wire.answer().body) == 60_000
        wire.send(POST[10:] + b"Content-Length: 2\r\n\r\nhi")
        assert wire.answer().body == b"hi"


@pytest.mark.parametrize("sent", [b"", b"POST /mcp HTT", POST + b"X: y"])
def test_a_head_that_does_not_end_in_time_ends_the_connection(brisk: Any, sent: bytes) -> None:
    with brisk.connect() as wire:
        if sent:
            wire.send(sent)
        told = wire.closed()
    assert told == b"" if not sent else told.startswith(b"HTTP/1.1 408 ")


def test_trickling_bytes_do_not_move_the_deadline_of_a_head(brisk: Any) -> None:
    with brisk.connect() as wire:
        wire.send(POST)
        wire.socket.settimeout(0.02)
        told = b""
        while not told:
            try:
                wire.send(b"X: y\r\n")
                told = wire.socket.recv(100)
            except TimeoutError:
                continue
    assert told.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_does_not_end_in_time_is_answered_408(brisk: Any) -> None:
    answer = brisk.ask(POST + b"Content-Length: 5\r\n\r\nabc")
    assert (answer.status, answer.header("connection")) == (408, "close")
    assert alive(brisk)


def test_an_idle_connection_is_closed(brisk: Any) -> None:
    with brisk.connect() as wire:
        wire.send(POST + b"Content-Length: 0\r\n\r\n").answer()
        assert wire.closed() == b""


def test_connections_beyond_the_cap_are_closed_and_the_old_ones_live(server: Any) -> None:
    wires = [server.connect() for _ in range(SMALL.connections)]
    with server.connect() as late:
        assert late.closed() == b""
    wires[0].send(POST + b"Content-Length: 2\r\n\r\nhi")
    assert wires[0].answer().body == b"hi"
    for wire in wires:
        wire.socket.close()


def test_chunk_extensions_count_as_bytes_of_the_request(server: Any, echo: Echo) -> None:
    with server.connect() as wire:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(220):
            wire.send(b"1;" + b"e" * 1000 + b"\r\nx\r\n")
        assert wire.answer().status == 413
    assert echo.bodies == []


def test_endless_pipelining_is_cut_off(serve_asgi: Any) -> None:
    class Stuck(Echo):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await super().__call__(scope, receive, send)
            while (await receive())["type"] != "http.disconnect":
                pass

    with serve_asgi(anywhere(Stuck()), SMALL) as server, server.connect() as wire:
        wire.send((POST + b"Content-Length: 0\r\n\r\n") * 40)
        assert wire.closed() == b""


def test_a_fault_behind_a_running_request_does_not_spoil_its_answer(server: Any) -> None:
    with server.connect() as wire:
        wire.send(POST + b"Content-Length: 2\r\n\r\nhiBROKEN\x00\r\n\r\n")
        answer = wire.answer()
        assert (answer.status, answer.body) == (200, b"hi")
        assert wire.closed() == b""


def test_what_follows_connection_close_never_runs(server: Any, echo: Echo) -> None:
    with server.connect() as wire:
        wire.send(POST + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi" + POST + b"Content-Length: 0\r\n\r\n")
        assert wire.answer().body == b"hi"
        assert wire.closed() == b""
    assert len(echo.seen) == 1


def test_a_reader_that_takes_nothing_is_dropped(serve_asgi: Any) -> None:
    class Flood(Echo):
        dropped = threading.Event()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await super().__call__(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(100):
                await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            self.dropped.set()

    with serve_asgi(anywhere(Flood()), Bounds(stalled_seconds=0.1)) as server, server.connect() as wire:
        wire.send(POST + b"Content-Length: 0\r\n\r\n")
        assert Flood.dropped.wait(5)


def test_a_slow_reader_that_takes_something_is_not_dropped(serve_asgi: Any) -> None:
    class Large(Echo):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                await super().__call__(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"30000000")]})
            await send({"type": "http.response.body", "body": bytes(30_000_000)})

    bounds = Bounds(stalled_seconds=0.2)
    with serve_asgi(anywhere(Large()), bounds) as server, server.connect() as wire:
        answer = wire.send(POST + b"Content-Length: 0\r\n\r\n").head()
        left = 30_000_000 - len(wire.rest)
        while left:
            left -= len(wire.socket.recv(30_000))
        assert answer.status == 200


def test_stopping_ends_idle_connections_at_once_and_exits(serve_asgi: Any) -> None:
    with serve_asgi(anywhere(Echo()), Bounds()) as server, server.connect() as wire:
        wire.send(POST + b"Content-Length: 0\r\n\r\n").answer()
        server.shut()
        assert wire.closed() == b""
