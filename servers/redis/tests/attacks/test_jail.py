"""The key-prefix jail: no tool names, reads, writes, lists or counts what lies outside."""

from typing import Any

import pytest

from mcp_protocol.testing import RpcError

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
JAIL = {"key_prefix": "app:"}


@pytest.fixture
def both(raw: Any) -> Any:
    """Keys inside and outside of the prefix `app:`."""
    raw.mset({"app:a": "mine", "app:b": "mine", "user:1": "foreign", "app": "foreign", "xapp:a": "foreign"})
    raw.xadd("app:s", {"a": "1"})
    raw.xadd("s", {"a": "1"})
    raw.sadd("app:set", "x")
    return raw


@each_era
async def test_foreign_keys_are_refused_whatever_the_tool(
    client_of: Clients, both: Any, revision: str, sent: Any
) -> None:
    """R9."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_key", {"key": "user:1"}),
        ("read_key", {"key": "app"}),
        ("read_key", {"key": {"$base64": "QVBQOg=="}}),
        ("read_keys", {"keys": ["app:a", "user:1"]}),
        ("key_info", {"key": "user:1"}),
        ("set_value", {"key": "user:1", "value": "x"}),
        ("update_key", {"key": "user:1", "type": "counter", "op": "increment"}),
        ("update_key", {"key": "app:set", "type": "set", "op": "move", "items": ["x"], "options": {"to": "user:1"}}),
        ("delete_keys", {"keys": ["user:1"]}),
        ("expire_keys", {"keys": ["user:1"], "persist": True}),
        ("rename_key", {"key": "app:a", "new_key": "user:2"}),
        ("rename_key", {"key": "user:1", "new_key": "app:x"}),
        ("stream_read", {"keys": ["s"]}),
        ("stream_write", {"key": "s", "entries": [{"fields": {"a": "1"}}]}),
        ("stream_groups", {"key": "s"}),
        ("collect_messages", {"channels": ["news"]}),
        ("collect_messages", {"patterns": ["*"]}),
        ("publish", {"channel": "news", "message": "x"}),
        ("vector_set", {"key": "v", "op": "info"}),
        ("time_series", {"keys": ["t"]}),
        ("get", {"key": "user:1"}),
        ("delete", {"key": "user:1"}),
    ]
    before = {key: both.get(key) for key in ("user:1", "app", "xapp:a")}
    async with client_of(mode="admin", revision=revision, **JAIL) as client:
        seen = sent()
        for tool, arguments in calls:
            result = await client.call(tool, **arguments)
            assert result.error_code == "permission", (tool, arguments, result.text)
            assert "foreign" not in result.text
        assert sent() == seen
    assert {key: both.get(key) for key in before} == before


@pytest.mark.parametrize(
    "words",
    [
        ["GET", "user:1"],
        ["MGET", "app:a", "user:1"],
        ["MSET", "app:a", "1", "user:1", "2"],
        ["COPY", "user:1", "app:x"],
        ["SINTERSTORE", "app:x", "s"],
        ["ZUNION", "2", "app:a", "user:1"],
        ["XREAD", "STREAMS", "app:s", "s", "0", "0"],
        ["XREAD", "COUNT", "STREAMS", "STREAMS", "app:s", "0"],
        ["OBJECT", "ENCODING", "user:1"],
        ["GEORADIUS", "app:g", "1", "2", "3", "m", "STORE", "user:1"],
        ["BITOP", "AND", "app:x", "user:1"],
        ["SCAN", "0"],
        ["SCAN", "0", "MATCH", "app:*"],
        ["RANDOMKEY"],
        ["DBSIZE"],
        ["CONFIG", "GET", "maxmemory"],
        ["FLUSHDB"],
        ["ACL", "WHOAMI"],
        ["CLIENT", "LIST"],
        ["SLOWLOG", "GET"],
        ["MEMORY", "USAGE", "user:1"],
    ],
)
@pytest.mark.usefixtures("both")
async def test_raw_commands_stay_inside(client_of: Clients, words: list[str], sent: Any) -> None:
    """R9: keys by the engine's own specification; a command whose keys nobody can name is refused."""
    async with client_of(mode="admin", **JAIL) as client:
        result = await client.call("command", args=words)
        piped = await client.call("pipeline", commands=[["GET", "app:a"], words])
        atomic = await client.call("pipeline", commands=[["SET", "app:a", "x"], words], atomic=True)
        inside = await client.call("command", args=["MGET", "app:a", "app:b"])
        ping = await client.call("command", args=["PING"])
    assert [one.error_code for one in (result, piped, atomic)] == ["permission"] * 3
    assert "foreign" not in result.text + piped.text
    assert inside.data["reply"] == ["mine", "mine"]
    assert ping.data["reply"] == "PONG"
    reached = set(sent()) - {"mget"}
    assert not {words[0].lower(), "|".join(words[:2]).lower()} & reached


