"""Connections to and through the operator's proxy: HTTP, HTTPS and SOCKS5.

It is told addresses and never names, so that it looks nothing up that was not judged.
"""

import asyncio
import ssl
from ipaddress import ip_address

from mcp_ref_fetch.faults import ConnectionFault, TimedOut, TlsFault
from mcp_ref_fetch.web.proxy import Proxy
from mcp_ref_fetch.wire.streams import encrypted
from mcp_ref_kit.network import Judged, Stream

_SOCKS5 = 5
_NO_AUTHENTICATION = 0
_PASSWORD = 2
_LENGTHS = {1: 4, 4: 16}
_NAME = 3
_REFUSED = "The proxy refused the connection."
_NO_PROXY = "The proxy of --proxy-url does not answer as one."


async def reach(proxy: Proxy, context: ssl.SSLContext, seconds: float | None) -> Stream:
    """Connect to it.

    Raises:
        ConnectionFault, TimedOut, TlsFault: it cannot be reached.
    """
    try:
        async with asyncio.timeout(seconds):
            stream = await asyncio.open_connection(proxy.host, proxy.port)
            return await _greeted(stream, context, proxy.host) if proxy.scheme == "https" else stream
    except TimeoutError as error:
        raise TimedOut("The proxy did not accept a connection in time.") from error
    except ssl.SSLError as error:
        raise TlsFault("The certificate of the proxy was refused.") from error
    except OSError as error:
        raise ConnectionFault("The proxy does not accept connections.") from error


async def tunnel(proxy: Proxy, judged: Judged, context: ssl.SSLContext, seconds: float | None) -> Stream:
    """A connection through it to a judged address.

    Raises:
        ConnectionFault, TimedOut, TlsFault: it cannot be reached, or refuses.
    """
    stream = await reach(proxy, context, seconds)
    meet = _connect if proxy.forwards else _socks
    try:
        async with asyncio.timeout(seconds):
            await meet(proxy, stream, judged.addresses[0], judged.url.port)
    except BaseException as error:  # cancellation too: the connection has no other owner
        stream[1].transport.abort()
        if isinstance(error, TimeoutError):
            raise TimedOut("The proxy did not answer in time.") from error
        if isinstance(error, OSError | EOFError | asyncio.LimitOverrunError):
            raise ConnectionFault(_NO_PROXY) from error
        raise
    return stream


async def _connect(proxy: Proxy, stream: Stream, address: str, port: int) -> None:
    """RFC 9110 9.3.6."""
    reader, writer = stream
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in proxy.headers)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n".encode() + fields + b"\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ConnectionFault(_NO_PROXY)
    if rest[:1] != b"2":
        raise ConnectionFault(_REFUSED)


async def _socks(proxy: Proxy, stream: Stream, address: str, port: int) -> None:
    """RFC 1928 and 1929."""
    reader, writer = stream
    method = _PASSWORD if proxy.user else _NO_AUTHENTICATION
    writer.write(bytes((_SOCKS5, 1, method)))
    await _expect(reader, bytes((_SOCKS5, method)))
    if proxy.user:
        user, password = proxy.user.encode(), proxy.password.encode()
        writer.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        await _expect(reader, b"\x01\0")
    packed = ip_address(address).packed
    kind = next(kind for kind, length in _LENGTHS.items() if length == len(packed))
    writer.write(bytes((_SOCKS5, 1, 0, kind)) + packed + port.to_bytes(2))
    await _expect(reader, bytes((_SOCKS5, 0, 0)))
    [bound] = await reader.readexactly(1)
    length = (await reader.readexactly(1))[0] if bound == _NAME else _LENGTHS.get(bound, 0)
    await reader.readexactly(length + 2)


async def _greeted(stream: Stream, context: ssl.SSLContext, name: str) -> Stream:
    try:
        return await encrypted(stream, context, name)
    except BaseException:  # cancellation too: the connection has no other owner
        stream[1].transport.abort()
        raise


async def _expect(reader: asyncio.StreamReader, wanted: bytes) -> None:
    found = await reader.readexactly(len(wanted))
    if found[0] != wanted[0]:
        raise ConnectionFault(_NO_PROXY)
    if found != wanted:
        raise ConnectionFault(_REFUSED)
