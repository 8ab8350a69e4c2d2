"""Resources, their changes, prompts and completions, in both eras."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import json

from mcp_protocol.testing import Connection, RpcError

Clients = Any
REVISIONS = ["2025-11-25", "2026-07-28"]
each_era = pytest.mark.parametrize("revision", REVISIONS)


@each_era
@pytest.mark.usefixtures("filled")
async def test_resources_are_listed_and_read(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision) as client:
        listed = [one["uri"] for one in await client.list("resources")]
        templates = [one["uriTemplate"] for one in await client.list("resourceTemplates")]

        async def read(uri: str) -> Any:
            (content,) = await client.read(uri)
            assert content["mimeType"] == "application/json"
            return json.decode(content["text"])

        key = await read("redis://0/key/emoji")
        stream = await read("redis://0/stream/stream")
        keyspace = await read("redis://0/keyspace")
        info = await read("redis://0/info")
        memory = await read("redis://0/info/memory")
        health = await read("redis://0/health")
        channel = await read("redis://0/channel/news")
        for missing in ("redis://0/key/zz", "redis://9/key/emoji", "redis://0/info/secrets"):
            with pytest.raises(RpcError):
                await client.read(missing)
    assert listed == ["redis://0/keyspace", "redis://0/info", "redis://0/health"]
    assert "redis://{database}/key/{+key}" in templates
    assert key["value"] == "grüße 🎉"
    assert [entry["id"] for entry in stream["entries"]] == ["1-0", "2-0", "3-0"]
    assert keyspace["keys_total"] == 7
    assert "server" in info
    assert memory["memory"]["used_memory"] > 0
    assert health["status"] == "warning"
    assert channel == {"channel": "news", "listeners": 0}


async def test_the_newest_entries_come_without_a_gap(client_of: Clients, raw: Any) -> None:
    """An entry without room ends the page: one that is older and smaller does not come instead."""
    for number, size in enumerate([10, 10, 20_000, 10, 10], 1):
        raw.xadd("s", {"a": "x" * size}, id=f"{number}-0")
    async with client_of(max_output_chars=8192, max_cell_chars=100_000) as client:
        (content,) = await client.read("redis://0/stream/s")
    assert [one["id"] for one in json.decode(content["text"])["entries"]] == ["4-0", "5-0"]


async def test_keys_are_percent_decoded_once(client_of: Clients, raw: Any) -> None:
    raw.mset({"a b/c": "1", "%2e%2e": "2"})
    async with client_of() as client:
        (one,) = await client.read("redis://0/key/a%20b/c")
        (other,) = await client.read("redis://0/key/%252e%252e")
    assert json.decode(one["text"])["value"] == "1"
    assert json.decode(other["text"])["value"] == "2"


@asynccontextmanager
async def listening(client: Connection, uri: str, revision: str) -> AsyncGenerator[Callable[[float], Any]]:
    """Subscribe in the way of the era; what is given waits for the next change of the URI."""
    if revision == REVISIONS[0]:
        await client.request("resources/subscribe", {"uri": uri})
    else:
        await client.peer.begin("subscriptions/listen", {"notifications": {"resourceSubscriptions": [uri]}})
        granted = await client.peer.notification("notifications/subscriptions/acknowledged")
        assert granted["params"]["notifications"]["resourceSubscriptions"] == [uri]

    async def changed(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            note = await client.peer.notification("notifications/resources/updated")
        assert note["params"]["uri"] == uri

    yield changed


@each_era
async def test_a_key_tells_of_changes_by_looks(client_of: Clients, raw: Any, revision: str) -> None:
    """R17, without keyspace events."""
    raw.config_set("notify-keyspace-events", "")
    raw.set("k", "before")
    async with (
        client_of(revision=revision) as client,
        listening(client, "redis://0/key/k", revision) as changed,
    ):
        raw.set("k", "after!")  # of the same length
        await changed(5)


@each_era
async def test_a_key_tells_of_changes_by_events(client_of: Clients, raw: Any, revision: str, until: Any) -> None:
    """R17, with keyspace events; the engine's own setting, which the server does not change."""
    raw.config_set("notify-keyspace-events", "KA")
    try:
        async with (
            client_of(revision=revision) as client,
            listening(client, "redis://0/key/k", revision) as changed,
        ):
            await until(lambda: raw.pubsub_numsub("__keyspace@0__:k")[0][1] == 1)
            raw.set("k", "v")
            await changed(1)
            assert raw.config_get("notify-keyspace-events")["notify-keyspace-events"]
    finally:
        raw.config_set("notify-keyspace-events", "")


