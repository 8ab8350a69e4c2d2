"""Peers that never end, never begin, say too much, too late or in pieces: bounded in time and memory, and no reply is
another's."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Clients = Any
PeerOf = Any
PUSH = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nfake\r\n"
# A number takes three times as much here as on the wire; the allocator keeps a little.
MOST_GROWTH = 8


def forget_peak() -> int:
    """What this process takes now, from which its peak is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most that it took since then."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def saying(text: bytes) -> Callable[[list[bytes]], bytes]:
    """The same to whatever is asked."""

    def answer(words: list[bytes]) -> bytes:
        del words
        return text

    return answer


def engine(value: bytes) -> Callable[[list[bytes]], bytes]:
    """What an engine says of a string key."""
    replies = {
        b"TYPE": b"+string\r\n",
        b"PTTL": b":-1\r\n",
        b"STRLEN": b":%d\r\n" % len(value),
        b"GETRANGE": b"$%d\r\n%b\r\n" % (len(value), value),
    }
    return lambda words: replies.get(words[0], b"-ERR unknown command\r\n")


ENDLESS = {
    "pushed frames": (b"", PUSH * 1000),
    "attributes": (b"", b"|1\r\n+k\r\n+v\r\n" * 1000),
    "nested lists": (b"", b"*1\r\n" * 1000),
    "attributes in attributes": (b"", b"|1\r\n" * 1000),
    "a list of empty lists": (b"*900000\r\n", b"*0\r\n" * 1000),
    "a list of empty maps": (b"*900000\r\n", b"%0\r\n" * 1000),
    "a list of numbers": (b"*900000\r\n", b":1234567890123\r\n" * 1000),
    "a line": (b"+", b"a" * 10_000),
    "a string": (b"$9000000\r\n", b"a" * 10_000),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_never_ends_is_ended_by_its_bounds(client_of: Clients, peer_of: PeerOf, kind: str) -> None:
    """Bytes, values and levels are counted over all that a call reads; the rest stays on the wire, which is closed."""
    begin, more = ENDLESS[kind]

    async def flood(_: list[bytes], writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while not writer.is_closing():
            writer.write(more)
            await writer.drain()

    most = 2**20
    async with peer_of(flood) as peer, client_of(peer.url, max_reply_bytes=most) as client:
        await client.list("tools")
        before, start = forget_peak(), time.process_time()
        result = await client.call("read_key", key="k")
        took = time.process_time() - start
        assert await client.list("tools")
        growth = peak() - before
    assert result.error_code == "too_large", result.text
    assert growth < MOST_GROWTH * most
    assert took < 4


async def test_a_greeting_that_never_ends_or_is_none(client_of: Clients, peer_of: PeerOf) -> None:
    """The handshake is the client library's, its bounds are ours."""

    async def flood(_: list[bytes], writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(PUSH * 1000)
            await writer.drain()

    answers: list[tuple[Any, str]] = [
        (flood, "too_large"),
        (saying(b"-LOADING Redis is loading the dataset in memory\r\n"), "busy"),
        (saying(b"-ERR max number of clients reached\r\n"), "busy"),
        (saying(b"-DENIED Redis is running in protected mode\r\n"), "connection"),
        (saying(b"+OK\r\n"), "connection"),
        (saying(b"*1\r\n:1\r\n"), "connection"),
        (saying(b":1\r\n"), "connection"),
        (saying(b"_\r\n"), "connection"),
    ]
    for answer, code in answers:
        async with peer_of(answer, greets=False) as peer:
            url = peer.url.replace("//", "//user:word@")
            async with client_of(url, max_reply_bytes=2**20) as client:
                result = await client.call("read_key", key="k")
                assert await client.list("tools")
        assert result.error_code == code, result.text
        assert "word@" not in result.text


async def test_replies_in_pieces_are_whole(client_of: Clients, peer_of: PeerOf) -> None:
    """Byte by byte."""

    async def drip(words: list[bytes], writer: asyncio.StreamWriter) -> None:
        for byte in engine(b"a\r\nb")(words):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with peer_of(drip) as peer, client_of(peer.url) as client:
        for _ in range(3):
            assert (await client.call("read_key", key="k")).data["value"] == "a\r\nb"


async def test_a_reply_that_comes_late_is_never_the_next_callers(client_of: Clients, peer_of: PeerOf) -> None:
    """One more than was asked for, after the connection has been given back: it is closed, unread (CVE-2023-28859)."""
    async with peer_of(engine(b"real")) as peer, client_of(peer.url) as client:
        for unasked in (b"+hash\r\n", b"$4\r\nfake\r\n", PUSH, b"+", b"*3\r\n"):
            assert (await client.call("read_key", key="k")).data["value"] == "real"
            (writer,) = peer.writers
            peer.push(unasked)
            await writer.drain()
            await asyncio.sleep(0.01)  # it is on its way, and nothing can say so
            assert (await client.call("read_key", key="k")).data["value"] == "real"
            assert writer not in peer.writers or writer.is_closing()


@pytest.mark.parametrize("said", [b"", b"$100\r\nabc", b"*2\r\n+a\r\n"], ids=repr)
async def test_half_a_reply_ends_the_call_and_nothing_else(client_of: Clients, peer_of: PeerOf, said: bytes) -> None:
    """Said and then silent: the deadline. Said and then gone: at once."""

    async def say(_: list[bytes], writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    async def say_and_go(_: list[bytes], writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    for act, code in ((say, "timeout"), (say_and_go, "connection")):
        async with peer_of(act) as peer, client_of(peer.url, timeout=0.3) as client:
            results = [await client.call("read_key", key="k") for _ in range(2)]
            assert await client.list("tools")
        assert [result.error_code for result in results] == [code, code]


async def test_listeners_of_a_peer_that_talks_nonsense_harm_nobody(client_of: Clients, peer_of: PeerOf) -> None:
    """Confirmations of nothing, messages of no channel, frames of wrong shapes, replies of wrong kinds."""
    shapes = [
        b"*0\r\n",
        b"*1\r\n*0\r\n",
        b">1\r\n+message\r\n",
        b"_\r\n",
        b":1\r\n",
        b"-ERR no\r\n",
        b"%1\r\n+a\r\n+b\r\n",
    ]
    asked: list[bytes] = []

    def answer(words: list[bytes]) -> bytes:
        asked.append(words[0])
        return b"".join(shapes[len(asked) % len(shapes) :]) + PUSH

    uris = [f"redis://0/{kind}/k" for kind in ("channel", "stream", "key")]
    async with peer_of(answer) as peer, client_of(peer.url, timeout=1) as client:
        wanted = {"notifications": {"resourceSubscriptions": uris}}
        request = await client.peer.begin("subscriptions/listen", wanted)
        await client.peer.notification("notifications/subscriptions/acknowledged")
        for _ in range(3):
            await client.call("collect_messages", channels=["c"], timeout_s=0.1)
        assert await client.list("tools")
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": request}}
        await client.peer.send({"jsonrpc": "2.0", **cancelled})
    assert {b"SUBSCRIBE", b"CONFIG"} <= set(asked)
    assert len(asked) < 300  # begun anew with pauses, not in circles
