"""Advisories of other servers and SDKs, tried over HTTP on the filesystem server as it is installed."""

import json
import threading
from typing import Any

import pytest

from tests.attacks.conftest import TEXT, Victim
from tests.launch.raw import ENVELOPE, MODERN

CANARY = {"name": "write_file", "arguments": {"path": "canary", "content": "x"}, "_meta": ENVELOPE}


HOSTS = ["evil.example.com", "127.0.0.1.evil.example.com", "127.0.0.1", "localhost:80@evil.example.com"]
KINDS = ["text/plain", "application/json-evil", "multipart/form-data", "application/json; charset=utf-16"]
STEERING = [
    "X_Forwarded_Host",
    "X_Original_URL",
    "X_Rewrite_URL",
    "X_Target_URL",
    "X_HTTP_Method_Override",
    "Forwarded",
]
PROXY_ROUTES = ["/authorize", "/token", "/register", "/oauth/callback", "/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize("host", HOSTS)
def test_cve_2025_66416_host(victim: Victim, host: str) -> None:
    """DNS rebinding of a loopback server: CVE-2025-66416, CVE-2025-66414, CVE-2026-34742, CVE-2026-42559 and others."""
    status, _ = victim.post(victim.call(), Host=host)
    assert status == 421


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1:1", "file://"])
def test_cve_2025_66416_origin(victim: Victim, origin: str) -> None:
    """The same from a page whose browser says where it comes from: CVE-2025-66416, CVE-2026-11624, CVE-2025-9611."""
    status, _ = victim.post(victim.call(), Origin=origin)
    assert status == 403


def test_no_page_learns_that_it_may_call(victim: Victim) -> None:
    answer = victim.raw(
        b"OPTIONS /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: https://evil.example.com\r\n"
        b"Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n" % victim.port
    )
    assert b"access-control-allow" not in answer.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_cve_2026_33252_content_type(victim: Victim, kind: str) -> None:
    """Cross-site POST as text/plain, which needs no preflight: CVE-2026-33252."""
    status, _ = victim.post(victim.call(params=CANARY), Content_Type=kind, Mcp_Name="write_file")
    assert status == 415
    assert not (victim.directory / "canary").exists()


def test_no_websocket(victim: Victim) -> None:
    """Cross-site WebSocket: CVE-2026-59950."""
    answer = victim.raw(
        b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" % victim.port,
        wait=1,
    )
    assert b" 101 " not in answer


SMUGGLING = {
    "length and chunked": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n",
    "list of lengths": b"Content-Length: 5,5\r\n",
    "signed length": b"Content-Length: +5\r\n",
    "negative length": b"Content-Length: -5\r\n",
    "xchunked": b"Transfer-Encoding: xchunked\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n",
    "blank before colon": b"Content-Length : 4\r\n",
    "folded line": b"X-Folded: a\r\n b\r\nContent-Length: 4\r\n",
}


@pytest.mark.parametrize("framing", SMUGGLING.values(), ids=SMUGGLING)
def test_http_smuggling_matrix(victim: Victim, framing: bytes) -> None:
    """CVE-2025-43859: two readers of one head that disagree. The hidden request must never run."""
    hidden_body = json.dumps(victim.call(params=CANARY)).encode()
    head = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n" % victim.port
    accept = b"Accept: application/json, text/event-stream\r\n"
    modern = b"MCP-Protocol-Version: %b\r\nMcp-Method: tools/call\r\nMcp-Name: write_file\r\n" % MODERN.encode()
    hidden = head + accept + modern + b"Content-Length: %d\r\n\r\n" % len(hidden_body) + hidden_body
    answer = victim.raw(head + accept + framing + b"\r\n0\r\n\r\n" + hidden, wait=1)
    assert not (victim.directory / "canary").exists()
    assert b"HTTP/1.1 200" not in answer


def test_body_limit_chunked(victim: Victim) -> None:
    """A body without a declared length is cut off at the limit: GHSA-353c-v8x9-v7c3."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = (
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" % victim.port
    )
    answer = victim.raw(head + chunk * 80, wait=2)
    assert answer == b"" or b" 413 " in answer.split(b"\r\n")[0]


def test_range_ignored(victim: Victim) -> None:
    """CVE-2025-62727: quadratic work on a Range header."""
    ranges = "bytes=" + ",".join(f"{number}-{number}" for number in range(2000))
    assert victim.post(victim.call(), Range=ranges)[0] == 200


def test_no_header_changes_behaviour(victim: Victim) -> None:
    """CVE-2026-39974, CVE-2026-27826 and others: an upstream or a path chosen by a request header."""
    _, plain = victim.post(victim.call())
    for name in STEERING:
        assert victim.post(victim.call(), **{name: "https://evil.example.com/"}) == (200, plain)


@pytest.mark.parametrize("path", PROXY_ROUTES)
def test_no_oauth_proxy(victim: Victim, path: str) -> None:
    """GHSA-5h2m-4q8j-pqpj, GHSA-c2jp-c369-7pvx, CVE-2026-27124, CVE-2025-62800: there is no proxy to trick."""
    answer = victim.raw(
        b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % (path.encode(), victim.port)
    )
    assert answer.startswith(b"HTTP/1.1 404")


def test_same_id_many_clients(victim: Victim) -> None:
    """CVE-2026-33946, CVE-2026-25536, python-sdk #3060, typescript-sdk #2433: answers that cross because ids agree."""
    count = 40
    for number in range(count):
        (victim.directory / f"n{number}.txt").write_text(f"nonce {number}")
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        params = {"name": "read_text_file", "arguments": {"path": f"n{number}.txt"}, "_meta": ENVELOPE}
        answers[number] = victim.post(victim.call(params=params))[1]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = {number: json.loads(text)["result"]["structuredContent"]["content"] for number, text in answers.items()}
    assert contents == {number: f"nonce {number}" for number in range(count)}


def test_a_guessed_session_is_not_found(victim: Victim) -> None:
    legacy: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    status, _ = victim.post(legacy, MCP_Protocol_Version="2025-11-25", Mcp_Session_Id="0" * 32)
    assert status == 404


def test_requests_leave_nothing(victim: Victim) -> None:
    """python-sdk #3095, #2455, #3059: sessions, streams and tasks that stay behind. The fixture counts descriptors."""
    get = b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % victim.port
    for _ in range(100):
        assert victim.post(victim.call())[0] == 200
    before = victim.resident_kib
    for _ in range(500):
        assert victim.post(victim.call())[0] == 200
        assert b" 400 " in victim.raw(get + b"Accept: text/event-stream\r\nConnection: close\r\n\r\n")
    assert victim.resident_kib - before < 2048


def test_the_answer_of_a_read_is_what_the_file_says(victim: Victim) -> None:
    assert json.loads(victim.post(victim.call())[1])["result"]["structuredContent"]["content"] == TEXT
