"""A server that listens: whom it lets in, by which names, its probes, its start and its end."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_protocol.transports.http.serve import Address
from mcp_ref_kit.http.exposure import allowed_hosts, allowed_origins
from mcp_ref_kit.web_names import check_hosts, check_origins, public_parts
from tests.launch.raw import LEGACY, HttpPeer, Launched, each_revision, listening, message, opening

TINY = [sys.executable, str(Path(__file__).with_name("tiny_server.py"))]
TOKEN = "correct-horse-battery-staple"  # noqa: S105  not one of anybody's
HELLO = json.dumps(message(LEGACY, *opening(LEGACY), ident=1))
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@contextmanager
def serving(*arguments: str) -> Generator[tuple[Launched, int]]:
    with listening([*TINY, *arguments]) as (launched, url):
        yield launched, int(url.rpartition(":")[2].removesuffix("/mcp"))
        launched.process.terminate()
        assert launched.process.wait(10) in {0, -signal.SIGTERM}  # the latter after another signal


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return str(path)


class Answer(Struct):
    status: int
    headers: Mapping[str, str]
    text: str


def asked(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None
) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read().decode())


def greeted(port: int, **headers: str) -> int:
    return asked(port, "POST", "/mcp", {**JSON, **headers}, HELLO).status


@each_revision
def test_a_client_calls_a_tool_and_a_signal_ends_the_server(revision: str) -> None:
    with listening(TINY) as (launched, url):
        peer = HttpPeer(url)
        peer.open(revision)
        assert peer.call("echo", text="hi")["structuredContent"] == {"result": "hi"}
        launched.process.send_signal(signal.SIGTERM)
        assert launched.process.wait(10) == 0
        assert launched.stderr == f"listening on {url}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_any_polite_signal_ends_the_server(number: signal.Signals) -> None:
    with serving() as (launched, _):
        launched.process.send_signal(number)
        assert launched.process.wait(10) == 0


def test_the_endpoint_is_called_by_its_own_names_only() -> None:
    """CVE-2025-66416."""
    with serving() as (_, port):
        for name in ("127.0.0.1", "localhost", "[::1]"):
            assert greeted(port, Host=f"{name}:{port}") == 200
            assert greeted(port, Host=f"{name}:{port}", Origin=f"http://{name}:{port}") == 200
            assert greeted(port, Host=name) == 421
        assert greeted(port, Host=f"evil.example:{port}") == 421
        assert greeted(port, Origin="http://evil.example") == 403


def test_configured_hosts_and_origins_replace_our_own() -> None:
    arguments = ["--http-allowed-hosts", "mcp.example", "--http-allowed-origins", "https://app.example"]
    with serving(*arguments) as (_, port):
        assert greeted(port, Host="mcp.example", Origin="https://app.example") == 200
        assert greeted(port, Host="mcp.example", Origin="http://mcp.example") == 403
        assert greeted(port) == 421


def test_probes_say_ok_to_anyone_and_no_more() -> None:
    with serving() as (_, port):
        for path in ("/health", "/ready"):
            response = asked(port, "GET", path, {"Host": "anything"})
            assert (response.status, response.text) == (200, "ok")
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["x-frame-options"] == "DENY"
            assert response.headers["content-security-policy"]
            assert asked(port, "HEAD", path).status == 200
            refused = asked(port, "POST", path)
            assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_server_whose_check_fails_lives_but_is_not_ready() -> None:
    with serving("--no-healthy") as (_, port):
        assert asked(port, "GET", "/health").status == 200
        response = asked(port, "GET", "/ready")
        assert (response.status, response.text) == (503, "unavailable")


def test_the_old_transport_is_there_when_asked_for_and_guarded_like_the_endpoint(token_file: str) -> None:
    events = {"Accept": "text/event-stream"}
    with serving() as (_, port):
        assert asked(port, "GET", "/sse", events).status == 404
    with serving("--legacy-sse", "--auth-token-file", token_file) as (_, port):
        assert asked(port, "GET", "/sse", events).status == 401
        assert asked(port, "POST", "/messages?session=x", JSON, HELLO).status == 401
        assert asked(port, "GET", "/sse", {**events, "Host": f"evil.example:{port}"}).status == 421
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/sse", headers={**events, "Authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            assert response.status == 200
            assert response.readline() == b"event: endpoint\n"
            assert response.readline().startswith(b"data: /messages?session=")


def test_only_the_exact_token_is_let_in(token_file: str) -> None:
    """O1, O9."""
    with serving("--auth-token-file", token_file) as (launched, port):
        assert greeted(port, Authorization=f"Bearer {TOKEN}") == 200
        bad = [
            "",
            "Bearer",
            "Bearer ",
            f"bearer {TOKEN}",
            f"Basic {TOKEN}",
            TOKEN,
            f"Bearer {TOKEN}x",
            "Bearer é" + TOKEN,
        ]
        assert {greeted(port, Authorization=value) for value in bad} == {401}
        assert asked(port, "POST", f"/mcp?access_token={TOKEN}", JSON, HELLO).status == 401
        assert greeted(port, Cookie=f"token={TOKEN}") == 401
        assert asked(port, "GET", "/health").status == 200
        missing = asked(port, "POST", "/mcp", JSON, HELLO)
        wrong = asked(port, "POST", "/mcp", {**JSON, "Authorization": "Bearer no"}, HELLO)
        assert missing.headers["www-authenticate"] == "Bearer"
        assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert TOKEN not in launched.stderr


def test_open_bind_refuses_to_start(token_file: str) -> None:
    """H8, CVE-2025-49596, CVE-2026-23744, CVE-2026-32211, CVE-2026-33032: nobody asked who reached the port."""
    everywhere = ["--host", "0.0.0.0"]  # noqa: S104  the refusal is the test
    command = [*TINY, "--transport", "http", "--port", "0", *everywhere]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "`--allow-unauthenticated`" in ended.stderr
    assert ended.stderr.count("\n") == 1
    with serving(*everywhere, "--auth-token-file", token_file) as (launched, port):
        assert greeted(port, Authorization=f"Bearer {TOKEN}") == 200
        assert "no authentication" not in launched.stderr
    with serving(*everywhere, "--allow-unauthenticated") as (launched, port):
        assert greeted(port) == 200
        launched.wait_for("everyone who reaches 0.0.0.0:[0-9]+ can use this server: there is no authentication")


def test_a_word_that_contradicts_the_token_is_refused(token_file: str) -> None:
    command = [*TINY, "--transport", "http", "--auth-token-file", token_file, "--allow-unauthenticated"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "contradicts" in ended.stderr


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*TINY, "--transport", "http", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "Address already in use" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_names_of_an_address_are_the_exact_ones() -> None:
    local = Address("127.0.0.1", 8000)
    assert allowed_hosts([], local, None) == {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}
    assert allowed_hosts([], Address("0.0.0.0", 8000), None) == allowed_hosts([], local, None)  # noqa: S104  compared
    assert allowed_hosts([], Address("192.0.2.1", 8000), None) == {"192.0.2.1:8000"}
    assert allowed_hosts([], Address("2001:db8::1", 80), None) == {"[2001:db8::1]:80", "[2001:db8::1]"}
    assert allowed_hosts(["a.example"], local, None) == {"a.example"}
    assert allowed_hosts(["a.example"], local, "https://b.example/mcp") == {"a.example", "b.example"}


def test_the_origins_are_our_own_unless_others_are_named() -> None:
    hosts = frozenset({"localhost:8000"})
    assert allowed_origins([], hosts, None) == {"http://localhost:8000"}
    assert allowed_origins([], hosts, "https://b.example/mcp") == {"http://localhost:8000", "https://b.example"}
    assert allowed_origins(["https://c.example"], hosts, "https://b.example/mcp") == {"https://c.example"}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "https://",
        "x.example/mcp",
        "https://u:p@x.example",
        "https://x.example/?a",
        "https://x.example/#a",
        "https://[x",
        "https://x:99999999",
        "https://x:0",
    ],
)
def test_a_public_url_is_a_plain_one(url: str) -> None:
    with pytest.raises(SettingsError, match=r"`--public-url` must be like https://mcp\.example\.com/mcp"):
        public_parts(url)


def test_hosts_and_origins_are_exact_or_refused() -> None:
    check_hosts(["example.com", "127.0.0.1:8000", "[::1]:8000"])
    check_origins(["https://example.com", "http://127.0.0.1:8000"])
    for host in ("*", "*.example.com", "http://example.com", "a b", "é", "a/"):
        with pytest.raises(SettingsError, match="takes exact values such as example"):
            check_hosts([host])
    for origin in ("*", "null", "example.com", "https://*.example.com", "https://example.com/", "https://é"):
        with pytest.raises(SettingsError, match="takes exact values such as https"):
            check_origins([origin])
