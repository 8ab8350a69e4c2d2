"""Statements that would go on when nobody waits for them any more, and shapes that are too large for the engine."""

import sys
import time
from typing import Any

import pytest

from mcp_protocol.client import Client, Command
from mcp_protocol.errors import TransportError

CATCHES = """
    CREATE FUNCTION catches() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP
        BEGIN PERFORM pg_sleep(0.05); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP; END'
"""
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%catches()%' AND datname = "


async def test_a_function_that_catches_its_cancel_ends_with_its_connection(
    client: Any, engine: Any, fresh: str
) -> None:
    """The engine looks every two seconds whether somebody is left; a FATAL cannot be caught."""
    await engine.run(CATCHES, fresh)
    async with client(database=fresh, pool=1) as c:
        began = time.monotonic()
        result = await c.call("query", sql="select catches()", timeout_s=0.5)
        elapsed = time.monotonic() - began
        after = await c.call("query", sql="select 1")
        await engine.until(f"{RUNNING} '{fresh}'", 0, "postgres")
        settled = await c.call("query", sql="show client_connection_check_interval")
    assert result.error_code == "timeout"
    assert elapsed < 3
    assert after.data["rows"] == [[1]]
    assert settled.data["rows"] == [["2s"]]


async def test_a_statement_ends_although_the_server_was_killed(engine: Any, fresh: str) -> None:
    """Nobody is left to send a cancel."""
    await engine.run(CATCHES, fresh)
    command = [sys.executable, "-c", KILLED, engine.dsn(fresh)]
    async with Client(Command(command, stderr="keep"), revision="2026-07-28") as lost:
        with pytest.raises(TransportError):
            await lost.call_tool("query", {"sql": "select catches()", "timeout_s": 60})
    await engine.until(f"{RUNNING} '{fresh}'", 0, "postgres")


KILLED = """
import os, threading, mcp_ref_postgres.__main__ as it
threading.Timer(2.5, os.kill, (os.getpid(), 9)).start()
it.main()
"""


async def test_a_thousand_columns_of_text_can_be_read(client: Any) -> None:
    """The engine takes 1664 columns of a caller, and ours round them must not be more."""
    long = "repeat('é', 5000)"
    texts = ", ".join(f"'x{number}'::text" for number in range(1000))
    async with client() as c:
        result = await c.call("query", sql=f"select {texts}, {long}, '{{\"a\": 1}}'::jsonb, array['a', 'b'], 7, null")
    assert not result.is_error, result.text
    [row] = result.data["rows"]
    assert row[:2] == ["x0", "x1"]
    assert row[1000].endswith("[4096 of 5000 characters]")
    assert row[1001:] == [{"a": 1}, "{a,b}", 7, None]
    assert result.data["truncated_cells"] == 1
