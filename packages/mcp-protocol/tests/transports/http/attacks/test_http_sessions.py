"""The N cases of the threat model: sessions that are guessed, stolen, ended, flooded or crossed."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcp_protocol.errors import Unauthorized
from mcp_protocol.limits import Limits
from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.app import HttpOptions

WAIT = 5


def by_token(fields: Any) -> Principal:
    token = fields.get(b"authorization")
    if token is None:
        raise Unauthorized("Who are you?", challenge="Bearer")
    return Principal("test", token.decode())


ADA = {"authorization": "Bearer ada"}
BOB = {"authorization": "Bearer bob"}


def test_guessed_ids_are_no_sessions(server: Any) -> None:
    """N1."""
    session = server.initialize()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for guess in (session.id[:-1], session.id + "A", session.id.swapcase(), session.id + "\xe9", "x", "*", "a" * 4000):
        assert server.ask(server.post(ping, guess)).status == 404
    assert server.ask(session.request("ping")).status == 200


def test_two_session_ids_are_none(server: Any) -> None:
    """N1."""
    one, other = server.initialize(), server.initialize()
    for ids in ([one.id, other.id], [one.id, one.id]):
        assert server.ask(one.request("ping", mcp_session_id=ids)).status == 400


def test_session_ids_are_not_logged(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """N1."""
    with caplog.at_level(logging.DEBUG):
        session = server.initialize()
        server.ask(session.request("ping"))
        server.ask(session.delete())
        server.ask(session.request("ping"))
    assert session.id not in caplog.text


def test_an_ended_session_stays_ended(server: Any) -> None:
    """N2."""
    session = server.initialize()
    assert server.ask(session.delete()).status == 204
    for request in (session.request("ping"), session.note("notifications/x"), session.get(), session.delete()):
        assert server.ask(request).status == 404


def test_a_session_does_not_outlive_its_server(serve_house: Any, fresh: Any, server: Any) -> None:
    """N2."""
    with serve_house(fresh) as before:
        session = before.initialize()
    session.server = server
    assert server.ask(session.request("ping")).status == 404


def test_cve_2026_52869_foreign_session(serve_house: Any, fresh: Any) -> None:
    """CVE-2026-52869: a session was found by its id alone, whoever asked."""
    with serve_house(fresh, options=HttpOptions(authenticate=by_token)) as house:
        session = house.initialize(**ADA)
        requests = [session.call("echo", text="x"), session.note("notifications/x"), session.get(), session.delete()]
        for request in requests:
            answer = house.ask(request.replace(b"Bearer ada", b"Bearer bob"))
            unknown = house.ask(request.replace(session.id.encode(), b"unknown").replace(b"ada", b"bob"))
            assert (answer.status, answer.body) == (unknown.status, unknown.body) == (404, unknown.body)
        assert fresh.calls == []
        assert house.ask(session.call("echo", text="x")).status == 200


def test_cve_2026_52870_foreign_ids(serve_house: Any, fresh: Any) -> None:
    """CVE-2026-52870, typescript-sdk #1486: ids of one user's streams and questions worked for another."""
    with serve_house(fresh, options=HttpOptions(authenticate=by_token)) as house:
        ada = house.initialize(capabilities={"elicitation": {}}, **ADA)
        bob = house.initialize(capabilities={"elicitation": {}}, **BOB)
        with house.connect() as wire:
            wire.send(ada.call("ask"))
            wire.head()
            primed = wire.event()["id"]
            question = json.loads(wire.event()["data"])
            assert house.ask(bob.get(last_event_id=primed)).status == 400
            answer = {"action": "accept", "content": {"name": "Mallory"}}
            assert house.ask(bob.post({"jsonrpc": "2.0", "id": question["id"], "result": answer})).status == 202
            assert house.ask(bob.note("notifications/cancelled", {"requestId": 1})).status == 202
            answer = {"action": "accept", "content": {"name": "Ada"}}
            assert house.ask(ada.post({"jsonrpc": "2.0", "id": question["id"], "result": answer})).status == 202
            assert "Ada" in wire.event()["data"]


