"""Attacks by documents that cost more than their bytes: PDF, sitemaps, feeds, pictures, selectors, long lines."""

import asyncio
import gzip
import os
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

Web = Any
Reads = Any
Pdf = Any

MIB = 1024 * 1024


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def document(*objects: bytes) -> bytes:
    """A PDF of these objects."""
    out, offsets = b"%PDF-1.7\n", list[int]()
    for number, each in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\n" % (size, table, size)
    return out + tail + b"startxref\n%d\n%%%%EOF" % len(out)


def page_of(stream: bytes, more: bytes = b"") -> bytes:
    """A PDF of one page with this stream for its content."""
    return document(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), more, stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )


def packed(mebibytes: int, times: int = 1) -> bytes:
    """Text that is nearly nothing when it is packed: one packed MiB over and over."""
    packer = zlib.compressobj(9)
    one = packer.compress(b"BT /F1 1 Tf " + b"(x) Tj  " * (MIB // 8)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b"(x) Tj  " * (MIB // 8)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = one + again * (mebibytes - 1)  # without the checksum, which readers of broken files do without
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


PDFS = {
    "a stream that inflates": page_of(packed(300), b"/Filter /FlateDecode"),
    "a stream that inflates twice": page_of(packed(100, 2), b"/Filter [/FlateDecode /FlateDecode]"),
    "a million pages that are one": document(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count 9999999 >>" % (b"3 0 R " * 300_000),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    ),
    "pages that are their own": document(
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    ),
    "brackets": document(b"[" * 500_000),
    "a catalogue without end": document(b"<< /Type /Catalog /Pages 2 0 R >>", b"2 0 R"),
    "a page of text without end": page_of(b"BT /F1 1 Tf " + b"(x) Tj " * 700_000 + b"ET"),
    "nothing": b"%PDF-1.7\n",
}


@pytest.mark.parametrize("case", PDFS)
async def test_pdf_files_made_to_cost_much_end_with_their_process(web: Web, reads: Reads, case: str) -> None:
    """PDF bombs: pypdf runs in a process that the kernel bounds, and this one stays as it is."""
    web.page("/a", PDFS[case], "application/pdf")
    web.page("/", "<p>fine</p>")
    async with reads(timeout_total=2.0) as reading:
        await reading.fetch(web.url("/"))
        before, began = resident(), time.monotonic()
        found = await reading.client.call("fetch", url=web.url("/a"))
        assert found.error_code in {"decode", "timeout"}, found.text
        assert time.monotonic() - began < 2.5 + 2  # of a shared machine
        assert resident() - before < 40 * MIB
        assert (await reading.fetch(web.url("/"), no_cache=True))["content"] == "fine"
    assert not children()


async def test_a_pdf_that_is_cancelled_leaves_no_process(web: Web, reads: Reads) -> None:
    web.page("/a", PDFS["a page of text without end"], "application/pdf")
    async with reads(ignore_robots_txt=True) as reading:
        peer = reading.client.peer
        request = await peer.begin("tools/call", {"name": "fetch", "arguments": {"url": web.url("/a")}})
        async with asyncio.timeout(5):
            while not children():  # noqa: ASYNC110  the other process tells nobody
                await asyncio.sleep(0.01)
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request}})
        async with asyncio.timeout(5):
            while children():  # noqa: ASYNC110  the same
                await asyncio.sleep(0.01)


def children() -> list[str]:
    """The readers of PDF files that run; other tests may have processes of their own."""
    tasks = Path("/proc/self/task").glob("*/children")
    found = [child for task in tasks for child in task.read_text().split()]
    return [child for child in found if b"pdf_program.py" in command(child)]


def command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""  # it has ended


LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 9)
)
XML: dict[str, tuple[bytes, str | None]] = {
    "a billion laughs": (LAUGHS + b"]><urlset><url><loc>&i;</loc></url></urlset>", "decode"),
    "an entity from outside": (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><urlset/>", "decode"),
    "a gzip bomb": (gzip.compress(bytes(25 * MIB)), "too_large"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"<urlset/>")), "decode"),
    "depth": (b"<a>" * 300_000, "decode"),
    "attributes": (b"<urlset " + b" ".join(b"a%d=''" % n for n in range(50_000)) + b"/>", None),
    "entries": (b"<urlset>" + b"<url><loc>http://h/</loc></url>" * 100_000 + b"</urlset>", None),
    "long entries": (b"<urlset>" + b"<url><loc>http://h/%s</loc></url>" % (b"x" * 1900) * 2000 + b"</urlset>", None),
    "one long text": (b"<urlset><url><loc>" + b"x" * 4_000_000 + b"</loc></url></urlset>", None),
    "another encoding": ("<?xml version='1.0' encoding='utf-16'?><urlset/>".encode("utf-16"), None),
    "an unknown encoding": (b"<?xml version='1.0' encoding='rot13'?><urlset/>", "decode"),
}


