"""What raw commands may never do, in any mode: the gate is attacked by name, case, form and place."""

import itertools
from typing import Any

import pytest

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])

FORBIDDEN = [
    ["RESET"],
    ["HELLO", "3"],
    ["AUTH", "default", "x"],
    ["QUIT"],
    ["SELECT", "1"],
    ["MULTI"],
    ["EXEC"],
    ["DISCARD"],
    ["WATCH", "k"],
    ["CLIENT", "REPLY", "OFF"],
    ["CLIENT", "TRACKING", "ON"],
    ["CLIENT", "PAUSE", "10000"],
    ["CLIENT", "KILL", "ID", "1"],
    ["CLIENT", "UNBLOCK", "1"],
    ["CLIENT", "NO-EVICT", "ON"],
    ["CLIENT", "SETNAME", "x"],
    ["SUBSCRIBE", "c"],
    ["PSUBSCRIBE", "*"],
    ["SSUBSCRIBE", "c"],
    ["MONITOR"],
    ["SHUTDOWN", "NOSAVE"],
    ["DEBUG", "SLEEP", "1"],
    ["SAVE"],
    ["BGSAVE"],
    ["REPLICAOF", "127.0.0.1", "1"],
    ["SLAVEOF", "127.0.0.1", "1"],
    ["FAILOVER"],
    ["CLUSTER", "RESET"],
    ["CLUSTER", "MEET", "127.0.0.1", "1"],
    ["MODULE", "LOAD", "/srv/x.so"],
    ["ACL", "SETUSER", "x"],
    ["ACL", "LIST"],
    ["SYNC"],
    ["PSYNC", "?", "-1"],
    ["WAIT", "1", "1"],
    ["SCRIPT", "FLUSH"],
    ["FUNCTION", "FLUSH"],
    ["EVAL", "return 1", "0"],
    ["EVAL_RO", "return 1", "0"],
    ["EVALSHA", "x", "0"],
    ["FCALL", "f", "0"],
    ["FLUSHALL"],
    ["SWAPDB", "0", "1"],
    ["MIGRATE", "127.0.0.1", "1", "k", "0", "1"],
    ["RESTORE", "k", "0", "x"],
    ["KEYS", "*"],
    ["MOVE", "k", "1"],
    ["LCS", "a", "b"],
    ["SORT", "k", "BY", "other_*", "STORE", "d"],
    ["CONFIG", "SET", "dir", "/srv"],
    ["CONFIG", "REWRITE"],
    ["BLPOP", "k", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"],
]


def spelled(words: list[str]) -> list[list[str]]:
    """The same in other cases."""
    return [words, [word.lower() for word in words], [_mixed(word) for word in words]]


def _mixed(word: str) -> str:
    return "".join(letter.upper() if at % 2 else letter.lower() for at, letter in enumerate(word))


@pytest.mark.parametrize("mode", ["read-only", "read-write", "admin"])
async def test_redis_forbidden_commands(client_of: Clients, raw: Any, sent: Any, mode: str) -> None:
    """R1. CVE-2025-49844, CVE-2026-23479, CVE-2022-36021: scripts, blocking and patterns are where engines broke."""
    raw.set("canary", "alive")
    async with client_of(
        mode=mode, allow_commands=[words[0].lower() for words in FORBIDDEN if words[0] in NEVER]
    ) as client:
        await client.call("command", args=["PING"])
        before = sent()
        for words in itertools.chain.from_iterable(map(spelled, FORBIDDEN)):
            result = await client.call("command", args=words)
            piped = await client.call("pipeline", commands=[["GET", "canary"], words])
            assert result.error_code in {"permission", "read_only", "not_found"}, words
            assert piped.error_code in {"permission", "read_only", "not_found"}, words
        assert sent() == before
        alive = await client.call("command", args=["GET", "canary"])
    assert alive.data["reply"] == "alive"


# What the operator's own list cannot allow.
NEVER = {
    "RESET",
    "HELLO",
    "AUTH",
    "SELECT",
    "MULTI",
    "SHUTDOWN",
    "DEBUG",
    "MONITOR",
    "MODULE",
    "EVAL",
    "SYNC",
    "REPLICAOF",
}


@each_era
@pytest.mark.parametrize(
    "words",
    [
        ["SET", "k", "v"],
        ["DEL", "canary"],
        ["GETEX", "canary", "PERSIST"],
        ["GETDEL", "canary"],
        ["INCR", "k"],
        ["PFADD", "k", "x"],
        ["PFCOUNT", "k"],
        ["TOUCH", "k"],
        ["EXPIRE", "canary", "1"],
        ["GEORADIUS", "k", "1", "2", "3", "m", "STORE", "d"],
        ["XADD", "s", "*", "a", "1"],
        ["BITFIELD", "k", "SET", "u8", "0", "1"],
        ["CONFIG", "GET", "*"],
        ["INFO"],
        ["CLIENT", "LIST"],
        ["PUBLISH", "c", "m"],
    ],
)
async def test_read_only_mode_changes_nothing(
    client_of: Clients, raw: Any, sent: Any, revision: str, words: list[str]
) -> None:
    """R1."""
    raw.set("canary", "alive")
    async with client_of(revision=revision) as client:
        await client.call("command", args=["PING"])
        before = sent()
        for form in spelled(words):
            result = await client.call("command", args=form)
            assert result.error_code in {"permission", "read_only"}
        assert sent() == before


async def test_pfcount_would_change_the_value(raw: Any) -> None:
    """Why a flag `readonly` is not believed: the bytes differ after PFCOUNT."""
    raw.pfadd("k", *range(10))
    raw.pfadd("k", "more")
    before = raw.get("k")
    raw.pfcount("k")
    assert raw.get("k") != before


@pytest.mark.parametrize(
    "words",
    [
        ["GET canary\r\nFLUSHALL"],
        ["GET\r\nFLUSHALL", "canary"],
        ["*1\r\n$8\r\nFLUSHALL\r\n"],
        ["GET", "canary\r\nFLUSHALL\r\n"],
        ["GET|FLUSHALL", "canary"],
        ["FLUSHALL\0"],
        [" FLUSHALL"],
        ["FLUSHALL "],
        ["\uff46lushall"],
        [""],
        [{"$base64": "RkxVU0hBTEw="}],
        [{"$base64": "/0ZMVVNIQUxM"}],
    ],
)
async def test_a_name_is_one_whole_word(client_of: Clients, raw: Any, words: list[Any], sent: Any) -> None:
    raw.set("canary", "alive")
    async with client_of(mode="admin") as client:
        await client.call("command", args=words)
    assert raw.get("canary") == b"alive"
    assert "flushall" not in sent()


@pytest.mark.parametrize("value", ["\r\nFLUSHALL\r\n", "\0", "", "*3\r\n$3\r\nSET\r\n", "$-1\r\n"])
async def test_values_are_data_and_come_back_as_they_were(client_of: Clients, raw: Any, value: str) -> None:
    """R15."""
    async with client_of(mode="read-write") as client:
        await client.call("set_value", key=f"k{value}", value=value)
        read = await client.call("read_key", key=f"k{value}")
        many = await client.call("read_keys", keys=[f"k{value}"])
        field = await client.call("update_key", key="h", type="hash", op="set", fields={value: value})
        command = await client.call("command", args=["GET", f"k{value}"])
    assert not field.is_error
    assert read.data["value"] == many.data["items"][0]["value"] == command.data["reply"] == value
    assert raw.get(f"k{value}") == value.encode()
    assert raw.hgetall("h") == {value.encode(): value.encode()}


async def test_typed_tools_have_no_way_to_another_command(client_of: Clients, raw: Any, sent: Any) -> None:
    """Words of options are the table's; a caller's are keys, values and numbers."""
    async with client_of(mode="read-write") as client:
        await client.call("set_value", key="FLUSHALL", value="EX")
        await client.call("update_key", key="NX", type="zset", op="add", items=[{"member": "XX", "score": 1}])
        await client.call("update_key", key="l", type="list", op="push_left", items=["LEFT", "COUNT", "KEEPTTL"])
        await client.call("stream_read", keys=["STREAMS"], block_ms=1)
        await client.call("scan_keys", pattern="COUNT")
    assert raw.zrange("NX", 0, -1) == [b"XX"]
    assert raw.get("FLUSHALL") == b"EX"
    assert "flushall" not in sent()


async def test_a_limited_user_stays_limited(client_of: Clients, raw: Any) -> None:
    """RESET makes `default` of a limited user on a pooled connection: it never leaves this server."""
    raw.execute_command("ACL", "SETUSER", "narrow", "on", ">secret", "~app:*", "+@read", "+command", "+ping")
    raw.set("app:k", "v")
    try:
        async with client_of(client_of.url.replace("redis://", "redis://narrow:secret@"), mode="admin") as client:
            await client.call("command", args=["GET", "app:k"])
            await client.call("command", args=["RESET"])
            foreign = await client.call("read_key", key="other")
            written = await client.call("set_value", key="app:k", value="x")
            info = await client.call("server_info")
    finally:
        raw.execute_command("ACL", "DELUSER", "narrow")
    assert (foreign.error_code, written.error_code) == ("permission", "permission")
    assert info.data.get("user") != "default"


@each_era
async def test_a_user_with_few_rights_can_work(client_of: Clients, raw: Any, revision: str) -> None:
    """R13: `+@read ~app:*`: CONFIG, CLIENT, ACL, COMMAND and INFO are forbidden, and the server runs."""
    raw.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~app:*", "resetchannels", "-@all", "+@read")
    raw.set("app:k", "v")
    raw.set("other", "v")
    try:
        address = client_of.url.replace("redis://", "redis://reader:secret@")
        async with client_of(address, mode="read-write", revision=revision) as client:
            read = await client.call("read_key", key="app:k")
            foreign = await client.call("read_key", key="other")
            write = await client.call("set_value", key="app:k", value="x")
            raw_command = await client.call("command", args=["GET", "app:k"])
            info = await client.call("server_info")
            health = await client.call("check_health")
            scan = await client.call("scan_keys")
    finally:
        raw.execute_command("ACL", "DELUSER", "reader")
    assert read.data["value"] == "v"
    for refused in (foreign, write, raw_command):
        assert refused.error_code == "permission"
        assert "NOPERM" in refused.text
    assert not info.is_error
    assert info.data["refused"]
    skipped = [check["status"] for check in health.data["checks"]].count("skipped")
    assert skipped >= 9
    assert not scan.is_error
    assert raw.get("app:k") == b"v"
