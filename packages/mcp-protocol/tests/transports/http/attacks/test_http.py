"""The H cases of the threat model: web pages, smuggled requests, floods and vanishing clients, in literal bytes."""

import asyncio
import json
import select
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import SettingsError
from mcp_protocol.limits import Limits
from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.bounds import Bounds

WAIT = 5
HIDDEN = b"hidden"


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "127.0.0.1.evil.com:{port}",
        "localhost:80@evil",
        "127.0.0.1:1.evil.com",
        "127.0.0.1.:{port}",
        "127.0.0.1",
        "localhost:1",
        "[::1",
        "0.0.0.0:{port}",
        "127.0.0.1:{port}/",
        " 127.0.0.1:{port}.evil.com",
    ],
)
def test_cve_2025_66416_host_and_origin(server: Any, hidden: Any, host: str) -> None:
    """H1. CVE-2025-66416, CVE-2025-66414, CVE-2026-34742, GHSA-8jxr-pr72-r468, CVE-2026-42559, CVE-2026-11624,
    CVE-2025-9611: a page whose name was bound to 127.0.0.1 reached a loopback server.
    """
    assert server.ask(hidden(host=host.format(port=server.port))).status == 421


@pytest.mark.parametrize("hosts", [None, ["127.0.0.1:{port}", "evil.com"], ["127.0.0.1:{port}", "127.0.0.1:{port}"]])
def test_none_or_two_hosts_are_refused(server: Any, hidden: Any, hosts: list[str] | None) -> None:
    """H1."""
    given = None if hosts is None else [host.format(port=server.port) for host in hosts]
    assert server.ask(hidden(host=given)).status == 400


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.com",
        "null",
        "http://127.0.0.1:1",
        "http://{host}/",
        "https://{host}",
        "file://",
        "http://{host}.evil",
        ["http://{host}", "http://{host}"],
        "",
        "http://{host} https://evil.com",
    ],
)
def test_cve_2025_66416_foreign_origin(server: Any, hidden: Any, origin: str | list[str]) -> None:
    """H2. Other origins never reach a tool."""
    several = origin if isinstance(origin, list) else [origin]
    assert server.ask(hidden(origin=[one.format(host=server.host) for one in several])).status == 403


def test_no_origin_and_our_own_are_allowed(server: Any) -> None:
    """H2."""
    assert server.ask(server.call("echo", text="x")).status == 200
    assert server.ask(server.call("echo", headers={"origin": f"http://{server.host}"}, text="x")).status == 200


@pytest.mark.parametrize("origin", ["https://evil.com", "http://{host}", None])
def test_a_preflight_gets_no_cors_headers(server: Any, origin: str | None) -> None:
    """H3."""
    given = None if origin is None else origin.format(host=server.host)
    answer = server.ask(server.http("OPTIONS", origin=given, access_control_request_method="POST"))
    assert answer.status in {403, 405}
    assert not [name for name, _ in answer.fields if name.startswith("access-control")]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json-evil",
        None,
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "",
        ["application/json", "text/plain"],
        "text/plain; application/json",
    ],
)
def test_cve_2026_33252_content_type(server: Any, hidden: Any, content_type: Any) -> None:
    """H4. CVE-2026-33252: a page posts text/plain to another site without asking first."""
    assert server.ask(hidden(content_type=content_type)).status == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity", "zstd", ""])
def test_encoded_bodies_are_refused_unread(server: Any, hidden: Any, coding: str) -> None:
    """H5."""
    assert server.ask(hidden(content_encoding=coding)).status == 415


