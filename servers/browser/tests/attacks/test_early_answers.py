"""Servers that answer before they were told everything, and close: what they said reaches the browser whole."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from proxy_of_tests import OK, answer, proxying, serving

from mcp_ref_browser.guard import exchange

Browse = Any
Site = Any
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BODY = b"no more than a megabyte, please"
REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(BODY), BODY)
OPEN = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"
UPLOAD = 5_000_000
TIMES = 30


@asynccontextmanager
async def origin(serve: Serve) -> AsyncGenerator[str]:
    over = asyncio.Event()

    async def calm(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
            if serve is deaf:
                await over.wait()
        writer.close()

    listener = await asyncio.start_server(calm, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        listener.close()


async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as soon as the head is there, and close with the body unread: the kernel then resets the connection."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(REFUSAL)
    await writer.drain()


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer, read no further, and stay."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OPEN)


async def upload(writer: asyncio.StreamWriter, size: int = UPLOAD, *, chunked: bool = False) -> None:
    piece = b"x" * 50_000
    for _ in range(size // len(piece)):
        writer.write(b"C350\r\n" + piece + b"\r\n" if chunked else piece)
        await writer.drain()
    writer.write(b"0\r\n\r\n" if chunked else b"")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_refusal_of_an_upload_arrives_whole_every_time(*, chunked: bool) -> None:
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {UPLOAD}"
    async with origin(refusing) as where:
        for _ in range(TIMES):
            async with proxying(f"http://{where}") as (reader, writer, _):
                writer.write(f"POST http://{where}/ HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
                await upload(writer, chunked=chunked)
                assert await answer(reader, len(BODY)) == REFUSAL.replace(b"Connection: close\r\n", b"")


async def test_a_refusal_through_a_tunnel_arrives_whole_every_time() -> None:
    """TLS and WebSockets: the browser's own bytes, and the server's."""
    async with origin(refusing) as where:
        for _ in range(TIMES):
            async with proxying(f"http://{where}") as (reader, writer, _):
                writer.write(f"CONNECT {where} HTTP/1.1\r\n\r\n".encode())
                await answer(reader)
                writer.write(b"POST / HTTP/1.1\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    await upload(writer)
                assert await answer(reader, len(BODY)) == REFUSAL


async def test_what_nobody_listens_to_is_taken_and_the_connection_goes_on() -> None:
    """A server that answers and reads no further: it is let go, and the next request has another."""
    async with (
        origin(deaf) as where,
        serving(OK) as other,
        proxying(f"http://{where}", other.url) as (reader, writer, _),
    ):
        writer.write(f"POST http://{where}/ HTTP/1.1\r\nHost: x\r\nContent-Length: {UPLOAD}\r\n\r\n".encode())
        await upload(writer)
        assert await answer(reader) == OPEN
        writer.write(f"GET {other.url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await answer(reader, 2)).endswith(b"\r\n\r\nok")


async def test_the_rest_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "REST_SECONDS", 0.1)
    async with origin(refusing) as where, proxying(f"http://{where}") as (reader, writer, _):
        writer.write(f"POST http://{where}/ HTTP/1.1\r\nHost: x\r\nContent-Length: {UPLOAD}\r\n\r\n".encode())
        assert (await answer(reader, len(BODY))).endswith(BODY)
        async with asyncio.timeout(5):
            assert await reader.read() == b""


async def test_an_answer_may_grow_while_the_question_does() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(3):
            writer.write((await reader.readexactly(2)).upper())

    async with origin(echo) as where, proxying(f"http://{where}") as (reader, writer, _), asyncio.timeout(5):
        writer.write(f"POST http://{where}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n".encode())
        await answer(reader)
        for piece in (b"ab", b"cd", b"ef"):
            writer.write(piece)
            assert await reader.readexactly(2) == piece.upper()


async def test_an_upload_to_a_forbidden_place_is_taken_and_its_refusal_arrives() -> None:
    async with proxying("http://127.0.0.1") as (reader, writer, refused):
        writer.write(f"POST http://127.0.0.1:9/ HTTP/1.1\r\nHost: x\r\nContent-Length: {UPLOAD}\r\n\r\n".encode())
        await upload(writer)
        assert (await answer(reader)).startswith(b"HTTP/1.1 403 ")
    assert refused == ["blocked_origin http://127.0.0.1:9/"]


async def test_an_answer_to_its_end_that_is_cut_off_is_no_whole_one() -> None:
    """Without a length only the manner of the end tells a whole answer from a part."""
    told = asyncio.Event()

    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf of wh")
        await told.wait()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with origin(cutting) as where, proxying(f"http://{where}") as (reader, writer, _), asyncio.timeout(5):
        writer.write(f"GET http://{where}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await answer(reader, 10)).endswith(b"half of wh")
        told.set()
        with pytest.raises(ConnectionError):
            await reader.read()


SENDING = """size => fetch('/', {method: 'POST', body: new Uint8Array(size)})
  .then(async r => [r.status, await r.text()], e => String(e))"""


async def test_pages_see_why_an_upload_was_refused(browse: Browse, site: Site, ok: Any) -> None:
    """The whole way: a page sends five megabytes to a server that takes none of them."""

    async def small(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
            writer.write(REFUSAL)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")

    async with origin(small) as where, browse(allowed_origins=[site.url, f"http://{where}"], snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"http://{where}/"))
        seen = ok(await client.call("browser_evaluate", function=f"() => ({SENDING})({UPLOAD})"))
    assert seen.data["result"] == [413, BODY.decode()]
