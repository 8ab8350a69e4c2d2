"""Every command that an engine has, in many shapes: reading changes nothing, and no way leads out of the jail."""

import itertools
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
KINDS: dict[str, list[str]] = {
    "str": ["SET", "{}", "x"],
    "num": ["SET", "{}", "1"],
    "hll": ["PFADD", "{}", "a", "b"],
    "list": ["RPUSH", "{}", "x", "b"],
    "hash": ["HSET", "{}", "a", "x", "1", "1"],
    "set": ["SADD", "{}", "x", "1"],
    "zset": ["ZADD", "{}", "1", "x", "2", "b"],
    "geo": ["GEOADD", "{}", "13.361389", "38.115556", "x"],
    "stream": ["XADD", "{}", "1-1", "a", "x"],
}
READING = [
    "{k}",
    "{k} 1",
    "{k} 0 -1",
    "{k} - +",
    "{k} a 1",
    "{k} 1 1 1",
    "1 {k}",
    "{k} COUNT 1",
    "{k} 1 2 3 m STORE d",
    "AND d {k}",
    "STREAMS {k} 0",
    "{k} SET u8 0 255",
    "",
]
REFUSED = {"flushall", "script|kill", "function|load", "module|loadex", "acl|setuser", "client|kill", "psync"}
# What this server itself asks: its table, and who it is.
EXPECTED = {"command", "hello", "client|setname", "client|setinfo", "auth", "select", "info"}
# One key of mine and one of others, wherever a command may look for keys; of most, the first few places are all.
PLAIN = ["{f}", "{m} {f}", "{f} {m}", "{m} {m} {f}", "{m} 1 {f}"]
MOVABLE = [
    "1 {f}",
    "2 {m} {f}",
    "x 2 {m} {f}",
    "{m} 2 {m} {f}",
    "{m} 1 2 3 m STORE {f}",
    "{m} 1 2 3 m STOREDIST {f}",
    "{m} STORE {f}",
    "{m} STORE {m} STORE {f}",
    "{m} BY {f} GET {f}",
    "{m} GET user:*",
    "STREAMS {f} 0",
    "STREAMS {m} {f} 0 0",
    "COUNT STREAMS STREAMS {m} {f} 0 0",
    "GROUP g STREAMS STREAMS {m} {f} > >",
    "0 2 {m} {f} LEFT",
    "2 {m} x {f} y",
    "127.0.0.1 1 {m} 0 1 KEYS {f}",
    "127.0.0.1 1 {f} 0 1",
]


@pytest.fixture(params=["engine_url", "modules_url", "newest_url"])
def each_engine(request: pytest.FixtureRequest) -> Generator[str]:
    """Valkey, Redis Stack and Redis 8, each with a key of every kind, inside and outside of the prefix `app:`."""
    found = f"{request.getfixturevalue(request.param)}/6"
    with Redis.from_url(found) as raw:
        raw.flushdb()
        for kind, words in KINDS.items():
            for prefix in ("app", "user"):
                raw.execute_command(*[word.format(f"{prefix}:{kind}") for word in words])
        for prefix in ("app", "user"):
            with suppress(redis.ResponseError):
                raw.execute_command("JSON.SET", f"{prefix}:json", "$", '{"a":1}')
                raw.execute_command("TS.ADD", f"{prefix}:ts", "1", "1")
                raw.execute_command("BF.ADD", f"{prefix}:bf", "x")
            with suppress(redis.ResponseError):
                raw.execute_command("VADD", f"{prefix}:v", "VALUES", "2", "1", "1", "a", "SETATTR", '{"a":1}')
    yield found
    with Redis.from_url(found) as raw:
        raw.flushdb()


def names_of(url: str) -> tuple[list[list[str]], list[list[str]]]:
    """All commands and sub-commands as words, and those of them whose keys are not where their table says."""
    with Redis.from_url(url, decode_responses=True) as raw:
        listed: list[str] = raw.command_list()
        facts: dict[str, Any] = raw.command()
    movable = {name for name, fact in facts.items() if "movablekeys" in fact["flags"]} | {"msetex", "bitop"}
    return sorted(name.split("|") for name in listed), sorted([name] for name in movable & set(listed))


def vectors(names: list[list[str]], shapes: list[str], **places: str) -> Iterator[list[str]]:
    for name, shape in itertools.product(names, shapes):
        yield [*name, *shape.format(**places).split()]


