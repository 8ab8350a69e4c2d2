"""A server that a test plays itself: a duplex whose answers are a function of what the client sends."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

Message = dict[str, Any]
Script = Callable[[Message], Iterable[Message | bytes]]

PATIENCE = 5  # seconds

INFO: Message = {"name": "scripted", "version": "1"}
DISCOVERED: Message = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "instructions": "Be kind",
    "ttlMs": 0,
    "cacheScope": "private",
    "_meta": {"io.modelcontextprotocol/serverInfo": INFO},
}


def result(message: Message, found: Message) -> Message:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": message["id"], "result": found}


def error(message: Message, code: int, text: str = "no", data: Any = None) -> Message:
    """The failure of a request."""
    body = {"code": code, "message": text} | ({} if data is None else {"data": data})
    return {"jsonrpc": "2.0", "id": message["id"], "error": body}


def notice(method: str, **params: Any) -> Message:
    """A notification."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


class Scripted:
    """One end of a connection; the script answers each message, here and now. `sent` keeps what the client sent."""

    def __init__(self, script: Script, *, revision: str = "2026-07-28", capabilities: Message | None = None) -> None:
        """The opening of the revision is answered before the script is asked."""
        self.sent: list[Message] = []
        self.raw: list[bytes] = []
        self._script = script
        self._revision = revision
        self._capabilities = capabilities or {"tools": {"listChanged": True}}
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._news = asyncio.Event()

    async def send(self, message: bytes) -> None:
        """Take a message of the client, and queue the answers."""
        self.raw.append(message)
        self.sent.append(json.loads(message))
        self._news.set()
        for answer in self._opening(self.sent[-1]) or self._script(self.sent[-1]):
            self.say(answer)

    async def receive(self) -> bytes | None:
        """The next message for the client."""
        return await self._lines.get()

    def say(self, message: Message | bytes) -> None:
        """Send something to the client."""
        self._lines.put_nowait(message if isinstance(message, bytes) else json.dumps(message).encode())

    def end(self) -> None:
        """Close the connection."""
        self._lines.put_nowait(None)

    async def until(self, method: str, count: int = 1) -> Message:
        """The message of that method, or answer if it is "", that makes their number `count`."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [one for one in self.sent if one.get("method", "") == method]) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def _opening(self, message: Message) -> list[Message]:
        match message.get("method"), self._revision:
            case "server/discover", "2026-07-28":
                return [result(message, DISCOVERED | {"capabilities": self._capabilities})]
            case "server/discover", _:
                return [error(message, -32601)]
            case "initialize", revision:
                found = {"protocolVersion": revision, "capabilities": self._capabilities, "serverInfo": INFO}
                return [result(message, found)]
            case _:
                return []
