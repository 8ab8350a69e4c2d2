"""Sealed cursors: only the same question of the same caller opens one, and only for a while."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_ref_kit import Cursors, Secret

KEY = b"k" * 32
ARGUMENTS: dict[str, Any] = {"path": ".", "limit": 10}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


class Position(Struct, frozen=True):
    name: str
    line: int


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def seal(position: Any = 7, *, key: Any = KEY) -> str:
    return Cursors(key).seal("list_directory", ARGUMENTS, LOCAL, position)


def refused(
    cursor: str,
    tool: str = "list_directory",
    *,
    arguments: dict[str, Any] = ARGUMENTS,
    principal: Principal = LOCAL,
    scope: str = "",
    cursors: Cursors | None = None,
) -> ToolError:
    with pytest.raises(ToolError) as caught:
        (cursors or Cursors(KEY)).open(cursor, tool, arguments, principal, position=int, scope=scope)
    return caught.value


def test_the_position_comes_back_in_its_type() -> None:
    cursors = Cursors(KEY)
    cursor = cursors.seal("t", {}, LOCAL, Position("b.txt", 3))
    assert cursors.open(cursor, "t", {}, LOCAL, position=Position) == Position("b.txt", 3)


def test_the_old_cursor_among_the_arguments_does_not_count() -> None:
    cursors = Cursors(KEY)
    first = cursors.seal("t", {"path": "."}, LOCAL, 1)
    second = cursors.seal("t", {"cursor": first, "path": "."}, LOCAL, 2)
    assert cursors.open(second, "t", {"path": ".", "cursor": second}, LOCAL, position=int) == 2


def test_replicas_with_one_key_open_each_other_s_cursors() -> None:
    cursor = seal(key=Secret("s" * 40))
    assert Cursors(Secret("s" * 40)).open(cursor, "list_directory", ARGUMENTS, LOCAL, position=int) == 7


def test_a_cursor_opens_for_nobody_and_nothing_else() -> None:
    """T4, DB7: a cursor of another tool, argument, caller, view, key; or of another kind of position."""
    cursor = seal()
    refusals = [
        refused(cursor, "list_directory_with_sizes"),
        refused(cursor, arguments={**ARGUMENTS, "limit": 11}),
        refused(cursor, arguments={**ARGUMENTS, "limit": "10"}),
        refused(cursor, principal=Principal("local", "other")),
        refused(cursor, scope="/srv"),
        refused(cursor, cursors=Cursors()),
        refused(seal("text")),
        refused("x" * 1_000_000),
        refused(""),
        refused("é"),
    ]
    assert {(error.code, str(error)) for error in refusals} == {
        ("invalid_argument", "`cursor` does not belong to this call, or has expired.")
    }


def test_a_cursor_expires() -> None:
    clock = Clock()
    cursors = Cursors(KEY, seconds=60, now=clock)
    cursor = cursors.seal("t", {}, LOCAL, 1)
    clock.now += 59
    assert cursors.open(cursor, "t", {}, LOCAL, position=int) == 1
    clock.now += 2
    assert refused(cursor, "t", arguments={}, cursors=cursors).code == "invalid_argument"


def test_a_position_that_is_too_long_is_a_fault_of_the_tool() -> None:
    with pytest.raises(ValueError, match="over the limit of 2048"):
        seal("x" * 2000)


@given(arguments=st.dictionaries(st.text(max_size=5), json_values, max_size=4), position=json_values)
def test_whatever_is_sealed_opens_whatever_the_order_of_the_arguments(arguments: dict[str, Any], position: Any) -> None:
    cursors = Cursors(KEY)
    cursor = cursors.seal("t", arguments, LOCAL, position)
    turned = dict(reversed(arguments.items()))
    opened: Any = cursors.open(cursor, "t", turned, LOCAL, position=object)
    assert opened == position


@given(place=st.integers(0, 10_000), letter=st.sampled_from(ALPHABET))
def test_a_cursor_with_any_letter_changed_does_not_open(place: int, letter: str) -> None:
    """M1, DB7."""
    cursor = seal()
    place %= len(cursor)
    changed = cursor[:place] + letter + cursor[place + 1 :]
    if changed != cursor:
        refused(changed)


@given(first=st.text(max_size=6), second=st.text(max_size=6), scope=st.text(max_size=6))
def test_no_two_bindings_run_together(first: str, second: str, scope: str) -> None:
    """What ends one bound part and begins the next cannot be shifted."""
    cursors = Cursors(KEY)
    cursor = cursors.seal(first, {}, Principal("i", second), 1, scope=scope)
    shifted = (first + "x", second), (first, second + "x")
    for tool, subject in shifted:
        with pytest.raises(ToolError):
            cursors.open(cursor, tool, {}, Principal("i", subject), position=int, scope=scope)
