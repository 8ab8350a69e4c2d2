"""Pending calls: each waiter is handed out once, and ids of different types stay apart."""

import pytest

from mcp_protocol.errors import InvalidRequest
from mcp_protocol.jsonrpc import Pending


def test_completing_hands_out_the_waiter_once() -> None:
    pending = Pending[str]()
    pending.register(1, "one")
    assert pending.complete(1) == "one"
    assert pending.complete(1) is None


def test_the_ids_1_and_text_1_and_true_are_different() -> None:
    pending = Pending[str]()
    pending.register(1, "number")
    pending.register("1", "text")
    assert True not in pending
    assert pending.complete("1") == "text"
    assert pending.get(1) == "number"
    assert len(pending) == 1


def test_an_id_in_flight_is_refused() -> None:
    pending = Pending[str]()
    pending.register("a", "first")
    with pytest.raises(InvalidRequest):
        pending.register("a", "second")
    assert pending.complete("a") == "first"


def test_an_id_may_be_used_again_after_its_answer() -> None:
    pending = Pending[str]()
    pending.register("a", "first")
    pending.complete("a")
    pending.register("a", "second")
    assert pending.get("a") == "second"


def test_draining_hands_out_all_in_order_and_leaves_nothing() -> None:
    pending = Pending[str]()
    for id_ in (3, 1, "2"):
        pending.register(id_, str(id_))
    assert pending.drain() == ["3", "1", "2"]
    assert len(pending) == 0
