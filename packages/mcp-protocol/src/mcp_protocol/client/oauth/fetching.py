"""Small JSON documents over HTTP: bounded, within a deadline, never redirected."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from mcp_protocol.client.oauth.documents import ErrorAnswer
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused
from mcp_protocol.client.oauth.places import Places

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_LARGEST = 512 * 1024
_SECONDS = 30


class Reply(Struct, frozen=True):
    """A status, headers, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300  # noqa: PLR2004  the range is the meaning

    def document(self, kind: type[T]) -> T | None:
        """The body, if it is a document of that kind."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def refusal(self) -> TokenRefused:
        """The error that the body tells of."""
        found = self.document(ErrorAnswer) or ErrorAnswer(error=f"status {self.status}")
        return TokenRefused(found.error, found.error_description)


class Fetcher:
    """Fetches from the places that a server may send its client to."""

    def __init__(self, http: "httpx.AsyncClient", places: Places) -> None:
        """Made by `fetching`."""
        self._http = http
        self.places = places

    async def get(self, url: str, what: str) -> Reply:
        """A document; `what` names the URL if it must not be fetched or cannot be reached."""
        return await self._send("GET", url, what)

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str], what: str) -> Reply:
        """The answer to a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._send("POST", url, what, urlencode(form).encode(), {**headers, **kind})

    async def post_json(self, url: str, document: Mapping[str, object], what: str) -> Reply:
        """The answer to a JSON document."""
        return await self._send("POST", url, what, msgspec.json.encode(document), {"Content-Type": "application/json"})

    async def _send(
        self, method: str, url: str, what: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        import httpx  # noqa: PLC0415  slow to import, and already imported by whoever comes here

        place = self.places.checked(url, what)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._http.stream(method, place, content=content, headers=headers) as response,
            ):
                # A refused token request says why; of a missing document nothing is read.
                read = method == "POST" or response.is_success
                return Reply(response.status_code, response.headers, await _body(response, what) if read else b"")
        except (httpx.HTTPError, TimeoutError) as error:
            raise AuthorizationFailed(f"{what} cannot be reached: {type(error).__name__}") from error


@asynccontextmanager
async def fetching(places: Places) -> AsyncGenerator[Fetcher]:
    """A fetcher for the length of the block; it shares nothing with the connection to the MCP server."""
    import httpx  # noqa: PLC0415  costs more than everything else here, and a pipe does not need it

    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}
    # Each request has a connection of its own: between two of them a user may think for minutes, and a code that was
    # sent down a connection which the server was closing cannot be sent again.
    alone = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(headers=headers, follow_redirects=False, timeout=_SECONDS, limits=alone) as http:
        yield Fetcher(http, places)


async def _body(response: "httpx.Response", what: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_raw():  # nothing compressed was asked for, and nothing is inflated
        size += len(piece)
        if size > _LARGEST:
            raise AuthorizationFailed(f"{what} answered with more than {_LARGEST} bytes")
        pieces.append(piece)
    return b"".join(pieces)
