"""Changing keys: values, collections, lifetimes, names."""

import datetime as dt
from typing import Any

import pytest

from mcp_protocol.testing import RpcError

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
WRITING = {"mode": "read-write"}
TOOLS = ["set_value", "update_key", "delete_keys", "expire_keys", "rename_key"]


@each_era
@pytest.mark.parametrize("tool", TOOLS)
async def test_read_only_mode_has_no_tool_that_writes(client_of: Clients, revision: str, tool: str) -> None:
    """DB2."""
    async with client_of(revision=revision) as client:
        assert tool not in {one["name"] for one in await client.list("tools")}
        with pytest.raises(RpcError) as error:
            await client.call(tool, key="k", value="v")
    assert error.value.code == -32602


@each_era
async def test_a_value_is_set(client_of: Clients, raw: Any, revision: str) -> None:
    async with client_of(revision=revision, **WRITING) as client:
        first = await client.call("set_value", key="k", value="v", ttl_s=10)
        again = await client.call("set_value", key="k", value={"$base64": "/w=="}, keep_ttl=True, return_old=True)
    assert first.data == {"set": True, "untrusted": True}
    assert again.data == {"set": True, "old": "v", "untrusted": True}
    assert raw.get("k") == b"\xff"
    assert 0 < raw.ttl("k") <= 10


async def test_conditions_of_set(client_of: Clients, raw: Any) -> None:
    """R11."""
    raw.set("old", "before")
    async with client_of(**WRITING) as client:
        taken = await client.call("set_value", key="old", value="after", condition="nx")
        taken_old = await client.call("set_value", key="old", value="after", condition="nx", return_old=True)
        missing = await client.call("set_value", key="new", value="v", condition="xx")
        both = await client.call("set_value", key="old", value="v", ttl_s=10, keep_ttl=True)
    assert (taken.data["set"], taken_old.data, missing.data["set"]) == (
        False,
        {"set": False, "old": "before", "untrusted": True},
        False,
    )
    assert both.error_code == "invalid_argument"
    assert (raw.get("old"), raw.exists("new")) == (b"before", 0)


@pytest.mark.parametrize("ttl", [0, -1, 1e12])
async def test_lifetimes_are_positive_and_within_ten_years(client_of: Clients, raw: Any, ttl: float) -> None:
    async with client_of(**WRITING) as client:
        result = await client.call("set_value", key="k", value="v", ttl_s=ttl)
        raw.set("k", "v")
        expired = await client.call("expire_keys", keys=["k"], ttl_s=ttl)
    assert (result.error_code, expired.error_code) == ("invalid_argument", "invalid_argument")


async def test_a_value_over_the_limit_is_refused(client_of: Clients, raw: Any) -> None:
    async with client_of(max_value_bytes=100, **WRITING) as client:
        for tool, arguments in (
            ("set_value", {"value": "x" * 101}),
            ("update_key", {"type": "list", "op": "push_left", "items": ["x" * 101]}),
            ("update_key", {"type": "hash", "op": "set", "fields": {"f": "x" * 101}}),
            ("update_key", {"type": "zset", "op": "add", "items": [{"member": "x" * 101, "score": 1}]}),
        ):
            assert (await client.call(tool, key="k", **arguments)).error_code == "too_large"
    assert raw.exists("k") == 0


