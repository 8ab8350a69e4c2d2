"""A proxy of its own, and servers that answer it byte by byte as they are told, for tests of the guard."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp_ref_browser.guard.origins import OriginRules, parsed
from mcp_ref_browser.guard.policy import Addresses, SessionPolicy
from mcp_ref_browser.guard.proxy import GuardProxy


class Upstream:
    """A server that answers what it is told to, and remembers each connection's bytes."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                self.heads.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer == b"hang up":
                    break
                writer.write(answer)
                await writer.drain()
                if b"ength" not in answer and b"chunked" not in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncGenerator[Upstream]:
    made = Upstream(*answers)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()


@asynccontextmanager
async def proxying(*origins: str, dial: Any = None, **more: Any) -> AsyncGenerator[tuple[Any, Any, list[str]]]:
    """A connection to a proxy that may go to these origins, and what it refused."""
    refused: list[str] = []
    policy = SessionPolicy(OriginRules(allowed=parsed(origins)), Addresses(**more), own_ports=set)
    proxy = GuardProxy(policy, lambda error, to: refused.append(f"{error.code} {to}"), dial)
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
    try:
        yield reader, writer, refused
    finally:
        writer.close()
        proxy.close()


async def answer(reader: asyncio.StreamReader, body: int = 0) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(b"\r\n\r\n") + (await reader.readexactly(body) if body else b"")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
