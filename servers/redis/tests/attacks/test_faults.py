"""The engine is away, stands still, is full, or ends in the middle: a clear error, then everything as before."""

import asyncio
import gc
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
# Also on a machine that does other things; on an idle one it is half of it.
MOST_STEP = 0.05
FDS = Path("/proc/self/fd")
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_era
async def test_an_engine_that_comes_up_later_is_found(client_of: Clients, start_engine: Any, revision: str) -> None:
    """DB8."""
    engine = start_engine()
    engine.stop()
    async with client_of(engine.url, revision=revision) as client:
        assert await client.list("tools")
        down = await client.call("read_key", key="k")
        engine.start()
        up = await client.call("read_key", key="k")
    assert down.error_code == "connection"
    assert down.raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert str(engine.port) not in down.text
    assert up.data["found"] is False


async def test_a_restart_in_between_is_not_noticed_by_readers(client_of: Clients, start_engine: Any) -> None:
    """A read on a connection that died while idle is repeated once; a command table is asked for anew."""
    engine = start_engine()
    async with client_of(engine.url, mode="read-write") as client:
        await client.call("set_value", key="k", value="v")
        await client.call("command", args=["PING"])
        engine.stop()
        engine.start()
        read = await client.call("read_key", key="k")
        command = await client.call("command", args=["SET", "k", "again"])
    assert read.data["found"] is False
    assert command.data["reply"] == "OK"


async def test_a_write_is_never_repeated(client_of: Clients, start_engine: Any) -> None:
    """The connection breaks after the engine has the command: the caller is told that nobody knows."""
    engine = start_engine()
    with Redis.from_url(engine.url) as raw:
        raw.set("n", 0)
        async with client_of(engine.url, mode="read-write", timeout=5) as client:
            await client.call("key_info", key="n")
            engine.signal(signal.SIGSTOP)
            request = await client.peer.begin(
                "tools/call", {"name": "update_key", "arguments": {"key": "n", "type": "counter", "op": "increment"}}
            )
            await asyncio.sleep(0.1)  # it is on its way, and nothing can say so
            engine.stop()
            reply = (await client.peer.reply(request))["result"]
    assert reply["_meta"]["mcp-ref/error"]["code"] == "connection"
    assert reply["_meta"]["mcp-ref/error"]["retryable"] is False
    assert "not known" in reply["content"][0]["text"]


async def test_an_engine_that_stands_still_costs_one_deadline(client_of: Clients, start_engine: Any) -> None:
    """Others are answered meanwhile, and afterwards no reply is another's."""
    engine = start_engine()
    with Redis.from_url(engine.url) as raw:
        raw.mset({"a": "1", "b": "2"})
    async with client_of(engine.url, timeout=0.5) as client:
        await client.call("read_key", key="a")
        engine.signal(signal.SIGSTOP)
        start = time.monotonic()
        stalled = await client.call("read_key", key="a")
        took = time.monotonic() - start
        assert await client.list("tools")
        engine.signal(signal.SIGCONT)
        values = [(await client.call("read_key", key=key)).data["value"] for key in ("b", "a", "b")]
    assert stalled.error_code == "timeout"
    assert "--timeout" in stalled.text
    assert "timeout_s" not in stalled.text
    assert took < 2
    assert values == ["2", "1", "2"]


async def test_an_engine_that_is_full_says_so(client_of: Clients, start_engine: Any) -> None:
    engine = start_engine("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    async with client_of(engine.url, mode="read-write", max_value_bytes=4 * 2**20) as client:
        results = [await client.call("set_value", key=f"k{n}", value="x" * 500_000) for n in range(10)]
        read = await client.call("read_key", key="k0", count=1)
        gone = await client.call("delete_keys", keys=[f"k{n}" for n in range(10)])
        again = await client.call("set_value", key="k", value="small")
        health = await client.call("check_health")
    refused = [result for result in results if result.is_error]
    assert refused
    assert {result.error_code for result in refused} == {"too_large"}
    assert all(result.raw["_meta"]["mcp-ref/error"]["engine_code"] == "OOM" for result in refused)
    assert read.data["value"] == "x" * 1024
    assert gone.data["deleted"] >= 1
    assert again.data["set"]
    assert not health.is_error


async def test_a_connection_that_is_killed_is_replaced(client_of: Clients, raw: Any) -> None:
    raw.set("k", "v")
    async with client_of() as client:
        for _ in range(3):
            assert (await client.call("read_key", key="k")).data["value"] == "v"
            raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


@each_era
async def test_listeners_hear_that_something_may_have_been_missed(
    client_of: Clients, start_engine: Any, revision: str
) -> None:
    engine = start_engine("--notify-keyspace-events", "KA")
    uri = "redis://0/key/k"
    request = None
    async with client_of(engine.url, revision=revision) as client:
        if revision == "2025-11-25":
            await client.request("resources/subscribe", {"uri": uri})
        else:
            wanted = {"notifications": {"resourceSubscriptions": [uri]}}
            request = await client.peer.begin("subscriptions/listen", wanted)
            await client.peer.notification("notifications/subscriptions/acknowledged")
        await client.call("key_info", key="k")
        engine.stop()
        engine.start()
        note = await client.peer.notification("notifications/resources/updated")
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": request}}
        await client.peer.send({"jsonrpc": "2.0", **cancelled})
    assert note["params"]["uri"] == uri


async def test_thousands_of_calls_leave_nothing_behind(client_of: Clients, raw: Any) -> None:
    """DB13, some thousands of it: connections, descriptors and memory are as before."""
    raw.hset("h", mapping={f"f{number}": "v" * 20 for number in range(50)})
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_key", {"key": "h"}),
        ("read_keys", {"keys": ["h", "zz"]}),
        ("scan_keys", {}),
        ("key_info", {"key": "h"}),
        ("command", {"args": ["LLEN", "h"]}),
        ("read_key", {"key": "h", "count": 5}),
    ]

    async def rounds(count: int) -> None:
        for number in range(count):
            tool, arguments = calls[number % len(calls)]
            await client.call(tool, **arguments)

    async with client_of() as client:
        await rounds(300)
        gc.collect()  # what earlier tests of this process have left would go meanwhile
        before = (_rss(), _descriptors(), len(raw.client_list()), len(asyncio.all_tasks()))
        await rounds(1500)
        after = (_rss(), _descriptors(), len(raw.client_list()), len(asyncio.all_tasks()))
    assert after[1:] == before[1:]
    assert after[0] - before[0] < 3 * 2**20


def _descriptors() -> int:
    return len(list(FDS.iterdir()))


def _rss() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123  one short line
        return int(statm.read().split()[1]) * resource.getpagesize()


async def test_the_event_loop_is_never_held_up(client_of: Clients, crowd: str) -> None:
    """The largest pages, while a clock ticks beside them: no step takes more of the processor between two ticks."""
    steps: list[float] = []

    async def tick() -> None:
        while True:
            start = time.thread_time()
            await asyncio.sleep(0.001)
            steps.append(time.thread_time() - start)

    async with client_of(crowd, max_output_chars=4 * 2**20) as client, asyncio.TaskGroup() as group:
        await client.call("scan_keys", limit=10)
        gc.freeze()  # what earlier tests left is not walked through in a step of ours
        ticking = group.create_task(tick())
        await client.call("scan_keys", limit=10_000)
        await client.call("analyze_keyspace", sample=20_000)
        await client.call("command", args=["PING"])
        ticking.cancel()
        gc.unfreeze()
    assert max(steps) < MOST_STEP
