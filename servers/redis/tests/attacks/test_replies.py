"""Replies that were not read, were too large, or never ended: no caller ever sees another caller's."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


async def test_redis_cancel_never_shifts_replies(client_of: Clients, raw: Any) -> None:
    """CVE-2023-28858, CVE-2023-28859: after a cancelled call the next one read the reply of the one before."""
    raw.mset({f"k{number}": f"value {number}" for number in range(50)})
    dice = random.Random(7)  # noqa: S311  a test that can be repeated
    async with client_of(pool=2) as client:
        await client.call("key_info", key="k1")
        for number in range(200):
            doomed = await client.peer.begin(
                "tools/call", {"name": "read_keys", "arguments": {"keys": [f"k{n}" for n in range(50)]}}
            )
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            await client.peer.send(
                {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": doomed}}
            )
            found = await client.call("read_key", key=f"k{number % 50}")
            assert found.data["value"] == f"value {number % 50}"


@each_era
async def test_an_analysis_that_is_cancelled_leaves_a_clean_connection(
    client_of: Clients, crowd: str, revision: str
) -> None:
    """R18: no reply, and the next call is answered rightly."""
    async with client_of(crowd, revision=revision, pool=1) as client:
        request = await client.peer.begin(
            "tools/call", {"name": "analyze_keyspace", "arguments": {"sample": 50_000}}, progressToken="p"
        )
        await client.peer.notification("notifications/progress")
        await client.peer.send(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request}}
        )
        for number in (1, 2, 3):
            found = await client.call("read_key", key=f"user:{number}")
            assert found.data["value"] == f"name {number}"
        assert not client.peer.has_reply(request)


async def test_a_reply_over_the_cap_ends_its_connection_and_nothing_else(client_of: Clients, raw: Any) -> None:
    raw.set("large", "x" * 3_000_000)
    raw.rpush("long", *range(200_000))
    async with client_of(max_reply_bytes=2**20, mode="admin", pool=1) as client:
        for _ in range(3):
            for words in (["GET", "large"], ["LRANGE", "long", "0", "-1"]):
                result = await client.call("command", args=words)
                assert result.error_code == "too_large"
                assert "read_key" in result.text
            whole = await client.call("pipeline", commands=[["STRLEN", "large"], ["GET", "large"]])
            assert whole.error_code == "too_large"
            assert (await client.call("command", args=["STRLEN", "large"])).data["reply"] == 3_000_000
        windowed = await client.call("read_key", key="large", count=10)
    assert windowed.data["value"] == "x" * 10_240


async def test_one_reply_among_many_keys_that_is_too_large_is_found_by_smaller_steps(
    client_of: Clients, raw: Any
) -> None:
    """A hash whose first thousand fields do not fit a reply is read by fewer at a time."""
    raw.hset("h", mapping={f"f{number}": "x" * 20_000 for number in range(500)})
    async with client_of(max_reply_bytes=2**20) as client:
        result = await client.call("read_key", key="h", count=20)
    assert len(result.data["entries"]) == 20


@asynccontextmanager
async def hostile(answer: Callable[[bytes], list[bytes]]) -> AsyncGenerator[str]:
    """A peer that speaks the handshake of an engine and then says what it wants."""

    ended: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(over := asyncio.Event())
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                for part in answer(data):
                    writer.write(part)
                    await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        async with asyncio.timeout(5):  # every connection is closed by the other side
            for over in ended:
                await over.wait()


HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"


def after_handshake(*parts: bytes) -> Callable[[bytes], list[bytes]]:
    def answer(data: bytes) -> list[bytes]:
        if b"HELLO" in data:
            return [HELLO]
        return [b"+OK\r\n"] if b"SETNAME" in data else list(parts)

    return answer


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((b"$99999999999\r\n",), "too_large"),
        ((b"*999999999\r\n",), "too_large"),
        ((b"*1\r\n" * 200,), "too_large"),
        ((b"%99999999\r\n",), "too_large"),
        ((b"+" + b"a" * 100_000,), "too_large"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "connection"),
        ((b"$3\r\nabcdefg\r\n",), "connection"),
        ((b"-MOVED 1 169.254.169.254:80\r\n" * 2,), "busy"),
        ((b"-ASK 1 10.0.0.1:6379\r\n" * 2,), "busy"),
        ((b"-ERR \x1b[31mred\x07\r\n" * 2,), "invalid_argument"),
        ((b"$-5\r\n",), "connection"),
        ((b"*2\r\n>1\r\n+a\r\n",), "connection"),
        ((b"|1\r\n" * 200,), "too_large"),
        *[((b"-%b x\r\n" % word * 2,), "busy") for word in (b"LOADING", b"BUSY", b"TRYAGAIN", b"CLUSTERDOWN")],
        ((b"-READONLY x\r\n" * 2,), "read_only"),
        ((b"-OOM x\r\n" * 2,), "too_large"),
        ((b"-NOAUTH x\r\n" * 2,), "connection"),
        ((b"-NOPERM x\r\n" * 2,), "permission"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_peer_that_lies_gets_no_memory_and_no_redirection(
    client_of: Clients, parts: tuple[bytes, ...], code: str
) -> None:
    async with hostile(after_handshake(*parts)) as url, client_of(url, timeout=2) as client:
        result = await client.call("read_key", key="k")
        again = await client.call("read_key", key="k")
    assert (result.error_code, again.error_code) == (code, code), result.text
    assert "169.254" not in result.text
    assert "\x1b" not in result.text


async def test_frames_that_nobody_asked_for_change_no_reply(client_of: Clients) -> None:
    """A push frame before, between and after replies is no reply."""
    push = b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nfake\r\n"

    def answer(data: bytes) -> list[bytes]:
        if b"HELLO" in data:
            return [push, HELLO]
        if b"SETNAME" in data:
            return [b"+OK\r\n"]
        found = [push, b"+string\r\n", push, b":-1\r\n"] if b"TYPE" in data else []
        return found + ([push, b":4\r\n", push, b"$4\r\nreal\r\n"] if b"GETRANGE" in data else [])

    async with hostile(answer) as url, client_of(url) as client:
        for _ in range(3):
            assert (await client.call("read_key", key="k")).data["value"] == "real"


async def test_a_peer_that_leaves_while_it_is_greeted_ends_the_call_alone(client_of: Clients) -> None:
    """Neither a call nor a listener, which has a connection of its own, takes the server with it."""

    def answer(data: bytes) -> list[bytes]:
        if b"HELLO" in data:
            return [HELLO]
        raise ConnectionResetError

    uris = [f"redis://0/{kind}/k" for kind in ("channel", "stream", "key")]
    async with hostile(answer) as url, client_of(url) as client:
        wanted = {"notifications": {"resourceSubscriptions": uris}}
        request = await client.peer.begin("subscriptions/listen", wanted)
        granted = await client.peer.notification("notifications/subscriptions/acknowledged")
        read = await client.call("read_key", key="k")
        collected = await client.call("collect_messages", channels=["c"], timeout_s=0.1)
        tools = await client.list("tools")
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": request}}
        await client.peer.send({"jsonrpc": "2.0", **cancelled})
    assert granted["params"]["notifications"]["resourceSubscriptions"] == uris
    assert (read.error_code, collected.error_code) == ("connection", "connection")
    assert tools


async def test_a_peer_that_never_answers_is_left_at_the_deadline(client_of: Clients) -> None:
    async with hostile(after_handshake()) as url, client_of(url, timeout=0.3) as client:
        result = await client.call("read_key", key="k")
        tools = await client.list("tools")
    assert result.error_code == "timeout"
    assert result.raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert tools


async def test_replies_that_come_unasked_are_never_the_next_callers(client_of: Clients) -> None:
    """Bytes left on an idle connection: it is closed, not read."""

    def answer(data: bytes) -> list[bytes]:
        if b"HELLO" in data:
            return [HELLO]
        if b"SETNAME" in data:
            return [b"+OK\r\n"]
        found = [b"+string\r\n:-1\r\n"] if b"TYPE" in data else []
        return found + ([b":4\r\n$4\r\nreal\r\n", b"+hash\r\n:5\r\n"] if b"GETRANGE" in data else [])

    async with hostile(answer) as url, client_of(url) as client:
        for _ in range(5):
            assert (await client.call("read_key", key="k")).data["value"] == "real"
            await asyncio.sleep(0.01)