@pytest.mark.parametrize(
    "header",
    [
        "forwarded",
        "x_forwarded_for",
        "x_forwarded_host",
        "x_forwarded_proto",
        "x_real_ip",
        "x_original_url",
        "x_rewrite_url",
        "x_http_method_override",
        "mcp_upstream",
        "x_mcp_server",
    ],
)
def test_no_header_changes_behaviour(server: Any, hidden: Any, header: str) -> None:
    """H7. CVE-2026-39974, CVE-2026-27826, CVE-2026-27825, CVE-2026-26118, CVE-2026-5323: a header did."""
    plain = server.ask(server.call("echo", text="x"))
    answer = server.ask(server.call("echo", headers={header: "evil.com"}, text="x"))
    assert (answer.status, answer.body) == (200, plain.body)
    assert server.ask(hidden(host="evil.com", **{header: server.host})).status == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  the point is that it is refused
def test_open_bind_refuses_to_start(host: str) -> None:
    """H8. CVE-2025-49596, CVE-2026-23744, CVE-2026-32211, CVE-2026-33032: anyone could reach an open port."""
    with pytest.raises(SettingsError, match="authentication"):
        serve.bind(serve.Listen(host=host, port=0), guarded=False)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/mcp"),
        ("PATCH", "/mcp"),
        ("TRACE", "/mcp"),
        ("HEAD", "/mcp"),
        ("OPTIONS", "/mcp"),
        ("POST", "//mcp"),
        ("POST", "/mcp/"),
        ("POST", "/mcp/../x"),
        ("POST", "/x/../mcp"),
        ("POST", "/mcp%2f"),
        ("POST", "/%6dcp"),
        ("POST", "/mcp;x"),
        ("POST", "/MCP"),
        ("POST", "/mcp%00"),
        ("POST", "/./mcp"),
    ],
)
def test_only_the_exact_path_and_methods(server: Any, hidden: Any, method: str, target: str) -> None:
    """H9."""
    request = hidden().replace(b"POST /mcp ", f"{method} {target} ".encode())
    with server.connect() as wire:
        assert wire.send(request).head().status in {404, 405}


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp_method": None},
        {"mcp_method": "tools/list"},
        {"mcp_method": "TOOLS/CALL"},
        {"mcp_method": ["tools/call", "tools/call"]},
        {"mcp_method": "=?base64?dG9vbHMvY2FsbA==?="},
        {"mcp_name": None},
        {"mcp_name": "other"},
        {"mcp_name": "Echo"},
        {"mcp_name": ["echo", "echo"]},
        {"mcp_name": "=?base64?ZWNobw?="},
        {"mcp_name": "=?base64?ZWN!!obw==?="},
        {"mcp_name": "=?base64?/w==?="},
        {"mcp_name": "=?BASE64?ZWNobw==?="},
        {"mcp_name": "ech\xf6"},
        {"mcp_protocol_version": "2026-07-29"},
        {"mcp_protocol_version": None},
        {"mcp_protocol_version": ["2026-07-28", "2026-07-28"]},
        {"mcp_protocol_version": ["2026-07-28", "2025-11-25"]},
    ],
)
def test_mirrored_headers_must_agree(server: Any, hidden: Any, headers: dict[str, Any]) -> None:
    """H10."""
    answer = server.ask(hidden(**headers))
    assert (answer.status, answer.code, answer.message["id"]) == (400, -32020, 1)


def test_blanks_and_case_of_names_do_not_matter(server: Any) -> None:
    """H10."""
    call = server.call("echo", headers={"mcp_name": " \t echo \t"}, text="x").replace(b"mcp-method", b"MCP-mEtHoD")
    assert server.ask(call).status == 200
    assert server.ask(server.call("echo", headers={"mcp_name": "=?base64?ZWNobw==?="}, text="x")).status == 200


def test_same_id_many_clients(server: Any) -> None:
    """H11. CVE-2026-33946, CVE-2026-25536, python-sdk #3060, typescript-sdk #2433: answers went to another client."""

    def client(number: int) -> list[str]:
        found: list[str] = []
        with server.connect() as wire:
            for turn in range(50):
                text = f"{number}/{turn}"
                answer = wire.send(server.call("echo", id_=1, text=text)).answer()
                found.append(answer.message["result"]["content"][0]["text"] == text)
        return found

    with ThreadPoolExecutor(20) as pool:
        assert all(all(found) for found in pool.map(client, range(20)))


