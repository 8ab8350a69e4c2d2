"""Malformed, misleading and racing messages: the same answers on stdio and HTTP, and the server goes on."""

import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.conftest import SCRIPT, TEXT, Victim
from tests.launch.raw import ENVELOPE, MODERN, StdioPeer

MALFORMED = {
    "no json": (b"{", -32700),
    "two values": (b'{"jsonrpc":"2.0","id":1,"method":"ping"}{}', -32700),
    "not utf-8": (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700),
    "deep": (b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 100_000, -32700),
    "NaN": (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', -32700),
    "duplicate key": (b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', -32700),
    "no object": (b"[]", -32600),
    "null": (b"null", -32600),
    "boolean id": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
    "other names": (b'{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}', -32600),
    "version 1": (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
}
each_malformed = pytest.mark.parametrize(("data", "code"), MALFORMED.values(), ids=MALFORMED)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text(TEXT)
    return work


@pytest.fixture
def peer(directory: Path) -> Generator[StdioPeer]:
    """A server on stdio; afterwards it must still answer."""
    with StdioPeer([SCRIPT, str(directory), "--history", "off"]) as started:
        started.open(MODERN)
        yield started
        assert started.call("read_text_file", path="a.txt")["structuredContent"]["content"] == TEXT
        assert "Traceback" not in started.stderr


@each_malformed
def test_cve_2025_53366_malformed_on_stdio(peer: StdioPeer, data: bytes, code: int) -> None:
    """A malformed message kills the server: CVE-2025-53365, CVE-2025-53366; lenient JSON: CVE-2026-27896."""
    assert peer.process.stdin
    peer.process.stdin.write(data + b"\n")
    assert peer.receive()["error"]["code"] == code


@each_malformed
def test_cve_2025_53366_malformed_on_http(victim: Victim, data: bytes, code: int) -> None:
    """The same over HTTP."""
    status, text = victim.post(data)
    assert (status, json.loads(text)["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    "name", ["read_text_file\n", "READ_TEXT_FILE", " read_text_file", "read_text_file\u0000", "__class__"]
)
def test_names_full_match(peer: StdioPeer, name: str) -> None:
    """python-sdk #3076: a name check that ends with `$` lets a newline through."""
    params: dict[str, Any] = {"name": name, "arguments": {"path": "a.txt"}, "_meta": ENVELOPE}
    peer.send({"jsonrpc": "2.0", "id": "n", "method": "tools/call", "params": params})
    assert peer.receive()["error"]["code"] == -32602


def test_cancel_races_completion(peer: StdioPeer) -> None:
    """python-sdk #820, #2302, #2416, #2751: a cancellation at any moment ends one call at most, and nothing else."""
    for number in range(200):
        params = {"name": "read_text_file", "arguments": {"path": "a.txt"}, "_meta": ENVELOPE}
        peer.send(
            {"jsonrpc": "2.0", "id": f"c{number}", "method": "tools/call", "params": params},
            {
                "jsonrpc": "2.0",
                "method": "notifications/cancelled",
                "params": {"requestId": f"c{number}", "_meta": ENVELOPE},
            },
        )
    peer.send({"jsonrpc": "2.0", "id": "last", "method": "server/discover", "params": {"_meta": ENVELOPE}})
    seen: list[str] = []
    while "last" not in seen:
        seen.append(peer.receive()["id"])
    assert len(seen) == len(set(seen))


OUTSIDE = [
    "../../etc/passwd",
    "..%2f..%2f..%2fetc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd",
    "%00",
    "a.txt%00.png",
]


@pytest.mark.parametrize("rest", OUTSIDE)
def test_cve_2026_32871_template_traversal(peer: StdioPeer, directory: Path, rest: str) -> None:
    """A template value joined without a check: CVE-2026-32871."""
    for uri in (f"file://{directory}/{rest}", f"file:///{rest}"):
        peer.send({"jsonrpc": "2.0", "id": "t", "method": "resources/read", "params": {"uri": uri, "_meta": ENVELOPE}})
        answer = peer.receive()
        assert answer["error"]["code"] == -32602, answer
        assert "root:" not in json.dumps(answer)


def test_cve_2026_0621_template_linear(peer: StdioPeer) -> None:
    """CVE-2026-0621: a URI template that takes exponential time."""
    uri = "file:///" + "a," * 50_000 + "/FAIL/" * 1000
    began = time.monotonic()
    peer.send({"jsonrpc": "2.0", "id": "t", "method": "resources/read", "params": {"uri": uri, "_meta": ENVELOPE}})
    assert "error" in peer.receive()
    assert time.monotonic() - began < 5  # exponential would be longer than anyone waits


ESCAPES: dict[str, Callable[[Path], str]] = {
    "dots": lambda work: f"{work}/../{work.name}-evil/secret.txt",
    "sibling": lambda work: f"{work}-evil/secret.txt",
    "link": lambda work: f"{work}/link/secret.txt",
    "absolute": lambda _: "/etc/passwd",
}


@pytest.mark.parametrize("path", ESCAPES.values(), ids=ESCAPES)
def test_cve_2025_53109_and_53110_on_the_installed_server(
    peer: StdioPeer, directory: Path, path: Callable[[Path], str]
) -> None:
    """CVE-2025-53110 (a sibling whose name begins alike) and CVE-2025-53109 (through a link), read and write."""
    beside = directory.with_name(directory.name + "-evil")
    beside.mkdir()
    (beside / "secret.txt").write_text("secret")
    (directory / "link").symlink_to(beside)
    read = peer.call("read_text_file", path=path(directory))
    written = peer.call("write_file", path=path(directory), content="x")
    assert read["isError"]
    assert written["isError"]
    assert "secret\n" not in json.dumps(read)
    assert (beside / "secret.txt").read_text() == "secret"
