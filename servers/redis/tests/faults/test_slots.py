"""Maps of slots and redirections by themselves, as engines write them and as nobody should."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.engine.slots import Redirection, Slots, read_slots, redirection


def row(first: Any, last: Any, host: Any, port: Any) -> list[Any]:
    return [first, last, [host, port, b"id", []], [b"replica", 1, b"id", []]]


def test_a_map_says_who_holds_a_slot_and_that_nobody_does() -> None:
    slots = read_slots([row(10, 20, b"b", 2), row(0, 5, b"a", 1), row(21, 30, b"a", 1)], "home")
    held = {slot: slots.node(slot) for slot in (0, 5, 6, 9, 10, 20, 21, 30, 31, 16_383)}
    assert [slot for slot, node in held.items() if node == "a:1"] == [0, 5, 21, 30]
    assert [slot for slot, node in held.items() if node == "b:2"] == [10, 20]
    assert [slot for slot, node in held.items() if node is None] == [6, 9, 31, 16_383]
    assert slots.nodes == ["a:1", "b:2"]


@pytest.mark.parametrize("host", [b"", b"?", None])
def test_a_node_that_does_not_know_where_it_is_was_asked_there(host: Any) -> None:
    assert read_slots([row(0, 1, host, 7)], "::1").nodes == ["::1:7"]


NO_MAPS: list[Any] = [
    *[None, 1, b"OK", [1], [[]], [[1, 2]], [row(0, "x", b"a", 1)], [row(-1, 1, b"a", 1)]],
    *[[row(0, 16_384, b"a", 1)], [row(0, 1, 5, 1)], [row(0, 1, b"a", b"1")], [row(0, 1, b"a", 0)]],
    *[[row(0, 1, b"a", 70_000)], [[0, 1, b"a"]], [[0, 1, []]], [[0, 1, None]]],
]


@pytest.mark.parametrize("reply", NO_MAPS, ids=repr)
def test_what_is_no_map_is_an_error_of_the_connection(reply: Any) -> None:
    with pytest.raises(ToolError) as caught:
        read_slots(reply, "home")
    assert caught.value.code == "connection"


@given(st.lists(st.integers(0, 16_383), min_size=2, max_size=40, unique=True), st.integers(0, 16_383))
def test_a_slot_is_found_as_by_walking(ends: list[int], slot: int) -> None:
    pairs = list(zip(*[iter(sorted(ends))] * 2, strict=False))
    ranges = tuple((first, last, f"n:{first}") for first, last in pairs)
    walked = next((node for first, last, node in ranges if first <= slot <= last), None)
    assert Slots(ranges).node(slot) == walked


def test_redirections_are_read_or_are_none() -> None:
    assert redirection(Fault("MOVED 7 10.0.0.1:6379"), "home") == Redirection(7, "10.0.0.1:6379", asking=False)
    assert redirection(Fault("ASK 7 :6380"), "home") == Redirection(7, "home:6380", asking=True)
    for other in ("MOVED", "MOVED 7", "MOVED x a:1", "MOVED 7 a:1 more", "ERR MOVED 7 a:1", "MOVED -7 a:1"):
        assert redirection(Fault(other), "home") is None
    assert redirection(b"MOVED 7 a:1", "home") is None
