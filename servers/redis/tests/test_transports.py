"""The same answers on stdio and HTTP, in both eras, from real processes: acceptance cases once more, side by side."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from urllib.parse import quote, urlsplit

import msgspec
import pytest
import redis

from mcp_protocol.client import Client, Command

Redis: Any = redis.Redis  # whose types are partly unknown
LEGACY, MODERN = "2025-11-25", "2026-07-28"
USER_KEYS = 50_000
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
async def reached(transport: str, revision: str, *arguments: str, **variables: str) -> AsyncGenerator[Client]:
    command = [sys.executable, "-m", "mcp_ref_redis", *arguments, "--toolsets", "all"]
    environment = os.environ | variables
    if transport == "stdio":
        async with Client(Command(command, env=environment, stderr="keep"), revision=revision) as client:
            yield client
        return
    process = await asyncio.create_subprocess_exec(
        *command, "--transport", "http", "--port", "0", env=environment, stderr=asyncio.subprocess.PIPE
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


# What the argument is stronger than.
NOBODY = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}


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
    """DB11, and R1 to R12, R14 to R16, DB3, DB7, DB12 on both transports in both eras; R8: a flag wins."""
    seen: list[list[Any]] = []
    for way in WAYS:
        refilled(database)
        before = changing(database)
        async with reached(*way, database, "--mode", "read-only", **NOBODY) as client:
            found = await outcomes(client, READING)
        assert changing(database) == before
        async with reached(*way, database, "--mode", "read-write", "--key-prefix", "app:") as client:
            found += await outcomes(client, JAILED)
        async with reached(*way, database, "--mode", "read-write") as client:
            found += await outcomes(client, WRITING)
        seen.append(found)
    for other in seen[1:]:
        for one, same in zip(seen[0], other, strict=True):
            assert one == same


async def test_a_change_by_somebody_else_is_told_in_every_way(database: str) -> None:
    """R17, without keyspace events: who listens to a key is told."""
    refilled(database)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(reached(*way, database)) for way in WAYS]
        heard = [await stack.enter_async_context(client.listen(uris=["redis://7/key/user:5"])) for client in servers]
        with Redis.from_url(database) as raw:
            raw.set("user:5", "another")
        async with asyncio.timeout(5):
            for changes in heard:
                assert (await anext(changes)).uri == "redis://7/key/user:5"


@pytest.fixture
def narrow(engine_url: str) -> Generator[str]:
    """A user who may only read, and only keys of `app:`; its password needs percents in a URL."""
    with Redis.from_url(engine_url) as raw:
        raw.execute_command("ACL", "SETUSER", "reader", "on", f">{PASSWORD}", "~app:*", "-@all", "+@read")
        yield PASSWORD
        raw.execute_command("ACL", "DELUSER", "reader")


PASSWORD = "p@ss/w:rd%?#"  # noqa: S105  of a test


@pytest.mark.parametrize("way", WAYS)
async def test_variables_lead_to_the_database(way: tuple[str, str], crowd: str) -> None:
    """R8, R18: no URL, and a placeholder for one; what is cancelled half-way answers nothing and spoils nothing."""
    place = urlsplit(crowd)
    variables = {"REDIS_URL": "${REDIS_URL}", "REDIS_HOST": str(place.hostname), "REDIS_PORT": str(place.port)}
    async with reached(*way, "--pool", "1", **variables, REDIS_DB="5") as client:
        begun = asyncio.Event()
        call = client.call_tool("analyze_keyspace", {"sample": USER_KEYS}, on_progress=lambda _: begun.set())
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            analysis = group.create_task(call)
            await begun.wait()
            analysis.cancel()
        assert analysis.cancelled()
        after = await asyncio.gather(*[client.call_tool("read_key", {"key": f"user:{n}"}) for n in range(5)])
    values = [data["value"] for result in after if (data := result.structured_content)]
    assert values == [f"name {n}" for n in range(5)]


@pytest.mark.parametrize("way", WAYS)
async def test_a_user_with_few_rights_gets_a_server_that_runs(way: tuple[str, str], url: str, narrow: str) -> None:
    """R8, R13: percent-encoded in the URL; CONFIG, ACL, COMMAND and INFO are forbidden, and say so."""
    with Redis.from_url(url) as raw:
        raw.mset({"app:1": "mine", "user:1": "foreign"})
    address = url.replace("//", f"//reader:{quote(narrow, safe='')}@")
    calls: list[Call] = [
        ("read_key", {"key": "app:1"}, None),
        ("read_key", {"key": "user:1"}, "permission"),
        ("set_value", {"key": "app:1", "value": "x"}, "permission"),
        ("command", {"args": ["GET", "app:1"]}, "permission"),
        ("scan_keys", {}, None),
        ("server_info", {}, None),
        ("check_health", {}, None),
    ]
    async with reached(*way, address, "--mode", "read-write") as client:
        await outcomes(client, calls)
        refusal = await client.call_tool("set_value", {"key": "app:1", "value": "x"})
    assert "NOPERM" in str(refusal.content)
    assert narrow not in str(refusal.content)


@pytest.mark.parametrize("way", WAYS)
async def test_what_json_cannot_hold_is_said_in_it(way: tuple[str, str], database: str) -> None:
    """DB4: infinities, numbers beyond 2**53, bytes, nothing; a strict parser reads it."""
    with Redis.from_url(database) as raw:
        raw.flushdb()
        raw.zadd("z", {"low": "-inf", "mid": 2**60, "high": "inf"})
        raw.hset("h", mapping={"big": 2**63 - 1, b"\xff": b"\xfe", "nan": "nan"})
        raw.set("n", 2**63 - 1)
    async with reached(*way, database) as client:
        scores = await client.call_tool("read_key", {"key": "z"})
        fields = await client.call_tool("read_key", {"key": "h", "fields": ["big", "none", "nan"]})
        raw_reply = await client.call_tool("pipeline", {"commands": [["ZSCORE", "z", "high"], ["GET", "gone"]]})
    for result in (scores, fields, raw_reply):
        block: Any = result.content[0]
        assert msgspec.json.decode(block.text) == result.structured_content
    assert [one["score"] for one in members(scores, "members")] == ["-Infinity", float(2**60), "Infinity"]
    assert [one["value"] for one in members(fields, "entries")] == [str(2**63 - 1), None, "nan"]
    assert members(raw_reply, "replies") == [{"ok": "Infinity"}, {"ok": None}]


def members(result: Any, name: str) -> Any:
    return result.structured_content[name]
