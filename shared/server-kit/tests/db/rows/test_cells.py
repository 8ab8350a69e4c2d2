import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import SAFE_INTEGER, Cells, bound
from mcp_ref_kit.db.rows.formats import as_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=30)
    | st.binary(max_size=30)
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, None),
        (True, True),
        (SAFE_INTEGER, SAFE_INTEGER),
        (SAFE_INTEGER + 1, "9007199254740992"),
        (-SAFE_INTEGER - 1, "-9007199254740992"),
        (1.5, 1.5),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+5"), "100000"),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (b"\xff\xfe\x00", {"base64": "//4A", "size": 3}),
        (bytearray(b"a"), {"base64": "YQ==", "size": 1}),
        (memoryview(b"a"), {"base64": "YQ==", "size": 1}),
        ("text", "text"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1, 2**60, math.nan, b"a"], [1, str(2**60), "NaN", {"base64": "YQ==", "size": 1}]),
        ({"a": {"b": [None]}}, {"a": {"b": [None]}}),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_a_value_becomes_what_json_can_hold(value: Any, cell: Any) -> None:
    """DB4"""
    assert Cells().any(value) == cell


def test_a_negative_zero_stays_one() -> None:
    """DB4"""
    assert as_json([Cells().any(-0.0)]) == b"[-0.0]"


def test_a_subclass_is_what_it_is_derived_from() -> None:
    class Name(str):
        __slots__ = ()

    assert Cells().any(Name("a")) == "a"


def test_text_is_cut_with_its_whole_length_told() -> None:
    cells = Cells(10)
    assert cells.any("x" * 25) == "xxxxxxxxxx… [10 of 25 characters]"
    assert cells.any("x" * 10) == "x" * 10
    assert cells.cut == 1


def test_an_engine_that_has_cut_says_how_much_there_was() -> None:
    cells = Cells(4)
    assert cells.text("abcd", 4) == "abcd"
    assert cells.text("abcde", 1_000_000, "bytes") == "abcd… [4 of 1000000 bytes]"
    assert cells.binary(b"abc", 500) == {"base64": "YWJj", "size": 500, "cut": True}


def test_a_cut_does_not_part_a_letter_from_its_marks() -> None:
    assert Cells(3).any("abe\u0301c").startswith("ab…")


def test_bytes_are_cut_to_the_length_of_their_base64() -> None:
    cells = Cells(400)
    cell = cells.any(bytes(1000))
    assert (len(cell["base64"]), cell["size"], cell["cut"]) == (400, 1000, True)
    assert cells.cut == 1


def test_a_long_document_becomes_cut_text() -> None:
    cells = Cells(12)
    assert cells.json('{"a": [1, 2]}') == '{"a": [1, 2]… [12 of 13 characters]'
    assert cells.any({"a": "x" * 50}) == '{"a":"xxxxxx… [12 of 58 characters]'
    assert cells.cut == 2


@pytest.mark.parametrize("text", ["{", "[" * 5000 + "]" * 5000, "[" * 65 + "]" * 65, "\ud800"])
def test_what_is_no_readable_document_stays_text(text: str) -> None:
    assert Cells(100_000).json(text) == text


def test_a_document_as_deep_as_readers_follow_is_one() -> None:
    assert isinstance(Cells(100_000).json("[" * 64 + "1" + "]" * 64), list)
    assert Cells(100_000).json("[" + "[]," * 99 + "[]]") == [[]] * 100


def test_a_document_keeps_its_numbers() -> None:
    assert Cells().json('{"n": 12345678901234567890123}') == {"n": 12345678901234567890123}
    assert Cells().json(None) is None


def test_a_document_that_contains_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert Cells(100_000).any(loop)


def test_columns_may_say_more_than_values() -> None:
    cells = Cells()
    assert cells.row(['{"a":1}', "2"], [cells.json, cells.any]) == [{"a": 1}, "2"]


@given(st.lists(VALUES, max_size=5), st.integers(1, 200))
def test_any_row_is_strict_json_and_no_cell_is_much_longer_than_it_may_be(row: list[Any], most: int) -> None:
    """DB4"""
    cells = Cells(most)
    data = as_json(cells.row(row))
    assert data.decode()
    read = json.loads(data, parse_constant=_refused)
    assert len(read) == len(row)
    assert all(len(cell) <= most + 60 for cell in read if isinstance(cell, str) and "…" in cell)
    assert cells.cut <= len(row)


def _refused(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")


def test_an_argument_is_bound_as_it_is_and_base64_as_bytes() -> None:
    assert bound("params", [1, "a", None, {"$base64": "/w=="}]) == [1, "a", None, b"\xff"]
    assert bound("params", {"a": {"$base64": ""}, "b": {"c": 1}}) == {"a": b"", "b": {"c": 1}}
    assert bound("params", {"$base64": "YQ==", "other": 1}) == {"$base64": "YQ==", "other": 1}


@pytest.mark.parametrize("value", [{"$base64": "%"}, {"$base64": 1}, {"$base64": "YQ"}, "\ud800", ["a", "\udfff"]])
def test_what_cannot_be_bound_is_named(value: Any) -> None:
    with pytest.raises(DbError, match="params") as caught:
        bound("params", [value])
    assert caught.value.code == "invalid_argument"


@given(st.binary())
def test_bytes_come_back_as_they_went(data: bytes) -> None:
    cell = Cells(10_000).any(data)
    assert bound("value", {"$base64": cell["base64"]}) == data
