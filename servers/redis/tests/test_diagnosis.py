"""Health, slow commands, clients, scripts, and the tools of the archived server."""

from typing import Any

import pytest

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
CHECKS = [
    *("memory", "fragmentation", "evictions", "hit_ratio", "persistence", "replication_lag", "clients"),
    *("slowlog", "latency", "big_keys_sample", "configuration"),
]


@each_era
@pytest.mark.usefixtures("filled")
async def test_the_health_of_an_engine(client_of: Clients, revision: str) -> None:
    async with client_of(revision=revision) as client:
        health = (await client.call("check_health")).data
    checks = {check["name"]: check for check in health["checks"]}
    assert list(checks) == CHECKS
    assert checks["configuration"]["status"] == "warning"  # no maxmemory
    assert health["status"] == "warning"
    assert not any(check["status"] == "skipped" for check in checks.values())


async def test_slow_commands_are_shown_in_part(client_of: Clients, raw: Any) -> None:
    raw.config_set("slowlog-log-slower-than", 0)
    try:
        raw.slowlog_reset()
        raw.set("k", "x" * 500)
        raw.mset({f"k{number}": "v" for number in range(20)})
        async with client_of() as client:
            log = (await client.call("slow_log", limit=10)).data["entries"]
            short = (await client.call("slow_log", limit=1)).data["entries"]
    finally:
        raw.config_set("slowlog-log-slower-than", 10_000)
    names = [entry["command"][0] for entry in log]
    entry = next(one for one in log if one["command"][0] == "SET")
    many = next(one for one in log if one["command"][0] == "MSET")
    assert "MSET" in names
    assert len(entry["command"][2]) < 200
    assert many["more_arguments"] == 28  # the engine keeps 32
    assert entry["client"].startswith("*")
    assert len(short) == 1


async def test_clients_have_masks_outside_of_admin_mode(client_of: Clients, raw: Any) -> None:
    raw.client_setname("watched")
    async with client_of() as client:
        masked = (await client.call("client_list", limit=100)).data
    async with client_of(mode="admin") as client:
        plain = (await client.call("client_list", limit=100)).data
    assert {one["name"] for one in masked["clients"]} >= {"watched", "mcp-ref-redis"}
    assert all(one["address"].startswith("*") for one in masked["clients"] if one["address"])
    assert any(one["address"].startswith("127.0.0.1:") for one in plain["clients"])
    assert plain["total"] >= 2


@each_era
async def test_scripts_run_in_admin_mode(client_of: Clients, raw: Any, revision: str) -> None:
    raw.set("k", "1")
    async with client_of(mode="admin", revision=revision) as client:
        read = await client.call(
            "run_script", script="return {redis.call('GET', KEYS[1]), ARGV[1]}", keys=["k"], args=["a"]
        )
        refused = await client.call("run_script", script="return redis.call('SET', KEYS[1], 'x')", keys=["k"])
        wrote = await client.call(
            "run_script", script="return redis.call('SET', KEYS[1], 'x')", keys=["k"], read_only=False
        )
        broken = await client.call("run_script", script="return nonsense(")
    assert read.data["reply"] == ["1", "a"]
    assert refused.is_error
    assert wrote.data["reply"] == "OK"
    assert broken.is_error
    assert raw.get("k") == b"x"


@pytest.mark.parametrize("mode", ["read-only", "read-write"])
async def test_scripts_are_not_there_in_other_modes(client_of: Clients, mode: str) -> None:
    async with client_of(mode=mode) as client:
        assert "run_script" not in {tool["name"] for tool in await client.list("tools")}


@each_era
async def test_the_tools_of_the_archived_server(client_of: Clients, raw: Any, revision: str) -> None:
    async with client_of(mode="read-write", revision=revision) as client:
        texts = [
            (await client.call(tool, **arguments)).text
            for tool, arguments in (
                ("set", {"key": "a", "value": "1"}),
                ("set", {"key": "b", "value": "2", "expireSeconds": 60}),
                ("get", {"key": "a"}),
                ("get", {"key": "zz"}),
                ("list", {"pattern": "a*"}),
                ("list", {"pattern": "zz*"}),
                ("delete", {"key": "a"}),
                ("delete", {"key": ["b", "c"]}),
            )
        ]
        data = (await client.call("get", key="zz")).data
    assert texts == [
        "Successfully set key: a",
        "Successfully set key: b",
        "1",
        "Key not found: zz",
        "Found keys:\na",
        "No keys found matching pattern",
        "Successfully deleted key: a",
        "Successfully deleted 2 keys",
    ]
    assert data == {"value": None, "untrusted": True}
    assert raw.dbsize() == 0


@each_era
@pytest.mark.usefixtures("raw")
async def test_modules_that_are_missing_are_named(client_of: Clients, revision: str) -> None:
    """R14."""
    async with client_of(mode="read-write", revision=revision) as client:
        able = (await client.call("server_info")).data["features"]
        for feature, tool, arguments, command in (
            ("search", "search_indexes", {}, "FT._LIST"),
            ("search", "search", {"index": "i"}, "FT.SEARCH"),
            ("search", "describe_index", {"index": "i"}, "FT.INFO"),
            ("timeseries", "time_series", {"keys": ["t"]}, "TS.RANGE"),
            ("timeseries", "time_series", {"keys": ["t"], "add": [{"value": 1}]}, "TS.ADD"),
            ("vectorset", "vector_set", {"key": "v", "op": "info"}, "VINFO"),
        ):
            if feature not in able:
                result = await client.call(tool, **arguments)
                assert result.error_code == "unsupported"
                assert command in result.text
    assert "functions" in able
