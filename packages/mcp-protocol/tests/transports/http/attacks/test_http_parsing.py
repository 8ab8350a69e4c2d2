"""The H cases that meet the parser: smuggled requests, floods, other protocols, in literal bytes."""

import os
from typing import Any

import pytest

from mcp_protocol.limits import MIB


@pytest.mark.parametrize(
    "head",
    [
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        b"Upgrade: websocket",
        b"Connection: upgrade\r\nUpgrade: chunked",
        b"Connection: upgrade\r\nUpgrade: TLS/1.0",
    ],
)
def test_no_upgrade(server: Any, hidden: Any, head: bytes) -> None:
    """H6."""
    get = server.http("GET").removesuffix(b"\r\n") + head + b"\r\n\r\n"
    assert server.refused(get) == 400
    assert server.refused(server.raw(head + b"\r\nContent-Length: 0") + hidden()) == 400


def test_expect_is_refused_at_once(server: Any) -> None:
    """H6. No 100 Continue, so no wait for a body that never comes."""
    assert server.refused(server.raw(b"Expect: 100-continue\r\nContent-Length: 5")) == 417


@pytest.mark.parametrize(
    "target", [b"http://127.0.0.1:1/mcp", b"http://evil.com/mcp", b"*", b"mcp", b"/mcp#x", b"evil.com:80", b"\xff"]
)
@pytest.mark.parametrize("method", [b"POST", b"CONNECT", b"OPTIONS"])
def test_other_forms_of_target_are_refused(server: Any, hidden: Any, method: bytes, target: bytes) -> None:
    """H9."""
    assert server.refused(hidden().replace(b"POST /mcp ", method + b" " + target + b" ")) in {400, 404, 405}


@pytest.mark.parametrize("value", [b"echo\rX: y", b"echo\nX: y", b"echo\r\n X", b"ech\x00o"])
def test_line_breaks_do_not_fit_into_a_header(server: Any, hidden: Any, value: bytes) -> None:
    """H10."""
    assert server.refused(hidden().replace(b"mcp-name: echo", b"mcp-name: " + value)) == 400


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: Any) -> None:
    """H12."""
    answer = server.ask(server.raw(b"Content-Length: %d" % (4 * MIB + 1)))
    assert answer.status == 413


def test_body_limit_chunked(server: Any) -> None:
    """H12. GHSA-353c-v8x9-v7c3: a body without a length was buffered without a bound."""
    with server.connect() as wire:
        wire.send(server.raw(b"Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for _ in range(65):
            wire.send(chunk)
        assert wire.answer().status == 413


def test_a_body_of_just_the_limit_is_read(server: Any) -> None:
    """J22."""
    body = server.call("echo", text="x").partition(b"\r\n\r\n")[2]
    for size, status in ((4 * MIB, 200), (4 * MIB + 1, 413)):
        padded = body + b" " * (size - len(body))
        head = {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/call", "mcp_name": "echo"}
        assert server.ask(server.http("POST", padded, **head)).status == status


@pytest.mark.parametrize(
    "length",
    [b"-1", b"+5", b"5,5", b"5\r\nContent-Length: 6", b"5\r\nContent-Length: 5", b"9" * 20, b"0x5", b"5 5", b""],
)
def test_http_smuggling_matrix(server: Any, hidden: Any, length: bytes) -> None:
    """H13. A length that two parsers read in two ways hides a request (CVE-2025-43859 and its kind)."""
    assert server.refused(server.raw(b"Content-Length: " + length, b"hello") + hidden()) == 400


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding\r\n : chunked",
        b" Transfer-Encoding: chunked",
        b"X: y\r\n Transfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"X\x00: y",
        b"X: a\x00b",
        b": y",
    ],
)
def test_http_smuggling_framing(server: Any, hidden: Any, head: bytes) -> None:
    """H14. CVE-2025-43859: what one parser takes for a body is a request to another."""
    assert server.refused(server.raw(head, b"0\r\n\r\n") + hidden()) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"2\nhi\n0\n\n",
        b"-2\r\nhi\r\n0\r\n\r\n",
        b"0x2\r\nhi\r\n0\r\n\r\n",
        b"1" * 17 + b"\r\nhi\r\n0\r\n\r\n",
        b"2\r\nhi0\r\n\r\n",
        b"2 \r\nhi\r\n0\r\n\r\n\x00",
        b"\r\nhi\r\n0\r\n\r\n",
        b"2;\nhi\r\n0\r\n\r\n",
    ],
)
def test_http_smuggling_chunks(server: Any, hidden: Any, body: bytes) -> None:
    """H14."""
    assert server.refused(server.raw(b"Transfer-Encoding: chunked", body) + hidden()) == 400


def test_http_smuggling_old_version(server: Any, hidden: Any) -> None:
    """H14. HTTP/1.0 has no codings."""
    old = server.raw(b"Transfer-Encoding: chunked", b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert server.refused(old + hidden()) == 400


def test_range_ignored(server: Any) -> None:
    """H15. CVE-2025-62727: a Range of many parts cost quadratic time."""
    ranges = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(3000))
    answer = server.ask(server.call("echo", headers={"range": ranges}, text="x"))
    assert (answer.status, answer.header("content-range")) == (200, None)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST /mcp HTTP/1.1\r\nX: " + b"a" * MIB, 431),
        (b"POST /mcp HTTP/1.1\r\n" + b"a" * MIB + b": x\r\n", 431),
        (b"POST /mcp HTTP/1.1\r\n" + b"X: y\r\n" * 10_000, 431),
        (b"POST /mcp HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
        (b"POST /mcp?" + b"a" * MIB, 414),
        (b"POST /mcp?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"POST /mcp HTTP/1.1\r\nX:" + b" " * MIB, 431),
    ],
)
def test_heads_are_bounded(server: Any, data: bytes, status: int) -> None:
    """H16."""
    assert server.refused(data) == status


@pytest.mark.parametrize(
    "noise",
    [
        b"GET /mcp\r\n\r\n",
        b"GET /mcp HTTP/0.9\r\n\r\n",
        b"POST /mcp HTTP/2.0\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"Content-Length: 2\r\n\r\n{}",
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
    ],
)
def test_what_is_not_http_is_refused(server: Any, noise: bytes) -> None:
    """H19."""
    assert server.refused(noise) in {400, 505, None}


def test_ten_megabytes_of_noise(server: Any) -> None:
    """H19."""
    noise = os.urandom(MIB)
    with server.connect() as wire:
        try:
            for _ in range(10):
                wire.send(noise)
        except OSError:
            return
        assert wire.closed()[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 431", b""}
