"""The rows about the SQLite server: ours, the archived mcp-server-sqlite where it is installed, and sqlite3 alone."""

import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benches.database_rows import Task, floor, paged, sequential
from benches.messages import call
from benches.processes import cpu_seconds, resident_mib
from benches.protocol_rows import piped, starts
from benches.rounds import Row
from benches.subjects import OURS, ROOT, Subject

# mcp-server-sqlite depends on an older version of the SDK: it lives in an environment of its own.
PEER = os.environ.get("BENCH_MCP_SERVER_SQLITE") or shutil.which("mcp-server-sqlite")
PEERS_NAME = "mcp-server-sqlite"
FLOOR = "sqlite3 alone"
POINT = "select id, v from t where id = 777"
WHOLE = "select * from t"
PEERS_POINT = ("read_query", {"query": POINT})


@dataclass(frozen=True)
class Bench:
    """A file of many rows, and who is asked about it."""

    file: Path
    rows: int

    @property
    def ours(self) -> Subject:
        """Our server with every toolset."""
        program = str(Path(sys.executable).with_name("mcp-ref-sqlite"))
        return Subject(OURS, [program, str(self.file), "--toolsets", "all"])

    @property
    def subjects(self) -> list[Subject]:
        """Ours, and the archived one if it is installed; it works on a copy, since it may write."""
        if not PEER:
            return [self.ours]
        copy = self.file.with_suffix(".peer.db")
        shutil.copy(self.file, copy)
        return [self.ours, Subject(PEERS_NAME, [PEER, "--db-path", str(copy)])]


def prepare(rows: int) -> Bench:
    """A file with that many rows in one table."""
    path = ROOT / ".cache" / "bench" / f"rows-{rows}.db"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        draft.unlink(missing_ok=True)
        with closing(sqlite3.connect(draft)) as db, db:
            db.execute("create table t(id integer primary key, v text)")
            db.executemany("insert into t values (?, ?)", ((number, f"v{number}") for number in range(1, rows + 1)))
        draft.rename(path)
    return Bench(path, rows)


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for, over a file of 200,000 rows; `quick`: of some."""
    bench = prepare(5_000 if quick else 200_000)
    for name in names:
        yield from _ROWS[name](bench, rounds)


def _point(bench: Bench, rounds: int) -> Iterator[Row]:
    task = Task("sqlite: a row by its key", "query", {"sql": POINT}, {PEERS_NAME: PEERS_POINT})
    cpu, rate = sequential(task, bench.subjects, rounds)
    with closing(sqlite3.connect(f"{bench.file.as_uri()}?mode=ro", uri=True)) as db:
        floor(cpu, FLOOR, lambda: json.dumps(db.execute(POINT).fetchall()), 5000, rounds)
    yield from (cpu, rate)


def _pages(bench: Bench, rounds: int) -> Iterator[Row]:
    yield from paged(Task(f"sqlite: {bench.rows} rows by pages of 200", "query", {"sql": WHOLE}), bench.ours, rounds)


def _export(bench: Bench, rounds: int) -> Iterator[Row]:
    yield _clocked(f"sqlite: export of {bench.rows} rows as csv", bench.ours, "export_query", {"sql": WHOLE}, rounds)


def _count(bench: Bench, rounds: int) -> Iterator[Row]:
    """A scan of the whole table: what the progress handler and the gates cost where the engine does the work."""
    sql = "select count(*) from t where v like '%9%9%'"
    row = Row(f"sqlite: a scan of {bench.rows} rows", "milliseconds of CPU")
    for subject in bench.subjects:
        tool, arguments = ("query", {"sql": sql}) if subject.name == OURS else ("read_query", {"query": sql})
        with piped(subject) as server:
            request = call(subject.era, tool, **arguments)
            server.ask(request)
            for _ in range(rounds):
                before = cpu_seconds(server.pid)
                for _ in range(5):
                    server.ask(request)
                row.add(subject.name, (cpu_seconds(server.pid) - before) / 5 * 1000)
    with closing(sqlite3.connect(f"{bench.file.as_uri()}?mode=ro", uri=True)) as db:
        for _ in range(rounds):
            before = time.process_time()
            db.execute(sql).fetchall()
            row.add(FLOOR, (time.process_time() - before) * 1000)
    yield row


def _memory(bench: Bench, rounds: int) -> Iterator[Row]:
    """What is held after the whole table was asked for in one call."""
    row = Row(f"sqlite: resident memory after a select of {bench.rows} rows", "MiB")
    for subject in bench.subjects:
        tool, arguments = ("query", {"sql": WHOLE}) if subject.name == OURS else ("read_query", {"query": WHOLE})
        for _ in range(rounds):
            with piped(subject) as server:
                server.ask(call(subject.era, tool, **arguments))
                row.add(subject.name, resident_mib(server.pid))
    yield row


def _starts(bench: Bench, rounds: int) -> Iterator[Row]:
    def asked() -> list[Subject]:
        task = Task("", "query", {"sql": POINT}, {PEERS_NAME: PEERS_POINT})
        return [task.asked(subject) for subject in bench.subjects]

    yield from starts(rounds, asked, of="sqlite")


def _clocked(title: str, subject: Subject, tool: str, arguments: dict[str, Any], rounds: int) -> Row:
    row = Row(title, "seconds on the clock")
    with piped(subject) as server:
        ask = partial(server.ask, call(subject.era, tool, **arguments))
        ask()
        for _ in range(rounds):
            row.add(subject.name, _seconds(ask))
    return row


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


_ROWS: dict[str, Callable[[Bench, int], Iterator[Row]]] = {
    "sqlite-point": _point,
    "sqlite-pages": _pages,
    "sqlite-export": _export,
    "sqlite-scan": _count,
    "sqlite-memory": _memory,
    "start-sqlite": _starts,
}
NAMES = [*_ROWS]
