"""The decoder alone, by literal bytes: any split of a stream gives the same replies, and bounds hold before waiting."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_redis.engine.resp import (
    MISSING,
    MOST_DEPTH,
    MOST_LINE,
    Decoder,
    Fault,
    Garbled,
    Pairs,
    Push,
    TooLarge,
    pack,
    pack_all,
)

EVERY_KIND: list[tuple[bytes, Any]] = [
    (b"+OK\r\n", b"OK"),
    (b"-WRONGTYPE no\r\n", Fault("WRONGTYPE no")),
    (b":-42\r\n", -42),
    (b"$3\r\na\r\n\r\n", b"a\r\n"),
    (b"$0\r\n\r\n", b""),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"*0\r\n", []),
    (b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", [1, [b"x"]]),
    (b"_\r\n", None),
    (b"#t\r\n", True),
    (b"#f\r\n", False),
    (b",1.5\r\n", 1.5),
    (b",inf\r\n", float("inf")),
    (b"(12345678901234567890\r\n", 12345678901234567890),
    (b"!7\r\nERR bad\r\n", Fault("ERR bad")),
    (b"=6\r\ntxt:ab\r\n", b"ab"),
    (b"%1\r\n+k\r\n:1\r\n", Pairs([b"k", 1])),
    (b"~2\r\n:1\r\n:2\r\n", [1, 2]),
    (b">2\r\n+message\r\n+x\r\n", Push([b"message", b"x"])),
    (b"*2\r\n-ERR in\r\n:1\r\n", [Fault("ERR in"), 1]),
]
STREAM = b"".join(wire for wire, _ in EVERY_KIND)
REPLIES = [reply for _, reply in EVERY_KIND]


def decoded(parts: list[bytes], most: int = 10_000) -> list[Any]:
    decoder = Decoder(most)
    found: list[Any] = []
    for part in parts:
        decoder.feed(part)
        while (value := decoder.take()) is not MISSING:
            found.append(value)
    assert decoder.clean
    return found


@pytest.mark.parametrize(("wire", "reply"), EVERY_KIND, ids=lambda value: repr(value)[:20])
def test_every_kind_of_reply(wire: bytes, reply: Any) -> None:
    assert decoded([wire]) == [reply]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_split_of_a_stream_gives_the_same_replies(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decoded([STREAM[start:end] for start, end in pairwise(edges)]) == REPLIES


def test_attributes_are_left_out_wherever_they_stand() -> None:
    assert decoded([b"|1\r\n+ttl\r\n:3600\r\n:5\r\n", b"*2\r\n|0\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n:2\r\n"]) == [
        5,
        [1, 2],
    ]


values = st.recursive(
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=50)),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=30,
)


def encoded(value: Any) -> bytes:
    if value is None:
        return b"_\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    return b"*%d\r\n%b" % (len(value), b"".join(map(encoded, value)))


@given(values, st.integers(1, 7))
def test_what_is_encoded_is_decoded(value: Any, step: int) -> None:
    wire = encoded(value)
    assert decoded([wire[at : at + step] for at in range(0, len(wire), step)], 10**6) == [value]


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5))
def test_a_command_is_one_vector_whatever_is_in_it(arguments: list[bytes]) -> None:
    """R15: CR, LF, NUL and the words of other commands are data."""
    assert decoded([pack(arguments)]) == [arguments]
    assert decoded([pack_all([arguments, [b"PING"]])]) == [arguments, [b"PING"]]


@pytest.mark.parametrize(
    "wire",
    [
        b"$10001\r\n",
        b"!99999999999\r\n",
        b"=10001\r\n",
        b"*5\r\n$9000\r\n" + b"x" * 9000 + b"\r\n$2000\r\n",
        b"*99999999\r\n",
        b"%999999\r\n",
        b"~9999999999\r\n",
        b"*1\r\n" * (MOST_DEPTH + 1),
        b"+" + b"x" * (MOST_LINE + 1),
        b"+" + b"x" * 10_001 + b"\r\n",
    ],
    ids=lambda wire: repr(wire)[:20],
)
def test_a_reply_over_a_bound_is_refused_by_what_it_announces(wire: bytes) -> None:
    decoder = Decoder(10_000)
    decoder.feed(wire)
    with pytest.raises(TooLarge):
        decoder.take()


def test_the_bounds_are_for_all_replies_of_an_exchange_together() -> None:
    decoder = Decoder(100)
    decoder.feed(b"$40\r\n" + b"x" * 40 + b"\r\n")
    assert decoder.take() == b"x" * 40
    decoder.renew()
    decoder.feed(b"$90\r\n" + b"x" * 90 + b"\r\n")
    assert decoder.take() == b"x" * 90
    decoder.feed(b"$40\r\n")
    with pytest.raises(TooLarge, match=re.escape("bytes")):
        decoder.take()


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"$-2\r\n",
        b"$ 3\r\n",
        b"$1_0\r\n",
        b":1.5\r\n",
        b": 1\r\n",
        b":" + b"9" * 5000 + b"\r\n",
        b"#x\r\n",
        b",nonsense\r\n",
        b"_x\r\n",
        b"$3\r\nabcde\r\n",
        b"*1\r\n>1\r\n+a\r\n",
        b"%-1\r\n",
    ],
    ids=lambda wire: repr(wire)[:20],
)
def test_what_is_no_resp_is_no_reply(wire: bytes) -> None:
    decoder = Decoder(10_000)
    decoder.feed(wire)
    with pytest.raises(Garbled):
        decoder.take()


def test_nesting_up_to_the_bound_is_read() -> None:
    (found,) = decoded([b"*1\r\n" * MOST_DEPTH + b":1\r\n"])
    for _ in range(MOST_DEPTH):
        (found,) = found
    assert found == 1


def test_a_decoder_in_the_middle_of_a_reply_is_not_clean() -> None:
    for part in (b"*2\r\n:1\r\n", b"$5\r\nab", b"+O"):
        decoder = Decoder(100)
        decoder.feed(part)
        assert decoder.take() is MISSING
        assert not decoder.clean