def test_a_client_that_leaves_stops_the_work(server: Any, signals: Any) -> None:
    """H17."""
    with server.connect() as wire:
        wire.send(server.call("wait"))
        assert signals.started.wait(WAIT)
    assert signals.cancelled.wait(1)


def reset(server: Any, data: bytes) -> None:
    """Connect, send, and reset the connection."""
    one = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT)
    one.sendall(data)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where the system shows them")
def test_requests_leave_nothing(server: Any) -> None:
    """H18. python-sdk #3095, #2455, #3059: connections, tasks and sessions piled up."""
    server.assert_alive()
    tasks: list[int] = []
    before = descriptors()
    call = server.call("wait")
    for _ in range(10_000):
        reset(server, call)
    done = threading.Event()

    def count() -> None:
        tasks.append(len(asyncio.all_tasks(server.loop)))
        done.set()

    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        server.settled()
        done.clear()
        server.soon(count)
        assert done.wait(WAIT)
        if descriptors() <= before and tasks[-1] < 10:
            return
    raise AssertionError(f"{descriptors() - before} descriptors and {tasks[-1]} tasks are left")


def test_legacy_headers_mean_nothing_to_modern_requests(server: Any) -> None:
    """H20."""
    stale = {"mcp_session_id": "stale", "last_event_id": "1-2-x"}
    answer = server.ask(server.call("echo", headers=stale, text="x"))
    assert (answer.status, answer.header("mcp-session-id")) == (200, None)
    assert b"stale" not in answer.body


@pytest.mark.parametrize(
    "text", ["\n\ndata: {}", "\r\n\r\nevent: end\r\n", "\rdata: x", "\u2028id: 1", "</script>\n\n:", "\x00\n"]
)
def test_text_cannot_forge_an_event(server: Any, text: str) -> None:
    """H21."""
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    answer = server.ask(server.call("report", meta=meta | {"progressToken": text}, steps=1, label=text))
    lines = [line for line in answer.body.split(b"\n") if line]
    assert len(lines) == 2
    assert all(line.startswith(b"data: ") and b"\r" not in line for line in lines)
    progress, reply = (json.loads(line[6:]) for line in lines)
    assert progress["params"]["message"] == progress["params"]["progressToken"] == text
    assert reply["result"]["content"][0]["text"] == text


def test_slow_connections_do_not_hold_up_others(serve_house: Any, fresh: Any) -> None:
    """Slow heads and bodies are cut off, and meanwhile others are served."""
    bounds = Bounds(head_seconds=1, body_seconds=1)
    with serve_house(fresh, bounds=bounds) as server:
        slow = [server.connect() for _ in range(200)]
        for number, wire in enumerate(slow):
            wire.send(server.call("echo", text="x")[: 20 if number % 2 else -2])
        for _ in range(20):
            server.assert_alive()
        assert {wire.closed()[:12] for wire in slow} == {b"HTTP/1.1 408"}
        assert fresh.calls == []


def test_bodies_that_are_still_coming_are_bounded_together(serve_house: Any, fresh: Any) -> None:
    """Many large bodies at once: the excess is told to come back, and the rest is read."""
    with serve_house(fresh, limits=Limits(message=100_000)) as server:
        call = server.http("POST", b" " * 100_000)[:-1]
        wires = [server.connect().send(call) for _ in range(17)]
        told, _, _ = select.select([wire.socket for wire in wires], [], [], WAIT)
        excess = [wire for wire in wires if wire.socket in told]
        assert [wire.answer().status for wire in excess] == [503]
        rest = [wire.send(b" ").answer().status for wire in wires if wire not in excess]
        assert rest == [400] * 16
