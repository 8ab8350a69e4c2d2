"""What hostile web servers answer: bytes as they are, once or for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Handler = Callable[[Any, asyncio.StreamWriter], Awaitable[None]]


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: text/plain", *lines, "", ""]).encode()


def sends(*parts: bytes, forever: bytes = b"", pause: float = 0) -> Handler:
    """A handler that sends parts, then the same bytes for ever."""

    async def handler(_hit: Any, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while forever:
            writer.write(forever)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler
