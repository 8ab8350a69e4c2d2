"""Connections for httpcore that go where the guard says, and nowhere else; the head of an answer is bounded."""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from mcp_ref_fetch.faults import TooLarge
from mcp_ref_kit.network import AddressGuard, Judged, Stream

_END_OF_HEAD = b"\r\n\r\n"
Options = Iterable[Any] | None


class JudgedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses of one judged URL, whatever name or address httpcore asks for."""

    def __init__(self, guard: AddressGuard, judged: Judged, head_bytes: int) -> None:
        self._guard = guard
        self._judged = judged
        self._head_bytes = head_bytes

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a judged address."""
        del host, port, local_address, socket_options
        stream = await self._guard.connect(self._judged, within=timeout)
        return BoundedStream(stream, self._head_bytes)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        socket_options: Options = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing here is for sockets of this machine."""
        del path, timeout, socket_options
        raise httpcore.ConnectError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class ProxyBackend(JudgedBackend):
    """Connects to the operator's proxy, which needs no judging; what it is asked for was judged."""

    def __init__(self, head_bytes: int, *, encrypted: bool) -> None:
        self._head_bytes = head_bytes
        self._encrypted = encrypted

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the proxy."""
        del local_address, socket_options
        try:
            async with asyncio.timeout(timeout):
                stream = await asyncio.open_connection(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError from error
        # httpcore would greet the proxy by the name of the page's host.
        return BoundedStream(stream, self._head_bytes, first_name=host if self._encrypted else None)


class BoundedStream(httpcore.AsyncNetworkStream):
    """An asyncio connection as httpcore wants it, which counts the bytes of the head."""

    def __init__(self, stream: Stream, head_bytes: int, first_name: str | None = None) -> None:
        self._reader, self._writer = stream
        self._head_bytes = head_bytes
        self._head = b""
        self._in_head = True
        self._first_name = first_name

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore's interface
        """What has come, at most so many bytes."""
        try:
            async with asyncio.timeout(timeout):
                data = await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error
        if self._in_head:
            self._count(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  httpcore's interface
        """Send all of it."""
        if not buffer:
            return
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError from error

    async def aclose(self) -> None:
        """Close at once: nobody waits for a hostile peer to say goodbye."""
        self._writer.transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt, and check the certificate against the name that was asked for."""
        name, self._first_name = self._first_name or server_hostname, None
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=name)
        except TimeoutError as error:
            self._writer.transport.abort()
            raise httpcore.ConnectTimeout from error
        except ssl.SSLError:  # it says what is wrong with the certificate
            self._writer.transport.abort()
            raise
        except OSError as error:
            self._writer.transport.abort()
            raise httpcore.ConnectError from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about its connections."""
        if info == "is_readable":
            return self._reader.at_eof()
        return self._writer.get_extra_info("ssl_object" if info == "ssl_object" else info)

    def _count(self, data: bytes) -> None:
        self._head += data
        if _END_OF_HEAD in self._head:
            self._in_head, self._head = False, b""
        elif len(self._head) > self._head_bytes:
            raise TooLarge(f"The head of the answer is longer than {self._head_bytes} bytes.")
