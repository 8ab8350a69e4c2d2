"""Sessions of 2025-03-26 to 2025-11-25 over HTTP: handshake, streams, questions, resumption, the end."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_protocol.limits import Limits
from mcp_protocol.transports.http import legacy
from mcp_protocol.transports.http.watch import Runs

WAIT = 5
REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25"]
CAN_ASK: dict[str, Any] = {"elicitation": {}}


def text(message: Any) -> str:
    return message["result"]["content"][0]["text"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_session_answers_calls_as_json(server: Any, revision: str) -> None:
    session = server.initialize(revision)
    answer = server.ask(session.call("echo", id_="a", text="hello"))
    assert (answer.status, answer.header("content-type"), answer.header("mcp-session-id")) == (
        200,
        "application/json",
        None,
    )
    assert (answer.message["id"], text(answer.message)) == ("a", "hello")


def test_session_ids_are_long_visible_and_never_the_same(server: Any) -> None:
    ids = {server.initialize().id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(one) == 32 and one.isascii() and one.isprintable() and " " not in one for one in ids)


def test_an_unknown_revision_is_answered_with_the_newest_that_has_a_handshake(server: Any) -> None:
    params = {"protocolVersion": "2030-01-01", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    answer = server.ask(server.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
    assert answer.message["result"]["protocolVersion"] == "2025-11-25"


def test_a_failed_handshake_leaves_no_session(server: Any) -> None:
    answer = server.ask(server.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}))
    assert (answer.status, answer.code, answer.header("mcp-session-id")) == (200, -32602, None)


@pytest.mark.parametrize(
    ("version", "status"), [(None, 200), ("2025-06-18", 200), ("2025-11-25", 400), ("2024-11-05", 400)]
)
def test_the_version_header_must_be_the_one_agreed(server: Any, version: str | None, status: int) -> None:
    session = server.initialize("2025-06-18")
    assert server.ask(session.request("ping", mcp_protocol_version=version)).status == status


def test_errors_of_dispatched_requests_have_status_200(server: Any) -> None:
    session = server.initialize()
    for method, params, code in (("nope", None, -32601), ("tools/call", {"name": "nope"}, -32602)):
        answer = server.ask(session.request(method, params))
        assert (answer.status, answer.code, answer.message["id"]) == (200, code, 1)


@pytest.mark.parametrize(("body", "code"), [(b"{", -32700), (b"1", -32600), (b"[]", -32600)])
def test_what_is_no_message_has_status_400(server: Any, body: bytes, code: int) -> None:
    session = server.initialize()
    answer = server.ask(session.post(body))
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_stream_has_event_ids_and_since_2025_11_25_begins_with_a_priming_event(server: Any, revision: str) -> None:
    session = server.initialize(revision)
    with server.connect() as wire:
        wire.send(session.call("report", token=1, steps=1, label="x"))
        assert wire.head().header("content-type") == "text/event-stream"
        events = [wire.event(), wire.event()]
    primed = revision == "2025-11-25"
    assert ("retry" in events[0], bool(events[0].get("data"))) == (primed, not primed)
    assert len({event["id"] for event in events}) == 2


def test_a_question_goes_out_on_the_stream_of_its_call_and_the_answer_comes_by_post(server: Any) -> None:
    session = server.initialize(capabilities=CAN_ASK)
    with server.connect() as wire:
        wire.send(session.call("ask"))
        wire.head()
        wire.event()
        question = json.loads(wire.event()["data"])
        assert question["method"] == "elicitation/create"
        answer = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {"name": "Ada"}}}
        assert server.ask(session.post(answer)).status == 202
        assert text(json.loads(wire.event()["data"])) == "Ada"


def test_an_error_as_answer_to_a_question_fails_the_call(server: Any) -> None:
    session = server.initialize(capabilities=CAN_ASK)
    with server.connect() as wire:
        wire.send(session.call("ask"))
        wire.head()
        wire.event()
        question = json.loads(wire.event()["data"])
        answer = {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -1, "message": "no"}}
        assert server.ask(session.post(answer)).status == 202
        reply = json.loads(wire.event()["data"])
        assert "error" in reply or reply["result"]["isError"]


def test_a_lost_connection_does_not_cancel(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.call("wait"))
        assert signals.started.wait(WAIT)
    server.settled()
    signals.release(server)
    assert signals.finished.wait(WAIT)


def test_cancelled_ends_the_call_without_an_answer(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.call("wait", id_="c"))
        assert signals.started.wait(WAIT)
        assert server.ask(session.note("notifications/cancelled", {"requestId": "c"})).status == 202
        assert signals.cancelled.wait(1)
        answer = wire.answer()
    assert (answer.status, answer.is_stream, answer.body) == (200, True, b"")


@pytest.mark.parametrize("params", [{"requestId": 1.0}, {"requestId": "1"}, {"requestId": 99}, {}, None])
def test_cancelled_for_another_id_is_ignored(server: Any, signals: Any, params: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.call("wait", id_=1))
        assert signals.started.wait(WAIT)
        assert server.ask(session.note("notifications/cancelled", params)).status == 202
        signals.release(server)
        assert text(wire.answer().message) == "done"


def test_an_id_in_flight_is_refused_and_the_first_call_lives(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.call("wait", id_=1))
        assert signals.started.wait(WAIT)
        assert server.ask(session.call("echo", id_=1, text="x")).code == -32600
        assert text(server.ask(session.call("echo", id_="1", text="another id")).message) == "another id"
        signals.release(server)
        assert text(wire.answer().message) == "done"


def test_a_stream_is_resumed_where_it_broke_off(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.request("tools/call", wait_and_report()))
        wire.head()
        primed = wire.event()["id"]
        assert "progress" in wire.event()["data"]
    signals.release(server)
    assert signals.finished.wait(WAIT)
    answer = server.ask(session.get(last_event_id=primed))
    assert [message.get("method") for message in answer.messages] == ["notifications/progress", None]
    assert text(answer.message) == "done"


def wait_and_report() -> dict[str, Any]:
    return {"name": "wait", "arguments": {"reports": True}, "_meta": {"progressToken": 1}}


def test_what_was_received_is_not_sent_again(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.request("tools/call", wait_and_report()))
        wire.head()
        wire.event()
        last = wire.event()["id"]
    with server.connect() as wire:
        wire.send(session.get(last_event_id=last))
        assert wire.head().status == 200
        signals.release(server)
        assert text(json.loads(wire.event()["data"])) == "done"
        assert wire.exactly(5) == b"0\r\n\r\n"


def test_a_client_that_comes_back_takes_its_stream_from_its_own_dead_connection(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as old, server.connect() as new:
        old.send(session.request("tools/call", wait_and_report()))
        old.head()
        old.event()
        last = old.event()["id"]
        new.send(session.get(last_event_id=last))
        new.head()
        assert old.exactly(5) == b"0\r\n\r\n"
        signals.release(server)
        assert text(json.loads(new.event()["data"])) == "done"


def test_a_tool_may_end_the_connection_and_finish_on_a_later_one(server: Any, signals: Any) -> None:
    session = server.initialize()
    first = server.ask(session.call("part"))
    primed = first.body.decode()
    assert "retry: " in primed
    assert first.messages == []
    assert signals.started.wait(WAIT)
    with server.connect() as wire:
        wire.send(session.get(last_event_id=primed.split("\n")[0].removeprefix("id: ")))
        wire.head()
        signals.release(server)
        assert text(json.loads(wire.event()["data"])) == "after all"


def test_events_beyond_the_buffer_cannot_be_resumed(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(resume_messages=3, progress_interval=0)) as server:
        session = server.initialize()
        answer = server.ask(session.call("report", token=1, steps=10, label="x"))
        ids = [line.removeprefix("id: ") for line in answer.body.decode().split("\n") if line.startswith("id: ")]
        assert len(ids) == 12
        assert server.ask(session.get(last_event_id=ids[3])).status == 400
        assert len(server.ask(session.get(last_event_id=ids[-3])).messages) == 2


def test_the_standalone_stream_gets_changes_and_there_is_only_one(server: Any) -> None:
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.get())
        head = wire.head()
        assert (head.status, head.header("content-type")) == (200, "text/event-stream")
        assert "retry" in wire.event()
        assert server.ask(session.get()).status == 409
        assert server.ask(session.request("resources/subscribe", {"uri": "test://thing"})).message["result"] == {}
        assert text(server.ask(session.call("change")).message) == "changed"
        methods = {json.loads(wire.event()["data"])["method"] for _ in range(2)}
        assert methods == {"notifications/tools/list_changed", "notifications/resources/updated"}


def test_changes_wait_for_a_stream_and_go_to_one_only(server: Any) -> None:
    session = server.initialize()
    server.ask(session.request("resources/subscribe", {"uri": "test://thing"}))
    server.ask(session.call("change"))
    with server.connect() as wire:
        wire.send(session.get())
        wire.head()
        wire.event()
        first = wire.event()
        wire.event()
    with server.connect() as wire:
        wire.send(session.get(last_event_id=first["id"]))
        wire.head()
        assert json.loads(wire.event()["data"])["method"].startswith("notifications/")


def test_the_standalone_stream_can_be_opened_again_after_it_was_left(server: Any) -> None:
    session = server.initialize()
    for _ in range(3):
        status = 409
        while status == 409:  # until the server has noticed that the last one is gone
            with server.connect() as wire:
                status = wire.send(session.get()).head().status
        assert status == 200


def test_a_quiet_standalone_stream_is_kept_alive(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(keepalive_seconds=0.05)) as server:
        session = server.initialize()
        with server.connect() as wire:
            wire.send(session.get())
            wire.head()
            wire.event()
            wire.comment()
            wire.comment()


def test_delete_ends_the_session_its_calls_and_its_streams(server: Any, signals: Any) -> None:
    session = server.initialize()
    with server.connect() as stream, server.connect() as call:
        stream.send(session.get())
        stream.head()
        stream.event()
        call.send(session.call("wait"))
        assert signals.started.wait(WAIT)
        gone = server.ask(session.delete())
        assert (gone.status, gone.header("content-length")) == (204, None)
        assert signals.cancelled.wait(1)
        assert stream.exactly(5) == b"0\r\n\r\n"
        assert call.answer().body == b""
    for request in (session.request("ping"), session.get(), session.delete()):
        assert server.ask(request).status == 404


def test_sessions_are_capped(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(sessions=2)) as server:
        first, _ = server.initialize(), server.initialize()
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        hello = server.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
        refused = server.ask(hello)
        assert (refused.status, refused.header("retry-after")) == (503, "1")
        server.ask(first.delete())
        assert server.ask(hello).status == 200


def test_a_session_that_was_never_initialized_is_forgotten(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, limits=Limits(handshake_seconds=0)) as server:
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        answer = server.ask(server.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert server.ask(server.post(note, answer.header("mcp-session-id"))).status == 404


def test_stopping_ends_streams_and_lets_calls_finish(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh) as server:
        session = server.initialize()
        stream, call = server.connect(), server.connect()
        stream.send(session.get()).head()
        call.send(session.call("wait"))
        assert fresh.started.wait(WAIT)
        server.soon(server.stop.set)
        assert stream.closed().endswith(b"0\r\n\r\n")
        fresh.release(server)
        assert text(call.answer().message) == "done"


async def test_sessions_that_are_over_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    swept = asyncio.Event()
    monkeypatch.setattr(legacy, "_SWEEP_SECONDS", 0)
    async with asyncio.TaskGroup() as group:
        nothing: Any = SimpleNamespace(limits=Limits(), services=SimpleNamespace(clock=time.monotonic))
        endpoint = legacy.LegacyEndpoint(nothing, Runs(group))
        monkeypatch.setattr(endpoint.sessions, "sweep", swept.set)
        sweeping = group.create_task(endpoint.sweep())
        async with asyncio.timeout(WAIT):
            await swept.wait()
        sweeping.cancel()
