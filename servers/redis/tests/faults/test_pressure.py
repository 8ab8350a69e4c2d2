"""An engine that pauses, is full of clients, loads, changes its password or its role: said, survived, nothing left."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from mcp_ref_redis.engine.address import Address
from mcp_ref_redis.engine.opening import Manner, open_link

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
NAME = "under-pressure"


def ours(raw: Any) -> list[Any]:
    return [one for one in raw.client_list() if one["name"] == NAME]


@asynccontextmanager
async def all_begun(client: Any, tool: str, arguments: list[dict[str, Any]]) -> AsyncGenerator[list[Any]]:
    """Calls that run at the same time; their results, once the block is over."""
    requests = [await client.peer.begin("tools/call", {"name": tool, "arguments": one}) for one in arguments]
    results: list[Any] = []
    yield results
    results += [(await client.peer.reply(request))["result"] for request in requests]


def code(result: Any) -> str | None:
    return result.get("_meta", {}).get("mcp-ref/error", {}).get("code")


@each_era
async def test_a_hundred_calls_share_two_connections(client_of: Clients, raw: Any, revision: str) -> None:
    """The engine pauses: they wait for their turn, or for their deadline; none leaves a connection or place behind."""
    names = [f"k{number}" for number in range(100)]
    raw.mset({name: f"value of {name}" for name in names})
    asked = [{"key": name} for name in names]
    async with client_of(revision=revision, pool=2, max_in_flight=50, client_name=NAME) as client:
        raw.execute_command("CLIENT", "PAUSE", 200, "ALL")
        async with all_begun(client, "read_key", asked) as patient:
            pass
        most = len(ours(raw))
    async with client_of(revision=revision, pool=2, max_in_flight=50, client_name=NAME, timeout=0.3) as client:
        raw.execute_command("CLIENT", "PAUSE", 700, "ALL")
        start = time.monotonic()
        async with all_begun(client, "read_key", asked) as hasty:
            pass
        took = time.monotonic() - start
        raw.ping()  # answered when the pause is over
        after = [(await client.call("read_key", key=name)).data["value"] for name in names[:5]]
        left = len(ours(raw))
    assert [one["structuredContent"]["value"] for one in patient] == [f"value of {name}" for name in names]
    assert {code(one) for one in hasty} <= {None, "timeout", "busy"}  # who came late was answered after the pause
    assert sum(code(one) is not None for one in hasty) >= 50
    assert took < 3
    assert after == [f"value of {name}" for name in names[:5]]
    assert most <= 2
    assert left <= 2


async def test_a_write_that_was_given_up_is_not_sent_after_all(start_engine: Any, waited: Any) -> None:
    """The engine takes what fits into sockets; the rest goes with the connection, and so does the descriptor."""
    engine = start_engine()
    link = await open_link(Address(port=engine.port), Manner(client_name=NAME, most_reply_bytes=2**20))
    before = descriptors()
    engine.signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await link.exchange([(b"SET", b"large", b"x" * 48 * 2**20)])
    await asyncio.sleep(0)
    after = descriptors()
    engine.signal(signal.SIGCONT)
    with Redis.from_url(engine.url) as raw:
        waited(lambda: not ours(raw))
        assert not raw.exists("large")
    assert after == before - 1


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_an_engine_without_room_for_another_client_says_so(client_of: Clients, start_engine: Any) -> None:
    engine = start_engine("--maxclients", "8")
    async with client_of(engine.url) as client:
        with ExitStack() as crowd:
            for _ in range(8):
                crowd.enter_context(Redis.from_url(engine.url)).ping()
            full = await client.call("read_key", key="k")
        after = await client.call("read_key", key="k")
    assert full.error_code == "busy"
    assert "max number of clients" in full.text
    assert after.data["found"] is False


@each_era
async def test_a_waiting_call_whose_connection_is_killed_ends_alone(
    client_of: Clients, raw: Any, revision: str, until: Any
) -> None:
    raw.xadd("s", {"a": "1"})
    async with client_of(revision=revision, client_name=NAME) as client:
        waiting = [{"keys": ["s"], "new_only": True, "block_ms": 9000}] * 3
        async with all_begun(client, "stream_read", waiting) as killed:
            await until(lambda: sum("b" in one["flags"] for one in ours(raw)) == 3)
            raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        read = await client.call("stream_read", keys=["s"])
        await until(lambda: not any("b" in one["flags"] for one in ours(raw)))
    assert [code(one) for one in killed] == ["connection"] * 3
    assert len(read.data["entries"]) == 1


@each_era
async def test_who_finds_no_place_to_wait_in_waits_for_one(client_of: Clients, raw: Any, revision: str) -> None:
    """Ten wait at the same time; the eleventh waits for its turn, and is told when that does not come in time."""
    raw.xadd("s", {"a": "1"})
    waiting = {"keys": ["s"], "new_only": True}
    async with (
        client_of(revision=revision, client_name=NAME) as client,
        all_begun(client, "stream_read", [waiting | {"block_ms": 200}] * 20) as every,
    ):
        most = len(ours(raw))
    async with client_of(revision=revision, client_name=NAME, timeout=0.4) as client:
        start = time.monotonic()
        async with all_begun(client, "stream_read", [waiting | {"block_ms": 500}] * 20) as some:
            pass
        took = time.monotonic() - start
    assert 1 <= sum(code(one) is not None for one in some) <= 10
    assert {code(one) for one in some} <= {None, "busy", "timeout"}
    assert all(one["structuredContent"]["timed_out"] for one in every)
    assert took < 2
    assert most <= 22


async def test_an_engine_that_loads_is_busy_until_it_has(client_of: Clients, start_engine: Any, until: Any) -> None:
    engine = start_engine("--rdbcompression", "no")
    with Redis.from_url(engine.url) as raw:
        raw.mset({f"k{number}": "v" * 1000 for number in range(300)})
        raw.save()
    engine.stop()
    engine.options = ("--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024")
    async with client_of(f"{engine.url}/0", mode="read-write") as client, client_of(f"{engine.url}/1") as other:
        engine.start()
        change = {"key": "k", "value": "v"}
        async with (
            all_begun(other, "read_key", [{"key": "k1"}]) as selecting,
            all_begun(client, "set_value", [change]) as written,
            all_begun(client, "read_key", [{"key": "k1"}]) as loading,
        ):
            pass
        with Redis.from_url(engine.url) as raw:
            await until(lambda: not raw.info("persistence")["loading"])
        loaded = await client.call("read_key", key="k1")
    assert [code(one) for one in (*loading, *written, *selecting)] == ["busy"] * 3
    assert all("loading" in one["content"][0]["text"] for one in (*loading, *written, *selecting))
    assert loaded.data["value"] == "v" * 1000


async def test_a_restart_changes_the_password_forgets_scripts_or_makes_a_replica(
    client_of: Clients, start_engine: Any
) -> None:
    """What the server knew of the engine no longer holds; each call says what it meets, the next one meets it anew."""
    engine, other = start_engine(), start_engine()
    script = {"script": "return redis.call('INCR', KEYS[1])", "keys": ["n"], "read_only": False}

    def restart(*options: str) -> None:
        engine.stop()
        engine.options = options
        engine.start()

    async with client_of(engine.url, mode="admin") as client:
        assert (await client.call("run_script", **script)).data["reply"] == 1
        restart("--requirepass", "another")
        locked = await client.call("read_key", key="n")
        restart()
        script_again = await client.call("run_script", **script)
        restart("--replicaof", "127.0.0.1", str(other.port))
        read = await client.call("read_key", key="k")
        refused = await client.call("set_value", key="k", value="v")
        with Redis.from_url(engine.url) as raw:
            raw.execute_command("REPLICAOF", "NO", "ONE")
        written = await client.call("set_value", key="k", value="v")
    assert locked.error_code == "connection"
    assert "password" in locked.text
    assert script_again.data["reply"] == 1
    assert not read.is_error
    assert refused.error_code == "read_only"
    assert written.data["set"]


async def test_a_connection_forgotten_on_the_way_costs_a_second_at_most(
    client_of: Clients, monkeypatch: pytest.MonkeyPatch, peer_of: Any
) -> None:
    """Idle for long, then swallowed: it is asked first, and a new one opened; the others are not even asked."""
    monkeypatch.setattr("mcp_ref_redis.engine.pool._IDLE_SECONDS", 0)
    monkeypatch.setattr("mcp_ref_redis.engine.pool._PING_SECONDS", 0.2)
    deaf: list[int] = []

    async def sometimes(words: list[bytes], writer: asyncio.StreamWriter) -> None:
        if id(writer) in deaf:
            return
        answers = {b"TYPE": b"+none\r\n", b"PTTL": b":-2\r\n", b"PING": b"+PONG\r\n"}
        writer.write(answers.get(words[0], b"*0\r\n"))

    async with peer_of(sometimes) as peer, client_of(peer.url, timeout=5) as client:
        async with all_begun(client, "read_key", [{"key": "k"}] * 5):
            pass
        deaf += [id(writer) for writer in peer.writers]
        start = time.monotonic()
        found = await client.call("read_key", key="k")
        took = time.monotonic() - start
    assert found.data["found"] is False
    assert took < 1
