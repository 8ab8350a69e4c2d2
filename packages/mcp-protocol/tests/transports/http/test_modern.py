"""2026-07-28 over HTTP: one POST, one answer; the request lives and dies with its connection."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcp_protocol.limits import Limits

WAIT = 5
TOKEN = {"progressToken": "t"}
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def text(message: Any) -> str:
    return message["result"]["content"][0]["text"]


def test_a_call_is_answered_as_json(server: Any) -> None:
    answer = server.ask(server.call("echo", id_="a", text="hello"))
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert answer.message["id"] == "a"
    assert text(answer.message) == "hello"


def test_every_answer_says_that_it_is_no_page(server: Any) -> None:
    for answer in (server.ask(server.call("echo", text="x")), server.ask(server.http("GET", path="/else"))):
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("x-frame-options") == "DENY"
        assert str(answer.header("content-security-policy")).startswith("default-src 'none'")


def test_a_call_that_reports_becomes_a_stream_with_the_reply_last(server: Any) -> None:
    answer = server.ask(server.call("report", meta=META | TOKEN, steps=1, label="x"))
    assert (answer.status, answer.header("content-type")) == (200, "text/event-stream")
    assert (answer.header("cache-control"), answer.header("x-accel-buffering")) == ("no-store", "no")
    assert [message.get("method") for message in answer.messages] == ["notifications/progress", None]
    assert b"id:" not in answer.body
    assert b"retry:" not in answer.body


def test_a_connection_serves_one_request_after_a_stream(server: Any) -> None:
    with server.connect() as wire:
        first = wire.send(server.call("report", meta=META | TOKEN, steps=1, label="x")).answer()
        second = wire.send(server.call("echo", text="again")).answer()
    assert first.is_stream
    assert text(second.message) == "again"


def test_a_silent_call_becomes_a_stream_kept_alive_by_comments(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(keepalive_seconds=0.05)) as server, server.connect() as wire:
        wire.send(server.call("wait"))
        assert wire.head().header("content-type") == "text/event-stream"
        wire.comment()
        wire.comment()
        fresh.release(server)
        assert '"done"' in wire.event()["data"]


@pytest.mark.parametrize("reports", [False, True])
def test_a_client_that_leaves_cancels_its_call(server: Any, signals: Any, *, reports: bool) -> None:
    with server.connect() as wire:
        wire.send(server.call("wait", meta=META | TOKEN, reports=reports))
        assert signals.started.wait(WAIT)
    assert signals.cancelled.wait(1)
    assert not signals.finished.is_set()


def test_a_client_that_leaves_cancels_nobody_else(server: Any, signals: Any) -> None:
    with server.connect() as stays:
        stays.send(server.call("wait", id_=7))
        assert signals.started.wait(WAIT)
        with server.connect() as leaves:
            leaves.send(server.modern("subscriptions/listen", {"notifications": {}}, id_=7))
            leaves.head()
        signals.release(server)
        assert text(stays.answer().message) == "done"


def test_a_thousand_calls_with_one_id_each_get_their_own_answer(server: Any) -> None:
    def one(number: int) -> bool:
        return text(server.ask(server.call("echo", id_=1, text=f"nonce {number}")).message) == f"nonce {number}"

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(one, range(1000)))


def test_progress_goes_to_the_stream_of_its_own_request(server: Any) -> None:
    def one(label: str) -> set[str]:
        answer = server.ask(server.call("report", id_=1, meta=META | {"progressToken": 1}, steps=20, label=label))
        return {message["params"]["message"] for message in answer.messages[:-1]} | {text(answer.messages[-1])}

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, "abcdefgh")) == [{letter} for letter in "abcdefgh"]


def test_notifications_are_accepted_and_do_nothing(server: Any, signals: Any) -> None:
    with server.connect() as wire:
        wire.send(server.call("wait", id_=1))
        assert signals.started.wait(WAIT)
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        answer = server.ask(server.post(note, mcp_protocol_version="2026-07-28"))
        assert (answer.status, answer.body) == (202, b"")
        signals.release(server)
        assert text(wire.answer().message) == "done"


def test_a_listen_gets_changes_until_the_server_stops_and_is_told_the_end(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh) as server, server.connect() as wire:
        wire.send(server.modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, id_="s"))
        assert wire.head().header("content-type") == "text/event-stream"
        assert "acknowledged" in wire.event()["data"]
        assert server.ask(server.call("change")).status == 200
        assert "notifications/tools/list_changed" in wire.event()["data"]
        threading.Thread(target=server.shut).start()
        assert '"result"' in wire.event()["data"]
        assert wire.closed().endswith(b"0\r\n\r\n")


def test_l4_two_clients_that_listen_under_one_id_do_not_meet(server: Any) -> None:
    """Each hears what it asked for; the end of one is not the end of the other."""
    with server.connect() as stays:
        stays.send(server.modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, id_=1))
        stays.head()
        assert "acknowledged" in stays.event()["data"]
        with server.connect() as leaves:
            leaves.send(server.modern("subscriptions/listen", {"notifications": {}}, id_=1))
            leaves.head()
            assert "toolsListChanged" not in leaves.event()["data"]
        server.settled()
        assert server.ask(server.call("change")).status == 200
        assert "notifications/tools/list_changed" in stays.event()["data"]


def test_a_call_in_flight_may_finish_when_the_server_stops(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh) as server, server.connect() as wire:
        wire.send(server.call("wait"))
        assert fresh.started.wait(WAIT)
        server.soon(server.stop.set)
        fresh.release(server)
        answer = wire.answer()
        assert (text(answer.message), answer.header("connection")) == ("done", "close")


def test_a_call_that_does_not_finish_is_cancelled_when_the_server_stops(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(drain_seconds=0.1)) as server, server.connect() as wire:
        wire.send(server.call("wait"))
        assert fresh.started.wait(WAIT)
        server.soon(server.stop.set)
        answer = wire.answer()
        assert (answer.status, answer.header("retry-after")) == (503, "1")
        assert fresh.cancelled.is_set()


def test_a_stream_that_does_not_finish_just_ends_when_the_server_stops(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(drain_seconds=0.1)) as server, server.connect() as wire:
        wire.send(server.call("wait", meta=META | TOKEN, reports=True))
        wire.head()
        wire.event()
        server.soon(server.stop.set)
        assert wire.closed() == b"0\r\n\r\n"


def test_a_full_server_says_so_before_it_reads_the_body(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(running=1, waiting=1)) as server:
        runs, waits = server.connect(), server.connect()
        runs.send(server.call("wait"))
        assert fresh.started.wait(WAIT)
        waits.send(server.call("echo", text="at last"))
        head = server.call("echo", text="x").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        server.settled()
        answer = server.ask(head)
        assert (answer.status, answer.header("retry-after")) == (503, "1")
        fresh.release(server)
        assert [text(wire.answer().message) for wire in (runs, waits)] == ["done", "at last"]


def test_a_large_answer_arrives_whole(server: Any) -> None:
    assert len(text(server.ask(server.call("big", size=3_000_000)).message)) == 3_000_000


def test_annotated_arguments_must_be_mirrored(server: Any) -> None:
    good = server.ask(server.call("here", region="west", headers={"mcp_param_region": "west"}))
    bad = server.ask(server.call("here", region="west", headers={"mcp_param_region": "east"}))
    none = server.ask(server.call("here", region="west"))
    assert text(good.message) == "west"
    assert [(answer.status, answer.code) for answer in (bad, none)] == [(400, -32020)] * 2
