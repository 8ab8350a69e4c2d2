"""Peers that speak RESP and mean ill, and clusters of real nodes."""

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

# The client library types its replies as anything at all.
Redis: Any = redis.Redis
HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"
SLOTS = 16_384
NODES = 3

Answer = Callable[..., Any]
"""What a peer says to a command: bytes, or None for nothing at all; a coroutine gets the stream, and writes itself."""


class Peer:
    """Something that listens where an engine should be: greets like one, then says what a test wants."""

    def __init__(self, answer: Answer, *, greets: bool = True) -> None:
        self.port = 0
        self.commands: list[list[bytes]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self._answer = answer
        self._greets = greets

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def push(self, data: bytes) -> None:
        """Say something that nobody asked for, to everyone."""
        for writer in self.writers:
            writer.write(data)

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                said = self._reply(await _command(reader), writer)
                if isinstance(said, Awaitable):
                    await said
                elif said is not None:
                    writer.write(said)
                    await writer.drain()
        writer.close()
        self.writers.remove(writer)

    def _reply(self, words: list[bytes], writer: asyncio.StreamWriter) -> Any:
        if self._greets and words[0] in (b"HELLO", b"AUTH", b"SELECT"):
            return HELLO if words[0] == b"HELLO" else b"+OK\r\n"
        if self._greets and words[:2] == [b"CLIENT", b"SETNAME"]:
            return b"+OK\r\n"
        self.commands.append(words)
        return self._answer(words, writer) if inspect.iscoroutinefunction(self._answer) else self._answer(words)


async def _command(reader: asyncio.StreamReader) -> list[bytes]:
    words: list[bytes] = []
    for _ in range(int((await reader.readuntil(b"\r\n"))[1:])):
        size = int((await reader.readuntil(b"\r\n"))[1:])
        words.append((await reader.readexactly(size + 2))[:-2])
    return words


@asynccontextmanager
async def _peer(answer: Answer, *, greets: bool = True) -> AsyncGenerator[Peer]:
    peer = Peer(answer, greets=greets)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        peer.hang_up()
        await server.wait_closed()


@pytest.fixture
def peer_of() -> Callable[..., Any]:
    """`async with peer_of(answer) as peer`: see Peer."""
    return _peer


class ClusterOf3:
    """Three real nodes that share the slots."""

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = list(nodes)
        self.share = SLOTS // NODES + 1

    def slot(self, key: str) -> int:
        return int(self.on(self.nodes[0], "CLUSTER", "KEYSLOT", key))

    def holder(self, key: str) -> Any:
        return self.nodes[self.slot(key) // self.share]

    def other(self, key: str) -> Any:
        return self.nodes[(self.slot(key) // self.share + 1) % NODES]

    @staticmethod
    def on(node: Any, *words: Any) -> Any:
        with Redis.from_url(node.url) as client:
            return client.execute_command(*words)

    def id(self, node: Any) -> str:
        told = self.on(node, "CLUSTER", "MYID")
        return told.decode() if isinstance(told, bytes) else told

    def begin_move(self, key: str) -> None:
        source, target = self.holder(key), self.other(key)
        self.on(target, "CLUSTER", "SETSLOT", self.slot(key), "IMPORTING", self.id(source))
        self.on(source, "CLUSTER", "SETSLOT", self.slot(key), "MIGRATING", self.id(target))

    def carry(self, key: str, *names: str) -> None:
        words = ("MIGRATE", "127.0.0.1", self.other(key).port, "", 0, 5000, "KEYS", *names)
        self.on(self.holder(key), *words)

    def end_move(self, key: str, to: Any) -> None:
        for node in self.nodes:
            self.on(node, "CLUSTER", "SETSLOT", self.slot(key), "NODE", self.id(to))


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Any:
    """What the conftest above this one defines, beside its fixtures, which live as long as one test."""
    return request.config.pluginmanager.get_plugin(str(Path(__file__).parents[1] / "conftest.py"))


@pytest.fixture(scope="session")
def waited_for(shared: Any) -> Callable[..., Any]:
    return shared.wait_for


@pytest.fixture(scope="module")
def engines(shared: Any) -> Generator[Callable[..., Any]]:
    """As start_engine, for all tests of a file."""
    started: list[Any] = []

    def start(*options: str, **more: Any) -> Any:
        started.append(shared.Engine(*options, **more))
        return started[-1]

    yield start
    for engine in started:
        engine.close()


@pytest.fixture(scope="module")
def cluster(engines: Callable[..., Any], waited_for: Callable[..., Any]) -> ClusterOf3:
    """A cluster for all tests of a file: each takes keys of its own, and the last one may end its nodes."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "15000", "--appendonly", "no")
    made = ClusterOf3([engines(*options) for _ in range(NODES)])
    for at, node in enumerate(made.nodes):
        made.on(node, "CLUSTER", "ADDSLOTSRANGE", at * made.share, min((at + 1) * made.share, SLOTS) - 1)
        made.on(node, "CLUSTER", "SET-CONFIG-EPOCH", at + 1)
        made.on(node, "CLUSTER", "MEET", "127.0.0.1", made.nodes[0].port)
    for node in made.nodes:
        waited_for(lambda node=node: _is_whole(str(made.on(node, "CLUSTER INFO"))))
    return made


def _is_whole(text: str) -> bool:
    return bool(re.search(r"cluster_state\W+ok", text)) and bool(re.search(rf"known_nodes\W+{NODES}", text))
