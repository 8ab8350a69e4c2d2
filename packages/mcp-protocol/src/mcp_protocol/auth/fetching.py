"""Small JSON documents from the operator's authorization server: bounded in time and size, no redirect followed."""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from mcp_protocol.errors import SettingsError, TransportError
from mcp_protocol.limits import KIB

if TYPE_CHECKING:
    import httpx

WAIT_SECONDS = 2.0
LARGEST = 512 * KIB
# Requests at one time; the next one waits, within its own time.
_CONNECTIONS = 16
_FOUND = 200


class Fetcher:
    """Asks within `async with fetcher:`."""

    async def __aenter__(self) -> Self:
        """Open a client.

        Raises:
            SettingsError: httpx is not installed.
        """
        try:
            import httpx  # noqa: PLC0415  an extra, and only who checks such tokens needs it
        except ImportError as error:
            raise SettingsError("Checking tokens needs httpx: install mcp-ref-protocol[auth].") from error
        self._fault = httpx.HTTPError, httpx.InvalidURL
        context = await asyncio.to_thread(httpx.create_ssl_context)  # reading all certificates takes a while
        self._client = httpx.AsyncClient(
            verify=context,
            follow_redirects=False,
            timeout=WAIT_SECONDS,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._client.aclose()

    async def get(self, url: str) -> dict[str, Any]:
        """The object at a URL.

        Raises:
            TransportError: there is none, in one sentence.
        """
        return await self._object(self._client.build_request("GET", url))

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The object that answers a form.

        Raises:
            TransportError: there is none, in one sentence.
        """
        return await self._object(self._client.build_request("POST", url, data=dict(form), headers=dict(headers)))

    async def _object(self, request: "httpx.Request") -> dict[str, Any]:
        where = f"{request.url.host}{request.url.path}"
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                found: Any = json.loads(await self._body(request))
        except TimeoutError as error:
            raise TransportError(f"{where} did not answer within {WAIT_SECONDS:g} s") from error
        except self._fault as error:
            raise TransportError(f"{where} cannot be reached ({type(error).__name__})") from error
        except (ValueError, RecursionError) as error:
            raise TransportError(f"{where} gave something else than JSON") from error
        if not isinstance(found, dict):
            raise TransportError(f"{where} gave something else than an object")
        return cast("dict[str, Any]", found)

    async def _body(self, request: "httpx.Request") -> bytes:
        answer = await self._client.send(request, stream=True)
        try:
            if answer.status_code != _FOUND:
                raise TransportError(f"{request.url.host}{request.url.path} answered {answer.status_code}")
            body = b""
            # Raw: what was compressed all the same is not unpacked, and no JSON.
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > LARGEST:
                    raise TransportError(f"{request.url.host}{request.url.path} gave more than {LARGEST} bytes")
            return body
        finally:
            await answer.aclose()
