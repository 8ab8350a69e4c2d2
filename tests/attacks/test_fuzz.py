"""A hundred thousand broken messages, made of the messages that clients really send: nothing breaks, all is answered.

The seeds are the client's lines of the transcripts. The dice are loaded: every run throws the same.
"""

import json
import random
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import pytest

from mcp_protocol.limits import Limits
from mcp_protocol.revisions import Revision
from mcp_protocol.session.calls import LOCAL, Answer, BatchCall, Call, Cancel, Refusal
from mcp_protocol.session.profile import Profile
from mcp_protocol.session.server import ServerSession
from mcp_protocol.transports.memory import join
from mcp_ref_everything.server import server
from mcp_ref_everything.settings import Settings
from tests.conformance.talk import SCRIPT
from tests.launch.raw import LEGACY, MODERN, HttpPeer, listening, message

SEEDS = [
    line[2:].encode()
    for file in sorted((Path(__file__).parents[1] / "conformance" / "transcripts").glob("*/*.txt"))
    for line in file.read_text().splitlines()
    if line.startswith("> ")
]
MESSAGES = 100_000
CALLS = 8_000
HEADS = 1_500
CODES = {-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, -32002}
# What makes trouble: structure, numbers, escapes, halves of characters, names that mean something.
TOKENS = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"-0", b"1e999", b"9" * 400, b"NaN"),
    *(b"\\ud800", b"\\u0000", b"\xff", b"\xf0\x9f", b"\x00", b"\r", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"/*", b"'"),
    *(b'"id":1,', b'"id":null,', b'"method":"ping",', b'"jsonrpc":"2.0",', b'"_meta":{},', b'"params":[]', b"[" * 70),
    *(
        b'"__proto__"',
        b'"result":{}',
        b'"error":{}',
        b'"cursor":""',
        b'"progressToken":{}',
        b"tools/call",
        b"initialize",
    ),
]
METHODS = frozenset(
    {"initialize", "ping", "server/discover", "tools/list", "tools/call", "resources/read", "completion/complete"}
)


@pytest.fixture(autouse=True)
def official_models() -> None:
    """The ids of broken messages tell nothing of what was asked: replies are looked at here."""


def broken(dice: random.Random, seed: bytes) -> bytes:
    """The seed with one to four changes."""
    data = seed
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at, end = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
        data = dice.choice(CHANGES)(dice, data, at, end) or b"{}"
    return data


CHANGES: list[Callable[[random.Random, bytes, int, int], bytes]] = [
    lambda dice, data, at, _end: data[:at] + dice.choice(TOKENS) + data[at:],
    lambda dice, data, at, _end: data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :],
    lambda _dice, data, at, _end: data[:at],
    lambda _dice, data, at, end: data[:at] + data[end:] if end - at < 60 else data[:at] + data[at + 1 :],
    lambda _dice, data, at, end: data[:at] + data[at:end] * 2 + data[end:],
    lambda dice, data, at, end: data[:at] + dice.choice(SEEDS)[at:end] + data[end:],
    lambda dice, data, at, _end: data[:at] + data[at : at + 1].swapcase() + dice.choice((b"", b" ")) + data[at + 1 :],
]


def test_no_message_breaks_a_session() -> None:
    """Whatever comes is a call, an answer, a cancellation or a refusal with a code; the next message is heard."""
    dice = random.Random(20260728)  # noqa: S311  loaded dice are wanted
    alive = json.dumps(message(MODERN, "server/discover", ident="alive")).encode()
    seen: set[str] = set()
    session = ServerSession(Profile(methods=METHODS, limits=Limits()), principal=LOCAL, transport="stdio")
    for number in range(MESSAGES):
        for event in session.receive(broken(dice, dice.choice(SEEDS)) + b"\n"):
            assert isinstance(event, Call | BatchCall | Answer | Cancel | Refusal)
            seen.add(type(event).__name__)
            if isinstance(event, Refusal) and event.data:
                assert json.loads(event.data)["error"]["code"] in CODES
        if number % 100 == 0:
            [event] = session.receive(b"\n" + alive + b"\n")
            assert isinstance(event, Call)
            assert event.id == "alive"
    assert seen >= {"Call", "Refusal", "Cancel"}


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
async def test_no_message_breaks_a_server(revision: str) -> None:
    """The tools run too; at the end nothing hangs, and no more than one reply came for each id that was whole."""
    dice = random.Random(revision)  # noqa: S311  as above
    seeds = [seed for seed in SEEDS if (b"protocolVersion" in seed) is (revision == MODERN)]
    async with server.run(Settings()) as app, join(app) as end:
        if revision == LEGACY:
            hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "f", "version": "1"}}
            await end.send(json.dumps(message(LEGACY, "initialize", hello, ident="hello")).encode())
            await end.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        for number in range(CALLS):
            await end.send(broken(dice, dice.choice(seeds)))
            if number % 50 == 0:
                await heard(end, revision, f"alive {number}")
        await heard(end, revision, "the end")


async def heard(end: Any, revision: str, ident: str) -> None:
    """Send something harmless and read until its answer."""
    method = "server/discover" if revision == MODERN else "ping"
    await end.send(json.dumps(message(revision, method, ident=ident)).encode())
    wanted = json.dumps(ident).encode()
    while True:
        line = await end.receive()
        assert line is not None
        reply: Any = json.loads(line)
        for one in cast("list[Any]", reply) if isinstance(reply, list) else [reply]:
            assert "method" in one or "result" in one or one["error"]["code"] in CODES, one
        if wanted in line and json.loads(line).get("id") == ident:
            return


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    with listening([SCRIPT]) as (launched, url):
        yield url
        assert "Traceback" not in launched.stderr


def test_no_head_breaks_an_http_server(url: str) -> None:
    """Requests whose head or body is broken are answered or hung up on; the next client is served."""
    dice = random.Random(9112)  # noqa: S311  as above
    host, port = url.removeprefix("http://").partition("/")[0].split(":")
    body = json.dumps(message(MODERN, "tools/call", {"name": "greet", "arguments": {"name": "x"}}, ident=1)).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: greet\r\n\r\n"
    ).encode()
    for number in range(HEADS):
        data = broken(dice, head) + body if number % 3 else head + broken(dice, body)
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").readline()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 "), (data, answer)
        assert not answer.startswith(b"HTTP/1.1 5"), (data, answer)
    peer = HttpPeer(url)
    peer.open(Revision.V2026_07_28)
    assert peer.call("greet", name="Ada")["content"][0]["text"] == "Hello, Ada!"
