"""A peer that writes JSON by hand: for tests that must see, or send, exactly what is on the wire."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from msgspec import json

from mcp_protocol.revisions import Era, Revision
from mcp_protocol.server.app import Options, Server
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.transports.memory import MemoryEnd, join
from mcp_protocol.types import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION

_PATIENCE = 5  # seconds: long for a machine, short for whoever waits for a failing test
_CLIENT = {"name": "raw", "version": "1"}


class RawPeer:
    """Sends messages as they are given and keeps what comes back that nobody waited for."""

    def __init__(self, end: MemoryEnd, revision: Revision, capabilities: dict[str, Any]) -> None:
        self.revision = revision
        self.capabilities = capabilities
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self._end = end
        self._ids = count(1)
        self._early: dict[Any, dict[str, Any]] = {}

    async def shake_hands(self) -> dict[str, Any]:
        """The legacy handshake; its result."""
        params = {"protocolVersion": self.revision, "capabilities": self.capabilities, "clientInfo": _CLIENT}
        reply = await self.call("initialize", params)
        await self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return reply["result"]

    async def call(self, method: str, params: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
        """Send a request with the envelope its revision needs, and wait for the whole reply."""
        return await self.reply(await self.begin(method, params, **meta))

    async def begin(self, method: str, params: dict[str, Any] | None = None, **meta: Any) -> int:
        """Send a request and do not wait; its id."""
        request_id = next(self._ids)
        await self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": self.stamped(params, **meta)})
        return request_id

    def stamped(self, params: dict[str, Any] | None, **meta: Any) -> dict[str, Any]:
        """The params with the `_meta` that the revision needs, and `meta` beside it."""
        if self.revision.era is Era.MODERN:
            envelope = {
                PROTOCOL_VERSION: self.revision,
                CLIENT_CAPABILITIES: self.capabilities,
                CLIENT_INFO: _CLIENT,
            }
            meta = envelope | meta
        return {"_meta": meta, **(params or {})} if meta else dict(params or {})

    async def send(self, message: Any) -> None:
        """Send a message, or bytes that may be none."""
        await self._end.send(message if isinstance(message, bytes) else json.encode(message))

    async def reply(self, request_id: Any) -> dict[str, Any]:
        """The reply with this id; what comes before it is kept."""
        while not self.has_reply(request_id):
            await self.pump()
        return self._early.pop(request_id)

    def has_reply(self, request_id: Any) -> bool:
        """Whether it has come already."""
        return request_id in self._early

    async def pump(self) -> None:
        """Take the next message to where it belongs: replies, requests, notifications."""
        self._sort(await self.receive())

    async def receive(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        async with asyncio.timeout(_PATIENCE):
            line = await self._end.receive()
        if line is None:
            raise EOFError("the server closed the connection")
        return json.decode(line)

    async def notification(self, method: str) -> dict[str, Any]:
        """The next notification of that method."""
        while not (found := [one for one in self.notifications if one["method"] == method]):
            await self.pump()
        self.notifications.remove(found[0])
        return found[0]

    async def request(self) -> dict[str, Any]:
        """The next request of the server (legacy)."""
        while not self.requests:
            await self.pump()
        return self.requests.pop(0)

    def _sort(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._early[message.get("id")] = message
        elif "id" in message:
            self.requests.append(message)
        else:
            self.notifications.append(message)


@asynccontextmanager
async def raw_peer(
    server: Server[Any, Any],
    settings: Any = None,
    *,
    revision: str = Revision.V2026_07_28,
    capabilities: dict[str, Any] | None = None,
    options: Options | None = None,
    principal: Principal = LOCAL,
) -> AsyncGenerator[RawPeer, None]:
    """A raw connection to a server that runs for the length of the block, hands already shaken."""
    async with server.run(settings, options) as app, join(app, principal=principal) as end:
        peer = RawPeer(end, Revision(revision), capabilities or {})
        if peer.revision.era is Era.LEGACY:
            await peer.shake_hands()
        yield peer
