"""The rows about the protocol: calls on a pipe, calls on sockets, large messages, long lists, and the start."""

import time
from collections.abc import Callable
from functools import partial

from benches.messages import Failed, call, request
from benches.pipes import Piped
from benches.processes import cpu_seconds, resident_mib
from benches.rounds import Row, steady
from benches.sockets import Listening
from benches.subjects import Subject, echo_servers

CALL = "CPU microseconds a request"
MIB = 1 << 20
CONNECTIONS = 16
WINDOW = 64


def piped(subject: Subject) -> Piped:
    """The subject on stdio."""
    return Piped(subject.command, subject.era, subject.env)


def listening(subject: Subject) -> Listening:
    """The subject on HTTP."""
    return Listening(subject.command, subject.era, CONNECTIONS)


def one_at_a_time(rounds: int, batch: int = 500) -> Row:
    """A call, its answer, the next call: what a host with one model does."""

    def work(server: Piped, subject: Subject) -> int:
        server.one_at_a_time(call(subject.era, "echo", text="hello"), batch)
        return batch

    return steady(Row("stdio, one at a time", CALL), echo_servers(), piped, work, rounds=rounds)


def in_flight(rounds: int, batch: int = 2000) -> Row:
    """Sixty-four calls in flight on one pipe."""

    def work(server: Piped, subject: Subject) -> int:
        server.in_flight(call(subject.era, "echo", text="hello"), batch, WINDOW)
        return batch

    return steady(Row(f"stdio, {WINDOW} in flight", CALL), echo_servers(), piped, work, rounds=rounds)


def over_http(rounds: int, batch: int = 1600) -> Row:
    """Sixteen keep-alive connections, JSON answers."""

    def work(server: Listening, subject: Subject) -> int:
        server.load(call(subject.era, "echo", text="hello"), batch)
        return batch

    title = f"HTTP, {CONNECTIONS} connections"
    return steady(Row(title, CALL), echo_servers(http=True), listening, work, rounds=rounds)


def large_text(rounds: int, batch: int = 10) -> Row:
    """One MiB there and back."""

    def work(server: Piped, subject: Subject) -> int:
        server.one_at_a_time(call(subject.era, "echo", text="x" * MIB), batch)
        return batch

    return steady(Row("echo of 1 MiB", CALL), echo_servers(), piped, work, rounds=rounds)


def long_list(rounds: int, batch: int = 10) -> Row:
    """tools/list of a server with a thousand tools, all pages of it."""

    def work(server: Piped, subject: Subject) -> int:
        for _ in range(batch):
            server.every_page(lambda cursor: request(subject.era, "tools/list", cursor))
        return batch

    return steady(Row("tools/list of 1,000 tools", CALL), echo_servers(tools=1000), piped, work, rounds=rounds)


def starts(rounds: int, subjects: Callable[[], list[Subject]] = echo_servers, *, of: str = "echo") -> list[Row]:
    """From nothing to the first tool result: time, CPU, and the memory held then."""
    rows = [
        Row(f"{of}: start to first tool result", "seconds on the clock"),
        Row(f"{of}: start to first tool result", "seconds of CPU"),
        Row(f"{of}: resident memory after the first call", "MiB"),
    ]
    chosen = subjects()
    # The first turn only leaves compiled modules and warm files behind.
    for turn in range(1 + rounds):
        for subject in [one for one in chosen if one.name not in rows[0].missing]:
            try:
                figures = _start(subject)
            except (Failed, OSError) as error:
                for row in rows:
                    row.missing[subject.name] = str(error)
                continue
            for row, figure in zip(rows, figures, strict=True) if turn else ():
                row.add(subject.name, figure)
    return rows


def _start(subject: Subject) -> tuple[float, float, float]:
    with piped(subject) as server:
        server.ask(subject.request or call(subject.era, "echo", text="hello"))
        return time.perf_counter() - server.started, cpu_seconds(server.pid), resident_mib(server.pid)


STEADY: dict[str, Callable[[int], Row]] = {
    "sequential": one_at_a_time,
    "pipelined": in_flight,
    "http": over_http,
    "large": large_text,
    "list": long_list,
}
QUICK: dict[str, Callable[[int], Row]] = {
    "sequential": partial(one_at_a_time, batch=50),
    "pipelined": partial(in_flight, batch=200),
    "http": partial(over_http, batch=160),
    "large": partial(large_text, batch=1),
    "list": partial(long_list, batch=1),
}
