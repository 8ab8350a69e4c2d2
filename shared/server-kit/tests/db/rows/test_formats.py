import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Column, Format
from mcp_ref_kit.db.rows.formats import as_json, file_writer, unique, visible, writer

TEXTS = st.text(st.characters(codec=None), max_size=40)
ROWS = st.lists(st.tuples(TEXTS, st.none() | st.integers() | st.binary(max_size=9)), max_size=6)
FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def written(form: Format, names: list[str], rows: list[Any], *, file: bool = False) -> str:
    make = file_writer if file else writer
    out = make(form, [Column(name, "text") for name in names])
    cells = Cells(100_000)
    body = out.between.join(out.row(cells.row(row)) for row in rows)
    return (out.head + body + out.tail).decode()


def test_csv_quotes_what_needs_it() -> None:
    """DB5"""
    assert written("csv", ["a", "b,c"], [('x, "y"', "line\nbreak"), ("", None), (" pad", True)]) == (
        'a,"b,c"\n"x, ""y""","line\nbreak"\n"",\n" pad",true\n'
    )


def test_a_file_of_csv_has_the_line_ends_of_rfc_4180() -> None:
    """DB5"""
    assert written("csv", ["a"], [("line\nbreak",), (1,)], file=True) == 'a\r\n"line\nbreak"\r\n1\r\n'


def test_markdown_escapes_what_would_end_a_cell() -> None:
    """DB5"""
    assert written("markdown", ["a|b"], [("x|y\n`z`\\",)]) == "| a\\|b |\n| --- |\n| x\\|y\\n\\`z\\`\\\\ |\n"


def test_lines_of_json_have_a_name_for_each_of_two_columns_of_the_same_name() -> None:
    """DB4"""
    assert written("jsonl", ["a", "a"], [(1, 2)]) == '{"a":1,"a_2":2}\n'


def test_a_suffix_does_not_take_the_name_of_another_column() -> None:
    assert unique(["a", "a", "a_2", "a", "b"]) == ["a", "a_3", "a_2", "a_4", "b"]


def test_a_file_of_json_names_its_columns() -> None:
    assert json.loads(written("json", ["a", "b"], [(1, None), (2, "x")], file=True)) == [
        {"a": 1, "b": None},
        {"a": 2, "b": "x"},
    ]
    assert json.loads(written("json", ["a"], [], file=True)) == []


def test_control_characters_are_shown() -> None:
    assert visible("a\x00\x1b[2J\x7f\x9b\t\n") == "a\\x00\\x1b[2J\\x7f\\x9b\t\n"
    assert as_json("\x9b\x7f\x01é") == b'"\\u009b\\u007f\\u0001\xc3\xa9"'


@given(ROWS)
def test_csv_reads_back_as_it_was_but_for_control_characters(rows: list[Any]) -> None:
    """DB5"""
    found = list(csv.reader(io.StringIO(written("csv", ["text", "other"], rows), newline="")))
    assert found[0] == ["text", "other"]
    assert [row[0] for row in found[1:]] == [_repaired(visible(row[0])) for row in rows]


@given(ROWS)
def test_each_line_of_jsonl_is_an_object(rows: list[Any]) -> None:
    found = [json.loads(line) for line in written("jsonl", ["text", "other"], rows).split("\n") if line]
    assert [row["text"] for row in found] == [_repaired(row[0]) for row in rows]


@given(ROWS)
def test_a_row_of_markdown_is_a_line_with_as_many_bars_as_columns(rows: list[Any]) -> None:
    """DB5"""
    lines = written("markdown", ["text", "other"], rows).split("\n")[2:-1]
    assert len(lines) == len(rows)
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines} <= {3}


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "jsonl"])
@given(ROWS)
def test_no_control_character_but_tab_and_newline_gets_through(form: Format, rows: list[Any]) -> None:
    assert FORBIDDEN.search(written(form, ["\x1bname", "b"], rows).encode()) is None


@given(st.lists(st.sampled_from(["a", "b", "a_2", "b_2", "a_2_2"]), max_size=8))
def test_names_become_unique_and_keep_their_order(names: list[str]) -> None:
    found = unique(names)
    assert len(set(found)) == len(names)
    assert all(own == name or own.startswith(f"{name}_") for own, name in zip(found, names, strict=True))


def _repaired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
