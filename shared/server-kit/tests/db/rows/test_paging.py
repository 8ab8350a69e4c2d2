import asyncio
from pathlib import Path
from typing import Any

import ledger
import pytest

from mcp_protocol.revisions import Revision
from mcp_protocol.session.calls import Principal, SessionFacts
from mcp_protocol.testing import RawPeer, connect
from mcp_protocol.transports.memory import join
from mcp_ref_kit import Secret
from mcp_ref_kit.db.rows.paging import HeldCursors, Hold, Position

SQL = "SELECT a FROM t ORDER BY a"


def hold(offset: int = 10, database: str = "main", principal: str = "me") -> Hold:
    return Hold(offset=offset, database=database, principal=principal)


async def test_pages_follow_one_another_without_gap_or_repeat(tmp_path: Path) -> None:
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"), 25)])
    seen: list[int] = []
    async with connect(ledger.made(settings), settings) as client:
        cursor = None
        while True:
            page = (await client.call("query", sql=SQL, limit=10, **({"cursor": cursor} if cursor else {}))).data
            seen += [row[0] for row in page["rows"]]
            assert not page["re_executed"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == list(range(25))
        assert ledger.latest[-1].ran == [SQL]


async def test_a_page_without_a_held_cursor_is_run_again_and_says_so(tmp_path: Path) -> None:
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], held_cursors=0)
    async with connect(ledger.made(settings), settings) as client:
        first = (await client.call("query", sql=SQL, limit=4)).data
        second = (await client.call("query", sql=SQL, limit=4, cursor=first["next_cursor"])).data
        assert (first["re_executed"], second["re_executed"]) == (False, True)
        assert [row[0] for row in second["rows"]] == [4, 5, 6, 7]
        assert ledger.latest[-1].ran == [SQL, SQL]


async def test_a_page_that_is_asked_for_twice_is_the_same_twice(tmp_path: Path) -> None:
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))])
    async with connect(ledger.made(settings), settings) as client:
        first = (await client.call("query", sql=SQL, limit=4)).data
        once = (await client.call("query", sql=SQL, limit=4, cursor=first["next_cursor"])).data
        again = (await client.call("query", sql=SQL, limit=4, cursor=first["next_cursor"])).data
        assert once["rows"] == again["rows"]
        assert (once["re_executed"], again["re_executed"]) == (False, True)


async def test_replicas_with_one_key_take_each_others_cursors(tmp_path: Path) -> None:
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], state_key=Secret("k" * 32))
    async with connect(ledger.made(settings), settings) as one, connect(ledger.made(settings), settings) as other:
        first = (await one.call("query", sql=SQL, limit=4)).data
        second = (await other.call("query", sql=SQL, limit=4, cursor=first["next_cursor"])).data
        assert second["rows"][0] == [4]
        assert second["re_executed"]


async def test_a_cursor_is_taken_once_and_only_where_it_stands() -> None:
    gone: list[str] = []
    held = HeldCursors[str](4, gone.append)
    held.put("x", hold(10), "cursor")
    assert held.take(Position(0, "x"), "main", "me") is None
    assert held.take(Position(10, "y"), "main", "me") is None
    assert held.take(Position(10, "x"), "other", "me") is None
    assert held.take(Position(10, "x"), "main", "you") is None
    assert held.take(Position(10, "x"), "main", "me") == "cursor"
    assert held.take(Position(10, "x"), "main", "me") is None
    assert gone == []


async def test_the_one_unused_longest_makes_room() -> None:
    gone: list[str] = []
    held = HeldCursors[str](2, gone.append)
    for name in "abc":
        held.put(name, hold(), name)
    assert gone == ["a"]
    held.put("b", hold(20), "b again")
    held.put("d", hold(), "d")
    assert gone == ["a", "b", "c"]
    assert len(held) == 2


async def test_a_cursor_is_let_go_after_its_time() -> None:
    gone = asyncio.Event()
    held = HeldCursors[str](2, lambda _: gone.set(), seconds=0.02)
    held.put("a", hold(), "a")
    async with asyncio.timeout(5):
        await gone.wait()
    assert len(held) == 0


async def test_one_that_was_taken_is_not_let_go_by_its_timer() -> None:
    gone: list[str] = []
    held = HeldCursors[str](2, gone.append, seconds=0.02)
    held.put("a", hold(), "a")
    held.take(Position(10, "a"), "main", "me")
    other = asyncio.Event()
    held = HeldCursors[str](2, lambda _: other.set(), seconds=0.05)
    held.put("b", hold(), "b")
    async with asyncio.timeout(5):
        await other.wait()
    assert gone == []


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({}, []),
        ({"database": "one"}, ["c"]),
        ({"principal": "you"}, ["a", "c"]),
        ({"database": "none"}, ["a", "b", "c"]),
    ],
)
async def test_all_of_a_database_or_a_caller_can_be_let_go(scope: dict[str, Any], left: list[str]) -> None:
    gone: list[str] = []
    held = HeldCursors[str](9, gone.append)
    held.put("a", hold(database="one"), "a")
    held.put("b", hold(database="one", principal="you"), "b")
    held.put("c", hold(database="two"), "c")
    held.release(**scope)
    assert sorted({"a", "b", "c"} - set(gone)) == left
    held.release()


async def test_a_call_that_needs_a_connection_gets_one_of_its_own_database() -> None:
    gone: list[str] = []
    held = HeldCursors[str](9, gone.append)
    held.put("a", hold(database="one"), "a")
    held.put("b", hold(database="two"), "b")
    assert held.reclaim("two")
    assert not held.reclaim("two")
    assert held.reclaim()
    assert gone == ["b", "a"]


async def test_a_cursor_goes_with_the_session_that_opened_it() -> None:
    gone: list[str] = []
    held = HeldCursors[str](9, gone.append)
    mine, yours = SessionFacts(), SessionFacts()
    for name, session in (("a", mine), ("b", yours), ("c", mine), ("d", None)):
        held.put(name, Hold(offset=0, database="main", principal="me", session=session), name)
    assert held.take(Position(0, "c"), "main", "me") == "c"
    for act in mine.endings.values():
        act()
    assert gone == ["a"]
    assert len(held) == 2
    held.release()


async def test_the_end_of_a_connection_lets_go_of_its_cursors(tmp_path: Path) -> None:
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))])
    async with ledger.made(settings).run(settings) as app:
        held = ledger.latest[-1].held
        async with join(app) as end:
            peer = RawPeer(end, Revision("2025-11-25"), {})
            await peer.shake_hands()
            await peer.call("tools/call", {"name": "query", "arguments": {"sql": SQL, "limit": 4}})
            assert len(held) == 1
        assert len(held) == 0


async def test_without_room_nothing_is_held() -> None:
    gone: list[str] = []
    held = HeldCursors[str](0, gone.append)
    held.put("a", hold(), "a")
    assert gone == ["a"]
    assert len(held) == 0


async def test_another_caller_cannot_go_on(tmp_path: Path) -> None:
    """DB7"""
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], state_key=Secret("k" * 32))
    async with (
        connect(ledger.made(settings), settings) as mine,
        connect(ledger.made(settings), settings, principal=Principal("issuer", "you")) as yours,
    ):
        first = (await mine.call("query", sql=SQL, limit=4)).data
        refused = await yours.call("query", sql=SQL, limit=4, cursor=first["next_cursor"])
        assert refused.error_code == "invalid_argument"
        assert ledger.latest[-1].ran == []
