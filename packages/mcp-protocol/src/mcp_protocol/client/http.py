"""A link over Streamable HTTP: one POST for each message; in legacy sessions also one GET, resumption and DELETE."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field

from mcp_protocol.client.authorizing import Authorizer
from mcp_protocol.client.background import Background
from mcp_protocol.client.headers import encoded
from mcp_protocol.client.link import RECEIVED, Outgoing, Receiver
from mcp_protocol.client.remote import HttpStatusError
from mcp_protocol.client.sse import EventReader
from mcp_protocol.errors import (
    ConnectionLost,
    Forbidden,
    McpError,
    MessageTooLarge,
    RemoteProtocolError,
    TransportError,
    Unauthorized,
)
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    Rejected,
    Response,
    decode,
    encode_notification,
)
from mcp_protocol.revisions import MODERN, Revision
from mcp_protocol.types import CancelledParams

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)

_JSON, _EVENTS = "application/json", "text/event-stream"
_CONNECT_SECONDS = 10
_KEEP_ALIVE_SECONDS = 3  # many servers close after 5: a request on its way then would be lost
_PARTING_SECONDS = 2
_RETRY_SECONDS = 1.0  # when the server did not say
_ATTEMPTS = 5  # to resume a stream, in a row, without a message in between

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404

Answer = Response | ErrorResponse


class Endpoint(Struct, frozen=True):
    """Where a server is reached: its URL, headers for every request, who authorises them, an `httpx` transport."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    auth: Authorizer | None = None
    transport: Any = None


