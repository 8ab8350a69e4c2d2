"""Edits by line number: only the lines named change, in whatever order the edits are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.text.line_edits import LineEdit, apply_lines


def edited(text: str, *edits: tuple[int, int, str]) -> str:
    return apply_lines(text, [LineEdit(start=start, end=end, new_text=new) for start, end, new in edits])[0]


def refusal(text: str, *edits: LineEdit) -> ToolError:
    with pytest.raises(ToolError) as error:
        apply_lines(text, list(edits))
    return error.value


@pytest.mark.parametrize(
    ("text", "edit", "result"),
    [
        ("a\nb\nc\n", (2, 2, "B"), "a\nB\nc\n"),
        ("a\nb\nc\n", (2, 2, "B\n"), "a\nB\nc\n"),
        ("a\nb\nc\n", (2, 3, "B"), "a\nB\n"),
        ("a\nb\nc\n", (2, 2, ""), "a\nc\n"),
        ("a\nb\nc\n", (2, 1, "x\ny"), "a\nx\ny\nb\nc\n"),
        ("a\nb\nc\n", (4, 3, "d"), "a\nb\nc\nd\n"),
        ("a\nb", (2, 2, "B\n"), "a\nB"),
        ("a\nb", (3, 2, "c\n"), "a\nb\nc"),
        ("", (1, 0, "a"), "a\n"),
        ("a\r\nb\r\n", (1, 1, "x\ny"), "x\r\ny\r\nb\r\n"),
        ("a\r\nb\nc\n", (2, 2, "B"), "a\r\nB\nc\n"),
        ("\n", (1, 1, "a"), "a\n"),
    ],
)
def test_lines_are_replaced_inserted_and_deleted(text: str, edit: tuple[int, int, str], result: str) -> None:
    assert edited(text, edit) == result


def test_all_numbers_are_those_before_the_edits() -> None:
    assert edited("a\nb\nc\nd\n", (1, 1, "A\nA"), (4, 4, "D"), (2, 2, "")) == "A\nA\nc\nD\n"


@pytest.mark.parametrize(
    "edits",
    [
        [(1, 2, "x"), (2, 3, "y")],
        [(2, 2, "x"), (2, 2, "y")],
        [(2, 1, "x"), (2, 1, "x")],
        [(1, 3, "x"), (2, 1, "y")],
    ],
)
def test_overlapping_edits_are_refused(edits: list[tuple[int, int, str]]) -> None:
    made = [LineEdit(start=start, end=end, new_text=new) for start, end, new in edits]
    assert refusal("a\nb\nc\n", *made).code == "invalid_argument"


def test_neighbours_do_not_overlap() -> None:
    assert edited("a\nb\nc\n", (1, 1, "x"), (2, 2, "y")) == "x\ny\nc\n"
    assert edited("a\nb\nc\n", (2, 1, "new"), (2, 2, "y")) == "a\nnew\ny\nc\n"


@pytest.mark.parametrize(("start", "end"), [(4, 4), (3, 4), (5, 4), (3, 1)])
def test_lines_that_are_not_there_are_refused(start: int, end: int) -> None:
    error = refusal("a\nb\nc\n", LineEdit(start=start, end=end, new_text="x"))
    assert error.code == "invalid_argument"


def test_expected_text_is_compared() -> None:
    good = LineEdit(start=2, end=2, new_text="B", expect_text="b")
    assert apply_lines("a\r\nb\r\n", [good])[0] == "a\r\nB\r\n"
    error = refusal("a\nx\n", good)
    assert error.code == "conflict"
    assert "they are:\nx" in error.message


@given(st.lists(st.sampled_from(["a\n", "b\r\n", "\n", "c\n"]), max_size=8), st.data())
def test_other_lines_stay_byte_for_byte(lines: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(lines) + 1))
    end = data.draw(st.integers(start - 1, len(lines)))
    result = edited("".join(lines), (start, end, "new"))
    assert result.startswith("".join(lines[: start - 1]))
    assert result.endswith("".join(lines[end:]))
    assert result.count("\n") == len(lines) - (end - start + 1) + 1
