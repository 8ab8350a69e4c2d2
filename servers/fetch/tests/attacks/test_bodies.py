"""Attacks by what a web server sends: bombs, endless and slow bodies, lies about length, depth, certificates."""

import gzip
import os
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from answers_of_tests import head, sends

Web = Any
Reads = Any
Serve = Any

MIB = 1024 * 1024
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
ZEROS = bytes(MIB)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bomb(encoding: str) -> bytes:
    """200 MB of zeros, encoded."""
    if encoding == "br":
        brotli = pytest.importorskip("brotli")
        packer = brotli.Compressor(quality=5)
        return b"".join([packer.process(ZEROS) for _ in range(200)] + [packer.finish()])
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    return b"".join([packer.compress(ZEROS) for _ in range(200)] + [packer.flush()])


async def test_wf9_members_of_a_gzip_body_are_counted_together(web: Web, reads: Reads) -> None:
    """WF9."""
    one = gzip.compress(os.urandom(MIB))
    web.page("/bomb", one * 4, headers={"Content-Encoding": "gzip"})
    async with reads(max_decoded_bytes=3 * MIB) as reading:
        assert (await reading.refusal(web.url("/bomb")))[0] == "too_large"


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 1_600_000,
        b"<div>" * 100_000 + b"text" + b"</div>" * 100_000,
        b"<p>" + b"".join(b"<b id=%d>" % number for number in range(1000)) + b"</p>" + b"<p>x" * 20_000,
        b"<div " + b" ".join(b"a%d" % number for number in range(100_000)) + b">x",
        b"<select>" + b"<option>x" * 100_000,
        b"<table>" * 50_000 + b"text",
        b"<svg><g>" * 50_000 + b"text",
        b"<a href=x>" * 50_000 + b"text",
        b"<script>x<b a='</script>" + b"<div>" * 100_000 + b"'>",
        b"<!--" * 500_000,
        b"<" * 2_000_000,
        b"<a b='" * 300_000,
        b"&" * 2_000_000,
        b"<li><div>" * 50_000 + b"text",
        b"<ul><li>" * 5_000 + b"text",
        b"<blockquote>" * 900 + b"text" + b"</blockquote>" * 900,
        b"<table><tr><td>" * 900 + b"text",
        b"<object></object><div><object></div>" * 30_000 + b"text",
    ],
    ids=range(18),
)
async def test_wf12_pages_made_to_cost_much_are_answered(web: Web, reads: Reads, page: bytes) -> None:
    """WF12: depth, attributes, options and open formatting cost a parser more than their length."""
    web.page("/", b"<body><p>before</p>" + page)
    web.page("/warm", "<p>warm</p>")
    async with reads(max_bytes=10_000_000) as reading:
        await reading.fetch(web.url("/warm"))
        before, began = resident(), time.process_time()
        found = await reading.client.call("fetch", url=web.url("/"), main_only=False)
        assert time.process_time() - began < 5
        assert resident() - before < 120 * MIB
        assert found.error_code in {None, "too_large"}
        if found.error_code is None:
            assert found.data["content"].startswith("before")
        assert (await reading.fetch(web.url("/warm")))["content"] == "warm"


async def test_a_body_that_ends_early_is_never_shown_as_whole(web: Web, reads: Reads) -> None:
    web.pages["/short"] = sends(head("Content-Length: 1000") + b"only this")
    web.pages["/chunk"] = sends(head("Transfer-Encoding: chunked") + b"5\r\nhello\r\n")
    web.page("/gzip", gzip.compress(b"x" * 10_000)[:-10], headers={"Content-Encoding": "gzip"})
    web.page("/noise", b"no gzip at all", headers={"Content-Encoding": "gzip"})
    web.page("/twice", gzip.compress(gzip.compress(b"x")), headers={"Content-Encoding": "gzip, gzip"})
    web.page("/odd", b"x", headers={"Content-Encoding": "compress"})
    async with reads() as reading:
        assert (await reading.refusal(web.url("/short")))[0] == "connection"
        assert (await reading.refusal(web.url("/chunk")))[0] == "connection"
        for path in ("/gzip", "/noise", "/twice", "/odd"):
            assert (await reading.refusal(web.url(path)))[0] == "decode", path


async def test_what_is_no_http_is_a_clean_error(web: Web, reads: Reads) -> None:
    web.pages["/noise"] = sends(os.urandom(2000))
    web.pages["/ssh"] = sends(b"SSH-2.0-OpenSSH_9.6\r\n")
    web.pages["/nothing"] = sends()
    web.pages["/switch"] = sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    web.pages["/hints"] = sends(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + head("Content-Length: 2") + b"ok")
    async with reads(timeout_total=3.0) as reading:
        for path in ("/noise", "/ssh", "/nothing"):
            assert (await reading.refusal(web.url(path)))[0] == "connection", path
        assert (await reading.refusal(web.url("/switch")))[0] in {"connection", "http_status"}
        assert (await reading.fetch(web.url("/hints")))["content"] == "ok"
