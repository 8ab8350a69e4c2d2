"""Server-sent events: fields, line ends, bounds, and any split of the stream."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_protocol.client.sse import Event, EventReader
from mcp_protocol.errors import MessageTooLarge


def events(*chunks: bytes) -> list[Event]:
    reader = EventReader(1000)
    return [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [Event(b"a")]),
        (b"data:a\r\n\r\n", [Event(b"a")]),
        (b"data: a\r\r", [Event(b"a")]),
        (b"data:  a\n\n", [Event(b" a")]),
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"event: endpoint\ndata: /x\n\n", [Event(b"/x", "endpoint")]),
        (b"event: x\n\ndata: a\n\n", [Event(b"a")]),
        (b": comment\n\ndata: a\n: more\n\n", [Event(b"a")]),
        (b"data\n\ndata:\n\n", []),
        (b"other: x\nDATA: y\n\n", []),
        (b"data: unfinished\n", []),
        ("data: \u2028\x0b\x0c\n\n".encode(), [Event("\u2028\x0b\x0c".encode())]),
    ],
)
def test_events_are_read_by_the_standard(stream: bytes, expected: list[Event]) -> None:
    assert events(stream) == expected


def test_the_last_id_and_the_delay_are_kept() -> None:
    reader = EventReader(1000)
    reader.feed(b"id: 1\nretry: 250\ndata:\n\nid: a\x00b\nretry: soon\n\n")
    assert (reader.last_id, reader.retry_seconds) == ("1", 0.25)
    reader.feed(b"id\nretry: 99999999999999\n\n")
    assert (reader.last_id, reader.retry_seconds) == (None, 600)


def test_an_event_over_the_limit_is_refused() -> None:
    reader = EventReader(10)
    assert reader.feed(b"data: 1234\n\ndata: 1234\n\n") == [Event(b"1234")] * 2
    with pytest.raises(MessageTooLarge):
        reader.feed(b"data: 1\ndata: 12345")


STREAM = st.lists(
    st.sampled_from([b"data", b": ", b":", b"a", b"id", b"event", b"\r", b"\n", b"\r\n", b"\n\n", b"\xc3\xa9"])
).map(b"".join)


@example(b"data: a\r\n\r\n", [8, 0])
@given(STREAM, st.lists(st.integers(0, 9)))
def test_any_split_of_the_stream_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    chunks: list[bytes] = []
    left = stream
    for cut in cuts:
        chunks.append(left[:cut])
        left = left[cut:]
    assert events(*chunks, left) == events(stream)
