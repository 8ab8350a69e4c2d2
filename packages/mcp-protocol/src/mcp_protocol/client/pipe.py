"""A link over one shared duplex: stdio, a socket, a pair in memory. Answers find their request by its id."""

import asyncio
import logging
from contextlib import suppress
from typing import Self

from mcp_protocol.client.background import Background
from mcp_protocol.client.link import RECEIVED, Duplex, Outgoing, Receiver
from mcp_protocol.errors import ConnectionLost, TransportError
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    Message,
    Pending,
    Rejected,
    Response,
    decode,
    encode_notification,
)
from mcp_protocol.revisions import Revision
from mcp_protocol.types import CancelledParams

_log = logging.getLogger(__name__)

# The handshake must not be cancelled, and who does not know discovery knows no cancellation before the handshake.
_OPENING = frozenset({"initialize", "server/discover"})

_PARTING_SECONDS = 1  # for the notice of a cancelled request: whoever cancels does not want to wait


class PipeLink:
    """Sends requests, and reads in one task until the other side ends."""

    def __init__(self, duplex: Duplex, receiver: Receiver) -> None:
        """`receiver` takes what is no answer."""
        self._duplex = duplex
        self._receiver = receiver
        self._pending = Pending[asyncio.Future[Response | ErrorResponse]]()
        self._end: TransportError | None = None
        self._background = Background()

    async def __aenter__(self) -> Self:
        """Begin to read."""
        await self._background.__aenter__()
        self._background.start(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop reading; the duplex belongs to whoever opened it."""
        await self._background.__aexit__()

    async def request(self, call: Outgoing) -> Response | ErrorResponse:
        """Send a request and wait for its answer; to cancel the wait tells the server.

        Raises:
            TransportError: the connection ended first.
        """
        if self._end is not None:
            raise self._end
        answer: asyncio.Future[Response | ErrorResponse] = asyncio.get_running_loop().create_future()
        self._pending.register(call.id, answer)
        try:
            await self._duplex.send(call.data)
            return await answer
        except asyncio.CancelledError:
            if call.method not in _OPENING:
                await self._cancel(call)
            raise
        finally:
            self._pending.complete(call.id)

    async def post(self, message: bytes) -> None:
        """Send a message that has no answer."""
        await self._duplex.send(message)

    def settle(self, revision: Revision) -> None:
        """Nothing to do: only messages go over a pipe."""

    def listen(self) -> None:
        """Nothing to do: a pipe has both directions at all times."""

    async def _cancel(self, call: Outgoing) -> None:
        notice = encode_notification("notifications/cancelled", CancelledParams(request_id=call.id))
        with suppress(TransportError, TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await self._duplex.send(notice)

    async def _read(self) -> None:
        end: TransportError = ConnectionLost("The server has closed the connection")
        try:
            while (line := await self._duplex.receive()) is not None:
                self._sort(line)
        except TransportError as error:
            end = error
        finally:
            self._end = end
            for answer in self._pending.drain():
                if not answer.done():
                    answer.set_exception(end)

    def _sort(self, line: bytes) -> None:
        found = decode(line, RECEIVED)
        for message in found.members if isinstance(found, Batch) else [found]:
            self._take(message)

    def _take(self, message: Message | Rejected) -> None:
        match message:
            case Rejected():
                _log.warning("ignored a message of the server: %s", message.error.message)
            case Response() | ErrorResponse():
                self._answered(message)
            case _:
                self._receiver.take(message)

    def _answered(self, message: Response | ErrorResponse) -> None:
        answer = None if message.id is None else self._pending.complete(message.id)
        if message.id is None or answer is None or answer.done():
            _log.debug("ignored an answer that nobody waits for")
            return
        self._receiver.finish(message.id)
        answer.set_result(message)
