"""The table of legacy sessions, the buffers of their streams, and event ids: no sockets, a clock of our own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.limits import Limits
from mcp_protocol.session.calls import Principal
from mcp_protocol.session.legacy import LegacySession, Stage
from mcp_protocol.session.profile import Profile
from mcp_protocol.transports.http.answers import EventStream
from mcp_protocol.transports.http.replay import Replay
from mcp_protocol.transports.http.sessions import HttpSession, Sessions
from mcp_protocol.transports.http.sse import EventIds, Place, event, priming

ADA = Principal("issuer", "ada")
BOB = Principal("issuer", "bob")
PROFILE = Profile(methods=frozenset({"initialize", "ping"}), limits=Limits())
LIMITS = Limits(sessions=3, session_idle_seconds=100, handshake_seconds=10, resume_bytes=1000)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(LIMITS, clock)


def opened(sessions: Sessions, stage: Stage = Stage.READY) -> HttpSession:
    legacy = LegacySession(PROFILE, principal=ADA, transport="http")
    legacy.stage = stage
    session = sessions.open(legacy)
    assert session is not None
    return session


def test_a_session_is_found_by_its_principal_alone(sessions: Sessions) -> None:
    session = opened(sessions)
    assert sessions.find(session.id, ADA) is session
    assert sessions.find(session.id, Principal("issuer", "ada", frozenset({"more"}))) is session
    assert sessions.find(session.id, BOB) is None
    assert sessions.find(session.id, Principal("other", "ada")) is None


def test_the_cap_counts_sessions_that_are_not_over(sessions: Sessions, clock: Clock) -> None:
    for _ in range(3):
        opened(sessions)
    assert sessions.open(LegacySession(PROFILE, principal=ADA, transport="http")) is None
    clock.now = 101
    assert sessions.open(LegacySession(PROFILE, principal=ADA, transport="http")) is not None
    assert len(sessions) == 1


def test_an_unused_session_is_forgotten_and_use_keeps_it(sessions: Sessions, clock: Clock) -> None:
    used, unused = opened(sessions), opened(sessions)
    clock.now = 90
    assert sessions.find(used.id, ADA) is used
    clock.now = 110
    assert sessions.find(used.id, ADA) is used
    assert sessions.find(unused.id, ADA) is None
    sessions.sweep()
    assert list(sessions) == [used]


def test_a_session_without_a_finished_handshake_is_forgotten_sooner(sessions: Sessions, clock: Clock) -> None:
    session = opened(sessions, Stage.ANSWERED)
    clock.now = 11
    assert sessions.find(session.id, ADA) is None


async def test_finished_streams_are_kept_for_a_while_few_and_small(sessions: Sessions, clock: Clock) -> None:
    session = opened(sessions)
    for _ in range(20):
        await session.stream().finish(b"{}")
        session.trim()
    assert len(session.streams) == 1 + 8
    for _ in range(3):
        await session.stream().finish(b"x" * 600)
        session.trim()
    assert len(session.streams) == 1 + 1
    clock.now = 301
    sessions.find(session.id, ADA)
    session.trim()
    assert list(session.streams.values()) == [session.standalone]


async def test_what_a_lost_reader_did_not_get_is_kept(sessions: Sessions) -> None:
    async def lost(_: Any) -> None:
        raise BrokenPipeError

    got: list[Any] = []

    async def found(event: Any) -> None:
        got.append(event)

    stream = opened(sessions).stream()
    stream.attach(EventStream(lost))
    await stream.send(b"{}")
    assert not stream.attached.is_set()
    await stream.finish(b"[]")
    again = EventStream(found)
    assert await stream.resume(again, 0)
    assert [event.get("body", b"").count(b"data:") for event in got] == [0, 2, 0]
    assert again.gone


def test_a_buffer_is_bounded_by_count_and_bytes_but_keeps_the_newest() -> None:
    replay = Replay(events=3, size=100, seconds=10)
    for number in range(5):
        replay.add(b"%d" % number, 0)
    assert replay.after(2, 0) == [b"2", b"3", b"4"]
    assert replay.after(1, 0) is None
    replay.add(b"x" * 1000, 0)
    assert replay.after(5, 0) == [b"x" * 1000]
    assert replay.after(4, 0) is None
    assert replay.size == 1000


def test_a_buffer_forgets_with_age() -> None:
    replay = Replay(events=3, size=100, seconds=10)
    replay.add(b"a", 0)
    replay.add(b"b", 8)
    assert replay.after(0, 10) == [b"a", b"b"]
    assert replay.after(0, 11) is None
    assert replay.after(1, 11) == [b"b"]
    assert replay.after(2, 99) == []
    assert replay.after(3, 0) is None


@given(st.integers(0), st.integers(0))
def test_an_event_id_names_its_place_in_its_own_session_only(stream: int, position: int) -> None:
    ids = EventIds(b"key")
    name = ids.name("s", Place(stream, position))
    assert ids.place("s", name) == (Place(stream, position) if len(name) <= 128 else None)
    assert ids.place("t", name) is None
    assert EventIds(b"other").place("s", name) is None


@given(st.text())
def test_no_other_text_is_an_event_id(text: str) -> None:
    ids = EventIds(b"key")
    name = ids.name("s", Place(1, 2))
    if text != name:
        assert ids.place("s", text) is None
    assert ids.place("s", name + text) is None or not text
    assert ids.place("s", "0" + name) is None


def test_an_event_is_one_data_line_whatever_the_json_looks_like() -> None:
    assert event(b'{"a": "x\\ny"}') == b'data: {"a": "x\\ny"}\n\n'
    assert event(b'{\r\n"a":1\n}', "7") == b'id: 7\ndata: {  "a":1 }\n\n'
    assert priming("7", 500) == b"id: 7\nretry: 500\ndata: \n\n"
