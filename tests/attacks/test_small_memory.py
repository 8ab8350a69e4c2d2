"""X5: a server that may use 256 MB takes the largest bad inputs and goes on."""

import json
import shlex
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.conftest import Victim
from tests.launch.raw import ENVELOPE, MODERN, HttpPeer, StdioPeer, listening

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-everything"))
LIMITED = ["sh", "-c", f'ulimit -v {256 * 1024} && exec {shlex.quote(SCRIPT)} "$@"', "server"]
MESSAGE = 4 * 1024 * 1024


def call(arguments: bytes) -> bytes:
    head = b'{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"greet","arguments":'
    return head + arguments + b',"_meta":' + json.dumps(ENVELOPE).encode() + b"}}"


def full_of(unit: bytes, most: int = 1_000_000) -> bytes:
    """As many of these as a message holds, in a list."""
    return call(b'{"name":[' + b",".join([unit] * min(most, (MESSAGE - 1000) // (len(unit) + 1))) + b"]}")


LARGE = {
    "nested": call(b"[" * 100_000 + b"]" * 100_000),
    "brackets": b"[" * 1_000_000,
    "keys": call(b"{" + b",".join(b'"%x":0' % number for number in range(249_000)) + b"}"),
    "lists": full_of(b"[]", 240_000),
    "texts": full_of(b'""'),
    "floats": full_of(b"0.5"),
    "one text": call(b'{"name":"' + b"x" * (MESSAGE - 1000) + b'"}'),
    "escapes": call(b'{"name":"' + b"\\u00e4" * ((MESSAGE - 1000) // 6) + b'"}'),
    "too long": b"x" * (5 * MESSAGE),
}


@pytest.fixture(scope="module")
def peer() -> Generator[StdioPeer]:
    with StdioPeer(LIMITED) as started:
        started.open(MODERN)
        yield started


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    with listening(LIMITED) as (_, url):
        yield url


@pytest.mark.parametrize("name", LARGE)
def test_on_stdio(peer: StdioPeer, name: str) -> None:
    assert peer.process.stdin
    for _ in range(5):
        peer.process.stdin.write(LARGE[name] + b"\n")
        assert "jsonrpc" in peer.receive()
    assert peer.call("greet", name="Ada")["content"][0]["text"] == "Hello, Ada!"


@pytest.mark.parametrize("name", LARGE)
def test_on_http(url: str, name: str) -> None:
    peer = HttpPeer(url)
    peer.open(MODERN)
    for _ in range(5):
        # Who sends too much may be hung up on while still sending.
        with suppress(ConnectionError):
            assert Victim(url, 0, Path()).post(LARGE[name], Mcp_Name="greet")[0] in {200, 400, 413}
    assert peer.call("greet", name="Ada")["content"][0]["text"] == "Hello, Ada!"
