"""One request over one new connection to a judged address: httpx on top, httpcore below, the guard between.

A connection is used for one request and closed: nothing is shared between callers, hosts or judgements.
"""

import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from pathlib import Path
from typing import Any, cast

import certifi
import httpcore
import httpx

from mcp_ref_fetch.faults import ConnectionFault, TimedOut, TlsFault
from mcp_ref_fetch.wire.streams import JudgedBackend, ProxyBackend
from mcp_ref_kit.network import AddressGuard, Judged

JUDGED = "mcp-ref-judged"


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends a request to the addresses that were judged for its URL (extension `mcp-ref-judged`)."""

    def __init__(
        self, guard: AddressGuard, context: ssl.SSLContext, *, head_bytes: int, proxy: str | None = None
    ) -> None:
        self._guard = guard
        self._context = context
        self._head_bytes = head_bytes
        self._proxy = proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and give the answer as soon as its head is there."""
        judged = cast("Judged", request.extensions[JUDGED])
        connection = self._connection(judged)
        extensions = {"timeout": request.extensions.get("timeout", {}), "sni_hostname": judged.url.host.name}
        try:
            with mapped(judged):
                answer = await connection.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=self._url(judged),
                        headers=request.headers.raw,
                        content=cast("AsyncIterator[bytes]", request.stream),
                        extensions=extensions,
                    )
                )
        except BaseException:  # cancellation too: the connection has no other owner
            await connection.aclose()
            raise
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, connection, judged), extensions={}
        )

    def _connection(self, judged: Judged) -> "httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool":
        if self._proxy is None:
            return httpcore.AsyncHTTPConnection(
                origin=self._url(judged).origin,
                ssl_context=self._context,
                network_backend=JudgedBackend(self._guard, judged, self._head_bytes),
            )
        backend = ProxyBackend(self._head_bytes, encrypted=self._proxy.startswith("https:"))
        if self._proxy.startswith("socks5"):
            return httpcore.AsyncSOCKSProxy(self._proxy, ssl_context=self._context, network_backend=backend)
        return httpcore.AsyncHTTPProxy(
            self._proxy, ssl_context=self._context, network_backend=backend, **_credentials(self._proxy)
        )

    def _url(self, judged: Judged) -> httpcore.URL:
        """For a proxy the host is the judged address; the Host header and the certificate keep the name."""
        url = judged.url
        address = judged.addresses[0]
        judged_host = f"[{address}]" if ":" in address else address
        host = url.host.name if self._proxy is None else judged_host
        return httpcore.URL(scheme=url.scheme, host=host, port=url.port, target=url.target)


class _Body(httpx.AsyncByteStream):
    """The bytes of a body as they come, undecoded; closing it closes the connection."""

    def __init__(self, answer: httpcore.Response, connection: Any, judged: Judged) -> None:
        self._answer = answer
        self._connection = connection
        self._judged = judged

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with mapped(self._judged):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        """Close the connection."""
        with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError):
            await self._answer.aclose()
        await self._connection.aclose()


def client(transport: GuardedTransport, *, read: float) -> httpx.AsyncClient:
    """Httpx with nothing of its own: no redirects, no cookies kept, no environment."""
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(read, connect=None, pool=None),
        follow_redirects=False,
        trust_env=False,
        headers={},
    )


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
    except httpcore.ProxyError as error:
        raise ConnectionFault("The proxy refused the connection.") from error
    except httpcore.ProtocolError as error:
        raise ConnectionFault(f"`{name}` broke off, or does not speak HTTP.") from error
    except (httpcore.NetworkError, OSError) as error:
        raise ConnectionFault(f"The connection to `{name}` broke.") from error


def _credentials(proxy: str) -> dict[str, Any]:
    parts = httpx.URL(proxy)
    return {"proxy_auth": (parts.username, parts.password)} if parts.username else {}
