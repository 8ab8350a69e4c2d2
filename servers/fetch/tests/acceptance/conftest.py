"""The running server in four lanes, both eras on both transports, with a web on loopback and a port nobody may reach.

A process is started once for each lane and set of options; over HTTP one serves both eras. After each test the standing
oracle holds: the process answers, the canary was not touched, descriptors and children are back to where they were.
"""

import asyncio
import contextlib
import os
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mcp_protocol.client import Client, Command
from mcp_protocol.types import CallToolResult, TextContent

PROGRAM = str(Path(__file__).with_name("staged.py"))
LISTENING = re.compile(rb"listening on (http://\S+)")
OPEN = ("--allow-cidr", "127.0.0.0/8", "--allow-port", "any", "--rate", "10000/s")
HASTE = 1.2
HOST_WITH_HEADER = "secret.open.test"
LANES = [f"{transport}, {era}" for transport in ("stdio", "http") for era in ("2025-11-25", "2026-07-28")]


class Answer:
    """The result of one call: an error has a code and no data."""

    def __init__(self, result: CallToolResult) -> None:
        self.blocks = result.content
        self.text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        self.data: Any = result.structured_content
        self.meta: Any = (result.meta or {}).get("mcp-ref/error", {})
        self.code = self.text.partition(":")[0] if result.is_error else None
        assert (self.data is None) == bool(result.is_error), self.text


