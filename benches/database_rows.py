"""What the rows about the database servers share: calls a second, all pages of a statement, what a page holds on to."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benches.messages import Failed, call
from benches.pipes import Piped, deadline
from benches.processes import cpu_seconds, resident_mib
from benches.protocol_rows import piped
from benches.rounds import Row
from benches.subjects import OURS, Subject

CURSOR = re.compile(rb'"next_cursor":"([^"]+)"')
CPU = "CPU microseconds a call"
RATE = "calls a second"


@dataclass(frozen=True)
class Task:
    """One call: the tool and arguments of ours, and of peers by name of the subject, where they are others."""

    title: str
    tool: str
    arguments: Mapping[str, Any]
    peers: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict[str, tuple[str, Mapping[str, Any]]])
    calls: int = 200

    def asked(self, subject: Subject) -> Subject:
        """The subject with this call as its request."""
        tool, arguments = (self.tool, self.arguments) if subject.name == OURS else self.peers[subject.name]
        return replace(subject, request=call(subject.era, tool, **arguments))


def sequential(task: Task, subjects: Sequence[Subject], rounds: int) -> list[Row]:
    """The same call again and again, each waiting for the one before: CPU of the server, and calls a second."""
    rows = [Row(task.title, CPU), Row(task.title, RATE)]
    for subject in _able(task, subjects):
        try:
            with piped(subject) as server:
                _measured(task, subject, server, rows, rounds)
        except (Failed, OSError) as error:
            for row in rows:
                row.missing[subject.name] = str(error)
    return rows


def every_page(server: Piped, task: Task, era: str = "2025") -> int:
    """All pages of a call of ours; how many there were."""
    arguments = dict(task.arguments)
    pages = 1
    with deadline():
        # The cursor stands after the rows in the structured content, and once more in the text before it.
        while found := CURSOR.search(server.ask(call(era, task.tool, **arguments))):
            arguments["cursor"] = found[1].decode()
            pages += 1
    return pages


def paged(task: Task, subject: Subject, rounds: int) -> list[Row]:
    """A large result page by page: milliseconds to the first page, seconds to the last, and what memory grew by."""
    first, whole = Row(f"{task.title}, first page", "milliseconds"), Row(f"{task.title}, all pages", "seconds")
    grown = Row(f"{task.title}, all pages", "MiB more than before")
    asked = task.asked(subject)
    with piped(asked) as server:
        assert asked.request
        server.ask(asked.request)
        before = resident_mib(server.pid)
        for _ in range(rounds):
            first.add(subject.name, _seconds(lambda: server.ask(_request(asked))) * 1000)
            whole.add(subject.name, _seconds(lambda: every_page(server, task, subject.era)))
        grown.add(subject.name, resident_mib(server.pid) - before)
    return [first, whole, grown]


def floor(row: Row, name: str, work: Callable[[], object], calls: int, rounds: int) -> None:
    """The driver alone, in this process: what no server of that language can be cheaper than."""
    work()
    for _ in range(rounds):
        before = time.process_time()
        for _ in range(calls):
            work()
        row.add(name, (time.process_time() - before) / calls * 1e6)


def _able(task: Task, subjects: Sequence[Subject]) -> list[Subject]:
    return [task.asked(subject) for subject in subjects if subject.name == OURS or subject.name in task.peers]


def _measured(task: Task, subject: Subject, server: Piped, rows: Sequence[Row], rounds: int) -> None:
    request = _request(subject)
    server.one_at_a_time(request, task.calls)
    for _ in range(rounds):
        cpu, clock = cpu_seconds(server.pid), time.perf_counter()
        server.one_at_a_time(request, task.calls)
        rows[0].add(subject.name, (cpu_seconds(server.pid) - cpu) / task.calls * 1e6)
        rows[1].add(subject.name, task.calls / (time.perf_counter() - clock))


def _request(subject: Subject) -> Any:
    if subject.request is None:
        raise AssertionError("a task makes the request")
    return subject.request


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