@pytest.mark.parametrize("pattern", ["*", "app:*", "user:*", "?*", "[^z]*", "*a"])
@pytest.mark.usefixtures("both")
async def test_only_names_of_the_prefix_are_listed(client_of: Clients, pattern: str) -> None:
    """R9."""
    async with client_of(mode="read-write", **JAIL) as client:
        scan = await client.call("scan_keys", pattern=pattern)
        analysis = await client.call("analyze_keyspace", pattern=pattern)
        dry = await client.call("delete_keys", pattern=pattern)
        listed = await client.call("list", pattern=pattern)
    for key in scan.data["keys"] + dry.data["sample"] + listed.data["keys"]:
        assert key.startswith("app:")
    assert "user:" not in analysis.text
    assert "xapp" not in analysis.text


async def test_a_pattern_deletes_only_inside(client_of: Clients, both: Any) -> None:
    async with client_of(mode="read-write", no_confirm=True, **JAIL) as client:
        result = await client.call("delete_keys", pattern="*", dry_run=False)
    assert result.data["deleted"] == 4
    assert sorted(both.keys()) == [b"app", b"s", b"user:1", b"xapp:a"]


@each_era
@pytest.mark.usefixtures("both")
async def test_resources_and_completions_stay_inside(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision, **JAIL) as client:
        await client.read("redis://0/key/app:a")
        for uri in ("redis://0/key/user:1", "redis://0/stream/s", "redis://0/channel/news", "redis://0/key/app%2E"):
            with pytest.raises(RpcError):
                await client.read(uri)
        (keyspace,) = await client.read("redis://0/keyspace")
        template = {"type": "ref/resource", "uri": "redis://{database}/key/{+key}"}
        suggested = await client.complete(template, "key", "")
        foreign = await client.complete(template, "key", "user")
        if revision == "2026-07-28":
            await client.peer.begin(
                "subscriptions/listen", {"notifications": {"resourceSubscriptions": ["redis://0/key/user:1"]}}
            )
            granted = await client.peer.notification("notifications/subscriptions/acknowledged")
            assert not granted["params"]["notifications"].get("resourceSubscriptions")
    assert "user" not in keyspace["text"]
    assert all(name.startswith("app:") for name in suggested)
    assert foreign == []


@pytest.mark.usefixtures("both")
async def test_a_foreign_key_looks_like_a_missing_right(client_of: Clients) -> None:
    """Both in the same words; neither says whether the key is there."""
    async with client_of(mode="admin", **JAIL) as client:
        texts = {(await client.call("read_key", key=key)).text for key in ("user:1", "user:that-is-not-there")} | {
            (await client.call("command", args=["DBSIZE"])).text
        }
    assert len(texts) == 1


@pytest.mark.usefixtures("both")
async def test_what_cannot_be_kept_inside_is_not_offered(client_of: Clients) -> None:
    async with client_of(mode="admin", **JAIL) as client:
        tools = {tool["name"] for tool in await client.list("tools")}
        info = await client.call("server_info", sections=["keyspace", "memory"])
    assert not {"run_script", "client_list", "slow_log"} & tools
    assert "keyspace" not in info.data["sections"]
    assert info.data["key_prefix"] == "app:"


async def test_stars_in_the_prefix_are_no_pattern(client_of: Clients, raw: Any, until: Any) -> None:
    raw.mset({"a*:x": "1", "ab:x": "2"})
    async with client_of(key_prefix="a*:") as client:
        scan = await client.call("scan_keys")
        waiting = await client.peer.begin(
            "tools/call", {"name": "collect_messages", "arguments": {"patterns": ["a*:*"], "max": 1, "timeout_s": 5}}
        )
        await until(lambda: raw.pubsub_numpat() == 1)
        raw.publish("ab:x", "foreign")
        raw.publish("a*:x", "mine")
        reply = await client.peer.reply(waiting)
    assert scan.data["keys"] == ["a*:x"]
    assert [one["data"] for one in reply["result"]["structuredContent"]["messages"]] == ["mine"]


async def test_how_many_keys_there_are_outside_is_not_told(client_of: Clients, raw: Any) -> None:
    """DBSIZE and what a scan has passed over would tell."""
    raw.mset({f"other:{number}": "x" for number in range(500)})
    raw.mset({"app:a": "1", "app:b": "2"})
    async with client_of(**JAIL) as client:
        scan = await client.call("scan_keys")
        analysis = await client.call("analyze_keyspace")
        (resource,) = await client.read("redis://0/keyspace")
    assert (scan.data["scanned"], analysis.data["keys_total"]) == (2, 2)
    assert '"keys_total":2' in resource["text"]
