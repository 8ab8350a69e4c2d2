"""The least a Python server on stdio can be: a reader thread, a task a request, decode, encode, write."""

import asyncio
import os
import sys
import threading
from typing import Any

import msgspec


class Call(msgspec.Struct):
    """What it looks at in a request."""

    id: int | None = None
    method: str = ""
    params: dict[str, Any] = {}


decode = msgspec.json.Decoder(Call).decode
encode = msgspec.json.encode


async def handle(line: bytes) -> None:
    """Answer one request."""
    call = decode(line)
    if call.id is None:
        return
    if call.method == "tools/call":
        text = call.params["arguments"]["text"]
        result: Any = {"content": [{"type": "text", "text": text}], "structuredContent": {"result": text}}
    else:
        result = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "floor", "version": "1"}}
    data = encode({"jsonrpc": "2.0", "id": call.id, "result": result}) + b"\n"
    while data:
        data = data[os.write(1, data) :]


async def main() -> None:
    """Read lines in a thread, answer each in a task."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def take(lines: list[bytes]) -> None:
        for line in lines:
            group.create_task(handle(line))

    def read() -> None:
        pieces: list[bytes] = []
        while chunk := os.read(0, 1 << 20):
            whole, newline, rest = chunk.rpartition(b"\n")
            if not newline:
                pieces.append(chunk)
                continue
            loop.call_soon_threadsafe(take, b"".join([*pieces, whole]).split(b"\n"))
            pieces = [rest]
        loop.call_soon_threadsafe(ended.set)

    async with asyncio.TaskGroup() as group:
        threading.Thread(target=read, daemon=True).start()
        await ended.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
