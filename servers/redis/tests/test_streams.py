"""Streams and channels: windows, waiting, groups, messages."""

import asyncio
from typing import Any

import pytest

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
WRITING = {"mode": "read-write"}


@each_era
@pytest.mark.usefixtures("filled")
async def test_windows_of_streams(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision) as client:
        whole = await client.call("stream_read", keys=["stream"])
        newest = await client.call("stream_read", keys=["stream"], reverse=True, count=1)
        part = await client.call("stream_read", keys=["stream"], start="2-0", end="2-0")
        wrong = await client.call("stream_read", keys=["list"])
        odd = await client.call("stream_read", keys=["stream"], start="x")
    assert [entry["id"] for entry in whole.data["entries"]] == ["1-0", "2-0", "3-0"]
    assert whole.data["last_id"] == {"stream": "3-0"}
    assert [entry["fields"] for entry in newest.data["entries"]] == [{"n": "2"}]
    assert newest.data["truncated"]
    assert part.data["entries"] == [{"key": "stream", "id": "2-0", "fields": {"n": "1"}}]
    assert (wrong.error_code, odd.error_code) == ("conflict", "invalid_argument")


@each_era
async def test_waiting_ends_with_an_entry_or_with_the_time(
    client_of: Clients, filled: Any, revision: str, until: Any
) -> None:
    async with client_of(revision=revision) as client:
        nothing = await client.call("stream_read", keys=["stream"], new_only=True, block_ms=50)
        waiting = await client.peer.begin(
            "tools/call",
            {"name": "stream_read", "arguments": {"keys": ["stream"], "new_only": True, "block_ms": 5000}},
        )
        # The engine says when it blocks.
        await until(lambda: filled.info("clients")["blocked_clients"] > 0)
        filled.xadd("stream", {"n": "new"})
        reply = await client.peer.reply(waiting)
    assert (nothing.data["entries"], nothing.data["timed_out"]) == ([], True)
    assert reply["result"]["structuredContent"]["entries"][0]["fields"] == {"n": "new"}


async def test_nobody_waits_behind_whoever_waits(client_of: Clients, filled: Any, until: Any) -> None:
    """A ping and reads take their usual time while ten calls block."""
    loop = asyncio.get_running_loop()
    async with client_of() as client:
        await client.call("key_info", key="list")
        waiting = [
            await client.peer.begin(
                "tools/call",
                {"name": "stream_read", "arguments": {"keys": ["stream"], "new_only": True, "block_ms": 1500}},
            )
            for _ in range(10)
        ]
        await until(lambda: filled.info("clients")["blocked_clients"] == 10)
        start = loop.time()
        for _ in range(5):
            assert not (await client.call("read_key", key="list")).is_error
        took = (loop.time() - start) / 5
        filled.xadd("stream", {"n": "end"})
        for request in waiting:
            await client.peer.reply(request)
    assert took < 0.5  # they wait for 1.5 s; alone it is a thousandth


@pytest.mark.usefixtures("raw")
async def test_entries_are_appended_deleted_and_trimmed(client_of: Clients) -> None:
    async with client_of(**WRITING) as client:
        added = await client.call(
            "stream_write",
            key="s",
            entries=[{"fields": {"a": "1", "b": 2}}, {"fields": {"a": "2"}, "id": "9999999999999-1"}],
        )
        gone = await client.call("stream_write", key="s", delete_ids=[added.data["ids"][0]])
        old = await client.call("stream_write", key="s", entries=[{"fields": {"a": "3"}, "id": "1-1"}])
        trimmed = await client.call("stream_write", key="s", maxlen=0, approx=False)
        nothing = await client.call("stream_write", key="s")
        empty = await client.call("stream_write", key="s", entries=[{"fields": {}}])
    assert added.data["length"] == 2
    assert added.data["ids"][1] == "9999999999999-1"
    assert gone.data == {"ids": [], "removed": 1, "length": 1}
    assert old.error_code == "conflict"
    assert trimmed.data == {"ids": [], "removed": 1, "length": 0}
    assert (nothing.error_code, empty.error_code) == ("invalid_argument", "invalid_argument")