# type, op, arguments; what is there before; the answer; how it is afterwards
OPERATIONS: list[tuple[str, str, dict[str, Any], Any, dict[str, Any], Any]] = [
    ("hash", "set", {"fields": {"a": "1", "b": 2}}, {}, {"changed": 2, "length": 2}, {b"a": b"1", b"b": b"2"}),
    ("hash", "set", {"fields": {"v": {"$float32": [1.0]}}}, {}, {"changed": 1, "length": 1}, {b"v": b"\0\0\x80?"}),
    ("hash", "delete", {"items": ["a", "zz"]}, {"a": "1", "b": "2"}, {"changed": 1, "length": 1}, {b"b": b"2"}),
    ("hash", "increment", {"items": ["a"], "amount": 2}, {"a": "1"}, {"changed": 1, "result": 3, "length": 1}, None),
    (
        "hash",
        "increment",
        {"items": ["a"], "amount": 0.5},
        {"a": "1"},
        {"changed": 1, "result": "1.5", "length": 1},
        None,
    ),
    ("list", "push_left", {"items": ["a", "b"]}, [], {"changed": 2, "length": 2}, [b"b", b"a"]),
    ("list", "push_right", {"items": ["a", "b"]}, [], {"changed": 2, "length": 2}, [b"a", b"b"]),
    ("list", "pop_left", {"count": 2}, ["a", "b", "c"], {"changed": 2, "result": ["a", "b"], "length": 1}, [b"c"]),
    ("list", "pop_right", {}, ["a", "b"], {"changed": 1, "result": ["b"], "length": 1}, [b"a"]),
    ("list", "set", {"items": ["x"], "options": {"index": 1}}, ["a", "b"], {"changed": 1, "length": 2}, [b"a", b"x"]),
    ("list", "remove", {"items": ["a"]}, ["a", "b", "a"], {"changed": 2, "length": 1}, [b"b"]),
    ("list", "trim", {"options": {"start": 1, "stop": -1}}, ["a", "b"], {"changed": 1, "length": 1}, [b"b"]),
    ("set", "add", {"items": ["a", "b"]}, ["a"], {"changed": 1, "length": 2}, {b"a", b"b"}),
    ("set", "remove", {"items": ["a", "zz"]}, ["a", "b"], {"changed": 1, "length": 1}, {b"b"}),
    ("set", "move", {"items": ["a"], "options": {"to": "other"}}, ["a", "b"], {"changed": 1, "length": 1}, {b"b"}),
    ("zset", "add", {"items": [{"member": "a", "score": 2}]}, {"a": 1}, {"changed": 1, "length": 1}, [(b"a", 2.0)]),
    (
        "zset",
        "add",
        {"items": [{"member": "a", "score": 1}], "options": {"gt": True}},
        {"a": 5},
        {"changed": 0, "length": 1},
        [(b"a", 5.0)],
    ),
    ("zset", "remove", {"items": ["a"]}, {"a": 1, "b": 2}, {"changed": 1, "length": 1}, [(b"b", 2.0)]),
    ("zset", "increment", {"items": ["a"], "amount": 1.5}, {"a": 1}, {"changed": 1, "result": 2.5, "length": 1}, None),
    ("zset", "pop_min", {}, {"a": 1, "b": 2}, {"changed": 1, "length": 1}, [(b"b", 2.0)]),
    ("zset", "pop_max", {"count": 5}, {"a": 1, "b": 2}, {"changed": 2, "length": 0}, []),
    ("counter", "increment", {}, "41", {"changed": 1, "result": 42}, b"42"),
    ("counter", "increment", {"amount": -0.5}, "1", {"changed": 1, "result": "0.5"}, b"0.5"),
]


@pytest.mark.parametrize(
    ("kind", "op", "arguments", "before", "answer", "after"),
    OPERATIONS,
    ids=[f"{row[0]}-{row[1]}-{number}" for number, row in enumerate(OPERATIONS)],
)
async def test_each_operation_does_what_the_table_says(  # noqa: PLR0913, PLR0917  one parameter for each fact
    client_of: Clients,
    raw: Any,
    kind: str,
    op: str,
    arguments: dict[str, Any],
    before: Any,
    answer: dict[str, Any],
    after: Any,
) -> None:
    """R16."""
    put(raw, kind, before)
    async with client_of(**WRITING) as client:
        result = await client.call("update_key", key="k", type=kind, op=op, **arguments)
        wrong = await client.call("update_key", key="wrong", type=kind, op=op, **arguments)
    assert not result.is_error, result.text
    got = {name: value for name, value in result.data.items() if name != "untrusted"}
    if kind == "zset" and op.startswith("pop"):
        assert got.pop("result")
    assert got == answer
    if after is not None:
        assert look(raw, kind) == after
    assert wrong.error_code == "conflict"
    assert "stream" in wrong.text


