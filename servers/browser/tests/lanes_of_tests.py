"""The server as a real process on stdio and HTTP, clients of both eras, and sessions of theirs, for tests."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from processes_of_tests import below

from mcp_protocol.client import Client, Command, Endpoint

LISTENING = re.compile(rb"listening on (http://\S+)")
REVISIONS = ("2025-11-25", "2026-07-28")
TRANSPORTS = ("stdio", "http")
LANES = [(transport, revision) for transport in TRANSPORTS for revision in REVISIONS]
each_revision = pytest.mark.parametrize("revision", REVISIONS)
each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mcp_ref_browser", *arguments]


@asynccontextmanager
async def over_http(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[tuple[str, int]]:
    """A server on a port of its own: its URL and process id."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments, "--transport", "http", "--port", "0"), stderr=asyncio.subprocess.PIPE, env=env
    )
    assert process.stderr
    try:
        async with asyncio.timeout(30):
            while not (found := LISTENING.search(line := await process.stderr.readline())):
                assert line, "the server did not start"
        draining = asyncio.get_running_loop().create_task(process.stderr.read())
        yield found[1].decode(), process.pid
        draining.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def client_of(transport: str, revision: str, *arguments: str) -> AsyncGenerator[Client]:
    """A client of a server of its own."""
    if transport == "stdio":
        async with Client(Command(command(*arguments)), revision=revision) as client:
            yield client
    else:
        async with over_http(*arguments) as (url, _), Client(url, revision=revision) as client:
            yield client


class Reply:
    """What a tool answered."""

    def __init__(self, result: Any) -> None:
        self.content = result.content
        self.data = result.structured_content
        self.is_error = result.is_error
        self.text = "\n".join(block.text for block in result.content if hasattr(block, "text"))
        self.error_code = result.meta["mcp-ref/error"]["code"] if self.is_error else None

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.data["events"] if self.data and "events" in self.data else []

    @property
    def link(self) -> Any:
        return next(block for block in self.content if hasattr(block, "uri"))


class Visitor:
    """A client with one session of its own."""

    def __init__(self, client: Client, session: str) -> None:
        self.client = client
        self.session = session
        self.told: list[dict[str, Any]] = []
        """All events so far."""

    async def call(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool, whatever comes of it."""
        reply = Reply(await self.client.call_tool(tool, {"session": self.session, **arguments}))
        self.told += reply.events
        return reply

    async def do(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool that must succeed."""
        reply = await self.call(tool, **arguments)
        assert not reply.is_error, reply.text
        return reply

    async def code(self, tool: str, **arguments: Any) -> str | None:
        """The code of the error of a tool that must fail."""
        reply = await self.call(tool, **arguments)
        assert reply.is_error, reply.text
        return reply.error_code

    async def run(self, function: str) -> Any:
        """What a function returns in the page."""
        return (await self.do("browser_evaluate", function=function)).data["result"]

    async def event(self, kind: str) -> dict[str, Any]:
        """The first event of a kind, waited for."""
        async with asyncio.timeout(10):
            while not (found := [event for event in self.told if event["kind"] == kind]):
                await self.do("browser_tabs", action="list")
        return found[0]


class Lane:
    """One transport in one era: a client of a server that all tests of this lane share."""

    def __init__(self, transport: str, client: Client, pid: int) -> None:
        self.transport = transport
        self.client = client
        self.pid = pid

    @property
    def revision(self) -> str:
        return str(self.client.revision)

    @asynccontextmanager
    async def visitor(self, **options: Any) -> AsyncGenerator[Visitor]:
        """A session of its own, for one test."""
        made = Reply(await self.client.call_tool("browser_session", {"action": "create", **options}))
        assert not made.is_error, made.text
        yield (own := Visitor(self.client, made.data["session"]))
        await own.call("browser_session", action="close")


class Lanes:
    """The servers of all lanes, each begun when it is first needed; both eras share the one on HTTP."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._servers: dict[tuple[str, ...], tuple[Any, int]] = {}
        self._lanes: dict[tuple[str, ...], Lane] = {}

    async def get(self, transport: str, revision: str, *arguments: str) -> Lane:
        """The lane of a server with these arguments."""
        key = (transport, revision, *arguments)
        if key not in self._lanes:
            before = set(below())
            target: Any = Command(command(*arguments))
            pid = 0
            if transport == "http":
                url, pid = await self._server(arguments)
                target = Endpoint(url)
            client = await self._stack.enter_async_context(Client(target, revision=revision))
            pid = pid or min(set(below()) - before)
            self._lanes[key] = Lane(transport, client, pid)
        return self._lanes[key]

    async def _server(self, arguments: tuple[str, ...]) -> tuple[str, int]:
        if arguments not in self._servers:
            self._servers[arguments] = await self._stack.enter_async_context(over_http(*arguments))
        return self._servers[arguments]
