"""Statements that would take all memory or all time: each ends soon and cleanly, and the next call is answered."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client import Client, Command

ENDLESS = "with recursive a(n) as (select 1 union all select n + 1 from a) select count(*) from a"


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_an_endless_statement_ends_and_stops_nobody(file: Path, serve: Any, revision: str) -> None:
    """S9."""
    async with serve(file, given={"revision": revision}) as client:
        started = time.monotonic()
        endless = await client.peer.begin(
            "tools/call", {"name": "query", "arguments": {"sql": ENDLESS, "timeout_s": 1}}
        )
        await asyncio.sleep(0.1)
        asked = time.monotonic()
        assert (await client.call("query", sql="select 1")).data["rows"] == [[1]]
        assert time.monotonic() - asked < 0.3
        reply = await client.peer.reply(endless)
        assert time.monotonic() - started < 2
    assert reply["result"]["_meta"]["mcp-ref/error"]["code"] == "timeout"


async def test_a_page_that_has_begun_when_the_time_is_up_is_returned(small: Path, serve: Any) -> None:
    numbers = "with recursive a(n) as (select 1 union all select n + 1 from a)"
    sql = f"{numbers} select n from a where n < 10 or n % 100000000 = 0"  # noqa: S608  a test's own words
    async with serve(small) as client:
        data = (await client.call("query", sql=sql, timeout_s=0.5)).data
    assert data["row_count"] in {8, 9}  # the module is one step ahead of what it has given
    assert data["truncation"]["reason"] == "time"


@pytest.mark.parametrize(
    "sql",
    [
        "select randomblob(1000000000)",
        "select zeroblob(1000000000)",
        "select hex(zeroblob(10000000))",
        "select replace(hex(zeroblob(1000000)), '0', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",
        "select printf('%.*c', 2000000000, 'x')",
        "select printf('%*d', 2000000000, 1)",
        "select printf('%2000000000d', 1)",
        "select format('%.2000000000d', 1)",
        "select FORMAT /* c */ ('%-,2000000000d', 1)",
        "select 1 where 1 in (" + ",".join(["1"] * 100_000) + ")" + " or 1" * 300,
        " union all ".join(["select 1"] * 200),
        "select " + "(" * 300 + "1" + ")" * 300,
        "select max(" + ",".join(["1"] * 100) + ")",
        "select 'x' like '" + "%a" * 1000 + "'",
    ],
)
async def test_what_needs_too_much_is_refused_at_once(small: Path, serve: Any, sql: str) -> None:
    async with serve(small) as client:
        started = time.monotonic()
        result = await client.call("query", sql=sql, timeout_s=5)
        assert result.is_error, result.text[:200]
        assert time.monotonic() - started < 2
        assert (await client.call("query", sql="select 1")).data["rows"] == [[1]]


async def test_memory_ends_before_the_machine_does(small: Path) -> None:
    """In a process of its own: the limit is one for all connections, and is only ever lowered."""
    numbers = "with recursive a(n) as (select 1 union all select n + 1 from a limit 60)"
    sql = f"{numbers} select n, length(b) from (select n, randomblob(1000000) b from a) order by b"  # noqa: S608  a test's own words
    command = [sys.executable, "-m", "mcp_ref_sqlite", str(small), "--heap-limit-mb", "32"]
    async with Client(Command(command, stderr="keep"), revision="2026-07-28") as client:
        result = await client.call_tool("query", {"sql": sql})
        assert (result.meta or {})["mcp-ref/error"]["code"] == "too_large", result
        assert (await client.call_tool("query", {"sql": "select 1"})).structured_content["rows"] == [[1]]
