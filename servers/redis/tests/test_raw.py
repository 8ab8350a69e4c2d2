"""Raw commands: what the gate lets through, and how replies come back."""

from typing import Any

import pytest

from mcp_ref_kit.db.program.canned import Canned, CannedParameter

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_era
@pytest.mark.parametrize(
    "words",
    [
        ["SCAN", "0"],
        ["OBJECT", "ENCODING", "list"],
        ["memory", "usage", "list"],
        ["XINFO", "STREAM", "stream"],
        ["DBSIZE"],
        ["ttl", "list"],
        ["XREAD", "COUNT", "1", "STREAMS", "stream", "0"],
        ["PING"],
        ["ACL", "WHOAMI"],
    ],
)
@pytest.mark.usefixtures("filled")
async def test_commands_that_only_read_run(client_of: Clients, revision: str, words: list[str]) -> None:
    """R3."""
    async with client_of(revision=revision) as client:
        result = await client.call("command", args=words)
    assert not result.is_error, result.text
    assert result.data["untrusted"]


@pytest.mark.usefixtures("filled")
async def test_replies_of_every_kind(client_of: Clients) -> None:
    async with client_of() as client:
        got = [
            (await client.call("command", args=words)).data
            for words in (
                ["GET", "emoji"],
                ["GET", "nothing"],
                ["LLEN", "list"],
                ["LRANGE", "list", "0", "1"],
                ["HGETALL", "hash"],
                ["GET", {"$base64": "YmluOv8="}],
                ["ZSCORE", "zset", "high"],
            )
        ]
    kinds = [one["reply_type"] for one in got]
    assert kinds == ["string", "null", "integer", "array", "map", "string", "double"]
    assert [one["reply"] for one in got[:4]] == ["grüße 🎉", None, 5, ["item 0", "item 1"]]
    assert got[4]["reply"]["a"] == "1"
    assert got[5]["reply"] == {"base64": "//4A", "size": 3}
    assert got[6]["reply"] == 2.5


async def test_an_unknown_command_is_not_found_with_names_that_are_close(client_of: Clients) -> None:
    """R3."""
    async with client_of() as client:
        wrong = await client.call("command", args=["HGTE", "k"])
        inner = await client.call("command", args=["OBJECT", "ENCODIN", "k"])
        bare = await client.call("command", args=["OBJECT"])
    assert [one.error_code for one in (wrong, inner, bare)] == ["not_found"] * 3
    assert "HGET" in wrong.text
    assert "OBJECT ENCODING" in inner.text


async def test_hints_name_the_tool_that_does_it(client_of: Clients, sent: Any) -> None:
    """R2."""
    async with client_of() as client:
        for words, tool in (
            (["KEYS", "*"], "scan_keys"),
            (["SORT_RO", "k"], "read_key"),
            (["PFCOUNT", "k"], "read-write"),
            (["XREAD", "BLOCK", "1", "STREAMS", "s", "$"], "stream_read"),
            (["xread", "count", "1", "block", "1", "streams", "s", "$"], "stream_read"),
            (["BLPOP", "k", "1"], "update_key"),
        ):
            result = await client.call("command", args=words)
            assert result.error_code in {"permission", "read_only"}, words
            assert tool in result.text
    assert not {"keys", "sort_ro", "pfcount", "xread", "blpop"} & set(sent())


@pytest.mark.usefixtures("filled")
async def test_errors_of_the_engine_have_its_word(client_of: Clients) -> None:
    """R7."""
    async with client_of() as client:
        wrong = await client.call("command", args=["LLEN", "hash"])
        arity = await client.call("command", args=["GET"])
    assert wrong.error_code == "conflict"
    assert wrong.raw["_meta"]["mcp-ref/error"]["engine_code"] == "WRONGTYPE"
    assert "engine: WRONGTYPE" in wrong.text
    assert arity.is_error


async def test_a_refused_command_refuses_its_whole_pipeline(client_of: Clients, raw: Any, sent: Any) -> None:
    """R10."""
    async with client_of(mode="read-write") as client:
        result = await client.call("pipeline", commands=[["SET", "a", "1"], ["FLUSHALL"]])
        other = await client.call("pipeline", commands=[["SET", "a", "1"], ["NOSUCH"]])
    assert (result.error_code, other.error_code) == ("permission", "not_found")
    assert raw.exists("a") == 0
    assert "set" not in sent()


