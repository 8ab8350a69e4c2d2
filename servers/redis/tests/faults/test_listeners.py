"""Who listens hears of it: engines that restart, stand still, refuse, or flood; and nobody else waits for that."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])

Heard = Callable[..., Awaitable[str]]


@asynccontextmanager
async def listening(client: Any, *uris: str, revision: str = "2026-07-28") -> AsyncGenerator[Heard]:
    """Subscribe in the way of the era; what is given waits for the next change, or for that of one URI."""
    request = None
    if revision == "2025-11-25":
        for uri in uris:
            await client.request("resources/subscribe", {"uri": uri})
    else:
        wanted = {"notifications": {"resourceSubscriptions": list(uris)}}
        request = await client.peer.begin("subscriptions/listen", wanted)
        await client.peer.notification("notifications/subscriptions/acknowledged")

    async def heard(wanted: str | None = None, seconds: float = 5) -> str:
        async with asyncio.timeout(seconds):
            while True:
                uri: str = (await client.peer.notification("notifications/resources/updated"))["params"]["uri"]
                if wanted in (None, uri):
                    return uri

    yield heard
    if request is not None:
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": request}}
        await client.peer.send({"jsonrpc": "2.0", **cancelled})


async def all_of(heard: Heard, uris: Collection[str]) -> None:
    missing = set(uris)
    while missing:
        missing.discard(await heard())


async def nothing(heard: Heard, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await heard(seconds=seconds)


@each_era
async def test_what_happens_right_after_the_acknowledgement_is_told(
    client_of: Clients, filled: Any, revision: str
) -> None:
    """No gap between the promise and the listening, for each kind."""
    filled.config_set("notify-keyspace-events", "KA")
    uris = {kind: f"redis://0/{kind}/{name}" for kind, name in (("channel", "c"), ("stream", "stream"), ("key", "k"))}
    changes = {"channel": ("PUBLISH", "c", "m"), "stream": ("XADD", "stream", "*", "n", "1"), "key": ("SET", "k", "v")}
    try:
        async with client_of(revision=revision) as client:
            for kind, uri in uris.items():
                async with listening(client, uri, revision=revision) as heard:
                    filled.execute_command(*changes[kind])
                    assert await heard(seconds=3) == uri
    finally:
        filled.config_set("notify-keyspace-events", "")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listeners lose patience, and look, ten times as fast."""
    for module in ("streams", "channels", "watchers"):
        monkeypatch.setattr(f"mcp_ref_redis.watching.{module}.ANSWER_SECONDS", 0.4)
    monkeypatch.setattr("mcp_ref_redis.watching.channels.SILENCE_SECONDS", 0.2)
    monkeypatch.setattr("mcp_ref_redis.watching.streams.BLOCK_MS", 50)
    monkeypatch.setattr("mcp_ref_redis.watching.watchers.LOOK_SECONDS", 0.2)


@pytest.mark.usefixtures("hasty")
@each_era
async def test_an_engine_that_stands_still_ends_no_listening_and_no_server(
    client_of: Clients, start_engine: Any, revision: str
) -> None:
    """No connection breaks, and nothing is answered: the listeners ask, give up, and are told when it is back."""
    engine = start_engine()
    uris = ("redis://0/channel/c", "redis://0/stream/s", "redis://0/key/k")
    async with (
        client_of(engine.url, revision=revision, timeout=0.4) as client,
        listening(client, *uris, revision=revision) as heard,
    ):
        engine.signal(signal.SIGSTOP)
        for _ in range(3):
            assert (await client.call("read_key", key="k")).is_error
        assert await client.list("tools")
        engine.signal(signal.SIGCONT)
        await all_of(heard, uris)
        with Redis.from_url(engine.url) as raw:
            raw.set("k", "v")
            await heard(uris[2])
            raw.xadd("s", {"a": "1"})
            await heard(uris[1])
            raw.publish("c", "m")
            await heard(uris[0])


@pytest.mark.usefixtures("hasty")
async def test_an_engine_that_restarts_without_its_events_is_looked_at(client_of: Clients, start_engine: Any) -> None:
    """CONFIG SET does not outlive the process: a key that was told of by events is told of by looks."""
    engine = start_engine()
    uri, *others = uris = ("redis://0/key/k", "redis://0/stream/s", "redis://0/channel/c")
    with Redis.from_url(engine.url) as raw:
        raw.config_set("notify-keyspace-events", "KA")
        raw.xadd("s", {"a": "1"}, id="9999999999999-0")
    async with client_of(engine.url) as client, listening(client, *uris) as heard:
        engine.stop()
        engine.start()
        await all_of(heard, uris)
        with Redis.from_url(engine.url) as raw:
            raw.xadd("s", {"a": "1"}, id="1-0")  # smaller than the last one that the old process had
            await heard(others[0])
            raw.publish("c", "m")
            await heard(others[1])
        for events in ("", "KA", ""):
            with Redis.from_url(engine.url) as raw:
                raw.config_set("notify-keyspace-events", events)
                await asyncio.sleep(0.5)  # a look or two, of which nobody tells
                raw.append("k", "more")
            await heard(uri)


