"""Live requests to a legacy client, and who waits for the answers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

from msgspec import Raw

from mcp_protocol.errors import ConnectionLost, RemoteProtocolError
from mcp_protocol.jsonrpc import Pending, encode_notification, encode_request
from mcp_protocol.session.calls import Answer
from mcp_protocol.types import CancelledParams

Send = Callable[[bytes], Awaitable[None]]

# A question that nobody waits for any more is taken back, but not at the price of waiting for a slow reader.
_TAKE_BACK_SECONDS = 1


class Questions:
    """The questions of one session; ids are its own, and an answer that fits none of them is ignored."""

    def __init__(self) -> None:
        self._open: Pending[asyncio.Future[Raw]] = Pending()
        self._ids = count(1)

    async def ask(self, send: Send, method: str, params: Any) -> Raw:
        """Send a request and wait for the client's result.

        Raises:
            RemoteProtocolError: the client answered with an error.
            ConnectionLost: the client is gone.
        """
        request_id = next(self._ids)
        answer: asyncio.Future[Raw] = asyncio.get_running_loop().create_future()
        self._open.register(request_id, answer)
        try:
            await send(encode_request(request_id, method, params))
            return await answer
        except asyncio.CancelledError:
            await _take_back(send, request_id)
            raise
        finally:
            self._open.complete(request_id)

    def answered(self, event: Answer) -> None:
        """Hand an answer to the one who waits for it."""
        question = self._open.complete(event.id)
        if question is None or question.done():
            return
        if event.result is not None:
            question.set_result(event.result)
        else:
            question.set_exception(RemoteProtocolError(f"The client answered with an error: {event.error}"))

    def give_up(self) -> None:
        """Nobody will answer any more."""
        for question in self._open.drain():
            if not question.done():
                question.set_exception(ConnectionLost("The client is gone"))


async def _take_back(send: Send, request_id: int) -> None:
    cancelled = CancelledParams(request_id=request_id, reason="No longer needed")
    with suppress(ConnectionLost, TimeoutError):
        async with asyncio.timeout(_TAKE_BACK_SECONDS):
            await send(encode_notification("notifications/cancelled", cancelled))
