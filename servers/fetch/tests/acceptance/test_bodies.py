"""What a web server sends, through the running server: bombs, endless and slow bodies, depth; and calls that end."""

import asyncio
import struct
import time
import zlib
from functools import cache
from typing import Any

import pytest
from answers_of_tests import head, sends

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1024 * 1024
SIZE = 200 * MIB
TOTAL = 1.2  # as `hasty` has it


@cache
def bomb(encoding: str) -> bytes:
    """200 MB of zeros in 200 kB: one packed MiB over and over."""
    if encoding == "br":
        brotli = pytest.importorskip("brotli")
        packer = brotli.Compressor(quality=5)
        return b"".join([packer.process(bytes(MIB)) for _ in range(200)] + [packer.finish()])
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    one = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = one * 200 + packer.flush()
    if encoding == "gzip":
        crc = 0
        for _ in range(200):
            crc = zlib.crc32(bytes(MIB), crc)
        return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed + struct.pack("<II", crc, SIZE)
    adler = 1
    for _ in range(200):
        adler = zlib.adler32(bytes(MIB), adler)
    return b"\x78\x9c" + packed + struct.pack(">I", adler)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_bomb_is_refused_in_little_time_and_memory(town: Any, lane: str, encoding: str) -> None:
    """WF9: the official server grows to 2.4 GB over 200 kB."""
    town.web.page("/bomb", bomb(encoding), headers={"Content-Encoding": encoding})
    town.web.page("/", "<p>fine</p>")
    server = await town.opened(lane)
    await server.fetch(town.url("/"))
    before, began = server.process.forget_peak(), server.process.seconds()
    code, words = await server.refusal(town.url("/bomb"))
    assert (code, "--max-" in words) == ("too_large", True)
    assert server.process.peak() - before < 40 * MIB
    assert server.process.seconds() - began < 2


async def test_a_length_beyond_the_limit_is_refused_before_the_body(town: Any, lane: str) -> None:
    """WF10."""
    town.web.pages["/long"] = sends(head("Content-Length: 10000000000"))
    server = await town.opened(lane)
    assert (await server.refusal(town.url("/long")))[0] == "too_large"


async def test_an_endless_body_stops_at_the_limit(town: Any, lane: str) -> None:
    """WF10."""
    town.web.pages["/endless"] = sends(
        head("Transfer-Encoding: chunked"), forever=b"10000\r\n" + bytes(65536) + b"\r\n"
    )
    server = await town.opened(lane)
    before, began = server.process.forget_peak(), server.process.seconds()
    assert (await server.refusal(town.url("/endless")))[0] == "too_large"
    assert server.process.peak() - before < 40 * MIB
    assert server.process.seconds() - began < 2


async def test_drops_end_at_the_total_and_silence_at_the_silence(town: Any, lane: str) -> None:
    """WF10, servers #4482: of a body, and of a head that never ends; the deadline is exact to half a second."""
    town.web.pages["/body"] = sends(head("Content-Length: 1000"), forever=b"x", pause=0.1)
    town.web.pages["/head"] = sends(b"HTTP/1.1 200 OK\r\n", forever=b"X-A: b\r\n", pause=0.1)
    town.web.pages["/quiet"] = sends(head("Content-Length: 10"), forever=b"x", pause=2)
    server = await town.hasty(lane)
    for path in ("/body", "/head", "/quiet"):
        began = time.monotonic()
        code, words = await server.refusal(town.url(path))
        taken = time.monotonic() - began
        assert code == "timeout", words
        assert ("--timeout-total" in words) == (path != "/quiet")
        assert taken < TOTAL + 0.5
        assert path == "/quiet" or taken > TOTAL - 0.1


async def test_a_head_beyond_the_limit_is_refused(town: Any, lane: str) -> None:
    """WF10: as many fields, as one line, and after any number of informational answers."""
    town.web.pages["/fields"] = sends(b"HTTP/1.1 200 OK\r\n", forever=b"X-A: " + b"b" * 1000 + b"\r\n")
    town.web.pages["/line"] = sends(b"HTTP/1.1 200 OK\r\nX: ", forever=b"b" * 1000)
    server = await town.opened(lane)
    for path in ("/fields", "/line"):
        assert (await server.refusal(town.url(path)))[0] == "too_large", path


async def test_a_cancelled_call_closes_its_connection(town: Any, lane: str) -> None:
    """WF11: within 300 ms."""
    asked, ended = asyncio.Event(), asyncio.Event()

    async def handler(_hit: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 1000") + b"x")
        asked.set()
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    town.web.page("/", "<p>fine</p>")
    town.web.pages["/slow"] = handler
    server = await town.opened(lane)
    await server.fetch(town.url("/"))
    call = asyncio.get_running_loop().create_task(server.call("fetch", url=town.url("/slow")))
    async with asyncio.timeout(5):
        await asked.wait()
    assert not ended.is_set()
    began = time.monotonic()
    call.cancel()
    async with asyncio.timeout(5):
        await ended.wait()
    assert time.monotonic() - began < 0.3
    await asyncio.gather(call, return_exceptions=True)


async def test_depth_is_answered_or_refused(town: Any, lane: str) -> None:
    """WF12: 100,000 elements deep; nothing but beginnings as far as a page may go, and 8 MB of them."""
    town.web.page("/deep", b"<body><p>before</p>" + b"<div>" * 100_000 + b"text" + b"</div>" * 100_000)
    town.web.page("/full", b"<body><p>before</p>" + b"<div>" * 1_040_000)
    town.web.page("/wide", b"<body><p>before</p>" + b"<div>" * 1_600_000)
    server = await town.opened(lane)
    for path in ("/deep", "/full", "/wide"):
        before, began = server.process.forget_peak(), server.process.seconds()
        found = await server.call("fetch", url=town.url(path), main_only=False)
        assert found.code in {None, "too_large"}
        assert found.code is not None or found.data["content"].startswith("before")
        assert server.process.peak() - before < 40 * MIB, path
        assert server.process.seconds() - began < 5