@pytest.mark.parametrize("tool", ["fetch_sitemap", "fetch_feed"])
@pytest.mark.parametrize("case", XML)
async def test_xml_made_to_grow_is_refused_or_bounded(web: Web, reads: Reads, tool: str, case: str) -> None:
    body, code = XML[case]
    web.page("/a", body, "application/xml")
    async with reads() as reading:
        await reading.client.call(tool, url=web.url("/warm"))
        before, began = resident(), time.process_time()
        found = await reading.client.call(tool, url=web.url("/a"), limit=1000)
        assert found.error_code == code, found.text
        assert time.process_time() - began < 3
        assert resident() - before < 80 * MIB
        assert len(found.text) < 256 * 1024


SELECTORS = [
    "*" + ":has(*)" * 20,
    "div " * 120 + "p",
    ":not(" * 100 + "p" + ")" * 100,
    ":is(" * 100 + "p" + ")" * 100,
    "*:nth-child(2n+1 of *:has(*))",
    "[a^=" + "x" * 490 + "]",
    "* > * > * > * > * > * > * > * > *",
    "p,(" * 100,
    "p[",
    "::before",
    "\\",
    "p\0",
]


@pytest.mark.parametrize("selector", SELECTORS, ids=range(len(SELECTORS)))
async def test_selectors_made_to_cost_much_or_to_break_are_answered(web: Web, reads: Reads, selector: str) -> None:
    web.page("/a", b"<div>" * 400 + b"<p>x</p>" * 5000)
    async with reads(timeout_total=8.0) as reading:
        began = time.monotonic()
        found = await reading.client.call("fetch", url=web.url("/a"), selector=selector)
        assert found.error_code in {None, "invalid_argument", "timeout"}, found.text
        assert time.monotonic() - began < 9.5
        assert len(found.text) < 20_000


FINDS = ["x" * 500, "ß", "İ", "\u0345", "\n", "\0", "(((((", "\U0001f600"]


async def test_odd_words_are_looked_for_as_they_are(web: Web, reads: Reads) -> None:
    """A letter whose lower case is longer, a nul, patterns, one line of ten megabytes."""
    web.page("/a", "Größe İ (((((" + "x" * 4_500_000 + "\U0001f600", "text/plain")
    async with reads() as reading:
        for words in FINDS:
            found = await reading.client.call("fetch", url=web.url("/a"), find=words)
            assert found.error_code in {None, "invalid_argument"}, words
            windows: list[Any] = found.data.get("found", []) if found.data else []
            assert all(len(window["text"]) <= 1600 for window in windows)
        whole = await reading.fetch(web.url("/a"), max_length=999_999)
        assert len(whole["content"].encode()) <= 256 * 1024
        end = whole["total_length"]
        for start in (end - 1, end, end + 1):
            part = await reading.fetch(web.url("/a"), start_index=start)
            assert len(part["content"]) == max(0, end - start)


TYPES = [
    "text/html; charset=utf-7",
    "text/html; charset=../../etc/passwd",
    "text/html; charset=base64_codec",
    "text/html; charset=idna",
    "text/html; charset=rot13",
    "text/html; charset=undefined",
    "text/html; charset=unicode_escape",
    "text/html; charset=" + "x" * 10_000,
    "text/html;;;; charset",
    'text/html; charset="utf-8',
    "; charset=utf-8",
    "text/html, text/plain; q=1",
    "TEXT/HTML;CHARSET=UTF-8",
    "multipart/x-mixed-replace; boundary=x",
    "\xff\xfe",
]


@pytest.mark.parametrize("kind", TYPES, ids=range(len(TYPES)))
async def test_odd_types_are_read_as_text_or_refused(web: Web, reads: Reads, kind: str) -> None:
    """Names of codecs that are no charsets, unquoted quotes, several types at once."""
    web.page("/a", "<p>Grüße +ADw-b+AD4-</p>", kind)
    async with reads() as reading:
        found = await reading.client.call("fetch", url=web.url("/a"))
    assert found.error_code in {None, "unsupported_type"}, found.text
    assert found.is_error or ("Gr" in found.data["content"] and "<b>" not in found.data["content"])
    assert len(found.text) < 3000