def put(raw: Any, kind: str, before: Any) -> None:
    raw.xadd("wrong", {"a": "stream"})
    if before:
        writers: dict[str, Any] = {
            "hash": lambda: raw.hset("k", mapping=before),
            "list": lambda: raw.rpush("k", *before),
            "set": lambda: raw.sadd("k", *before),
            "zset": lambda: raw.zadd("k", before),
            "counter": lambda: raw.set("k", before),
        }
        writers[kind]()


def look(raw: Any, kind: str) -> Any:
    readers: dict[str, Any] = {
        "hash": lambda: raw.hgetall("k"),
        "list": lambda: raw.lrange("k", 0, -1),
        "set": lambda: raw.smembers("k"),
        "zset": lambda: [tuple(pair) for pair in raw.zrange("k", 0, -1, withscores=True)],
        "counter": lambda: raw.get("k"),
    }
    return readers[kind]()


async def test_a_value_that_is_no_number_is_a_conflict(client_of: Clients, raw: Any) -> None:
    """R16."""
    raw.set("k", "text")
    raw.hset("h", "f", "text")
    async with client_of(**WRITING) as client:
        counter = await client.call("update_key", key="k", type="counter", op="increment")
        field = await client.call("update_key", key="h", type="hash", op="increment", items=["f"])
        index = await client.call("update_key", key="l", type="list", op="set", items=["x"], options={"index": 3})
        raw.rpush("l", "a")
        beyond = await client.call("update_key", key="l", type="list", op="set", items=["x"], options={"index": 3})
    assert [one.error_code for one in (counter, field, index)] == ["conflict", "conflict", "not_found"]
    assert beyond.error_code == "invalid_argument"
    assert all("does not fit" in one.text for one in (counter, field))


ODD: list[Any] = ["1", 1.5, True, None, 2**53]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"type": "hash", "op": "push_left"}, "op"),
        ({"type": "list", "op": "push_left"}, "items"),
        ({"type": "list", "op": "push_left", "items": []}, "items"),
        ({"type": "hash", "op": "set", "items": ["a"]}, "items"),
        ({"type": "hash", "op": "set"}, "fields"),
        ({"type": "list", "op": "trim"}, "options.start"),
        ({"type": "set", "op": "move", "items": ["a"]}, "options.to"),
        ({"type": "zset", "op": "add", "items": [{"member": "a"}]}, "items[0]"),
        ({"type": "zset", "op": "add", "items": [{"member": "a", "score": 1}], "options": {"inf": True}}, "options"),
        ({"type": "hash", "op": "increment", "items": ["a", "b"]}, "items"),
        ({"type": "list", "op": "pop_left", "count": 10_001}, "count"),
        *[
            ({"type": "list", "op": "remove", "items": ["a"], "options": {"count": odd}}, "options.count")
            for odd in ODD
        ],
        ({"type": "list", "op": "remove", "items": ["a"], "options": {"cnt": 1}}, "options"),
        ({"type": "zset", "op": "add", "items": [{"member": "a", "score": 1}], "options": {"nx": 1}}, "options.nx"),
        ({"type": "counter", "op": "increment", "amount": 2**53 + 1}, "amount"),
        ({"type": "hash", "op": "increment", "items": ["a"], "amount": -1e300}, "amount"),
        ({"type": "hash", "op": "set", "fields": {"a": {"$base64": "!"}}}, "fields.a"),
        ({"type": "hash", "op": "set", "fields": {"a": {"$float32": ["x"]}}}, "fields.a"),
        ({"type": "hash", "op": "set", "fields": {"a": None}}, "fields.a"),
    ],
)
async def test_arguments_that_do_not_fit_an_operation_are_named(
    client_of: Clients, raw: Any, arguments: dict[str, Any], named: str
) -> None:
    """R16."""
    async with client_of(**WRITING) as client:
        result = await client.call("update_key", key="k", **arguments)
    assert result.error_code == "invalid_argument"
    assert f"`{named}`" in result.text
    assert raw.exists("k") == 0


