"""Batches of 2025-03-26 over HTTP: one array in, one array or single events out; nowhere else."""

import json
from typing import Any

import pytest

WAIT = 5


def request(id_: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def ids(answer: Any) -> list[Any]:
    return [reply.get("id") for reply in json.loads(answer.body)]


def test_the_replies_of_a_batch_come_in_one_array(server: Any) -> None:
    session = server.initialize("2025-03-26")
    batch = [request(1, "echo", text="a"), request("1", "echo", text="b"), {"jsonrpc": "2.0", "id": 2, "method": "no"}]
    answer = server.ask(session.post(batch))
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert sorted(map(str, ids(answer))) == ["1", "1", "2"]


def test_replies_are_in_the_order_in_which_they_are_ready(server: Any, signals: Any) -> None:
    session = server.initialize("2025-03-26")
    with server.connect() as wire:
        wire.send(session.post([request("slow", "wait"), request("fast", "echo", text="x")]))
        assert signals.started.wait(WAIT)
        server.settled()
        signals.release(server)
        assert ids(wire.answer()) == ["fast", "slow"]


def test_members_that_are_refused_are_answered_beside_the_others(server: Any) -> None:
    session = server.initialize("2025-03-26")
    hello: dict[str, Any] = {"jsonrpc": "2.0", "id": 9, "method": "initialize", "params": {}}
    answer = server.ask(session.post([request(1, "echo", text="a"), 7, hello, request(1, "echo", text="twice")]))
    codes = [reply.get("error", {}).get("code") for reply in json.loads(answer.body)]
    assert sorted(codes, key=str) == [-32600, -32600, -32600, None]


def test_a_batch_without_requests_is_accepted(server: Any) -> None:
    session = server.initialize("2025-03-26")
    note = {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}
    answer = server.ask(session.post([note, {"jsonrpc": "2.0", "id": 5, "result": {}}]))
    assert (answer.status, answer.body) == (202, b"")


def test_a_batch_whose_member_reports_becomes_a_stream_of_single_events(server: Any) -> None:
    session = server.initialize("2025-03-26")
    report = request(1, "report", steps=1, label="x")
    report["params"]["_meta"] = {"progressToken": "t"}
    answer = server.ask(session.post([report, request(2, "echo", text="y")]))
    assert answer.is_stream
    assert {message.get("id") for message in answer.messages} == {None, 1, 2}


def test_replies_that_were_ready_before_the_stream_began_are_events_too(server: Any, signals: Any) -> None:
    session = server.initialize("2025-03-26")
    slow = request("slow", "wait", reports=True)
    slow["params"]["_meta"] = {"progressToken": "t"}
    with server.connect() as wire:
        wire.send(session.post([request("fast", "echo", text="x"), slow]))
        assert signals.started.wait(WAIT)
        signals.release(server)
        answer = wire.answer()
    assert answer.is_stream
    assert [message.get("id") for message in answer.messages] == [None, "slow", "fast"]


def test_one_member_can_be_cancelled(server: Any, signals: Any) -> None:
    session = server.initialize("2025-03-26")
    with server.connect() as wire:
        wire.send(session.post([request(1, "wait"), request(2, "echo", text="x")]))
        assert signals.started.wait(WAIT)
        server.ask(session.note("notifications/cancelled", {"requestId": 1}))
        assert ids(wire.answer()) == [2]


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_other_revisions_refuse_the_array_as_a_whole(server: Any, signals: Any, revision: str) -> None:
    session = server.initialize(revision)
    answer = server.ask(session.post([request(1, "echo", text="x")]))
    assert (answer.status, answer.code, "id" in answer.message) == (400, -32600, False)
    assert signals.calls == []


def test_the_modern_era_refuses_the_array_as_a_whole(server: Any, signals: Any) -> None:
    answer = server.ask(server.post([request(1, "echo", text="x")], mcp_protocol_version="2026-07-28"))
    assert (answer.status, answer.code) == (400, -32600)
    assert signals.calls == []


@pytest.mark.parametrize("batch", [[], [request(n, "echo", text="x") for n in range(51)]])
def test_a_batch_has_one_to_fifty_members(server: Any, batch: Any) -> None:
    session = server.initialize("2025-03-26")
    answer = server.ask(session.post(batch))
    assert (answer.status, answer.code) == (400, -32600)
