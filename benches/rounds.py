"""Measuring side by side: in every round each subject does the same work in turn, so that a slow moment hits all."""

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from benches.messages import Failed
from benches.processes import cpu_seconds
from benches.subjects import Subject


class Live(Protocol):
    """A started server."""

    @property
    def pid(self) -> int:
        """Its process."""
        ...


L = TypeVar("L", bound=Live)


@dataclass
class Row:
    """One measured figure of every subject; `values` holds one number a round."""

    title: str
    unit: str
    values: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    missing: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, subject: str, value: float) -> None:
        """Keep one round's number."""
        self.values.setdefault(subject, []).append(value)

    def medians(self) -> dict[str, float]:
        """What is printed."""
        return {name: statistics.median(values) for name, values in self.values.items()}


def steady(
    row: Row,
    subjects: list[Subject],
    start: Callable[[Subject], AbstractContextManager[L]],
    work: Callable[[L, Subject], int],
    *,
    rounds: int,
) -> Row:
    """CPU microseconds of the server a unit of work, warm; `work` says how many units it did."""
    with ExitStack() as stack:
        live: list[tuple[Subject, L]] = []
        for subject in subjects:
            try:
                live.append((subject, stack.enter_context(start(subject))))
            except (Failed, OSError) as error:
                row.missing[subject.name] = str(error)
        for subject, server in live:
            work(server, subject)
        for _ in range(rounds):
            for subject, server in live:
                before = cpu_seconds(server.pid)
                units = work(server, subject)
                row.add(subject.name, (cpu_seconds(server.pid) - before) / units * 1e6)
    return row
