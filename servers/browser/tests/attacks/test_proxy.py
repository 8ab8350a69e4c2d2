"""The proxy itself, over real sockets and without a browser: framing, many hosts a connection, tunnels, rebinding."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.origins import Destination, OriginRules, parsed
from mcp_ref_browser.guard.policy import Addresses, SessionPolicy, upstream
from mcp_ref_browser.guard.proxy import GuardProxy
from mcp_ref_kit.network import WebUrl


class Upstream:
    """A server that answers what it is told to, and remembers each connection's bytes."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                self.heads.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer == b"hang up":
                    break
                writer.write(answer)
                await writer.drain()
                if b"\r\n\r\n" in answer and b"ength" not in answer and b"chunked" not in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncGenerator[Upstream]:
    made = Upstream(*answers)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()


@asynccontextmanager
async def proxying(*origins: str, **more: Any) -> AsyncGenerator[tuple[Any, Any, list[str]]]:
    """A connection to a proxy that may go to these origins, and what it refused."""
    refused: list[str] = []
    policy = SessionPolicy(OriginRules(allowed=parsed(origins)), Addresses(**more), own_ports=set)
    proxy = GuardProxy(policy, lambda error, to: refused.append(f"{error.code} {to}"))
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
    try:
        yield reader, writer, refused
    finally:
        writer.close()
        proxy.close()


async def answer(reader: asyncio.StreamReader, body: int = 0) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(b"\r\n\r\n") + (await reader.readexactly(body) if body else b"")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_each_request_of_a_connection_is_judged_by_itself() -> None:
    async with serving(OK, OK) as good, serving(OK) as bad, proxying(good.url) as (reader, writer, refused):
        for _ in range(2):
            writer.write(f"GET {good.url}/x HTTP/1.1\r\nHost: evil\r\nProxy-Authorization: secret\r\n\r\n".encode())
            assert (await answer(reader, 2)).endswith(b"ok")
        writer.write(f"GET {bad.url}/x HTTP/1.1\r\nHost: 127.0.0.1:{good.port}\r\n\r\n".encode())
        assert (await answer(reader)).startswith(b"HTTP/1.1 403 ")
    assert good.connections == 1
    assert good.heads[0].startswith(f"GET /x HTTP/1.1\r\nHost: 127.0.0.1:{good.port}\r\n".encode())
    assert b"secret" not in good.heads[0]
    assert bad.connections == 0
    assert refused == [f"blocked_origin {bad.url}/x"]


async def test_bodies_are_carried_whole_in_every_framing() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
    early = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    until_close = b"HTTP/1.1 200 OK\r\n\r\nto the end"
    async with serving(chunked, early, until_close) as site, proxying(site.url) as (reader, writer, _):
        writer.write(f"POST {site.url}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".encode())
        assert await answer(reader) == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert await reader.readuntil(b"X-T: 1\r\n\r\n") == b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
        writer.write(f"GET {site.url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await answer(reader, 2)).endswith(b"ok")
        writer.write(f"GET {site.url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await answer(reader)).endswith(b"Connection: close\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b"to the end"
    assert site.heads[0].endswith(b"hello")


async def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    async with serving(OK, b"hang up", OK) as site, proxying(site.url) as (reader, writer, _):
        writer.write(f"GET {site.url}/1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await answer(reader, 2)
        writer.write(f"GET {site.url}/2 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await answer(reader, 2)).endswith(b"ok")
    assert site.connections == 2


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://u:p@127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET https://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ftp://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n",
        b"CONNECT 127.0.0.1:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_allowed_request_is_refused(request_: bytes) -> None:
    async with proxying("http://127.0.0.1") as (reader, writer, _):
        writer.write(request_)
        assert (await answer(reader)).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\nHost: x\n\n\r\n\r\n",
        b"POST http://127.0.0.1/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET http://127.0.0.1/" + b"x" * 300_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["tls", "bare line feeds", "two lengths", "endless head"],
)
async def test_what_is_no_request_ends_the_connection(request_: bytes) -> None:
    """H14 of the catalogue: whoever believes the other length runs a second request."""
    async with proxying("http://127.0.0.1") as (reader, writer, _):
        writer.write(request_)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""


async def test_a_tunnel_carries_bytes_both_ways_and_ends_with_either_side() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readexactly(5)).upper())
        writer.close()

    listener = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with proxying(f"http://127.0.0.1:{port}") as (reader, writer, _):
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        writer.write(b"hello")
        async with asyncio.timeout(5):
            assert await reader.read() == b"HELLO"
    listener.close()


async def test_a_server_that_is_not_there_is_502_and_no_refusal() -> None:
    async with serving() as gone:
        pass
    async with proxying(gone.url) as (reader, writer, refused):
        writer.write(f"GET {gone.url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await answer(reader)
    assert head.startswith(b"HTTP/1.1 502 ")
    assert refused == []


class Turning:
    """A name that is public when it is judged, and loopback when it is asked again."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(self, host: str) -> list[str]:
        del host
        self.asked += 1
        return ["93.184.216.34"] if self.asked == 1 else ["127.0.0.1"]


async def test_a_name_is_looked_up_once_and_what_was_judged_is_dialled() -> None:
    """DNS rebinding: the second answer is never used for the first judgement."""
    resolver = Turning()
    policy = SessionPolicy(OriginRules(), Addresses(resolver=resolver), own_ports=set)
    judged = await policy.judge(Destination.of(WebUrl.parse("http://turning.example/")))
    assert judged.addresses == ("93.184.216.34",)
    assert resolver.asked == 1
    with pytest.raises(ToolError) as caught:
        await policy.judge(Destination.of(WebUrl.parse("http://turning.example/")))
    assert caught.value.code == "blocked_address"


async def test_the_operators_proxy_gets_the_judged_address() -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Fine\r\n\r\nhello")
        writer.close()

    class Public:
        async def resolve(self, host: str) -> list[str]:
            del host
            return ["93.184.216.34"]

    listener = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    policy = SessionPolicy(OriginRules(), Addresses(resolver=Public()), own_ports=set)
    judged = await policy.judge(Destination.of(WebUrl.parse("http://somewhere.example:81/")))
    reader, writer = await upstream(WebUrl.parse(f"http://127.0.0.1:{port}"), judged)
    assert await reader.read() == b"hello"
    writer.close()
    listener.close()
    assert heads == [b"CONNECT 93.184.216.34:81 HTTP/1.1\r\nHost: 93.184.216.34:81\r\n\r\n"]


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _calm() -> AsyncGenerator[None]:
    """Let connections that a test has closed end before the next one."""
    yield
    await asyncio.sleep(0)