async def test_a_lifetime_is_set_only_when_the_operation_was_done(client_of: Clients, raw: Any) -> None:
    raw.set("wrong", "string")
    async with client_of(**WRITING) as client:
        await client.call("update_key", key="k", type="list", op="push_left", items=["a"], ttl_s=60)
        await client.call("update_key", key="wrong", type="list", op="push_left", items=["a"], ttl_s=60)
    assert 0 < raw.ttl("k") <= 60
    assert raw.ttl("wrong") == -1


async def test_ends_of_keys(client_of: Clients, raw: Any) -> None:
    raw.mset({"a": 1, "b": 2})
    at = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    async with client_of(**WRITING) as client:
        set_ = await client.call("expire_keys", keys=["a", "b", "none"], ttl_s=100)
        longer = await client.call("expire_keys", keys=["a"], at=at)
        refused = await client.call("expire_keys", keys=["a"], ttl_s=10, condition="gt")
        kept = await client.call("expire_keys", keys=["b"], persist=True)
        none = await client.call("expire_keys", keys=["a"])
        past = await client.call("expire_keys", keys=["a"], at="2020-01-01T00:00:00Z")
    assert set_.data == {"updated": 2, "missing": 1}
    assert longer.data == {"updated": 1, "missing": 0}
    assert refused.data == {"updated": 0, "missing": 1}
    assert kept.data == {"updated": 1, "missing": 0}
    assert (none.error_code, past.error_code) == ("invalid_argument", "invalid_argument")
    assert 3500 < raw.ttl("a") <= 3600
    assert raw.ttl("b") == -1


async def test_keys_get_other_names(client_of: Clients, raw: Any) -> None:
    raw.mset({"a": "1", "b": "2"})
    async with client_of(**WRITING) as client:
        taken = await client.call("rename_key", key="a", new_key="b")
        copied = await client.call("rename_key", key="a", new_key="c", copy=True)
        over = await client.call("rename_key", key="a", new_key="b", overwrite=True)
        missing = await client.call("rename_key", key="zz", new_key="y")
        missing_copy = await client.call("rename_key", key="zz", new_key="y", copy=True)
    assert [one.data["done"] for one in (taken, copied, over)] == [False, True, True]
    assert (missing.error_code, missing_copy.error_code) == ("not_found", "not_found")
    assert {key: raw.get(key) for key in ("a", "b", "c")} == {"a": None, "b": b"1", "c": b"1"}


@each_era
async def test_keys_are_deleted_by_name(client_of: Clients, raw: Any, revision: str, sent: Any) -> None:
    raw.mset({"a": 1, "b": 2, "c": 3})
    async with client_of(revision=revision, **WRITING) as client:
        looked = await client.call("delete_keys", keys=["a", "zz"], dry_run=True)
        result = await client.call("delete_keys", keys=["a", "b", "zz"])
    assert (looked.data["matched"], looked.data["deleted"]) == (1, 0)
    assert (result.data["matched"], result.data["deleted"]) == (2, 2)
    assert raw.exists("a", "b", "c") == 1
    assert "del" not in sent()
    assert "unlink" in sent()


