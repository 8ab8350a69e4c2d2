"""The line framer: bounded, resynchronising, and blind to how the stream was cut."""

import tracemalloc

from hypothesis import example, given
from hypothesis import strategies as st

from mcp_protocol.jsonrpc import LineFramer, Oversized

LIMIT = 8
OVER = Oversized(LIMIT)


def lines(*chunks: bytes) -> list[bytes | Oversized]:
    framer = LineFramer(LIMIT)
    return [line for chunk in chunks for line in framer.feed(chunk)]


def test_lines_end_at_the_newline_byte_only() -> None:
    text = "a\u2028b\x0b\x0c\x1c\x85".encode()
    framer = LineFramer(64)
    assert framer.feed(text + b"\nnext\n") == [text, b"next"]


def test_a_carriage_return_before_the_newline_is_dropped() -> None:
    assert lines(b"a\r\nb\r", b"\n") == [b"a", b"b"]


def test_other_carriage_returns_are_data() -> None:
    assert lines(b"a\rb\n") == [b"a\rb"]


def test_empty_lines_are_skipped() -> None:
    assert lines(b"\n\r\n\na\n\n") == [b"a"]


def test_a_line_of_exactly_the_limit_passes() -> None:
    assert lines(b"x" * LIMIT + b"\n", b"y" * LIMIT + b"\r\n") == [b"x" * LIMIT, b"y" * LIMIT]


def test_a_line_over_the_limit_is_marked_once_and_the_next_one_read() -> None:
    assert lines(b"x" * (LIMIT + 1) + b"\nok\n") == [OVER, b"ok"]


def test_an_endless_line_is_marked_at_the_limit_and_not_kept() -> None:
    framer = LineFramer(LIMIT)
    assert framer.feed(b"x" * LIMIT) == []
    assert framer.feed(b"x") == [OVER]
    for _ in range(1000):
        assert framer.feed(b"x" * 1000) == []
    assert framer.rest == b""
    assert framer.feed(b"\nok\n") == [b"ok"]


def test_the_rest_is_the_line_that_has_begun() -> None:
    framer = LineFramer(LIMIT)
    framer.feed(b"a\nbc")
    framer.feed(b"d\r")
    assert framer.rest == b"bcd"


STREAM = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"x" * LIMIT, b"\xff"])).map(b"".join)


@example(b"x" * LIMIT + b"\r\n", [LIMIT, 1])
@example(b"x" * LIMIT + b"\rx\n", [LIMIT, 1, 1])
@given(STREAM, st.lists(st.integers(0, 12)))
def test_any_split_of_the_stream_gives_the_same_lines(stream: bytes, cuts: list[int]) -> None:
    chunks: list[bytes] = []
    left = stream
    for cut in cuts:
        chunks.append(left[:cut])
        left = left[cut:]
    assert lines(*chunks, left) == lines(stream)


@given(STREAM)
def test_no_more_than_the_limit_is_kept(stream: bytes) -> None:
    framer = LineFramer(LIMIT)
    framer.feed(stream)
    assert len(framer.rest) <= LIMIT


def test_s2_a_line_that_comes_byte_by_byte_costs_little_more_than_its_bytes() -> None:
    framer = LineFramer(1 << 20)
    tracemalloc.start()
    for _ in range(100_000):
        assert framer.feed(b"x") == []
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 400_000
    assert framer.feed(b"\n") == [b"x" * 100_000]
