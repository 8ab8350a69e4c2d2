"""The proxy itself, over real sockets and without a browser: framing, many hosts a connection, tunnels, rebinding."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from proxy_of_tests import OK, answer, proxying, serving

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.origins import Destination, OriginRules
from mcp_ref_browser.guard.policy import Addresses, SessionPolicy
from mcp_ref_kit.network import WebUrl


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
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\nabc\r\n0\r\n\r\n"  # the trailer is left out
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
    assert refused == [f"failed {gone.url}/"]


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


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _calm() -> AsyncGenerator[None]:
    """Let connections that a test has closed end before the next one."""
    yield
    await asyncio.sleep(0)
