"""One pipe, both eras: literal lines in, events out."""

from typing import Any

import pytest
from msgspec import json

from mcp_protocol.limits import Limits
from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.session.calls import LOCAL, Answer, BatchCall, Call, Cancel, Event, Refusal
from mcp_protocol.session.profile import Profile
from mcp_protocol.session.server import ServerSession

METHODS = frozenset({"initialize", "ping", "tools/list", "tools/call", "server/discover", "subscriptions/listen"})
MODERN = (
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'
)


def fresh(**limits: Any) -> ServerSession:
    profile = Profile(methods=METHODS, limits=Limits(**limits))
    return ServerSession(profile, principal=LOCAL, transport="stdio")


def shake_hands(session: ServerSession, revision: str = "2025-11-25") -> Event:
    [event] = one(
        session,
        '{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"'
        + revision
        + '","capabilities":{"roots":{}},"clientInfo":{"name":"c","version":"1"}}}',
    )
    one(session, '{"jsonrpc":"2.0","method":"notifications/initialized"}')
    return event


def one(session: ServerSession, *lines: str) -> list[Event]:
    return session.receive("".join(line + "\n" for line in lines).encode())


def error(event: Event) -> tuple[Any, int]:
    assert isinstance(event, Refusal)
    reply = json.decode(event.data)
    return reply.get("id"), reply["error"]["code"]


def test_a_modern_request_needs_no_handshake() -> None:
    [call] = one(fresh(), '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{' + MODERN + "}}")
    assert isinstance(call, Call)
    assert call.peer.revision is Revision.V2026_07_28
    assert call.peer.session is None


@pytest.mark.parametrize("revision", LEGACY)
def test_the_handshake_agrees_on_each_legacy_revision(revision: Revision) -> None:
    call = shake_hands(fresh(), revision)
    assert isinstance(call, Call)
    assert (call.method, call.peer.revision) == ("initialize", revision)


@pytest.mark.parametrize("wanted", ["2026-07-28", "1999-01-01", "nonsense"])
def test_the_handshake_offers_the_latest_legacy_revision_for_any_other(wanted: str) -> None:
    call = shake_hands(fresh(), wanted)
    assert isinstance(call, Call)
    assert call.peer.revision is Revision.V2025_11_25


def test_initialize_is_the_handshake_even_with_an_envelope() -> None:
    [call] = one(
        fresh(),
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        '"clientInfo":{"name":"c","version":"1"},' + MODERN + "}}",
    )
    assert isinstance(call, Call)
    assert call.peer.revision is Revision.V2025_06_18


def test_both_eras_interleave_and_modern_requests_see_no_session() -> None:
    session = fresh()
    shake_hands(session)
    legacy, modern = one(
        session,
        '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{' + MODERN + "}}",
    )
    assert isinstance(legacy, Call)
    assert isinstance(modern, Call)
    assert legacy.peer.session is not None
    assert modern.peer.session is None


def test_n5_before_the_handshake_only_ping_is_served() -> None:
    session = fresh()
    ping, call = one(
        session, '{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
    )
    assert isinstance(ping, Call)
    assert error(call) == (2, -32602)


def test_n5_between_initialize_and_initialized_only_ping_is_served() -> None:
    session = fresh()
    events = one(
        session,
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
        '"clientInfo":{"name":"c","version":"1"}}}',
        '{"jsonrpc":"2.0","id":1,"method":"ping"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":3,"method":"tools/list"}',
    )
    assert isinstance(events[1], Call)
    assert error(events[2]) == (2, -32600)
    assert isinstance(events[4], Call)


def test_n5_a_second_initialize_is_refused() -> None:
    session = fresh()
    shake_hands(session)
    assert error(shake_hands(session)) == ("init", -32600)


def test_a_method_of_the_other_era_does_not_exist_in_a_session() -> None:
    session = fresh()
    shake_hands(session)
    [event] = one(session, '{"jsonrpc":"2.0","id":1,"method":"server/discover"}')
    assert error(event) == (1, -32601)


def test_an_overlong_line_is_refused_without_id_and_the_next_one_is_served() -> None:
    session = fresh(message=200)
    too_long, ping = one(session, "x" * 201, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
    assert error(too_long) == (None, -32600)
    assert isinstance(ping, Call)


@pytest.mark.parametrize("params", ['{"requestId":7}', '{"requestId":7,"reason":"x"}'])
def test_cancelled_names_the_request_in_both_eras(params: str) -> None:
    session = fresh()
    shake_hands(session)
    modern = params[:-1] + "," + MODERN + "}"
    events = one(
        session,
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":' + params + "}",
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":' + modern + "}",
    )
    assert events == [Cancel(7), Cancel(7)]


@pytest.mark.parametrize("params", ["", ',"params":{}', ',"params":{"requestId":null}', ',"params":{"requestId":1.5}'])
def test_s12_malformed_cancellations_are_silent(params: str) -> None:
    session = fresh()
    shake_hands(session)
    [event] = one(session, '{"jsonrpc":"2.0","method":"notifications/cancelled"' + params + "}")
    assert isinstance(event, Refusal)
    assert event.data == b""


def test_replies_of_the_client_become_answers() -> None:
    result, failure = one(
        fresh(),
        '{"jsonrpc":"2.0","id":5,"result":{"roots":[]}}',
        '{"jsonrpc":"2.0","id":6,"error":{"code":-1,"message":"no"}}',
    )
    assert isinstance(result, Answer)
    assert bytes(result.result or b"") == b'{"roots":[]}'
    assert failure == Answer(6, error="no")


def test_a_batch_is_split_only_in_a_2025_03_26_session() -> None:
    line = (
        '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/cancelled",'
        '"params":{"requestId":9}},{"jsonrpc":"1.0","id":2,"method":"ping"}]'
    )
    batching = fresh()
    shake_hands(batching, "2025-03-26")
    batch, *others = one(batching, line)
    assert isinstance(batch, BatchCall)
    assert [type(member) for member in batch.members] == [Call, Refusal]
    assert others == [Cancel(9)]
    for revision in LEGACY:
        session = fresh()
        shake_hands(session, revision)
        if revision is not Revision.V2025_03_26:
            [event] = one(session, line)
            assert error(event) == (None, -32600)
    [event] = one(fresh(), line)
    assert error(event) == (None, -32600)


def test_j11_an_empty_or_overlong_batch_is_one_invalid_request() -> None:
    session = fresh()
    shake_hands(session, "2025-03-26")
    ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert [error(event) for event in one(session, "[]", "[" + ",".join([ping] * 51) + "]")] == [(None, -32600)] * 2


def test_roots_are_asked_again_after_they_have_changed() -> None:
    session = fresh()
    shake_hands(session)
    session.legacy.facts.roots = []
    one(session, '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}')
    assert session.legacy.facts.roots is None
