"""Finding keys and summing them up."""

from typing import Any

import pytest
import redis

from mcp_ref_kit import Secret

Clients = Any
Redis: Any = redis.Redis  # whose types are partly unknown
USER_KEYS, KINDS = 50_000, 7  # of the fixture `crowd`
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_era
async def test_every_key_comes_once_and_keys_is_never_sent(
    client_of: Clients, crowd: str, sent: Any, revision: str
) -> None:
    """R4."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    async with client_of(crowd, revision=revision) as client:
        while True:
            page = (await client.call("scan_keys", pattern="user:1*", limit=500, **cursor)).data
            assert len(page["keys"]) <= 500
            found += page["keys"]
            if page["complete"]:
                break
            assert page["truncated"]
            cursor = {"cursor": page["next_cursor"]}
    assert len(found) == len(set(found)) == 11_111
    assert "keys" not in sent()


async def test_details_come_with_the_keys(client_of: Clients, filled: Any) -> None:
    filled.set("short", "lived", px=90_000)
    async with client_of() as client:
        page = await client.call("scan_keys", details=["type", "ttl", "size", "encoding"])
    by_key = {str(item["key"]): item for item in page.data["keys"]}
    assert by_key["list"]["type"] == "list"
    assert 0 < by_key["short"]["ttl_ms"] <= 90_000
    assert by_key["list"]["ttl_ms"] is None
    assert all(item["size"] > 0 and item["encoding"] for item in by_key.values())


@each_era
async def test_no_more_keys_are_seen_than_there_are(client_of: Clients, raw: Any, crowd: str, revision: str) -> None:
    """R4: the engine counts buckets of its table, empty ones too: 1000 of them for three keys."""
    raw.mset({"a": "1", "b": "2", "c": "3"})
    asked: list[dict[str, Any]] = [{}, {"pattern": "a"}, {"pattern": "zz"}, {"type": "hash"}, {"limit": 2}]
    async with client_of(revision=revision) as client:
        few = [(await client.call("scan_keys", **more)).data["scanned"] for more in asked]
    async with client_of(crowd, revision=revision) as client:
        many = [(await client.call("scan_keys", pattern="emoji", limit=limit)).data["scanned"] for limit in (1, 10_000)]
    assert few == [3, 3, 3, 3, 2]
    assert 1 <= many[0] <= many[1] == USER_KEYS + KINDS


@pytest.mark.usefixtures("filled")
async def test_keys_of_one_type(client_of: Clients) -> None:
    async with client_of() as client:
        page = await client.call("scan_keys", type="hash")
    assert page.data["keys"] == ["hash"]


async def test_a_page_is_cut_by_bytes_and_goes_on_behind_them(client_of: Clients, raw: Any) -> None:
    """DB6: what did not fit comes with the next page."""
    names = {f"{'k' * 200}{number}" for number in range(300)}
    raw.mset(dict.fromkeys(names, "v"))
    found: list[str] = []
    cursor: dict[str, str] = {}
    async with client_of(max_output_chars=8192) as client:
        while True:
            result = await client.call("scan_keys", limit=1000, **cursor)
            found += result.data["keys"]
            assert len(result.text) < 8192
            if result.data["complete"]:
                break
            cursor = {"cursor": result.data["next_cursor"]}
    assert sorted(found) == sorted(names)


async def test_a_scan_goes_on_where_another_process_has_begun_it(client_of: Clients, raw: Any) -> None:
    """What the first has shown is not known to the second; nothing is lost by that."""
    raw.mset({f"k{number}": "v" for number in range(500)})
    key = Secret("0123456789abcdef0123456789abcdef")
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(100):
        async with client_of(state_key=key) as client:
            page = (await client.call("scan_keys", limit=20, **cursor)).data
        found += page["keys"]
        if page["complete"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(set(found)) == 500


@pytest.mark.parametrize("pattern", ["*" * 9, "x" * 300])
async def test_a_pattern_that_could_take_for_ever_is_refused(client_of: Clients, pattern: str) -> None:
    """CVE-2022-36021."""
    async with client_of() as client:
        for tool in ("scan_keys", "analyze_keyspace"):
            assert (await client.call(tool, pattern=pattern)).error_code == "invalid_argument"


async def test_a_key_space_is_summed_up_by_prefix(client_of: Clients, raw: Any) -> None:
    """R18, without the end in its middle."""
    with raw.pipeline(transaction=False) as pipe:
        for number in range(300):
            pipe.set(f"app:session:{number}", "x" * 50, ex=600)
            pipe.hset(f"app:user:{number}", mapping={"name": "n" * 100})
        pipe.rpush("queue", *["job" * 100 for _ in range(1000)])
        pipe.execute()
    async with client_of() as client:
        found = (await client.call("analyze_keyspace")).data
    by_prefix = {item["prefix"]: item for item in found["prefixes"]}
    assert (found["sampled"], found["keys_total"], found["truncated"]) == (601, 601, False)
    assert by_prefix["app:session:"]["keys_est"] == 300
    assert by_prefix["app:session:"]["ttl"] == {"none": 0, "lt_1h": 300, "lt_1d": 0, "more": 0}
    assert by_prefix["app:user:"]["types"] == {"hash": 300}
    assert found["biggest"][0]["key"] == "queue"


async def test_a_sample_is_scaled_to_the_whole(client_of: Clients, crowd: str) -> None:
    async with client_of(crowd) as client:
        found = (await client.call("analyze_keyspace", sample=5000)).data
    users = next(item for item in found["prefixes"] if item["prefix"] == "user:")
    assert (found["sampled"], found["truncation"]["reason"]) == (5000, "limit")
    assert 40_000 < users["keys_est"] < 60_000


async def test_progress_is_told_to_whoever_wants_it(client_of: Clients, crowd: str) -> None:
    async with client_of(crowd) as client:
        request = await client.peer.begin(
            "tools/call", {"name": "analyze_keyspace", "arguments": {"sample": 50_000}}, progressToken="p"
        )
        await client.peer.reply(request)
        steps = [one["params"]["progress"] for one in client.peer.notifications if "progress" in one["params"]]
    assert steps
    assert steps == sorted(steps)


@each_era
async def test_the_engine_is_described_without_its_paths(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision) as client:
        result = await client.call("server_info")
        more = await client.call("server_info", sections=["replication", "modules", "cluster"])
    info = result.data
    assert (info["mode"], info["user"]) == ("read-only", "default")
    assert info["sections"]["memory"]["used_memory"] > 0
    assert isinstance(info["sections"]["server"]["redis_version"], str)
    assert "mcp-redis-" not in result.text
    assert "executable" not in info["sections"]["server"]
    assert more.data["sections"]["replication"]["role"] == "master"


@each_era
async def test_names_of_a_megabyte_do_not_fill_a_result(client_of: Clients, raw: Any, revision: str) -> None:
    """DB6: of a key's or a field's name so long the beginning is shown, and said to be one."""
    long = "n" * 1_000_000
    raw.set(long, "v")
    raw.hset("h", long, "v")
    raw.xadd("s", {long: "v"})
    calls: list[tuple[str, dict[str, Any]]] = [
        ("scan_keys", {}),
        ("scan_keys", {"details": ["type"]}),
        ("analyze_keyspace", {}),
        ("analyze_keyspace", {"separator": "x"}),
        ("delete_keys", {"pattern": "*"}),
        ("read_key", {"key": long}),
        ("read_key", {"key": "h"}),
        ("read_key", {"key": "s"}),
        ("read_keys", {"keys": [long, "h", "s"]}),
        ("key_info", {"key": long}),
    ]
    async with client_of(mode="read-write", revision=revision) as client:
        for tool, arguments in calls:
            result = await client.call(tool, **arguments)
            assert not result.is_error, result.text
            assert len(result.text) < 20_000, (tool, len(result.text))
            assert "of 1000000 characters" in result.text, tool


async def test_long_lists_of_slow_commands_fit_a_result(client_of: Clients, start_engine: Any) -> None:
    """DB6."""
    engine = start_engine("--slowlog-log-slower-than", "0", "--slowlog-max-len", "2000")
    with Redis.from_url(engine.url) as own, own.pipeline(transaction=False) as pipe:
        for _ in range(1100):
            pipe.mset({"x" * 100 + str(number): "y" * 100 for number in range(4)})
        pipe.execute()
    async with client_of(engine.url, max_output_chars=100_000) as client:
        slow = await client.call("slow_log", limit=1000)
        clients = await client.call("client_list", limit=1)
    assert len(slow.text) <= 100_000
    assert (slow.data["truncation"]["reason"], slow.data["truncation"]["total"]) == ("bytes", 1000)
    assert (clients.data["truncated"], len(clients.data["clients"])) == (clients.data["total"] > 1, 1)
