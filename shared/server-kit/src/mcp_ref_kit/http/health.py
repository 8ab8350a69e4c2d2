"""`GET /health` says that the process answers, `GET /ready` that what it depends on can be reached. No detail."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from mcp_protocol.transports.http.answers import respond
from mcp_protocol.transports.http.asgi import Application, Receive, Scope, Send
from mcp_protocol.transports.http.exchange import plain

_log = logging.getLogger(__name__)

Ready = Callable[[], Awaitable[bool]]

_METHODS = frozenset({"GET", "HEAD"})
_MOST_SECONDS = 5.0
# Anyone may ask, so asking often must not cost the dependencies anything.
_REMEMBERED_SECONDS = 2.0
_FRESH = (b"cache-control", b"no-store")


def probes(ready: Ready | None) -> Mapping[str, Application]:
    """The two paths; without a check of its own a server is ready as soon as it answers."""
    return {"/health": _Probe(None), "/ready": _Probe(ready)}


class _Probe:
    def __init__(self, ready: Ready | None) -> None:
        self._ready = ready
        self._lock = asyncio.Lock()
        self._known = True
        self._until = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["method"] not in _METHODS:
            await respond(send, plain(405, "This method is not served here", (b"allow", b"GET, HEAD")))
        elif await self._is_well():
            await respond(send, plain(200, "ok", _FRESH))
        else:
            await respond(send, plain(503, "unavailable", _FRESH))

    async def _is_well(self) -> bool:
        if self._ready is None:
            return True
        async with self._lock:
            if time.monotonic() >= self._until:
                self._known = await self._asked(self._ready)
                self._until = time.monotonic() + _REMEMBERED_SECONDS
            return self._known

    async def _asked(self, ready: Ready) -> bool:
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                return await ready()
        except Exception:  # noqa: BLE001  a check that fails in any way is an answer: not ready
            _log.exception("the check behind /ready failed")
            return False
