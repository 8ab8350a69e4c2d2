"""One request over one new connection to a judged address: httpx on top, httpcore below, the guard between.

A connection is used for one request and closed: nothing is shared between callers, hosts or judgements.
"""

import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from functools import partial
from pathlib import Path
from typing import cast

import certifi
import httpcore
import httpx
from msgspec import Struct

from mcp_ref_fetch.faults import ConnectionFault, TimedOut, TlsFault
from mcp_ref_fetch.web.proxy import Proxy
from mcp_ref_fetch.wire.intake import Intake
from mcp_ref_fetch.wire.streams import Dial, DialledBackend
from mcp_ref_fetch.wire.tunnel import reach, tunnel
from mcp_ref_kit.network import AddressGuard, Judged, Stream

JUDGED = "mcp-ref-judged"


class Most(Struct, frozen=True):
    """Bytes that may come for one answer."""

    head: int
    all: int
    """Body, head, and what they are wrapped in."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends a request to the addresses that were judged for its URL (extension `mcp-ref-judged`)."""

    def __init__(self, guard: AddressGuard, context: ssl.SSLContext, *, most: Most, proxy: Proxy | None = None) -> None:
        self._guard = guard
        self._context = context
        self._most = most
        self._proxy = proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and give the answer as soon as its head is there."""
        judged = cast("Judged", request.extensions[JUDGED])
        backend = DialledBackend(self._dial(judged), Intake(self._most.head, self._most.all))
        url = self._url(judged)
        connection = httpcore.AsyncHTTPConnection(origin=url.origin, ssl_context=self._context, network_backend=backend)
        headers = [*request.headers.raw, *(self._proxy.headers if self._proxy and self._is_forwarded(judged) else ())]
        extensions = {"timeout": request.extensions.get("timeout", {}), "sni_hostname": judged.url.host.name}
        try:
            with mapped(judged):
                answer = await connection.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=url,
                        headers=headers,
                        content=cast("AsyncIterator[bytes]", request.stream),
                        extensions=extensions,
                    )
                )
        except BaseException:  # cancellation too: the connection has no other owner
            backend.close()
            raise
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, backend, judged), extensions={}
        )

    def _dial(self, judged: Judged) -> Dial:
        if self._proxy is None:
            return partial(self._to_judged, judged)
        if self._is_forwarded(judged):
            return partial(reach, self._proxy, self._context)
        return partial(tunnel, self._proxy, judged, self._context)

    async def _to_judged(self, judged: Judged, seconds: float | None) -> Stream:
        return await self._guard.connect(judged, within=seconds)

    def _is_forwarded(self, judged: Judged) -> bool:
        """Whether the proxy itself is asked for the page, and not for a connection."""
        return self._proxy is not None and self._proxy.forwards and judged.url.scheme == "http"

    def _url(self, judged: Judged) -> httpcore.URL:
        """Only a proxy that forwards sees more than path and query: the judged address, never the name."""
        url, target = judged.url, judged.url.target
        if self._is_forwarded(judged):
            address = judged.addresses[0]
            target = f"http://{f'[{address}]' if ':' in address else address}:{url.port}{target}"
        return httpcore.URL(scheme=url.scheme, host=url.host.name, port=url.port, target=target)


class _Body(httpx.AsyncByteStream):
    """The bytes of a body as they come, undecoded; closing it closes the connection."""

    def __init__(self, answer: httpcore.Response, backend: DialledBackend, judged: Judged) -> None:
        self._answer = answer
        self._backend = backend
        self._judged = judged

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with mapped(self._judged):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        """Close the connection."""
        self._backend.close()
        with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError):
            await self._answer.aclose()


def verifying(ca: Path | None) -> ssl.SSLContext:
    """Certificates of the system, or of the operator's file; verification has no switch."""
    paths = ssl.get_default_verify_paths()
    if ca is None and not (paths.cafile or paths.capath):
        return ssl.create_default_context(cafile=certifi.where())
    return ssl.create_default_context(cafile=None if ca is None else str(ca))


@contextlib.contextmanager
def mapped(judged: Judged) -> Generator[None]:
    """Errors of the wire in our words."""
    name = judged.url.host.name
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TlsFault(f"The certificate of `{name}` was refused: {error.verify_message}.") from error
    except ssl.SSLError as error:
        raise TlsFault(f"`{name}` does not speak TLS that can be trusted.") from error
    except httpcore.ConnectTimeout as error:
        raise TimedOut(f"`{name}` did not accept a connection in time.") from error
    except httpcore.TimeoutException as error:
        raise TimedOut(f"`{name}` said nothing for too long.") from error
    except httpcore.ProtocolError as error:
        raise ConnectionFault(f"`{name}` broke off, or does not speak HTTP.") from error
    except (httpcore.NetworkError, OSError) as error:
        raise ConnectionFault(f"The connection to `{name}` broke.") from error