class HttpLink:
    """Sends each message as a POST, and reads what comes back in its answer."""

    def __init__(self, endpoint: Endpoint, receiver: Receiver) -> None:
        """`receiver` takes what is no answer."""
        self._endpoint = endpoint
        self._receiver = receiver
        self._revision: Revision | None = None
        self._session: str | None = None
        self._background = Background()
        self._standalone: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Be ready to connect."""
        import httpx  # noqa: PLC0415  costs more than everything else here, and a pipe does not need it

        self._http_error = httpx.HTTPError
        self._http = httpx.AsyncClient(
            headers={"Accept-Encoding": "identity", **self._endpoint.headers},
            transport=self._endpoint.transport,
            # Requests have deadlines of their own; a stream may be silent for as long as it likes.
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=20, keepalive_expiry=_KEEP_ALIVE_SECONDS
            ),
        )
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End the session, if there is one, and all connections."""
        await self._background.__aexit__()
        try:
            if self._session:
                with suppress(TransportError, TimeoutError):
                    async with asyncio.timeout(_PARTING_SECONDS):
                        await self._end_session()
        finally:
            await self._http.aclose()

    async def request(self, call: Outgoing) -> Answer:
        """Post a request and read its answer; to cancel the wait closes the stream, in legacy revisions after a notice.

        Raises:
            TransportError: there was no answer.
        """
        stream = _Stream()
        try:
            answer = await self._post(call, stream)
            while answer is None:
                answer = await self._resume(stream)
        except asyncio.CancelledError:
            if self._revision not in MODERN and call.method != "initialize":
                await self._cancel(call)
            raise
        else:
            return answer

    async def post(self, message: bytes) -> None:
        """Post a notification, or the answer to a question of the server."""
        async with self._exchange("POST", self._headers(), message) as response:
            self._check(response)
            if not response.is_success:
                raise HttpStatusError(response.status_code)

    def settle(self, revision: Revision) -> None:
        """What is sent from now on is of this revision."""
        self._revision = revision

    def listen(self) -> None:
        """Open the one stream of a legacy session that belongs to no request."""
        if self._standalone is None and self._revision not in MODERN:
            self._standalone = self._background.start(self._hear())

    def _headers(self, call: Outgoing | None = None) -> dict[str, str]:
        headers = {"Content-Type": _JSON, "Accept": f"{_JSON}, {_EVENTS}"}
        if call and self._revision in MODERN:
            headers["Mcp-Method"] = call.method
            if call.name is not None:
                headers["Mcp-Name"] = encoded(call.name)
            headers |= {name: encoded(value) for name, value in call.headers.items()}
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        # A handshake has agreed on no version yet, and older servers refuse the header of one that they do not know.
        handshake = call is not None and call.method == "initialize"
        if self._revision and self._revision >= Revision.V2025_06_18 and not handshake:
            headers["MCP-Protocol-Version"] = self._revision
        return headers

    @asynccontextmanager
    async def _exchange(
        self, method: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> AsyncGenerator["httpx.Response"]:
        try:
            async with AsyncExitStack() as stack:
                yield await self._authorised(stack, method, headers, content)
        except self._http_error as error:
            raise ConnectionLost(f"The connection failed: {type(error).__name__}") from error

    async def _authorised(
        self, stack: AsyncExitStack, method: str, headers: Mapping[str, str], content: bytes | None
    ) -> "httpx.Response":
        """The response, which the stack closes; refused requests are repeated as long as whoever authorises them says.

        The body of a refusal is not read: it would be as long as the server likes.
        """
        auth = self._endpoint.auth
        attempt = auth.attempt(method, self._endpoint.url) if auth else None
        while True:
            sent = {**headers, **(await attempt.headers())} if attempt else dict(headers)
            async with AsyncExitStack() as once:
                response = await once.enter_async_context(
                    self._http.stream(method, self._endpoint.url, headers=sent, content=content)
                )
                # A session that ends is not worth a user's attention.
                refused = attempt and method != "DELETE" and await attempt.again(response.status_code, response.headers)
                if not refused:
                    stack.push_async_callback(once.pop_all().aclose)
                    return response

    async def _post(self, call: Outgoing, stream: "_Stream") -> Answer | None:
        async with self._exchange("POST", self._headers(call), call.data) as response:
            if call.method == "initialize" and response.is_success:
                self._session = response.headers.get("mcp-session-id")
            kind = _media_type(response)
            if response.is_success and kind == _EVENTS:
                return await self._read_events(response, stream)
            self._check(response)
            if kind == _JSON:
                return _answer(await _body(response), response)
        raise HttpStatusError(response.status_code)

    async def _read_events(self, response: "httpx.Response", stream: "_Stream") -> Answer | None:
        """The answer, if the stream brings it before it ends; what else it brings goes to the receiver."""
        try:
            async for data in response.aiter_bytes():
                for event in stream.reader.feed(data):
                    stream.attempts = 0
                    answer = self._sort(event.data)
                    if answer is not None and stream.waits:
                        return answer
        except self._http_error:
            if stream.reader.last_id is None:
                raise
        return None

    def _sort(self, data: bytes) -> Answer | None:
        found = decode(data, RECEIVED)
        answer = None
        for message in found.members if isinstance(found, Batch) else [found]:
            if isinstance(message, Response | ErrorResponse):
                answer = message
            elif isinstance(message, Rejected):
                _log.warning("ignored a message of the server: %s", message.error.message)
            else:
                self._receiver.take(message)
        return answer

    async def _resume(self, stream: "_Stream") -> Answer | None:
        """Go on with a stream that ended too early, where the server lets us (2025-11-25, "Resumability")."""
        stream.attempts += 1
        if self._revision in MODERN or stream.reader.last_id is None or stream.attempts > _ATTEMPTS:
            raise ConnectionLost("The stream ended before the answer")
        await asyncio.sleep(stream.pause)
        return await self._get(stream)

    async def _get(self, stream: "_Stream") -> Answer | None:
        headers = self._headers() | {"Accept": _EVENTS}
        if stream.reader.last_id is not None:
            headers["Last-Event-ID"] = stream.reader.last_id
        async with self._exchange("GET", headers) as response:
            self._check(response)
            if response.is_success and _media_type(response) == _EVENTS:
                return await self._read_events(response, stream)
        raise HttpStatusError(response.status_code)

    async def _hear(self) -> None:
        """The stream that belongs to no request, opened again when it ends."""
        stream = _Stream(waits=False)
        while stream.attempts <= _ATTEMPTS:
            stream.attempts += 1
            try:
                await self._get(stream)
            except HttpStatusError:
                return  # the server has no such stream, or no longer
            except McpError as error:
                _log.debug("the stream of the session broke: %s", error)
            await asyncio.sleep(stream.pause)

    async def _cancel(self, call: Outgoing) -> None:
        notice = encode_notification("notifications/cancelled", CancelledParams(request_id=call.id))
        with suppress(McpError, TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await self.post(notice)

    async def _end_session(self) -> None:
        async with self._exchange("DELETE", self._headers()):
            return

    def _check(self, response: "httpx.Response") -> None:
        """Raise for the statuses that mean something of their own, whatever the body."""
        challenge = response.headers.get("www-authenticate", "")
        if response.status_code == _UNAUTHORIZED:
            raise Unauthorized("The server wants a token", challenge=challenge)
        if response.status_code == _FORBIDDEN and challenge:
            raise Forbidden("The token does not allow this", challenge=challenge)
        if response.status_code == _NOT_FOUND and self._session and self._revision not in MODERN:
            raise ConnectionLost("The server has forgotten the session")


class _Stream:
    """What is known of one stream across its connections."""

    def __init__(self, *, waits: bool = True) -> None:
        self.reader = EventReader(RECEIVED.message)
        self.attempts = 0
        self.waits = waits

    @property
    def pause(self) -> float:
        return _RETRY_SECONDS if self.reader.retry_seconds is None else self.reader.retry_seconds


def _media_type(response: "httpx.Response") -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(response: "httpx.Response") -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > RECEIVED.message:
            raise MessageTooLarge(f"The server sent a message of more than {RECEIVED.message} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _answer(data: bytes, response: "httpx.Response") -> Answer:
    found = decode(data, RECEIVED)
    if isinstance(found, Response | ErrorResponse):
        return found
    if not response.is_success:
        raise HttpStatusError(response.status_code)
    raise RemoteProtocolError("The server's answer is no JSON-RPC response")
