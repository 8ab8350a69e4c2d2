# ruff: noqa: ASYNC240  files are small, and a test waits for nothing else
"""A server that goes on: a database that comes late, thousands of calls that leave nothing behind."""

import asyncio
import os
import resource
import threading
from pathlib import Path
from typing import Any

import pytest

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("query", {"sql": "select id, v from t where id = ?", "params": [5]}),
    ("query", {"sql": "select id from t", "limit": 10}),
    ("query", {"sql": "select * from nope"}),
    ("query", {"sql": "delete from t"}),
    ("list_objects", {}),
    ("describe_object", {"name": "t"}),
    ("explain", {"sql": "select * from t where v = 'x'"}),
    ("execute", {"sql": "update t set v = 'x' where id = 1"}),
    ("execute", {"sql": "delete from t"}),
    ("search_text", {"text": "b"}),
]
# The whole of 100,000 takes minutes: `MCP_TEST_SOAK=100000`.
NUMBER = int(os.environ.get("MCP_TEST_SOAK", "3000"))
MIB = 1024 * 1024


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def test_a_database_that_comes_late_is_found(small: Path, tmp_path: Path, serve: Any) -> None:
    """DB8."""
    later = tmp_path / "later.db"
    async with serve(later) as client:
        assert len(await client.list("tools")) > 0
        refused = await client.call("query", sql="select count(*) from t")
        facts = refused.raw["_meta"]["mcp-ref/error"]
        assert (facts["code"], facts["retryable"]) == ("connection", True)
        small.rename(later)
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]
        later.rename(small)
        assert (await client.call("query", sql="select count(*) from t")).error_code == "connection"
        small.rename(later)
        assert (await client.call("query", sql="select count(*) from t")).data["rows"] == [[3]]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
async def test_many_mixed_calls_leave_nothing_behind(small: Path, serve: Any) -> None:
    """DB13."""
    async with serve(small, mode="read-write") as client:
        for tool, arguments in CALLS * 30:
            await client.call(tool, **arguments)
        before = (resident(), descriptors(), threading.active_count(), len(asyncio.all_tasks()))
        for number in range(NUMBER):
            tool, arguments = CALLS[number % len(CALLS)]
            await client.call(tool, **arguments)
        after = (resident(), descriptors(), threading.active_count(), len(asyncio.all_tasks()))
    assert after[1:] == before[1:]
    # A page or two more is the allocator's; a leak of 1 MB in 100,000 calls would be seen in the whole of them.
    assert after[0] - before[0] < max(MIB, 2 * MIB if NUMBER < 100_000 else MIB)


async def test_a_thousand_listings_are_the_same(small: Path, serve: Any) -> None:
    """DB1."""
    async with serve(small, toolsets=["all"]) as client:
        first = await client.list("tools")
        for _ in range(1000):
            assert await client.list("tools") == first


async def test_a_missing_file_is_made_when_it_is_first_written(tmp_path: Path, serve: Any) -> None:
    path = tmp_path / "new.db"
    async with serve(path, mode="read-write", create=True) as client:
        assert (await client.call("query", sql="select 1")).error_code == "connection"
        assert not path.exists()
        assert not (await client.call("execute", sql="create table n(a)")).is_error
        assert [each["name"] for each in (await client.call("list_objects")).data["objects"]] == ["n"]
