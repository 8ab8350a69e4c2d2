"""Servers that answer the proxy with anything but HTTP as browsers read it: nothing stops, nothing is left over."""

import asyncio
import contextlib
import time
from typing import Any

import pytest
from proxy_of_tests import OK, answer, proxying, serving

from mcp_ref_browser.guard import exchange
from mcp_ref_browser.guard.heads import BadMessage, chunk_size, read_response

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GET = "GET {url}/ HTTP/1.1\r\nHost: x\r\n\r\n"


async def everything(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            return await reader.read()
    return b""


@pytest.mark.parametrize("field", [b"X: a%bb", b"%bX: y", b"X%b: y", b"X:%by"])
def test_a_head_of_blanks_takes_no_time(field: bytes) -> None:
    """A field of 64 KiB of blanks once held the whole server up for half a minute."""
    head = HEAD + field % (b" " * 64_000) + b"\r\n\r\n"
    began = time.process_time()
    with contextlib.suppress(BadMessage):
        read_response(head)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    "answered",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length : 2\r\n\r\nok",
        HEAD + b"X: a\rSet-Cookie: b=c\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"X: a\nContent-Length: 2\r\n\r\nok",
        HEAD + b"X: a\r\n folded\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"X: a\x00b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\rX: y\r\nContent-Length: 2\r\n\r\nok",
        b"<html>HTTP/0.9 has no head</html>",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        HEAD + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK,
    ],
    ids=[
        "both lengths", "two lengths", "two codings", "coded twice", "chunks in HTTP/1.0", "negative",
        "blank before colon", "bare CR", "bare LF", "folded", "NUL", "bare CR in the reason", "HTTP/0.9", "HTTP/2",
        "101", "status", "head bomb", "flood of interim answers",
    ],
)  # fmt: skip
async def test_an_answer_that_can_be_read_in_two_ways_is_not_passed_on(answered: bytes) -> None:
    """H14 of the catalogue, from the other side: what is left over would answer the next request."""
    async with serving(answered) as site, proxying(site.url) as (reader, writer, _):
        writer.write(GET.format(url=site.url).encode())
        assert await everything(reader) == b""


@pytest.mark.parametrize(
    "body",
    [
        b"0x2\r\nok\r\n0\r\n\r\n", b"+2\r\nok\r\n0\r\n\r\n", b"2_0\r\nok\r\n",
        b"2\r\nok!\r\n0\r\n\r\n", b"2\r\nokX\n0\r\n\r\n", b"2\nok\r\n0\r\n\r\n", b"2;a\rb\r\nok\r\n",
        b"fffffffffffffffff\r\nok", b"2;" + b"x" * 5000 + b"\r\nok\r\n0\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 60_000,
    ],
    ids=[
        "0x", "sign", "underscore", "longer", "bare LF after", "bare LF", "bare CR", "too large", "extension bomb",
        "trailers",
    ],
)  # fmt: skip
async def test_chunks_are_read_as_strictly_as_browsers_read_them(body: bytes) -> None:
    async with serving(CHUNKED + body) as site, proxying(site.url) as (reader, writer, _):
        writer.write(GET.format(url=site.url).encode())
        got = await everything(reader)
        assert got.startswith(CHUNKED)
        assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("line", [b"5\r\n", b"00A\r\n", b"ff ;a=b\r\n", b"0\r\n"])
def test_honest_chunks_are_read(line: bytes) -> None:
    assert chunk_size(line) in {5, 10, 255, 0}


async def test_answers_that_nobody_asked_for_do_not_answer_another_host() -> None:
    """Two answers to one request: the second one goes nowhere, and least of all to another host."""
    async with (
        serving(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") as bad,
        serving(OK) as good,
        proxying(bad.url, good.url) as (reader, writer, _),
    ):
        writer.write(GET.format(url=bad.url).encode())
        assert (await answer(reader, 2)).endswith(b"ok")
        writer.write(GET.format(url=good.url).encode())
        assert (await answer(reader, 2)).endswith(b"\r\n\r\nok")
    assert good.connections == 1


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("HEAD", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
async def test_only_what_may_be_repeated_is_asked_twice(method: str, times: int) -> None:
    """RFC 9110 9.2.2: a connection that ended without an answer may have done what was asked."""
    async with serving(OK, b"hang up", b"hang up", OK) as site, proxying(site.url) as (reader, writer, _):
        writer.write(GET.format(url=site.url).encode())
        await answer(reader, 2)
        writer.write(f"{method} {site.url}/buy HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert await everything(reader) == b""
    assert [head.split(b" ", 1)[0].decode() for head in site.heads[1:]] == [method] * times
    assert site.connections == 2


async def test_a_request_that_is_not_repeated_takes_no_kept_connection() -> None:
    async with serving(OK, OK) as site, proxying(site.url) as (reader, writer, _):
        for method in ("GET", "POST"):
            writer.write(f"{method} {site.url}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await answer(reader, 2)).endswith(b"ok")
    assert site.connections == 2


class Silent:
    """A server that takes what comes, says what it was told to say, and waits until the other side goes."""

    def __init__(self, *, says: bytes = b"") -> None:
        self.asked, self.left = asyncio.Event(), asyncio.Event()
        self._says = says

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        writer.write(self._says)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        self.left.set()
        writer.close()


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 2", HEAD, HEAD + b"\r\nno end", HEAD + b"Content-Length: 99\r\n\r\nno"]
)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_a_browser_that_goes_away_ends_what_it_asked_for(method: str, says: bytes) -> None:
    """Slow heads and bodies without end hold nothing once nobody waits for them."""
    silent = Silent(says=says)
    listener = await asyncio.start_server(silent.serve, "127.0.0.1", 0)
    where = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with proxying(f"http://{where}") as (reader, writer, _), asyncio.timeout(5):
        writer.write(f"{method} {where if method == 'CONNECT' else f'http://{where}/'} HTTP/1.1\r\n\r\n".encode())
        if method == "CONNECT":
            await answer(reader)
            writer.write(b"\r\n\r\n")
        await silent.asked.wait()
        writer.close()
        await silent.left.wait()
    listener.close()


async def test_the_end_of_a_session_cuts_both_sides_of_every_connection() -> None:
    """Also of one to a server that takes nothing, whose buffers are full."""
    silent = Silent()
    listener = await asyncio.start_server(silent.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(5):
        async with proxying(url) as (_, writer, _):
            writer.write(f"POST {url}/ HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n".encode() + b"x" * 300_000)
            await silent.asked.wait()
        await silent.left.wait()
    listener.close()


async def test_a_server_that_only_waits_is_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(exchange, "HEAD_SECONDS", 0.2)
    silent = Silent(says=b"HTTP/1.1 103 Early Hints\r\n\r\n")
    listener = await asyncio.start_server(silent.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with proxying(url) as (reader, writer, _), asyncio.timeout(5):
        writer.write(f"GET {url}/ HTTP/1.1\r\n\r\n".encode())
        assert await everything(reader) == b""
        await silent.left.wait()
    listener.close()