@pytest.mark.usefixtures("hasty")
async def test_one_listener_who_is_refused_costs_the_others_nothing(client_of: Clients, start_engine: Any) -> None:
    """A stream that is a string, a stream and a channel that the user may not read, events that he may not hear."""
    engine = start_engine("--notify-keyspace-events", "KA")
    with Redis.from_url(engine.url) as raw:
        raw.mset({"text": "no stream", "app:k": "1"})
        rights = ("~app:*", "~text", "resetchannels", "&app:*", "+@all", "-@dangerous", "+config|get")
        raw.execute_command("ACL", "SETUSER", "mcp", "on", ">p", *rights)
    good = ["redis://0/stream/app:s", "redis://0/channel/app:c", "redis://0/key/app:k"]
    bad = ["redis://0/stream/text", "redis://0/stream/other", "redis://0/channel/other"]
    url = engine.url.replace("//", "//mcp:p@")
    async with client_of(url) as client, listening(client, *bad, *good) as heard:
        await nothing(heard, 0.6)
        with Redis.from_url(engine.url) as raw:
            for words in (("XADD", "app:s", "*", "n", "1"), ("PUBLISH", "app:c", "m"), ("APPEND", "app:k", "2")):
                raw.execute_command(*words)
                assert await heard() == good[("XADD", "PUBLISH", "APPEND").index(words[0])]
            raw.delete("text")
            raw.xadd("text", {"now": "a stream"})
            assert await heard() == bad[0]


async def test_a_flood_of_messages_is_one_change_and_little_memory(client_of: Clients, start_engine: Any) -> None:
    """A hundred thousand messages a second: the server reads them, keeps none, and answers others meanwhile."""
    engine = start_engine()
    uri = "redis://0/channel/flood"
    with Redis.from_url(engine.url) as raw:
        async with client_of(engine.url) as client, listening(client, uri) as heard:
            await client.call("read_key", key="k")
            before, slowest, updates = _rss(), 0.0, 0
            async with asyncio.TaskGroup() as group:
                flood = group.create_task(asyncio.to_thread(_publish, raw, 60_000))
                while not flood.done():
                    start = time.monotonic()
                    await client.call("read_key", key="k")
                    slowest = max(slowest, time.monotonic() - start)
            await heard(uri)
            after = _rss()
            while True:
                try:
                    await heard(seconds=0.5)
                except TimeoutError:
                    break
                updates += 1
    assert after - before < 8 * 2**20
    assert updates < 100
    assert slowest < 5  # alone it is a fifth of a second, of which the engine takes the most


def _publish(raw: Any, count: int) -> None:
    """By scripts: the engine itself publishes faster than any client could."""
    script = "for n = 1, ARGV[1] do redis.call('PUBLISH', 'flood', 'message ' .. n) end"
    for _ in range(count // 5000):
        raw.eval(script, 0, 5000)


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_no_entry_of_a_busy_stream_is_the_last_that_nobody_is_told_of(client_of: Clients, raw: Any) -> None:
    """Whenever a listener reads after a change, either he sees the newest entry, or he is told again."""
    uri = "redis://0/stream/s"
    async with client_of() as client, listening(client, uri) as heard:
        for number in range(4):
            raw.xadd("s", {"n": str(number)})
            await heard(uri)
            raw.xadd("s", {"n": f"{number}, while nobody looks"})
            await heard(uri)


@pytest.mark.usefixtures("hasty")
async def test_more_keys_than_fit_a_reply_are_looked_at_all_the_same(client_of: Clients, raw: Any) -> None:
    """A hundred streams whose last entries take ten megabytes, and a hundred keys."""
    streams, keys = [f"s{number}" for number in range(100)], [f"k{number}" for number in range(100)]
    for name in streams:
        raw.xadd(name, {"n": "x" * 100_000})
    uris = [f"redis://0/stream/{name}" for name in streams] + [f"redis://0/key/{name}" for name in keys]
    async with client_of() as client, listening(client, *uris) as heard:
        raw.xadd(streams[70], {"n": "more"})
        raw.set(keys[70], "v")
        await all_of(heard, [uris[70], uris[170]])