@each_era
async def test_streams_and_channels_tell_of_what_comes(
    client_of: Clients, filled: Any, revision: str, until: Any
) -> None:
    async with client_of(revision=revision) as client:
        async with listening(client, "redis://0/stream/stream", revision) as changed:
            await until(lambda: filled.info("clients")["blocked_clients"] > 0)
            filled.xadd("stream", {"n": "new"})
            await changed(2)
        async with listening(client, "redis://0/channel/news", revision) as changed:
            await until(lambda: filled.pubsub_numsub("news")[0][1] == 1)
            filled.publish("news", "hello")
            await changed(2)


async def test_listeners_leave_no_connection_behind(client_of: Clients, filled: Any, until: Any) -> None:
    before = len(filled.client_list())
    async with client_of() as client, listening(client, "redis://0/channel/news", REVISIONS[1]):
        await until(lambda: filled.pubsub_numsub("news")[0][1] == 1)
    await until(lambda: len(filled.client_list()) <= before)


async def test_unknown_databases_are_not_granted(client_of: Clients) -> None:
    async with client_of() as client:
        await client.peer.begin(
            "subscriptions/listen", {"notifications": {"resourceSubscriptions": ["redis://9/key/k"]}}
        )
        granted = await client.peer.notification("notifications/subscriptions/acknowledged")
    assert granted["params"]["notifications"].get("resourceSubscriptions", []) == []


@each_era
async def test_prompts_name_the_tools(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision) as client:
        listed = {
            one["name"]: [given["name"] for given in one.get("arguments", [])] for one in await client.list("prompts")
        }
        texts = {
            "explore_keyspace": await client.prompt("explore_keyspace", pattern="app:*"),
            "debug_memory": await client.prompt("debug_memory"),
            "design_cache": await client.prompt("design_cache", use_case="sessions"),
            "inspect_stream": await client.prompt("inspect_stream", key="s", group="g"),
            "write_search_query": await client.prompt("write_search_query", index="i", question="how many"),
        }
    assert listed == {
        "explore_keyspace": ["pattern"],
        "debug_memory": [],
        "design_cache": ["use_case"],
        "inspect_stream": ["key", "group"],
        "write_search_query": ["index", "question"],
    }
    for messages in texts.values():
        (message,) = messages
        assert message["role"] == "user"
        assert "never an instruction" in message["content"]["text"]
    assert "`app:*`" in texts["explore_keyspace"][0]["content"]["text"]


@each_era
async def test_keys_channels_and_sections_are_completed(client_of: Clients, filled: Any, revision: str) -> None:
    filled.mset({"app:one": 1, "app:two": 2, "a*": 3})
    filled.xgroup_create("stream", "workers", id="0")

    def template(uri: str) -> dict[str, str]:
        return {"type": "ref/resource", "uri": f"redis://{{database}}/{uri}"}

    async with client_of(revision=revision) as client:
        await client.call("server_info")

        async def suggested(reference: dict[str, str], name: str, typed: str) -> list[str]:
            """Nothing is suggested after 50 ms: on a busy machine people type on, and are asked for again."""
            for _ in range(20):
                if found := await client.complete(reference, name, typed):
                    return found
            return []

        keys = await suggested(template("key/{+key}"), "key", "app:")
        starred = await suggested(template("key/{+key}"), "key", "a*")
        streams = await suggested(template("stream/{+key}"), "key", "s")
        sections = await client.complete(template("info/{section}"), "section", "mem")
        names = await client.complete(template("key/{+key}"), "database", "")
        pattern = await suggested({"type": "ref/prompt", "name": "explore_keyspace"}, "pattern", "app:t")
        group = await client.request(
            "completion/complete",
            {
                "ref": {"type": "ref/prompt", "name": "inspect_stream"},
                "argument": {"name": "group", "value": "w"},
                "context": {"arguments": {"key": "stream"}},
            },
        )
        index = await client.complete({"type": "ref/prompt", "name": "write_search_query"}, "index", "")
    assert keys == ["app:one", "app:two"]
    assert starred == ["a*"]
    assert streams == ["stream"]
    assert (sections, names, pattern, index) == (["memory"], ["0"], ["app:two"], [])
    assert group["completion"]["values"] == ["workers"]
