"""Servers as processes, on both transports and in both eras: calls that wait, are cancelled, or end with the server."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from mcp_protocol import McpError
from mcp_protocol.client import Client, Command

# The client library types its replies as anything at all.
Redis: Any = redis.Redis
MODERN = "2026-07-28"
WAYS = [(transport, revision) for transport in ("stdio", "http") for revision in ("2025-11-25", MODERN)]
WAITING = {"keys": ["s"], "new_only": True, "block_ms": 10_000}
COLLECTING = {"channels": ["c"], "timeout_s": 30}
CALLS = 1000
MOST_CONNECTIONS = 20


def arguments(url: str, name: str, *more: str) -> list[str]:
    words = ["-m", "mcp_ref_redis", f"{url}/6", "--toolsets", "all", "--client-name", name, *more]
    return [sys.executable, *words]


@asynccontextmanager
async def http_server(command: list[str]) -> AsyncGenerator[tuple[Process, str]]:
    process = await asyncio.create_subprocess_exec(
        *command, "--transport", "http", "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    try:
        async with asyncio.timeout(20):
            while not (found := re.search(rb"listening on (http://\S+)", await process.stderr.readline())):
                pass
        yield process, found[1].decode()
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def reached(way: tuple[str, str], command: list[str]) -> AsyncGenerator[Client]:
    transport, revision = way
    if transport == "stdio":
        async with Client(Command(command, stderr="keep"), revision=revision) as client:
            yield client
        return
    async with http_server(command) as (_, url), Client(url, revision=revision) as client:
        yield client


@pytest.fixture
def raw(engine_url: str) -> Any:
    with Redis.from_url(f"{engine_url}/6") as client:
        client.flushdb()
        client.set("k", "v")
        client.xadd("s", {"n": "1"})
        yield client


def ours(raw: Any, name: str, flag: str = "") -> int:
    """How many connections of ours there are: blocked (b), subscribed (P), or any."""
    return sum(one["name"] == name and flag in one["flags"] for one in raw.client_list())


async def begun(group: asyncio.TaskGroup, client: Client, count: int) -> list[asyncio.Task[Any]]:
    """So many calls that wait for entries, and as many that wait for messages."""
    asked = [("stream_read", WAITING), ("collect_messages", COLLECTING)] * count
    return [group.create_task(called(client, tool, given)) for tool, given in asked]


async def called(client: Client, tool: str, given: dict[str, Any]) -> None:
    """Whatever comes of it: the server may end first."""
    with suppress(McpError):
        await client.call_tool(tool, given)


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_waiting_calls_delay_nobody_and_end_when_they_are_cancelled(
    engine_url: str, raw: Any, way: tuple[str, str], until: Callable[..., Any]
) -> None:
    """Sixty wait, at most ten on connections; a read takes no longer than without them; cancelled, nothing is left."""
    name = f"cancelled-{way[0]}-{way[1]}"
    async with reached(way, arguments(engine_url, name)) as client, asyncio.TaskGroup() as group:
        await client.call_tool("read_key", {"key": "k"})
        alone = [await timed(client) for _ in range(15)]
        calls = await begun(group, client, 30)
        await until(lambda: ours(raw, name, "b") >= 2 and ours(raw, name, "P") >= 2)
        crowded = [await timed(client) for _ in range(15)]
        for call in calls:
            call.cancel()
        start = time.monotonic()
        await until(lambda: ours(raw, name, "b") + ours(raw, name, "P") == 0)
        took = time.monotonic() - start
        assert (await client.call_tool("read_key", {"key": "k"})).structured_content["value"] == "v"
    await until(lambda: ours(raw, name) == 0)
    # They wait for ten seconds; a machine that does nothing else answers in a few thousandths of one.
    quiet = os.getloadavg()[0] < 1
    assert sorted(crowded)[7] < (0.05 if quiet else max(0.5, 10 * sorted(alone)[7]))
    assert took < 3


async def timed(client: Client) -> float:
    start = time.monotonic()
    assert (await client.call_tool("read_key", {"key": "k"})).structured_content["value"] == "v"
    return time.monotonic() - start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, None], ids=["term", "kill", "end of input"])
async def test_a_server_that_ends_while_calls_wait_leaves_nothing_at_the_engine(
    engine_url: str, raw: Any, until: Callable[..., Any], number: signal.Signals | None
) -> None:
    name = f"ended-{number}".replace(".", "-").lower()
    command = arguments(engine_url, name)
    if number is None:
        async with Client(Command(command, stderr="keep")) as client, asyncio.TaskGroup() as group:
            calls = await begun(group, client, 2)
            await until(lambda: ours(raw, name, "b") == 2 and ours(raw, name, "P") == 2)
            for call in calls:
                call.cancel()
    else:
        async with http_server(command) as (process, url), Client(url) as client, asyncio.TaskGroup() as group:
            await begun(group, client, 2)
            await until(lambda: ours(raw, name, "b") == 2 and ours(raw, name, "P") == 2)
            process.send_signal(number)
            async with asyncio.timeout(5):
                await process.wait()
    await until(lambda: ours(raw, name) == 0)


async def test_a_thousand_calls_at_once_get_each_their_own_answer(engine_url: str, raw: Any) -> None:
    """Over HTTP, a connection each; those to the engine stay few, and none of them is left unread."""
    name = "thousand"
    raw.mset({f"k{number}": f"value {number}" for number in range(CALLS)})
    most = 0
    async with http_server(arguments(engine_url, name)) as (_, url), asyncio.TaskGroup() as group:
        calls = [group.create_task(posted(url, f"k{number}")) for number in range(CALLS)]
        while not all(call.done() for call in calls):
            await asyncio.sleep(0.05)
            most = max(most, ours(raw, name))
    assert [call.result() for call in calls] == [f"value {number}" for number in range(CALLS)]
    assert 1 <= most <= MOST_CONNECTIONS


async def posted(url: str, key: str) -> str:
    """One call of 2026-07-28 on a connection of its own, by hand: a thousand times a client's library takes seconds."""
    place = urlsplit(url)
    meta = {"protocolVersion": MODERN, "clientCapabilities": {}, "clientInfo": {"name": "many", "version": "1"}}
    stamps = {f"io.modelcontextprotocol/{field}": value for field, value in meta.items()}
    params = {"name": "read_key", "arguments": {"key": key}, "_meta": stamps}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    head = (
        f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MODERN}\r\nMcp-Method: tools/call\r\n"
        f"Mcp-Name: read_key\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return re.findall(rb'"value":\s*"([^"]*)"', answer)[-1].decode()