@each_era
@pytest.mark.usefixtures("raw")
async def test_a_failing_command_is_marked_in_its_place(client_of: Clients, revision: str) -> None:
    """R10."""
    async with client_of(mode="read-write", revision=revision) as client:
        result = await client.call(
            "pipeline", commands=[["SET", "a", "text"], ["INCR", "a"], ["GET", "a"], ["LPUSH", "a", "x"]]
        )
    first, second, third, fourth = result.data["replies"]
    assert (first, third) == ({"ok": "OK"}, {"ok": "text"})
    assert "error" in second
    assert fourth["error"]["engine_code"] == "WRONGTYPE"


async def test_a_transaction_is_ours_to_write(client_of: Clients, raw: Any, sent: Any) -> None:
    """R10: EXEC semantics: what fails when it runs does not undo the rest; what cannot be queued stops all."""
    async with client_of(mode="read-write") as client:
        result = await client.call(
            "pipeline", commands=[["SET", "a", "text"], ["INCR", "a"], ["SET", "b", "1"]], atomic=True
        )
        refused = await client.call("pipeline", commands=[["SET", "c", "1"], ["SET", "d"]], atomic=True)
    assert [list(one) for one in result.data["replies"]] == [["ok"], ["error"], ["ok"]]
    assert refused.is_error
    assert raw.exists("c", "d") == 0
    assert (sent()["multi"], raw.get("b")) == (2, b"1")


async def test_a_reply_larger_than_a_result_says_where_to_go(client_of: Clients, raw: Any) -> None:
    raw.set("k", "x" * 20_000)
    async with client_of(max_output_chars=8192) as client:
        result = await client.call("command", args=["GET", "k"])
        piped = await client.call("pipeline", commands=[["GET", "k"], ["STRLEN", "k"]])
    assert result.error_code == "too_large"
    assert "read_key" in result.text
    assert "error" in piped.data["replies"][1] or "ok" in piped.data["replies"][1]


async def test_admins_see_configuration_without_its_secrets(client_of: Clients, raw: Any) -> None:
    raw.config_set("masterauth", "hunter2hunter2")
    try:
        async with client_of(mode="admin") as client:
            result = await client.call("command", args=["CONFIG", "GET", "m*"])
            no = await client.call("command", args=["CONFIG", "SET", "dir", "/srv"])
            mixed = await client.call("command", args=["CONFIG", "SET", "maxmemory", "0", "dir", "/srv"])
            yes = await client.call("command", args=["CONFIG", "SET", "slowlog-max-len", "128"])
    finally:
        raw.config_set("masterauth", "")
    assert result.data["reply"]["maxmemory-policy"] == "noeviction"
    assert result.data["reply"]["masterauth"] == "********"
    assert "hunter2" not in result.text
    assert (no.error_code, mixed.error_code) == ("permission", "permission")
    assert yes.data["reply"] == "OK"


async def test_flushdb_is_confirmed_by_the_number_of_keys(client_of: Clients, raw: Any) -> None:
    """DB12."""
    raw.mset({"a": 1, "b": 2})
    async with client_of(mode="admin") as client:
        refused = await client.call("command", args=["FLUSHDB"])
        piped = await client.call("pipeline", commands=[["FLUSHDB"]])
        kept = raw.dbsize()
        done = await client.call("command", args=["FLUSHDB"], confirm="2")
    assert refused.error_code == "confirm_required"
    assert piped.error_code == "invalid_argument"
    assert (kept, done.data["reply"], raw.dbsize()) == (2, "OK", 0)


@pytest.mark.usefixtures("raw")
async def test_the_operators_lists_adjust_the_gate(client_of: Clients) -> None:
    async with client_of(
        allow_commands=["randomkey", "config get", "shutdown"], deny_commands=["get"], deny_categories=["@hash"]
    ) as client:
        allowed = await client.call("command", args=["CONFIG", "GET", "maxmemory"])
        denied = await client.call("command", args=["GET", "k"])
        category = await client.call("command", args=["HGET", "k", "f"])
        never = await client.call("command", args=["SHUTDOWN"])
    assert not allowed.is_error
    assert [one.error_code for one in (denied, category, never)] == ["permission"] * 3


