"""An HTTP server that a test plays itself, in literal bytes: one answer for each connection, then it is closed."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.scripted import DISCOVERED, INFO, PATIENCE, Message, result

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Asked:
    """One request: its method, headers (names in lower case) and message; and how to answer it."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        """Read by the server."""
        first, *lines = head.decode().split("\r\n")
        self.http_method = first.split(" ")[0]
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        self.message: Message = json.loads(body) if body else {}
        self._writer = writer
        self._reader = reader

    @property
    def method(self) -> str:
        """The method of the message; that of the request when it has none."""
        return self.message.get("method", self.http_method)

    async def write(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def event(
        self, message: Message | None = None, *, number: int | None = None, retry: int | None = None
    ) -> None:
        """Send one event of a stream."""
        lines = [f"id: {number}"] if number is not None else []
        lines += [f"retry: {retry}"] if retry is not None else []
        lines.append(f"data: {json.dumps(message) if message else ''}")
        await self.write("\n".join(lines).encode() + b"\n\n")

    async def closed(self) -> None:
        """Wait until the client has closed the connection."""
        async with asyncio.timeout(PATIENCE):
            while await self._reader.read(1024):
                pass


def answer(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    """A whole JSON answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + data


Script = Callable[[Asked], Awaitable[None]]


class Site:
    """A running server; `asked` keeps all requests."""

    def __init__(self, script: Script) -> None:
        """The script answers each request."""
        self.asked: list[Asked] = []
        self.url = ""
        self._script = script
        self._news = asyncio.Event()

    async def until(self, method: str, count: int = 1) -> Asked:
        """The request of that method that makes their number `count`."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [one for one in self.asked if one.method == method]) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, have it answered, close."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
            asked = Asked(head, body, writer, reader)
            self.asked.append(asked)
            self._news.set()
            await self._script(asked)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def site(script: Script) -> AsyncGenerator[Site]:
    """A server on a free port of loopback, for the length of the block."""
    running = Site(script)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    async with server:
        yield running


def modern(script: Script) -> Script:
    """The script after a 2026-07-28 opening."""

    async def run(asked: Asked) -> None:
        if asked.method == "server/discover":
            await asked.write(answer(result(asked.message, DISCOVERED)))
        else:
            await script(asked)

    return run


def legacy(script: Script, revision: str = "2025-11-25", session: str = "Mcp-Session-Id: s1") -> Script:
    """The script after the opening of a legacy session."""
    found = {"protocolVersion": revision, "capabilities": {"tools": {"listChanged": True}}, "serverInfo": INFO}

    async def run(asked: Asked) -> None:
        match asked.method:
            case "server/discover":
                await asked.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            case "initialize":
                await asked.write(answer(result(asked.message, found), "200 OK", session))
            case "notifications/initialized" | "notifications/cancelled":
                await asked.write(ACCEPTED)
            case "DELETE":
                await asked.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            case _:
                await script(asked)

    return run