def state(url: str, *, prefix: str = "") -> dict[str, Any]:
    """All that may not change: every key byte for byte, its lifetime, the configuration, users, functions, indexes."""
    with Redis.from_url(url) as raw:
        found = {"keys": {key: (raw.dump(key), raw.pttl(key)) for key in sorted(raw.keys(f"{prefix}*"))}}
        found |= {"config": raw.config_get("*"), "users": raw.acl_list(), "functions": raw.function_list()}
        with suppress(redis.ResponseError):
            found["indexes"] = raw.execute_command("FT._LIST")
    return found


async def test_what_read_only_mode_lets_through_changes_no_byte(client_of: Clients, each_engine: str) -> None:
    """R1, R3: a flag `readonly` is not believed, it is tried: each command that passes, on each kind of value."""
    before = state(each_engine)
    kinds = [key.decode() for key in before["keys"] if key.startswith(b"app:")]
    done = 0
    async with client_of(each_engine, max_reply_bytes=2**24) as client:
        allowed = [name for name in names_of(each_engine)[0] if await reaches(client, [*name, "app:str"])]
        for kind in kinds:
            asked = list(vectors(allowed, READING, k=kind))
            for start in range(0, len(asked), 500):
                replies = (await client.call("pipeline", commands=asked[start : start + 500])).data["replies"]
                done += sum("ok" in reply for reply in replies)
    assert len(allowed) > 60
    assert done > 500
    assert state(each_engine) == before


@pytest.mark.parametrize("mode", ["read-only", "admin"])
async def test_what_is_refused_never_reaches_the_engine(client_of: Clients, each_engine: str, mode: str) -> None:
    """R1, R2: by INFO commandstats; in small letters, as `config|set`, `config   set` and `"config set"`, too."""
    refused: set[str] = set()
    names = names_of(each_engine)[0]
    with Redis.from_url(each_engine, decode_responses=True) as raw:
        before = calls(raw)
        async with client_of(each_engine, mode=mode) as client:
            for name in names:
                if not await reaches(client, [*name, "app:str", "1"]):
                    refused.add("|".join(name))
                for joint in ("|", " ", "   ", "\r\n", "\0"):
                    assert len(name) == 1 or not await reaches(client, [joint.join(name).upper(), "app:str", "1"])
        after = calls(raw)
    assert refused >= REFUSED
    assert {name for name in refused if after.get(name) != before.get(name)} <= EXPECTED


def calls(raw: Any) -> dict[str, int]:
    """How often each command has run or was refused, by the engine's own account."""
    found: dict[str, Any] = raw.info("commandstats")
    return {name.removeprefix("cmdstat_"): one["calls"] + one.get("rejected_calls", 0) for name, one in found.items()}


async def reaches(client: Any, vector: list[str]) -> bool:
    """Whether the server sends it, whatever the engine says of it then."""
    result = await client.call("command", args=vector)
    judged = {"permission", "read_only", "confirm_required"}
    return result.error_code not in judged and "has no command" not in result.text


async def test_no_command_asks_for_a_key_outside_of_the_jail(client_of: Clients, each_engine: str) -> None:
    """R9: EVAL, SORT, ZUNION, XREAD, MIGRATE, GEORADIUS, BITOP, MSETEX ...: the engine's log of denials is empty."""
    before = state(each_engine, prefix="user:")
    places = {"m": "app:str", "f": "user:str"}
    names, movable = names_of(each_engine)
    with Redis.from_url(each_engine, decode_responses=True) as raw:
        raw.execute_command("ACL", "SETUSER", "jailed", "on", "nopass", "~app:*", "resetchannels", "+@all")
        raw.acl_log_reset()
        address = each_engine.replace("//", "//jailed:any@")
        async with client_of(address, mode="admin", no_confirm=True, key_prefix="app:") as client:
            for vector in [*vectors(names, PLAIN, **places), *vectors(movable, MOVABLE, **places)]:
                result = await client.call("command", args=vector)
                assert "NOPERM" not in result.text, vector
        assert raw.acl_log() == []
        async with client_of(address, mode="admin") as client:  # without the jail it is the engine that refuses
            assert "NOPERM" in (await client.call("command", args=["GET", "user:str"])).text
        assert len(raw.acl_log()) == 1
        raw.execute_command("ACL", "DELUSER", "jailed")
        raw.acl_log_reset()
    assert state(each_engine, prefix="user:") == before