@pytest.mark.parametrize(
    "words",
    [
        ["SETRANGE", "k", "536870900", "x"],
        ["SETBIT", "k", "4294967295", "1"],
        ["BITFIELD", "k", "SET", "u8", "#536870900", "1"],
        ["SRANDMEMBER", "k", "-1000000000"],
        ["HRANDFIELD", "k", "-1000000000"],
        ["LPOP", "k", "99999999"],
        ["EXPIRE", "k", "-1"],
        ["SET", "k", "v", "EX", "99999999999"],
        ["SET", "k", "v", "PX", "0"],
        ["EXPIREAT", "k", "1"],
        ["PEXPIREAT", "k", "99999999999999999"],
        ["SET", "k", "v", "EXAT", "1"],
        ["SET", "k", "v", "PXAT", "99999999999999999"],
        ["ZADD", "z", "1", "m", "+inf", "n"],
        ["ZADD", "z", "NX", "CH", "nan", "m"],
        ["ZINCRBY", "z", "-Infinity", "m"],
        ["COPY", "k", "l", "DB", "1"],
        ["SCAN", "0", "MATCH", "*a*a*a*a*a*a*a*a*a"],
        ["XRANGE", "s", "-", "+", "COUNT", "10000000"],
    ],
)
@pytest.mark.usefixtures("raw")
async def test_a_small_call_cannot_make_a_large_one_of_the_engine(
    client_of: Clients, words: list[str], sent: Any
) -> None:
    """SETRANGE at 536 870 900 made 513 MB of 40 bytes."""
    async with client_of(mode="read-write") as client:
        result = await client.call("command", args=words)
    assert result.error_code == "invalid_argument", result.text
    assert words[0].lower() not in sent()


async def test_words_of_options_are_data_elsewhere(client_of: Clients, raw: Any) -> None:
    async with client_of(mode="read-write") as client:
        result = await client.call("command", args=["MSET", "COUNT", "99999999", "EX", "-5"])
    assert not result.is_error
    assert raw.mget("COUNT", "EX") == [b"99999999", b"-5"]


async def test_queries_of_the_operator_are_tools(client_of: Clients, raw: Any) -> None:
    """DB10."""
    raw.set("user:a b; FLUSHALL", "found")
    queries = [
        Canned(
            name="user",
            description="One user.",
            commands=[["GET", "user:{id}"], ["ECHO", "{other} {id}"]],
            params=[CannedParameter(name="id", type="string")],
        ),
        Canned(
            name="sneaky",
            description="Says that it reads.",
            commands=[["SET", "k", "{v}"]],
            params=[CannedParameter(name="v", type="integer")],
        ),
    ]
    async with client_of(queries=queries, mode="admin") as client:
        tool = next(one for one in await client.list("tools") if one["name"] == "user")
        found = await client.call("user", id="a b; FLUSHALL")
        wrong = await client.call("sneaky", v="'; drop table t; --")
        refused = await client.call("sneaky", v=1)
    assert tool["inputSchema"]["additionalProperties"] is False
    assert found.data["replies"] == [{"ok": "found"}, {"ok": "{other} a b; FLUSHALL"}]
    assert wrong.error_code == "invalid_argument"
    assert refused.error_code == "read_only"
    assert raw.exists("k") == 0


async def test_a_reply_that_has_no_room_says_that_the_command_has_run(client_of: Clients, raw: Any) -> None:
    raw.mset({"a": "x" * 400_000, "b": "x" * 400_000, "c": "x" * 400_000})
    async with client_of(mode="read-write") as client:
        read = await client.call("command", args=["GET", "a"])
        taken = await client.call("command", args=["GETDEL", "a"])
        piped = await client.call("pipeline", commands=[["STRLEN", "b"], ["GETDEL", "b"], ["GET", "c"]])
    assert (read.error_code, taken.error_code) == ("too_large", "too_large")
    told = [one.get("error", {}).get("message", "") for one in piped.data["replies"]]
    assert ["has run" in text for text in (read.text, taken.text, *told)] == [False, True, False, True, False]
    assert (raw.exists("a"), raw.exists("b"), raw.exists("c")) == (0, 0, 1)


@pytest.mark.parametrize(
    ("count", "code"), [(0, "invalid_argument"), (1, None), (500, None), (501, "invalid_argument")]
)
@pytest.mark.usefixtures("raw")
async def test_so_many_commands_make_a_pipeline(client_of: Clients, count: int, code: str | None) -> None:
    async with client_of() as client:
        result = await client.call("pipeline", commands=[["ECHO", str(number)] for number in range(count)])
        atomic = await client.call("pipeline", commands=[["ECHO", "x"]] * count, atomic=True)
    assert (result.error_code, atomic.error_code) == (code, code)
    if code is None:
        assert [one["ok"] for one in result.data["replies"]] == [str(number) for number in range(count)]
        assert len(atomic.data["replies"]) == count


@pytest.mark.parametrize(("count", "code"), [(0, "invalid_argument"), (1000, None), (1001, "invalid_argument")])
@pytest.mark.usefixtures("raw")
async def test_so_many_arguments_make_a_command(client_of: Clients, count: int, code: str | None) -> None:
    words = ["MGET", *[f"k{number}" for number in range(1000)]][:count]
    async with client_of() as client:
        assert (await client.call("command", args=words)).error_code == code
