"""Cursors that were changed, guessed, moved or made elsewhere: nothing runs for any of them."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import ledger
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_protocol.testing import Connection, connect

SQL = "SELECT a FROM t ORDER BY a"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Connection]:
    decided = ledger.Settings(
        databases=[ledger.filled(str(tmp_path / "a.db")), ledger.Secret(f"other={tmp_path / 'a.db'}")], held_cursors=2
    )
    async with connect(ledger.made(decided), decided) as client:
        yield client


async def first(client: Connection, **more: Any) -> str:
    page = await client.call("query", **({"sql": SQL, "limit": 3, "database": "main"} | more))
    return page.data["next_cursor"]


async def refused(client: Connection, tool: str = "query", **arguments: Any) -> None:
    ran = len(ledger.latest[-1].ran)
    asked = {"sql": SQL, "limit": 3, "database": "main"} | arguments
    answer = await client.call(tool, **asked)
    assert answer.error_code == "invalid_argument"
    assert answer.data is None
    assert len(ledger.latest[-1].ran) == ran


async def test_one_character_changed(client: Connection) -> None:
    """DB7"""
    cursor = await first(client)
    for at in range(0, len(cursor), 7):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        await refused(client, cursor=changed)


@pytest.mark.parametrize(
    "other", [{"sql": SQL + " "}, {"limit": 4}, {"params": [1]}, {"format": "csv"}, {"database": "other"}]
)
async def test_other_arguments(client: Connection, other: dict[str, Any]) -> None:
    """DB7"""
    await refused(client, cursor=await first(client), **other)


async def test_another_tool(tmp_path: Path) -> None:
    """DB7"""
    queries = [ledger.Canned(name="all_of_it", description="All.", sql=SQL, limit=3)]
    decided = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], queries=queries)
    async with connect(ledger.made(decided), decided) as client:
        cursor = (await client.call("query", sql=SQL)).data["next_cursor"] or (
            await client.call("query", sql=SQL, limit=3)
        ).data["next_cursor"]
        answer = await client.call("all_of_it", cursor=cursor)
        assert answer.error_code == "invalid_argument"


async def test_a_server_that_was_started_anew_with_a_key_of_its_own(client: Connection, tmp_path: Path) -> None:
    """DB7"""
    cursor = await first(client)
    decided = ledger.Settings(databases=[ledger.Secret(str(tmp_path / "a.db"))])
    async with connect(ledger.made(decided), decided) as other:
        answer = await other.call("query", sql=SQL, limit=3, cursor=cursor)
        assert answer.error_code == "invalid_argument"


@pytest.mark.parametrize("cursor", ["", "x", "A" * 2049, "A" * 100_000, "\x00", "../../etc/passwd", "é" * 50])
async def test_what_is_no_cursor(client: Connection, cursor: str) -> None:
    """DB7"""
    await refused(client, cursor=cursor)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(text=st.text(max_size=400))
async def test_a_guess(client: Connection, text: str) -> None:
    """DB7"""
    await refused(client, cursor=text.encode("utf-8", "replace").decode())


async def test_a_cursor_of_a_page_long_ago_is_no_way_to_the_rows_that_are_held(client: Connection) -> None:
    """A replayed cursor stands elsewhere than the engine's: the statement runs again from the right row."""
    one = await first(client)
    page = await client.call("query", sql=SQL, limit=3, database="main", cursor=one)
    assert [row[0] for row in page.data["rows"]] == [3, 4, 5]
    again = await client.call("query", sql=SQL, limit=3, database="main", cursor=one)
    assert [row[0] for row in again.data["rows"]] == [3, 4, 5]
    assert again.data["re_executed"]


async def test_many_first_pages_hold_no_more_than_was_allowed(client: Connection) -> None:
    for _ in range(50):
        await first(client)
    assert len(ledger.latest[-1].held) == 2