async def test_a_pattern_is_counted_before_it_deletes(client_of: Clients, raw: Any) -> None:
    """R12, DB12: with 11 111 keys."""
    with raw.pipeline(transaction=False) as pipe:
        for number in range(50_000):
            pipe.set(f"user:{number}", "x")
        pipe.execute()
    asked = {"pattern": "user:1*", "limit": 100_000}
    async with client_of(**WRITING) as client:
        dry = await client.call("delete_keys", **asked)
        bare = await client.call("delete_keys", dry_run=False, **asked)
        wrong = await client.call("delete_keys", dry_run=False, confirm="11110", **asked)
        untouched = raw.dbsize()
        request = await client.peer.begin(
            "tools/call",
            {"name": "delete_keys", "arguments": {**asked, "dry_run": False, "confirm": "11111"}},
            progressToken="p",
        )
        reply = await client.peer.reply(request)
        steps = [one for one in client.peer.notifications if one["method"] == "notifications/progress"]
    assert (dry.data["matched"], dry.data["deleted"], dry.data["complete"]) == (11_111, 0, True)
    assert (bare.error_code, wrong.error_code) == ("confirm_required", "confirm_required")
    assert "'11111'" in bare.text
    assert untouched == 50_000
    assert reply["result"]["structuredContent"]["deleted"] == 11_111
    assert steps
    assert raw.dbsize() == 50_000 - 11_111


@each_era
@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ({"action": "accept", "content": {"agree": True}}, 0),
        ({"action": "accept", "content": {"agree": False}}, 3),
        ({"action": "decline"}, 3),
        ({"action": "cancel"}, 3),
    ],
)
async def test_the_user_is_asked_where_the_client_can_ask(
    client_of: Clients, raw: Any, revision: str, answer: dict[str, Any], left: int
) -> None:
    """DB12."""
    raw.mset({"job:1": 1, "job:2": 2, "job:3": 3})
    questions: list[str] = []

    def answered(params: dict[str, Any]) -> dict[str, Any]:
        questions.append(params["message"])
        return answer

    answers = {"elicitation/create": answered}
    async with client_of(revision=revision, answers=answers, **WRITING) as client:
        result = await client.call("delete_keys", pattern="job:*", dry_run=False, confirm="3")
    assert questions == ["Delete the keys `job:*` (3 keys) in the database `0`?"]
    assert raw.dbsize() == left
    assert result.error_code == ("confirm_required" if left else None)


async def test_many_names_are_asked_for_too(client_of: Clients, raw: Any) -> None:
    names = [f"k{number}" for number in range(101)]
    raw.mset(dict.fromkeys(names, 1))
    async with client_of(**WRITING) as client:
        refused = await client.call("delete_keys", keys=names)
        done = await client.call("delete_keys", keys=names, confirm="101")
    assert refused.error_code == "confirm_required"
    assert done.data["deleted"] == 101


async def test_no_confirm_asks_nobody(client_of: Clients, raw: Any) -> None:
    """DB12."""
    raw.mset({"a": 1, "b": 2})
    async with client_of(no_confirm=True, **WRITING) as client:
        done = await client.call("delete_keys", pattern="*", dry_run=False)
    assert done.data["deleted"] == 2


async def test_a_limit_leaves_the_rest(client_of: Clients, raw: Any) -> None:
    raw.mset({f"k{number}": 1 for number in range(50)})
    async with client_of(**WRITING) as client:
        dry = await client.call("delete_keys", pattern="*", limit=20)
        done = await client.call("delete_keys", pattern="*", limit=20, dry_run=False, confirm="20")
    assert (dry.data["matched"], dry.data["complete"]) == (20, False)
    assert done.data["deleted"] == 20
    assert raw.dbsize() == 30


@pytest.mark.usefixtures("raw")
async def test_json_of_an_engine_without_it_is_unsupported(client_of: Clients) -> None:
    """R14."""
    async with client_of(**WRITING) as client:
        info = await client.call("server_info")
        result = await client.call("update_key", key="k", type="json", op="set", items=[{"a": 1}])
    if "json" in info.data["features"]:
        assert not result.is_error
    else:
        assert result.error_code == "unsupported"
        assert "JSON.SET" in result.text