class Process:
    """The server as the system sees it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = 0
        self.calm = 0
        """Descriptors when nothing is asked."""

    @property
    def pid(self) -> int:
        return int((self._directory / "pid").read_text())

    @property
    def dialled(self) -> list[str]:
        """The addresses that were connected to, since this was last asked."""
        log = self._directory / "dialled"
        found = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    def forget_peak(self) -> int:
        """Bytes in memory, from which `peak` counts anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return self.peak()

    def peak(self) -> int:
        """The most bytes that were in memory at once."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def seconds(self) -> float:
        """Seconds that the processor worked for it and its children."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def children(self) -> int:
        """How many processes it has."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/children")
        return sum(len(task.read_text().split()) for task in tasks)

    def descriptors(self) -> int:
        """How many it holds, without the connections of its own clients."""
        links: list[str] = []
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                links.append(str(each.readlink()))
        clients = self._clients() if self.port else set[str]()
        return len([link for link in links if link not in clients])

    def _clients(self) -> set[str]:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) == self.port}


class Served:
    """A client of a running server."""

    def __init__(self, client: Client, process: Process) -> None:
        self.client = client
        self.process = process

    async def call(self, tool: str, /, **arguments: Any) -> Answer:
        """The answer of a tool."""
        return Answer(await self.client.call_tool(tool, arguments))

    async def fetch(self, url: str, /, **arguments: Any) -> Any:
        """The data of a page that has to succeed."""
        found = await self.call("fetch", url=url, **arguments)
        assert found.code is None, found.text
        return found.data

    async def refusal(self, url: str, /, **arguments: Any) -> tuple[str | None, str]:
        """Code and words of a page that has to fail."""
        found = await self.call("fetch", url=url, **arguments)
        assert found.code is not None, found.data
        return found.code, found.text

    async def rest(self) -> None:
        """The standing oracle."""
        async with asyncio.timeout(5):
            while self.process.descriptors() > self.process.calm or self.process.children():  # noqa: ASYNC110  the other process tells nobody
                await asyncio.sleep(0.02)
        began = time.monotonic()
        await self.client.ping()
        assert time.monotonic() - began < 1


class Town:
    """What the tests share: a web, a canary, and the servers that were started."""

    def __init__(self, web: Any, canary: Any, authority: Path, directory: Path) -> None:
        self.web = web
        self.canary = canary
        self.authority = authority
        self.directory = directory
        self.downloads = directory / "downloads"
        self.downloads.mkdir()
        self._stack = AsyncExitStack()
        self._served: dict[tuple[str, ...], Served] = {}
        self._processes: dict[tuple[str, ...], tuple[str, Process]] = {}
        self._names = 0
        self.used: list[Served] = []
        self.host = ""

    def begin(self) -> None:
        """Another test: another host, so that nothing of the last one is remembered."""
        self._names += 1
        self.host = f"h{self._names}.open.test"
        self.used = []
        for each in (self.web, self.canary):
            each.pages.clear()
            each.hits.clear()
            each.closed.clear()

    def url(self, path: str = "/", host: str | None = None) -> str:
        """The URL of a path of the web, under the name of this test or another."""
        return self.web.url(path, host or self.host)

    async def default(self, lane: str) -> Served:
        """The server as it is started without options, but for the canary's port and the pace."""
        return await self.server(lane, "--allow-port", f"80,{self.canary.port}", "--rate", "10000/s")

    async def opened(self, lane: str, *more: str, env: Mapping[str, str] | None = None) -> Served:
        """The server with the web of the tests allowed, their authority, and all that it has."""
        secret = f"{HOST_WITH_HEADER}=Authorization:THE_TOKEN"
        options = ("--download-dir", str(self.downloads), "--ca", str(self.authority), "--secret-header", secret)
        toolsets = ("--toolsets", "read,discover,download,request")
        token = {"THE_TOKEN": "Bearer of-the-operator"}
        return await self.server(lane, *OPEN, *toolsets, *options, *more, env=token | dict(env or {}))

    async def hasty(self, lane: str) -> Served:
        """The same with little patience."""
        return await self.server(lane, *OPEN, "--timeout-total", str(HASTE), "--timeout-read", "0.4")

    async def server(self, lane: str, *options: str, env: Mapping[str, str] | None = None) -> Served:
        """The server of a lane with these options."""
        transport, revision = lane.split(", ")
        key = (lane, *options, *(env or {}))
        if key not in self._served:
            started = self._over_pipes if transport == "stdio" else self._over_http
            client, process = await self._kept(started(revision, options, env or {}))
            self._served[key] = served = Served(client, process)
            # What is loaded with the first page is no leak.
            await served.call("fetch", url=self.url("/", f"{len(self._served)}.open.test"))
            process.calm = process.descriptors()
            self.web.hits.clear()
        served = self._served[key]
        self.used.append(served)
        _ = served.process.dialled
        return served

    async def close(self) -> None:
        """End all servers."""
        await self._stack.aclose()

    async def _kept(self, opened: Any) -> Any:
        """What a context manager gives; it is entered and left in a task of its own, whatever task asks."""
        loop = asyncio.get_running_loop()
        given: asyncio.Future[Any] = loop.create_future()
        over = asyncio.Event()

        async def keep() -> None:
            try:
                async with opened as value:
                    given.set_result(value)
                    await over.wait()
            except Exception as error:  # the test that waits is told
                if given.done():
                    raise
                given.set_exception(error)

        task = loop.create_task(keep())

        async def leave() -> None:
            over.set()
            await task

        self._stack.push_async_callback(leave)
        return await given

    def _environment(self, directory: Path, more: Mapping[str, str]) -> dict[str, str]:
        proxy = str(self.canary.url("/"))
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"), proxy)
        directory.mkdir()
        stage = {"STAGE_PORT": str(self.web.port), "STAGE_DIRECTORY": str(directory)}
        return {"PATH": os.environ["PATH"], **proxies, **stage, **more}

    @asynccontextmanager
    async def _over_pipes(
        self, revision: str, options: tuple[str, ...], more: Mapping[str, str]
    ) -> AsyncGenerator[tuple[Client, Process]]:
        directory = self.directory / f"stdio-{len(self._served)}"
        argv = [sys.executable, PROGRAM, *options]
        command = Command(argv, env=self._environment(directory, more), stderr="keep")
        async with Client(command, revision=revision) as client:
            yield client, Process(directory)

    @asynccontextmanager
    async def _over_http(
        self, revision: str, options: tuple[str, ...], more: Mapping[str, str]
    ) -> AsyncGenerator[tuple[Client, Process]]:
        key = (*options, *more)
        if key not in self._processes:
            self._processes[key] = await self._kept(self._listening(options, more))
        url, process = self._processes[key]
        async with Client(url, revision=revision) as client:
            yield client, process

    @asynccontextmanager
    async def _listening(
        self, options: tuple[str, ...], more: Mapping[str, str]
    ) -> AsyncGenerator[tuple[str, Process]]:
        """One process, for clients of both eras."""
        directory = self.directory / f"http-{len(self._processes)}"
        argv = [sys.executable, PROGRAM, *options, "--transport", "http", "--port", "0"]
        started = await asyncio.create_subprocess_exec(*argv, stderr=PIPE, env=self._environment(directory, more))
        assert started.stderr is not None
        try:
            async with asyncio.timeout(20):
                while not (found := LISTENING.search(await started.stderr.readline())):
                    assert started.returncode is None
            process = Process(directory)
            process.port = int(found[1].decode().rpartition(":")[2].partition("/")[0])
            yield found[1].decode(), process
        finally:
            started.terminate()
            await started.communicate()


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    """A transport and an era."""
    return request.param


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settled(serve: Any, certificates: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    async with serve() as web, serve() as canary:
        town = Town(web, canary, certificates.authority, tmp_path_factory.mktemp("town"))
        try:
            yield town
        finally:
            await town.close()


@pytest_asyncio.fixture(loop_scope="session")
async def town(settled: Town) -> AsyncGenerator[Town]:
    """The web as one test needs it; afterwards the standing oracle."""
    settled.begin()
    yield settled
    assert settled.canary.hits == []
    assert not settled.canary.closed.is_set()
    for served in settled.used:
        await served.rest()