def test_two_clients_are_never_crossed(server: Any) -> None:
    """N3."""

    def client(name: str) -> bool:
        session = server.initialize(capabilities={"elicitation": {}})
        for turn in range(10):
            report = server.ask(session.call("report", id_=1, token=1, steps=5, label=f"{name}{turn}"))
            if any(f"{name}{turn}" not in json.dumps(message) for message in report.messages):
                return False
            with server.connect() as wire:
                wire.send(session.call("ask", id_=2))
                wire.head()
                wire.event()
                question = json.loads(wire.event()["data"])
                answer = {"action": "accept", "content": {"name": f"{name}{turn}"}}
                server.ask(session.post({"jsonrpc": "2.0", "id": question["id"], "result": answer}))
                if f"{name}{turn}" not in wire.event()["data"]:
                    return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(client, "abcdefgh"))


def test_cve_2026_33946_a_stream_is_never_replaced(server: Any) -> None:
    """CVE-2026-33946: a second GET silently took over the first one's messages."""
    session = server.initialize()
    with server.connect() as wire:
        wire.send(session.get()).head()
        wire.event()
        for _ in range(3):
            assert server.ask(session.get()).status == 409
        server.ask(session.call("change"))
        assert "list_changed" in wire.event()["data"]


@pytest.mark.parametrize("headers", [{}, {"last_event_id": "1-2-x"}, {"mcp_protocol_version": "2025-11-25"}])
def test_requests_without_a_session_allocate_nothing(serve_house: Any, fresh: Any, headers: dict[str, str]) -> None:
    """N4. python-sdk #3059: a hundred GETs made a hundred sessions."""
    with serve_house(fresh, limits=Limits(sessions=1)) as house:
        for method in ("GET", "DELETE") * 50:
            assert house.ask(house.http(method, accept="text/event-stream", **headers)).status == 400
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert house.ask(house.post(ping, mcp_protocol_version="2025-11-25")).status == 400
        house.initialize()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_modern_era_has_post_alone(server: Any, method: str) -> None:
    """N4."""
    session = server.initialize()
    version = {"mcp_protocol_version": "2026-07-28", "mcp_session_id": session.id}
    answer = server.ask(server.http(method, accept="text/event-stream", **version))
    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert server.ask(session.request("ping")).status == 200


def test_calls_wait_for_the_end_of_the_handshake_which_comes_once(server: Any, signals: Any) -> None:
    """N5."""
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    session_id = server.ask(server.post(hello)).header("mcp-session-id")
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x"}}}
    assert server.ask(server.post(call, session_id)).code == -32600
    assert signals.calls == []
    assert server.ask(server.post({"jsonrpc": "2.0", "id": 3, "method": "ping"}, session_id)).status == 200
    server.ask(server.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, session_id))
    assert server.ask(server.post(hello, session_id)).code == -32600
    assert "result" in server.ask(server.post(call, session_id)).message


@pytest.mark.parametrize(
    "event_id",
    [
        "",
        "0",
        "0-0",
        "0-0-",
        "-1-0-x",
        "0--1-x",
        "1" * 30000,
        "0-0-AAAAAAAAAAAAAAAAAAAAAA",
        "é",
        "٤".encode().decode("latin-1"),
        "0-0-x-y",
        " ",
        "00-0-x",
        "+0-0-x",
        "null",
    ],
)
def test_forged_event_ids_resume_nothing(server: Any, event_id: str) -> None:
    """N6."""
    session = server.initialize()
    assert server.ask(session.get(last_event_id=event_id)).status == 400


def test_event_ids_cannot_be_changed_or_carried_over(server: Any) -> None:
    """N6."""
    session, other = server.initialize(), server.initialize()
    answer = server.ask(session.call("report", token=1, steps=1, label="x"))
    good = answer.body.decode().split("\n")[0].removeprefix("id: ")
    stream, position, tag = good.split("-", 2)
    changed = [f"{stream}-{int(position) + 1}-{tag}", f"{int(stream) + 1}-{position}-{tag}", good[:-1], good + "A"]
    for event_id in [*changed, good.swapcase(), f"0{good}"]:
        assert server.ask(session.get(last_event_id=event_id)).status == 400
    assert server.ask(other.get(last_event_id=good)).status == 400
    assert server.ask(session.get(last_event_id=[good, good])).status == 400
    assert server.ask(session.get(last_event_id=good)).status == 200
