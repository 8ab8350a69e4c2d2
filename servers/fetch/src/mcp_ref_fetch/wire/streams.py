"""Connections for httpcore that go where the guard says, and nowhere else; what comes over them is counted."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore

from mcp_ref_fetch.wire.intake import Intake
from mcp_ref_kit.network import Stream

Dial = Callable[[float | None], Awaitable[Stream]]
"""Opens the one connection that a request may use, within so many seconds."""
Options = Iterable[Any] | None


class DialledBackend(httpcore.AsyncNetworkBackend):
    """Has one connection for one request, whatever name or address httpcore asks for; `close` ends it in any case."""

    def __init__(self, dial: Dial, intake: Intake) -> None:
        self._dial = dial
        self._intake = intake
        self._stream: CountedStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect."""
        del host, port, local_address, socket_options
        self._stream = CountedStream(await self._dial(timeout), self._intake)
        return self._stream

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

    def close(self) -> None:
        """End the connection, if there is one, whoever holds it."""
        if self._stream is not None:
            self._stream.abort()


class CountedStream(httpcore.AsyncNetworkStream):
    """An asyncio connection as httpcore wants it."""

    def __init__(self, stream: Stream, intake: Intake) -> None:
        self._reader, self._writer = stream
        self._intake = intake

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore's interface
        """What has come, at most so many bytes."""
        try:
            async with asyncio.timeout(timeout):
                data = await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except ssl.SSLError:  # it says what is wrong, though only now
            raise
        except OSError as error:
            raise httpcore.ReadError from error
        self._intake.count(data)
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
        self.abort()
        await asyncio.sleep(0)

    def abort(self) -> None:
        """Close without waiting."""
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt, and check the certificate against the name that was asked for."""
        try:
            async with asyncio.timeout(timeout):
                self._reader, self._writer = await encrypted((self._reader, self._writer), ssl_context, server_hostname)
        except TimeoutError as error:
            self.abort()
            raise httpcore.ConnectTimeout from error
        except ssl.SSLError:  # it says what is wrong with the certificate
            self.abort()
            raise
        except TypeError as error:  # how Python 3.11 says that a handshake within TLS failed
            self.abort()
            raise ssl.SSLError from error
        except OSError as error:
            self.abort()
            raise httpcore.ConnectError from error
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about its connections."""
        if info == "is_readable":
            return self._reader.at_eof()
        return self._writer.get_extra_info(info)


async def encrypted(stream: Stream, context: ssl.SSLContext, name: str | None) -> Stream:
    """TLS over a connection, for a certificate of this name.

    The reader is a new one: bytes that came before the handshake are nobody's word and are not read as if they were.
    """
    _, writer = stream
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(writer.transport, protocol, context, server_hostname=name)
    if transport is None:  # closed meanwhile
        raise ConnectionResetError
    protocol.connection_made(transport)
    over = _Over(transport, protocol, reader, loop)
    over.below = writer
    return reader, over


class _Over(asyncio.StreamWriter):
    """A writer over another one's connection, which that one would close as soon as nobody held it."""

    below: asyncio.StreamWriter
