"""The gate over the engine's own table: each command of the engine is judged, and keys are found as it finds them."""

from typing import Any

import pytest

from mcp_protocol import ToolError
from mcp_ref_redis.access.bounds import require_pattern, require_seconds
from mcp_ref_redis.access.commands import Table, table
from mcp_ref_redis.access.gate import Gate
from mcp_ref_redis.access.jail import Jail, escaped
from mcp_ref_redis.access.keys import keys_in
from mcp_ref_redis.access.never import FORBIDDEN_CATEGORIES
from mcp_ref_redis.engine.address import parse
from mcp_ref_redis.engine.opening import Manner
from mcp_ref_redis.engine.single import Single


async def table_of(url: str) -> Table:
    engine = Single(parse(url), Manner(client_name="test", most_reply_bytes=2**24), 1)
    try:
        [reply] = await engine.run([(b"COMMAND",)])
    finally:
        await engine.close()
    return table(reply)


@pytest.mark.parametrize("protocol", [2, 3])
async def test_the_table_is_the_same_in_either_protocol(url: str, protocol: int) -> None:
    found = await table_of(f"{url}?protocol={protocol}")
    get = found.find([b"get", b"k"])
    assert get
    assert (get.name, get.arity, "readonly" in get.flags, "@read" in get.categories) == ("GET", 2, True, True)
    assert found.find([b"object", b"encoding", b"k"])
    assert found.find([b"object"]) is None
    assert len(found) >= 240


async def test_what_read_only_mode_lets_through_says_of_itself_that_it_reads(url: str) -> None:
    """Every command and sub-command of the engine, by its own flags: none that writes, blocks or is dangerous."""
    found = await table_of(url)
    gate = Gate("read-only")
    passed: list[str] = []
    for name in found.names:
        words = [word.encode() for word in name.split()]
        try:
            command = gate.judge(found, words)
        except ToolError:
            continue
        passed.append(name)
        assert "write" not in command.flags
        if name not in {"PING", "ECHO", "TIME", "ACL WHOAMI"}:
            assert "readonly" in command.flags
            assert not command.categories & FORBIDDEN_CATEGORIES
    assert {"GET", "SCAN", "OBJECT ENCODING", "MEMORY USAGE", "XRANGE", "TTL", "XINFO STREAM"} <= set(passed)
    assert not {"KEYS", "SORT_RO", "PFCOUNT", "EVAL_RO", "GETEX", "TOUCH", "FCALL_RO", "LCS"} & set(passed)


async def test_names_are_whole_words(url: str) -> None:
    found = await table_of(url)
    for name in (
        b"get|x",
        b"GET ",
        b" GET",
        b"G\0ET",
        b"GET\r\nFLUSHALL",
        b"config|get",
        b"",
        b"g" * 100,
        b"\xef\xbc\xa7ET",
    ):
        assert found.find([name, b"k"]) is None
    assert found.find([b"CONFIG", b"GET|x", b"k"]) is None


VECTORS = [
    "GET k",
    "MGET a b c",
    "MSET a 1 b 2",
    "DEL a b",
    "LMOVE a b LEFT RIGHT",
    "SINTERSTORE d a b",
    "ZUNIONSTORE d 2 a b WEIGHTS 1 2",
    "ZUNION 2 a b",
    "LMPOP 2 a b LEFT",
    "XREAD COUNT 5 STREAMS a b 0 0",
    "XREADGROUP GROUP g c STREAMS a b > >",
    "OBJECT ENCODING k",
    "MEMORY USAGE k",
    "XINFO STREAM k",
    "XGROUP CREATE k g $",
    "BITOP AND d a b",
    "GEORADIUS k 1 2 3 m STORE d",
    "GEOSEARCHSTORE d k FROMMEMBER m BYRADIUS 1 m",
    "SMOVE a b m",
    "COPY a b",
    "RENAME a b",
    "HSET k f v",
    "SORT k STORE d",
    "ZRANGESTORE d k 0 1",
    "XADD k * f v",
    "PFMERGE d a b",
]


@pytest.mark.parametrize("vector", VECTORS)
async def test_keys_are_found_where_the_engine_finds_them(raw: Any, url: str, vector: str) -> None:
    words = [word.encode() for word in vector.split()]
    found = await table_of(url)
    command = found.find(words)
    assert command
    ours = keys_in(command, words)
    theirs = raw.execute_command("COMMAND GETKEYS", *words)
    assert ours is None or sorted(ours) == sorted(key.encode() if isinstance(key, str) else key for key in theirs)


async def test_a_vector_that_does_not_fit_has_no_known_keys(url: str) -> None:
    found = await table_of(url)
    for vector in ("ZUNION 99 a b", "ZUNION x a", "MGET", "LMPOP -1 a LEFT", "OBJECT ENCODING"):
        words = [word.encode() for word in vector.split()]
        command = found.find(words)
        assert command
        assert keys_in(command, words) in (None, [])


def test_an_old_engine_that_tells_nothing_of_sub_commands() -> None:
    old = table(
        [
            [b"object", -2, [b"readonly"], 2, 2, 1],
            [b"config", -2, [b"admin"], 0, 0, 0],
            [b"get", 2, [b"readonly"], 1, 1, 1],
            [b"mget", -2, [b"readonly"], 1, -1, 1],
            b"nonsense",
        ]
    )
    gate = Gate("read-only")
    assert gate.judge(old, [b"OBJECT", b"ENCODING", b"k"]).name == "OBJECT|ENCODING"
    mget = gate.judge(old, [b"MGET", b"a", b"b"])
    assert keys_in(mget, [b"MGET", b"a", b"b"]) == [b"a", b"b"]
    for refused in ([b"OBJECT", b"HELP"], [b"CONFIG", b"GET", b"x"]):
        with pytest.raises(ToolError):
            gate.judge(old, refused)


def test_an_escaped_text_matches_itself_alone(raw: Any) -> None:
    keys = ["a*b", "a?b", "a[b]", "a\\b", "a^b", "axb", "a-b"]
    raw.mset(dict.fromkeys(keys, "v"))
    for key in keys:
        assert [name.decode() for name in raw.scan_iter(escaped(key.encode()))] == [key]


def test_bounds_of_times_and_patterns() -> None:
    assert require_seconds("t", 1.5) == 1500
    assert require_pattern(b"a*") == b"a*"
    wrong: Any
    for wrong in (0, -1, float("nan"), float("inf"), 1e12):
        with pytest.raises(ToolError):
            require_seconds("t", wrong)
    assert Jail(b"app:").pattern(b"*") == b"app:*"
    assert Jail(b"a*:").pattern(b"*") == b"a\\*:*"
