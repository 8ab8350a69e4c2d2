"""Keys and values both ways."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_redis.engine.resp import Fault, Pairs
from mcp_ref_redis.keyspace.windows import entry, score, tree
from mcp_ref_redis.values import bytes_of, floats, scalar_of, shown, window


@given(st.binary(max_size=200))
def test_whatever_is_shown_can_be_given_back(data: bytes) -> None:
    told = shown(data)
    given_back = told if isinstance(told, str) else {"$base64": told["base64"]}
    assert bytes_of("key", given_back) == data


@pytest.mark.parametrize("wrong", [{"$base64": "!"}, {"$base64": 5}, {"a": 1}, {}, [], None, True, "\ud800"])
def test_what_is_no_value_is_named(wrong: object) -> None:
    with pytest.raises(ToolError) as error:
        bytes_of("key", wrong)
    assert error.value.code == "invalid_argument"
    assert "`key`" in error.value.message


def test_numbers_stand_for_their_text_in_fields() -> None:
    assert [scalar_of("f", value) for value in (5, -1.5, "x")] == [b"5", b"-1.5", b"x"]
    with pytest.raises(ToolError):
        scalar_of("f", True)  # noqa: FBT003  a boolean is no number here


def test_vectors_are_32_bit_floats_in_little_endian() -> None:
    assert floats("v", [1.0, -2.5]) == struct.pack("<2f", 1.0, -2.5)
    assert bytes_of("v", {"$float32": [1]}) == struct.pack("<f", 1.0)
    for wrong in (["x"], "ab", [1e400], None):
        with pytest.raises(ToolError):
            floats("v", wrong)


@given(st.text(max_size=20), st.integers(0, 80))
def test_a_window_never_ends_inside_a_letter(text: str, end: int) -> None:
    part = window(text.encode()[:end])
    assert text.startswith(part.decode())
    assert end - len(part) < 4 or end > len(text.encode())


@given(st.binary(max_size=20))
def test_a_window_of_other_bytes_loses_at_most_three(data: bytes) -> None:
    assert data.startswith(window(data))
    assert len(data) - len(window(data)) <= 3


def test_scores_are_numbers_that_json_has() -> None:
    assert [score(value) for value in (b"1", 2.5, "inf", float("-inf"), b"1e300")] == [
        1,
        2.5,
        "Infinity",
        "-Infinity",
        1e300,
    ]


def test_a_reply_of_any_shape_is_json() -> None:
    cells = Cells(10)
    told = tree(Pairs([b"a", [1, None, b"\xff"], b"big", 2**60, b"bad", Fault("ERR no"), b"long", b"x" * 20]), cells)
    assert told == {
        "a": [1, None, {"base64": "/w==", "size": 1}],
        "big": str(2**60),
        "bad": {"error": "no."},
        "long": f"{'x' * 10}… [10 of 20 characters]",
    }
    assert tree([b"a", 1], cells, top=True) == {"a": 1}


def test_fields_that_repeat_come_as_pairs() -> None:
    assert entry([b"1-0", [b"a", b"1", b"b", b"2"]], Cells()) == {"id": "1-0", "fields": {"a": "1", "b": "2"}}
    assert entry([b"1-0", [b"a", b"1", b"a", b"2"]], Cells())["fields"] == [["a", "1"], ["a", "2"]]
