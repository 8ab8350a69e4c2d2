"""The operator's proxy: how it is asked for an address that was judged here. HTTP, HTTPS and SOCKS5.

It is told addresses and never names, so that it looks nothing up that was not judged.
"""

import asyncio
import base64
import ssl
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from mcp_ref_fetch.faults import ConnectionFault, TimedOut, TlsFault
from mcp_ref_fetch.wire.streams import encrypted
from mcp_ref_kit.network import Judged, Stream

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_LONGEST_CREDENTIAL = 255
_SOCKS5 = 5
_NO_AUTHENTICATION = 0
_PASSWORD = 2
_LENGTHS = {1: 4, 4: 16}
_NAME = 3
_REFUSED = "The proxy refused the connection."
_NO_PROXY = "The proxy of --proxy-url does not answer as one."


class Proxy(Struct, frozen=True):
    """Where it is, how it is spoken to, and who we are to it."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.

        Raises:
            ValueError: it is not one of a proxy.
        """
        parts = urlsplit(text.strip())
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("must be like http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if max(len(user.encode()), len(password.encode())) > _LONGEST_CREDENTIAL:
            raise ValueError("must have a user name and password of at most 255 bytes")
        return cls(parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme], user, password)

    @property
    def forwards(self) -> bool:
        """Whether it takes plain requests in their absolute form, and no connection is made through it for them."""
        return not self.scheme.startswith("socks5")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What says who we are."""
        if not self.user:
            return []
        pair = base64.b64encode(f"{self.user}:{self.password}".encode())
        return [(b"Proxy-Authorization", b"Basic " + pair)]

    async def open(self, context: ssl.SSLContext, seconds: float | None) -> Stream:
        """Connect to it.

        Raises:
            ConnectionFault, TimedOut, TlsFault: it cannot be reached.
        """
        try:
            async with asyncio.timeout(seconds):
                stream = await asyncio.open_connection(self.host, self.port)
                return await encrypted(stream, context, self.host) if self.scheme == "https" else stream
        except TimeoutError as error:
            raise TimedOut("The proxy did not accept a connection in time.") from error
        except ssl.SSLError as error:
            raise TlsFault("The certificate of the proxy was refused.") from error
        except OSError as error:
            raise ConnectionFault("The proxy does not accept connections.") from error

    async def through(self, judged: Judged, context: ssl.SSLContext, seconds: float | None) -> Stream:
        """A connection through it to a judged address.

        Raises:
            ConnectionFault, TimedOut, TlsFault: it cannot be reached, or refuses.
        """
        stream = await self.open(context, seconds)
        meet = self._connect if self.forwards else self._socks
        try:
            async with asyncio.timeout(seconds):
                await meet(stream, judged.addresses[0], judged.url.port)
        except BaseException as error:  # cancellation too: the connection has no other owner
            stream[1].transport.abort()
            if isinstance(error, TimeoutError):
                raise TimedOut("The proxy did not answer in time.") from error
            if isinstance(error, OSError | EOFError | asyncio.LimitOverrunError):
                raise ConnectionFault(_NO_PROXY) from error
            raise
        return stream

    async def _connect(self, stream: Stream, address: str, port: int) -> None:
        """RFC 9110 9.3.6."""
        reader, writer = stream
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        fields = b"".join(name + b": " + value + b"\r\n" for name, value in self.headers)
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n".encode() + fields + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        version, _, rest = head.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            raise ConnectionFault(_NO_PROXY)
        if rest[:1] != b"2":
            raise ConnectionFault(_REFUSED)

    async def _socks(self, stream: Stream, address: str, port: int) -> None:
        """RFC 1928 and 1929."""
        reader, writer = stream
        method = _PASSWORD if self.user else _NO_AUTHENTICATION
        writer.write(bytes((_SOCKS5, 1, method)))
        await _expect(reader, bytes((_SOCKS5, method)))
        if self.user:
            user, password = self.user.encode(), self.password.encode()
            writer.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
            await _expect(reader, b"\x01\0")
        packed = ip_address(address).packed
        kind = next(kind for kind, length in _LENGTHS.items() if length == len(packed))
        writer.write(bytes((_SOCKS5, 1, 0, kind)) + packed + port.to_bytes(2))
        await _expect(reader, bytes((_SOCKS5, 0, 0)))
        [bound] = await reader.readexactly(1)
        length = (await reader.readexactly(1))[0] if bound == _NAME else _LENGTHS.get(bound, 0)
        await reader.readexactly(length + 2)


async def _expect(reader: asyncio.StreamReader, wanted: bytes) -> None:
    found = await reader.readexactly(len(wanted))
    if found[0] != wanted[0]:
        raise ConnectionFault(_NO_PROXY)
    if found != wanted:
        raise ConnectionFault(_REFUSED)