@each_era
@pytest.mark.usefixtures("filled")
async def test_groups_and_their_consumers(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision, **WRITING) as client:

        async def groups(action: str, **more: Any) -> Any:
            result = await client.call("stream_groups", key="stream", action=action, **more)
            assert not result.is_error, result.text
            return result.data

        assert (await groups("create", group="g", ids=["0"]))["done"] == 1
        taken = (await client.call("stream_groups", key="stream", action="create", group="g")).error_code
        read = await groups("read", group="g", consumer="c", count=2)
        pending = await groups("pending", group="g")
        listed = await groups("list")
        consumers = await groups("consumers", group="g")
        acked = await groups("ack", group="g", ids=["1-0"])
        claimed = await groups("claim", group="g", consumer="d", ids=["2-0"])
        moved = await groups("set_id", group="g", ids=["0"])
        destroyed = await groups("destroy", group="g")
        missing = (await client.call("stream_groups", key="stream", action="pending", group="g")).error_code
        unnamed = (await client.call("stream_groups", key="stream", action="ack", group="g")).text
    assert taken == "conflict"
    assert [entry["id"] for entry in read["entries"]] == ["1-0", "2-0"]
    assert [one["consumer"] for one in pending["pending"]] == ["c", "c"]
    assert (listed["groups"][0]["name"], listed["groups"][0]["pending"]) == ("g", 2)
    assert consumers["consumers"][0]["name"] == "c"
    assert (acked["done"], claimed["entries"][0]["id"], moved["done"], destroyed["done"]) == (1, "2-0", 1, 1)
    assert missing == "not_found"
    assert "`ids`" in unnamed


@each_era
async def test_pages_of_groups_fit_a_result(client_of: Clients, raw: Any, revision: str) -> None:
    """DB6: what had no room was delivered, so it is pending, and read again."""
    for number in range(1, 501):
        raw.xadd("s", {"a": "x" * 1000}, id=f"{number}-0")
    raw.xgroup_create("s", "g", "0")
    asked: dict[str, Any] = {"key": "s", "group": "g", "consumer": "c", "count": 500}
    found: list[str] = []
    async with client_of(**WRITING, revision=revision, max_output_chars=100_000) as client:
        page = await client.call("stream_groups", action="read", **asked)
        while page.data["entries"]:
            assert len(page.text) <= 100_000
            assert page.data["truncated"] == (page.data.get("truncation") is not None)
            found += [one["id"] for one in page.data["entries"]]
            page = await client.call("stream_groups", action="read", ids=[found[-1]], **asked)
        small = await client.call("stream_groups", action="pending", **asked)
    assert found == [f"{number}-0" for number in range(1, 501)]
    assert (len(small.data["pending"]), raw.xpending("s", "g")["pending"]) == (500, 500)


async def test_what_was_appended_before_an_entry_failed_is_told(client_of: Clients, raw: Any) -> None:
    entries = [{"fields": {"a": "1"}, "id": "5-1"}, {"fields": {"a": "2"}, "id": "1-1"}]
    async with client_of(**WRITING) as client:
        result = await client.call("stream_write", key="s", entries=entries)
    assert result.error_code == "conflict"
    assert "entries[1]" in result.text
    assert "Of 2 entries 1 were appended" in result.text
    assert raw.xlen("s") == 1


@each_era
async def test_groups_are_only_looked_at_in_read_only_mode(client_of: Clients, filled: Any, revision: str) -> None:
    filled.xgroup_create("stream", "g", id="0")
    async with client_of(revision=revision) as client:
        tool = next(one for one in await client.list("tools") if one["name"] == "stream_groups")
        listed = await client.call("stream_groups", key="stream")
        read = await client.call("stream_groups", key="stream", action="read", group="g", consumer="c")
    assert tool["annotations"]["readOnlyHint"] is True
    assert listed.data["groups"][0]["name"] == "g"
    assert read.error_code == "read_only"
    assert filled.xpending("stream", "g")["pending"] == 0


@each_era
async def test_messages_are_collected(client_of: Clients, raw: Any, revision: str, until: Any) -> None:
    async with client_of(revision=revision, **WRITING) as client:
        waiting = await client.peer.begin(
            "tools/call",
            {
                "name": "collect_messages",
                "arguments": {"channels": ["news"], "patterns": ["log.*"], "max": 2, "timeout_s": 5},
            },
        )
        await until(lambda: raw.pubsub_numsub("news")[0][1] == 1)
        published = await client.call("publish", channel="news", message="hello")
        raw.publish("log.a", b"\xff")
        reply = await client.peer.reply(waiting)
        silent = await client.call("collect_messages", channels=["news"], timeout_s=0.05)
        none = await client.call("collect_messages")
    first, second = reply["result"]["structuredContent"]["messages"]
    assert published.data["receivers"] >= 1
    assert (first["channel"], first["data"]) == ("news", "hello")
    assert first["at"].endswith("Z")
    assert (second["pattern"], second["data"]) == ("log.*", {"base64": "/w==", "size": 1})
    assert (silent.data["messages"], silent.data["timed_out"]) == ([], True)
    assert none.error_code == "invalid_argument"
