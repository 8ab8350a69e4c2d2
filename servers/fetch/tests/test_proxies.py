"""The operator's proxy in all its kinds: real ones on loopback, which are told judged addresses and never names."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol.errors import SettingsError
from mcp_protocol.testing import connect
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.settings import Settings
from mcp_ref_kit.settings import Secret

Web = Any
Reads = Any
Serve = Any
Certificates = Any

PUBLIC = "93.184.215.14"


class Relay:
    """A proxy that connects to a web of the test, whatever public address it is asked for."""

    def __init__(self, web: Web, *, user: bytes = b"", refuses: bool = False) -> None:
        self.web = web
        self.user = user
        self.refuses = refuses
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self.port = 0

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        self.asked.append(head.split()[1].decode())
        if self.refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
        await self._pass_on(reader, writer)

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928: its answers come byte by byte, as a network may deliver them."""
        version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        method = 2 if self.user else 0
        await drip(writer, bytes((version, method if method in methods else 0xFF)))
        if self.user:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            [length] = await reader.readexactly(1)
            password = await reader.readexactly(length)
            fits = user + b":" + password == self.user
            await drip(writer, b"\x01\x00" if fits else b"\x01\x01")
            if not fits:
                return
        _, _, _, kind = await reader.readexactly(4)
        address = await reader.readexactly({1: 4, 4: 16}[kind])
        port = int.from_bytes(await reader.readexactly(2))
        text = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, address)
        self.asked.append(f"{text}:{port}")
        await drip(writer, b"\x05\x02\x00\x01" + bytes(6) if self.refuses else b"\x05\x00\x00\x03\x02hi\x00\x00")
        if not self.refuses:
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", self.web.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, there))
            group.create_task(pump(there_reader, writer))


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def relaying(relay: Relay, kind: str, ssl: Any = None) -> AsyncGenerator[Relay]:
    """A running proxy."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await getattr(relay, kind)(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ssl) as server:
        relay.port = server.sockets[0].getsockname()[1]
        yield relay


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_tunnel_is_made_to_the_judged_address_and_tls_is_for_the_name(
    reads: Reads, serve: Serve, certificates: Certificates, scheme: str
) -> None:
    """WF8: CONNECT and SOCKS5 carry the address; the certificate is for the name, through TLS in TLS too."""
    proxied = certificates.serving("localhost") if scheme == "https" else None
    name = "localhost" if scheme == "https" else "127.0.0.1"
    async with serve(ssl=certificates.serving("page.test")) as site:
        relay = Relay(site)
        async with relaying(relay, "socks" if scheme == "socks5" else "http", proxied):
            proxy = Secret(f"{scheme}://{name}:{relay.port}")
            site.page("/x", "<p>through</p>")
            async with reads(
                default=True, proxy_url=proxy, ca=certificates.authority, ignore_robots_txt=True
            ) as reading:
                reading.names.add("page.test", [PUBLIC])
                reading.names.add("other.test", [PUBLIC])
                page = await reading.fetch("https://page.test/x")
                other = await reading.refusal("https://other.test/x")
                private = await reading.refusal("https://10.0.0.1/x")
                assert reading.dialler.dialled == []
    assert page["content"] == "through"
    assert (other[0], private[0]) == ("tls", "blocked_address")
    assert relay.asked == [f"{PUBLIC}:443"] * 2
    assert all(b"page.test" not in head for head in relay.heads)


async def test_plain_pages_go_through_socks_and_ipv6_is_written_as_it_is(web: Web, reads: Reads) -> None:
    web.page("/x", "<p>through</p>")
    six = "2606:2800:220:1:248:1893:25c8:1946"
    async with relaying(Relay(web, user=b"me:a b"), "socks") as relay:
        proxy = Secret(f"socks5://me:a%20b@127.0.0.1:{relay.port}")
        async with reads(default=True, proxy_url=proxy, ignore_robots_txt=True) as reading:
            reading.names.add("six.test", [six])
            assert (await reading.fetch("http://six.test/x"))["content"] == "through"
        wrong = Secret(f"socks5://me:wrong@127.0.0.1:{relay.port}")
        async with reads(default=True, proxy_url=wrong, ignore_robots_txt=True) as reading:
            reading.names.add("six.test", [six])
            code, words = await reading.refusal("http://six.test/x")
    assert relay.asked == [f"{six}:80"]
    assert (code, "wrong" in words) == ("connection", False)
    assert web.hits[-1].headers["host"] == "six.test"


async def test_who_we_are_is_said_to_the_proxy_and_to_nobody_else(
    reads: Reads, serve: Serve, certificates: Certificates
) -> None:
    async with serve(ssl=certificates.serving("page.test")) as site, relaying(Relay(site), "http") as relay:
        site.page("/x", "<p>through</p>")
        proxy = Secret(f"http://me:secret@127.0.0.1:{relay.port}")
        async with reads(default=True, proxy_url=proxy, ca=certificates.authority, ignore_robots_txt=True) as reading:
            reading.names.add("page.test", [PUBLIC])
            await reading.fetch("https://page.test/x")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in relay.heads[0]
    assert "proxy-authorization" not in site.hits[-1].headers


@pytest.mark.parametrize(("scheme", "kind"), [("http", "http"), ("socks5", "socks")])
async def test_a_proxy_that_refuses_is_named_and_no_way_round_is_taken(
    web: Web, reads: Reads, scheme: str, kind: str
) -> None:
    async with relaying(Relay(web, refuses=True), kind) as relay:
        proxy = Secret(f"{scheme}://127.0.0.1:{relay.port}")
        async with reads(default=True, proxy_url=proxy, ignore_robots_txt=True) as reading:
            reading.names.add("page.test", [PUBLIC])
            code, words = await reading.refusal("https://page.test/x")
    assert (code, "proxy refused" in words) == ("connection", True)
    assert web.hits == []


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
@pytest.mark.parametrize("answer", [None, b"", b"SSH-2.0-x\r\n\r\n", b"\0" * 100, b"x" * 200_000])
async def test_a_proxy_that_hangs_or_is_none_is_a_clean_error(
    web: Web, reads: Reads, scheme: str, answer: bytes | None
) -> None:
    """It accepts and says nothing; ends at once; speaks another protocol; floods."""
    ended = asyncio.Event()

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if answer is not None:
                writer.write(answer)
                await writer.drain()
            while answer != b"" and await reader.read(1000):
                pass
        writer.close()
        ended.set()

    async with await asyncio.start_server(odd, "127.0.0.1", 0) as server:
        proxy = Secret(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with reads(
            default=True, proxy_url=proxy, timeout_connect=0.3, timeout_read=0.5, ignore_robots_txt=True
        ) as reading:
            reading.names.add("page.test", [PUBLIC])
            code, words = await reading.refusal("https://page.test/x")
            assert code in ({"timeout"} if answer is None else {"connection", "tls", "timeout"}), words
            async with asyncio.timeout(5):
                await ended.wait()
    assert web.hits == []


@pytest.mark.parametrize("url", ["ftp://h:1", "h:1", "http://", "http://h:x", "socks4://h:1", "http://h/path"])
async def test_what_is_no_proxy_ends_the_start_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"--proxy-url.* must be like") as raised:
        async with connect(fetch_server(), Settings(proxy_url=Secret(url))):
            pass
    assert url not in str(raised.value) or url == "http://"


async def test_a_file_of_certificates_that_is_none_ends_the_start(tmp_path: Any) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="--ca"):
            async with connect(fetch_server(), Settings(ca=tmp_path / name)):
                pass
