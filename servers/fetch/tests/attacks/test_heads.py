"""Attacks by what surrounds a body: heads, lengths, chunks, redirects, TLS; and by texts made to cost much."""

import asyncio
import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from answers_of_tests import sends

from mcp_ref_kit.settings import Rate

Web = Any
Reads = Any
Serve = Any
Certificates = Any

MIB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


HEADS: dict[str, tuple[bytes, bytes, str | None]] = {
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk", b"", "connection"),
    "the same length twice": (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"", None),
    "a negative length": (OK + b"Content-Length: -2\r\n\r\nok", b"", "connection"),
    "a length with a sign": (OK + b"Content-Length: +2\r\n\r\nok", b"", "connection"),
    "a length of many digits": (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nok", b"", "connection"),
    "a length and chunks": (
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"",
        None,
    ),
    "an unknown transfer coding": (
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"",
        "connection",
    ),
    "chunks of odd size": (OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n", b"", "connection"),
    "a chunk of a huge size": (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nok", b"", "connection"),
    "extensions of chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1;" + b"x" * 60_000 + b"\r\na\r\n",
        "too_large",
    ),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"y" * 1000 + b"\r\n", "connection"),
    "informational answers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "too_large"),
    "a long head after a hint": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", b"X-A: b\r\n", "too_large"),
    "many fields": (OK + b"".join(b"X-%d: y\r\n" % number for number in range(4000)) + b"\r\nok", b"", None),
    "a folded field": (OK + b"X-A: b\r\n" + b" more\r\n" * 5000 + b"Content-Length: 2\r\n\r\nok", b"", None),
    "bare line feeds": (
        b"HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 100000\n\n" + b"x" * 100_000,
        b"",
        None,
    ),
    "no head": (b"<html>an answer of the first HTTP</html>", b"", "connection"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", b"", "connection"),
    "a later protocol": (b"HTTP/2 200\r\n\r\nok", b"", "connection"),
    "a split field": (OK + b"X: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok", b"", "connection"),
    "an empty name": (OK + b": x\r\nContent-Length: 2\r\n\r\nok", b"", "connection"),
    "an odd status": (b"HTTP/1.1 2000 OK\r\n\r\n", b"", "connection"),
    "nothing": (b"", b"", "connection"),
    "a second answer behind the first": (
        OK + b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil",
        b"",
        None,
    ),
    "nul bytes": (OK + b"Content-Length: 4\r\n\r\na\0b\0", b"", "unsupported_type"),
}


@pytest.mark.parametrize("case", HEADS)
async def test_heads_made_to_confuse_are_read_right_or_refused(web: Web, reads: Reads, case: str) -> None:
    """Framing: what is ambiguous is refused, what is endless is bounded, and the next page is read."""
    first, forever, code = HEADS[case]
    web.pages["/odd"] = sends(first, forever=forever)
    web.page("/", "<p>fine</p>")
    async with reads(max_bytes=200_000, timeout_total=10.0) as reading:
        await reading.fetch(web.url("/"))
        before, began = resident(), time.process_time()
        found = await reading.client.call("fetch", url=web.url("/odd"))
        assert found.error_code == code, found.text
        assert found.is_error or found.data["content"].rstrip("x") in {"ok", ""}
        assert time.process_time() - began < 2
        assert resident() - before < 40 * MIB
        assert (await reading.fetch(web.url("/"), no_cache=True))["content"] == "fine"


LOCATIONS: dict[str, set[str] | None] = {
    "": {"too_many_redirects"},
    "#part": {"too_many_redirects"},
    "there": None,
    "?q=1": None,
    "//HOST/there": None,
    "/a/../there": None,
    "/%2e%2e/there": None,
    " /there ": None,
    "HTTP://HOST/there": None,
    "/th\tere": {"invalid_argument"},
    "\\\\169.254.169.254\\": {"invalid_argument"},
    "/\\169.254.169.254/": {"invalid_argument"},
    "//169.254.169.254/": {"blocked_address"},
    "http:169.254.169.254": {"invalid_argument"},
    "http:///169.254.169.254/": {"invalid_argument"},
    "http://user@169.254.169.254/": {"invalid_argument"},
    "http://HOST@169.254.169.254/": {"invalid_argument"},
    "http://0251.0376.0251.0376/": {"blocked_address"},
    "http://0xa9fea9fe/": {"blocked_address"},
    "http://2852039166/": {"blocked_address"},
    "http://[fe80::1%25eth0]/": {"invalid_argument"},
    "http://[::ffff:a9fe:a9fe]/": {"blocked_address"},
    "http://xn--a/": {"dns", "invalid_argument"},
    "http://\u2460\u2468/": {"dns", "invalid_argument", "blocked_address"},
    "javascript:alert(1)": {"blocked_scheme"},
    "file:///etc/passwd": {"blocked_scheme"},
    "data:text/html,x": {"blocked_scheme"},
    "http://x\x00.test/": {"invalid_argument", "connection"},
    "http://h/" + "x" * 20_000: {"invalid_argument"},
}


@pytest.mark.parametrize("location", LOCATIONS, ids=range(len(LOCATIONS)))
async def test_odd_targets_of_redirects_are_judged_by_the_one_grammar(web: Web, reads: Reads, location: str) -> None:
    """Servers #4116, #4838: relative, without scheme, with users, backslashes, odd addresses, other schemes."""
    host = f"127.0.0.1:{web.port}"
    raw = location.replace("HOST", host).encode()
    web.pages["/go"] = sends(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + raw + b"\r\n\r\n")
    for path in ("/there", "/go?q=1"):
        web.page(path, "<p>there</p>")
    async with reads() as reading:
        found = await reading.client.call("fetch", url=web.url("/go"))
    wanted = LOCATIONS[location]
    assert (found.error_code in wanted) if wanted else not found.is_error, found.text
    assert {address for address, _ in reading.dialler.dialled} == {"127.0.0.1"}
    assert len(found.text) < 20_000


async def test_a_redirect_to_two_places_leads_nowhere(web: Web, reads: Reads) -> None:
    web.pages["/go"] = sends(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /a\r\nLocation: /b\r\n\r\n")
    async with reads() as reading:
        assert (await reading.refusal(web.url("/go")))[0] == "connection"
    assert web.paths() == ["/go"]


async def test_a_change_that_nobody_asked_about_is_no_page(web: Web, reads: Reads) -> None:
    """A 304 without a condition, and one at the end of a redirect."""
    web.page("/a", status=304, type="")
    web.page("/b", "<p>b</p>", headers={"Last-Modified": "Tue, 01 Sep 2026 10:00:00 GMT", "Cache-Control": "no-cache"})
    async with reads() as reading:
        assert (await reading.refusal(web.url("/a")))[0] == "http_status"
        await reading.fetch(web.url("/b"))
        web.redirect("/b", "/a")
        assert (await reading.refusal(web.url("/b")))[0] == "http_status"
        web.page("/b", status=304, type="")
        again = await reading.fetch(web.url("/b"))
    assert (again["cached"], again["content"]) == ("revalidated", "b")
    assert web.hits[-1].headers["if-modified-since"] == "Tue, 01 Sep 2026 10:00:00 GMT"
    assert "if-none-match" not in web.hits[-1].headers


async def test_a_handshake_that_does_not_end_ends_at_the_connect_time(reads: Reads) -> None:
    """TLS: a server that accepts and says nothing, and one that says something else."""
    silent = asyncio.Event()

    async def quiet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    for handler, code in ((quiet, "timeout"), (plain, "tls")):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, reads(timeout_connect=0.5, ignore_robots_txt=True) as reading:
            began = time.monotonic()
            found = await reading.refusal(f"https://127.0.0.1:{port}/")
            assert found[0] == code, found
            assert time.monotonic() - began < 4
            silent.set()


async def test_names_are_sent_and_checked_as_they_were_asked_for(
    reads: Reads, serve: Serve, certificates: Certificates
) -> None:
    """TLS: the address is dialled, and the name is in the handshake and the certificate."""
    names: list[str | None] = []
    context = certificates.serving("named.test")

    def hear(_socket: object, name: str | None, _context: object) -> None:
        names.append(name)

    context.sni_callback = hear
    async with serve(ssl=context) as site, reads(ca=certificates.authority, ignore_robots_txt=True) as reading:
        site.page("/", "<p>named</p>")
        reading.names.add("named.test", ["127.0.0.1"])
        await reading.fetch(f"https://named.test:{site.port}/")
        assert (await reading.refusal(f"https://127.0.0.1:{site.port}/"))[0] == "tls"
    assert names[0] == "named.test"


async def test_packed_parts_without_end_are_refused(web: Web, reads: Reads) -> None:
    """Each empty gzip member costs as much as the bytes behind it."""
    web.page("/a", gzip.compress(b"") * 200_000, headers={"Content-Encoding": "gzip"})
    async with reads() as reading:
        began = time.process_time()
        assert (await reading.refusal(web.url("/a")))[0] == "decode"
        assert time.process_time() - began < 2


@pytest.mark.parametrize("body", [b"<" * 65_000, b"<script " * 8000, b"<style>x" * 8000, b"<!--" * 16_000])
async def test_the_words_of_an_error_are_found_in_one_pass(web: Web, reads: Reads, body: bytes) -> None:
    """Tags that do not end made the search for each begin anew."""
    web.page("/a", b"<!doctype html>Sorry. " + body, status=404)
    async with reads() as reading:
        await reading.refusal(web.url("/none"))
        began = time.process_time()
        assert "Sorry." in (await reading.refusal(web.url("/a")))[1]
        assert time.process_time() - began < 0.5


async def test_json_is_not_indented_without_bound(web: Web, reads: Reads) -> None:
    """900 brackets around a million numbers are two megabytes, and would be two gigabytes with their blanks."""
    text = "[" * 900 + "1," * 1_000_000 + "1" + "]" * 900
    web.page("/a", text, "application/json")
    web.page("/b", '["' + '\\"' * 500_000, "application/json")
    web.page("/c", json.dumps({"a": [{"b": "[,{"}] * 3}), "application/json")
    async with reads() as reading:
        began, before = time.process_time(), resident()
        assert (await reading.fetch(web.url("/a")))["total_length"] == len(text)
        assert (await reading.fetch(web.url("/b")))["total_length"] == 1_000_002
        assert time.process_time() - began < 3
        assert resident() - before < 40 * MIB
        assert (await reading.fetch(web.url("/c")))["content"].count("\n") == 12


ROBOTS = {
    "many rules": b"User-agent: *\n" + b"".join(b"Disallow: /a%d*b%d$\n" % (n, n) for n in range(22_000)),
    "long rules": b"User-agent: *\n" + b"".join(b"Allow: /%s*b*c*d$\n" % (b"a" * (n // 40)) for n in range(5000)),
    "stars": b"User-agent: *\nDisallow: /" + b"*a" * 200 + b"b$\n",
    "names": b"".join(b"User-agent: a%d\nDisallow: /\n" % n for n in range(16_000)),
    "maps": b"Sitemap: /" + b"x" * 500_000 + b"\nSitemap: /fine.xml\n",
    "pause": b"User-agent: *\nCrawl-delay: nan\nCrawl-delay: -1\n",
}


@pytest.mark.parametrize("case", ROBOTS)
async def test_rules_made_to_cost_much_hold_up_nobody(web: Web, reads: Reads, case: str) -> None:
    """robots.txt as a bomb: it is read beside the event loop, and what is remembered of it is bounded."""
    web.page("/robots.txt", ROBOTS[case], "text/plain")
    path = "/" + "a" * 4000
    web.page(path, "<p>fine</p>")
    slowest = 0.0

    async def watch() -> None:
        nonlocal slowest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            slowest = max(slowest, time.monotonic() - began)

    async with reads(rate=Rate(1000, 1)) as reading, asyncio.TaskGroup() as group:
        task = group.create_task(watch())
        began = time.process_time()
        assert (await reading.fetch(web.url(path)))["content"] == "fine"
        said = await reading.client.call("fetch_robots", url=web.url(path))
        assert time.process_time() - began < 3
        task.cancel()
    assert not said.is_error
    assert len(said.text) < 20_000
    assert slowest < 1.0
