"""The same answers on stdio and HTTP, in both eras, from real processes: acceptance cases once more, side by side."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
import redis

from mcp_protocol.client import Client, Command

Redis: Any = redis.Redis  # whose types are partly unknown
LEGACY, MODERN = "2025-11-25", "2026-07-28"
WAYS = [(transport, revision) for transport in ("stdio", "http") for revision in (LEGACY, MODERN)]
# What differs from run to run.
VOLATILE = frozenset({"ttl_ms", "idle_s", "freq", "next_cursor", "elapsed_ms"})
ODD = "a\r\nFLUSHALL\r\n\0é"

Call = tuple[str, dict[str, Any], str | None]
"""A tool, its arguments, and the code of its refusal, if it is one."""


def commands(code: str, *lines: str) -> list[Call]:
    """The same refusal for each of these raw commands."""
    return [("command", {"args": line.split()}, code) for line in lines]


READING: list[Call] = [
    *commands("read_only", "SET k v", "del k", "GetEx k", "PFCOUNT k"),  # R1, R2
    *commands(
        "permission",
        "SELECT 1",
        "MULTI",
        "SUBSCRIBE c",
        "RESET",
        "hello 3",
        "AUTH p",
        "EVAL x 0",
        "SHUTDOWN",
        "FLUSHALL",
    ),
    *commands("permission", "CONFIG SET maxmemory 1", "DEBUG SLEEP 0", "KEYS *", "SORT_RO list"),
    *commands("permission", "XREAD BLOCK 10 STREAMS stream 0"),
    ("command", {"args": ["XINFO", "STREAM", "stream"]}, None),  # R3
    ("command", {"args": ["OBJECT", "ENCODING", "list"]}, None),
    ("command", {"args": ["SCAN", "0", "MATCH", "emoji"]}, None),
    ("command", {"args": ["GETT", "k"]}, "not_found"),
    ("scan_keys", {"pattern": "*s*", "details": ["type", "encoding"]}, None),  # R4
    *[("read_key", {"key": key}, None) for key in ("emoji", "hash", "list", "set", "zset", "stream", "gone")],  # R5
    ("read_key", {"key": {"$base64": "YmluOv8="}}, None),  # R6
    ("read_key", {"key": "emoji", "count": 0}, "invalid_argument"),  # DB3
    ("read_key", {"key": "emoji", "cursor": "x"}, "invalid_argument"),  # DB7
    ("read_keys", {"keys": ["emoji", "hash", "gone"]}, None),
    ("key_info", {"key": "list"}, None),
    ("pipeline", {"commands": [["GET", "emoji"], ["SET", "k", "v"]]}, "read_only"),  # R10
    ("search", {"index": "i"}, "unsupported"),  # R14
    ("time_series", {"keys": ["t"]}, "unsupported"),
    ("analyze_keyspace", {"pattern": "hash"}, None),
]
WRITING: list[Call] = [
    ("set_value", {"key": ODD, "value": ODD}, None),  # R15
    ("read_key", {"key": ODD}, None),
    ("set_value", {"key": "emoji", "value": "x", "condition": "nx"}, None),  # R11
    ("set_value", {"key": "n", "value": "x", "ttl_s": 10}, None),
    ("set_value", {"key": "n", "value": "x", "ttl_s": 10, "keep_ttl": True}, "invalid_argument"),
    ("pipeline", {"commands": [["SET", "p", "1"], ["LPUSH", "p", "x"]]}, None),  # R10
    ("pipeline", {"commands": [["SET", "q", "1"], ["SHUTDOWN"]]}, "permission"),
    ("command", {"args": ["EXISTS", "q"]}, None),
    ("update_key", {"key": "emoji", "type": "list", "op": "push_left", "items": ["x"]}, "conflict"),  # R7, R16
    ("update_key", {"key": "hash", "type": "hash", "op": "increment", "items": ["a"], "amount": 2}, None),
    ("update_key", {"key": "zset", "type": "zset", "op": "add", "items": [{"member": "mid", "score": 1.5}]}, None),
    ("stream_write", {"key": "stream", "entries": [{"fields": {"n": "4"}, "id": "9-0"}]}, None),
    ("stream_read", {"keys": ["stream"]}, None),
    ("stream_groups", {"key": "stream", "action": "create", "group": "g"}, None),
    ("delete_keys", {"pattern": "user:1*"}, None),  # R12, DB12
    ("delete_keys", {"pattern": "user:1*", "dry_run": False, "confirm": "3"}, "confirm_required"),
    ("delete_keys", {"pattern": "user:1*", "dry_run": False, "confirm": "11"}, None),
    ("expire_keys", {"keys": ["n", "gone"], "persist": True}, None),
    ("rename_key", {"key": "n", "new_key": "emoji"}, None),
]
JAILED: list[Call] = [
    ("read_key", {"key": "user:1"}, "permission"),  # R9
    ("command", {"args": ["MGET", "app:1", "user:1"]}, "permission"),
    ("command", {"args": ["DBSIZE"]}, "permission"),
    ("pipeline", {"commands": [["GET", "app:1"], ["GET", "user:1"]]}, "permission"),
    ("scan_keys", {}, None),
    ("read_key", {"key": "app:1"}, None),
]


@asynccontextmanager
async def reached(transport: str, revision: str, *arguments: str) -> AsyncGenerator[Client]:
    command = [sys.executable, "-m", "mcp_ref_redis", *arguments, "--toolsets", "all"]
    if transport == "stdio":
        async with Client(Command(command, stderr="keep"), revision=revision) as client:
            yield client
        return
    process = await asyncio.create_subprocess_exec(
        *command, "--transport", "http", "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr
        async with asyncio.timeout(20):
            while not (found := re.search(rb"listening on (http://\S+)", await process.stderr.readline())):
                pass
        async with Client(found[1].decode(), revision=revision) as client:
            yield client
    finally:
        process.terminate()
        await process.communicate()


def steady(data: Any) -> Any:
    """The data without what differs from run to run: some facts, and the order in which an engine finds its keys."""
    if isinstance(data, dict):
        members = cast("dict[str, Any]", data)
        return {name: steady(value) for name, value in members.items() if name not in VOLATILE}
    if isinstance(data, list):
        return sorted((steady(value) for value in cast("list[Any]", data)), key=repr_of)
    return data


def repr_of(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


async def outcomes(client: Client, calls: list[Call]) -> list[Any]:
    found: list[Any] = []
    for tool, given, code in calls:
        result = await client.call_tool(tool, given)
        facts = (result.meta or {}).get("mcp-ref/error", {})
        assert facts.get("code") == code, (tool, given, result)
        found.append((tool, given, code or steady(msgspec.to_builtins(result.structured_content))))
    return found


@pytest.fixture
def database(engine_url: str) -> str:
    """Database 7, which nothing else uses."""
    return f"{engine_url}/7"


def refilled(url: str) -> None:
    with Redis.from_url(url) as raw:
        raw.flushdb()
        raw.mset({f"user:{number}": f"name {number}" for number in range(20)} | {"app:1": "mine"})
        raw.set(b"bin:\xff", b"\xff\xfe\x00")
        raw.mset({"emoji": "grüße 🎉"})
        raw.hset("hash", mapping={"a": "1", "b": "two"})
        raw.rpush("list", "item 0", "item 1")
        raw.sadd("set", "x")
        raw.zadd("zset", {"low": 1, "high": 2.5})
        raw.xadd("stream", {"n": "1"}, id="1-0")


def changing(url: str) -> int:
    """How many commands that change something have reached the engine."""
    with Redis.from_url(url) as raw:
        stats: dict[str, Any] = raw.info("commandstats")
    names = ("set", "del", "getex", "flushall", "config|set", "lpush", "unlink", "select")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names if name != "select")


async def test_every_way_gives_the_same_answers(database: str) -> None:
    """DB11, and R1 to R7, R9 to R12, R14 to R17, DB3, DB7, DB12 on both transports in both eras."""
    seen: list[list[Any]] = []
    for way in WAYS:
        refilled(database)
        before = changing(database)
        async with reached(*way, database, "--mode", "read-only") as client:
            found = await outcomes(client, READING)
        assert changing(database) == before
        async with reached(*way, database, "--mode", "read-write", "--key-prefix", "app:") as client:
            found += await outcomes(client, JAILED)
        async with reached(*way, database, "--mode", "read-write") as client:
            found += await outcomes(client, WRITING)
            await a_change_by_somebody_else(client, database)
        seen.append(found)
    for other in seen[1:]:
        for one, same in zip(seen[0], other, strict=True):
            assert one == same


async def a_change_by_somebody_else(client: Client, url: str) -> None:
    """R17, without keyspace events: who listens to a key is told."""
    async with client.listen(uris=["redis://7/key/user:5"]) as changes:
        with Redis.from_url(url) as raw:
            raw.set("user:5", "another")
        async with asyncio.timeout(5):
            assert (await anext(changes)).uri == "redis://7/key/user:5"
