import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Column, Envelope, Format
from mcp_ref_kit.db.rows.page import BLOCK, Bounds, Page

COLUMNS = [Column("a", "int"), Column("b", "text")]


def filled(rows: list[Any], bounds: Bounds, form: Format = "json") -> Page:
    page = Page(COLUMNS, bounds, form=form)
    at = 0
    while wanted := page.wanted:
        block = rows[at : at + wanted]
        at += len(block)
        page.add(block)
        if len(block) < wanted:
            break
    return page


def data_of(page: Page, **facts: Any) -> dict[str, Any]:
    return json.loads(encode(page.finish(elapsed_ms=1.0, **facts).data))


def test_a_page_with_everything_is_not_truncated() -> None:
    found = data_of(filled([(1, "x"), (2, None)], Bounds(limit=2)))
    assert found == {
        "columns": [{"name": "a", "type": "int"}, {"name": "b", "type": "text"}],
        "rows": [[1, "x"], [2, None]],
        "row_count": 2,
        "truncated": False,
        "truncation": None,
        "truncated_cells": 0,
        "next_cursor": None,
        "re_executed": False,
        "elapsed_ms": 1.0,
        "notices": [],
        "untrusted": True,
    }


def test_one_row_more_than_fits_says_that_there_are_more_and_is_kept() -> None:
    page = filled([(number, "x") for number in range(5)], Bounds(limit=3))
    assert data_of(page, next_cursor="c")["truncation"] == {"reason": "limit", "shown": 3, "total": None}
    assert page.rest == [(3, "x")]
    assert page.wanted == 0


def test_rows_are_fetched_in_blocks() -> None:
    page = Page(COLUMNS, Bounds(limit=1000))
    assert page.wanted == BLOCK
    page.add([(1, "x")] * BLOCK)
    page.add([(1, "x")] * BLOCK)
    page.add([(1, "x")] * BLOCK)
    assert page.wanted == 1001 - 3 * BLOCK


def test_a_large_result_is_cut_at_the_budget_and_goes_on_without_gap_or_repeat() -> None:
    """DB6"""
    rows = [(number, "x" * 1000) for number in range(300)]
    bounds = Bounds(limit=10_000, size=65_536)
    seen: list[int] = []
    while True:
        page = filled(rows[len(seen) :], bounds)
        result = page.finish(elapsed_ms=1, next_cursor="c" * 200)
        assert len(encode(result.data)) <= bounds.size
        found = json.loads(encode(result.data))
        seen += [row[0] for row in found["rows"]]
        if not page.truncated:
            break
        assert found["truncation"]["reason"] == "bytes"
        assert page.rest[0][0] == len(seen)
    assert seen == list(range(300))


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "jsonl"])
def test_a_row_that_is_too_large_alone_is_cut_until_it_fits(form: Format) -> None:
    bounds = Bounds(size=16_384, cell=262_144)
    page = filled([("\x01" * 100_000, "é" * 100_000)], bounds, form)
    result = page.finish(elapsed_ms=1)
    assert page.taken == 1
    assert result.data.truncated_cells == 2
    assert len(encode(result.data)) <= bounds.size
    assert all(len(str(text).encode()) <= bounds.size for text in result.content)
    assert not page.truncated


def test_the_cells_of_later_rows_are_as_long_as_ever() -> None:
    cells = Cells(262_144)
    page = Page(COLUMNS, Bounds(size=65_536, cell=262_144), cells=cells)
    page.add([("x" * 300_000, "")])
    assert cells.most == 262_144


def test_a_row_of_two_thousand_columns_comes_out() -> None:
    columns = [Column(f"c{number}", "") for number in range(2000)]
    page = Page(columns, Bounds(size=8192))
    page.add([["x"] * 2000])
    assert page.taken == 1


def test_other_forms_have_their_rows_in_the_text_alone() -> None:
    """DB5"""
    result = filled([(1, "x,y")], Bounds(), "csv").finish(elapsed_ms=1)
    assert "rows" not in json.loads(encode(result.data))
    assert result.content == ('a,b\n1,"x,y"\n',)


def test_what_stops_a_page_first_is_its_reason() -> None:
    page = Page(COLUMNS, Bounds())
    page.add([(1, "x")])
    page.stop("time")
    page.stop("visited", 10)
    assert data_of(page)["truncation"] == {"reason": "time", "shown": 1, "total": 10}
    assert page.wanted == 0


def test_notices_are_few_and_short() -> None:
    notices = data_of(Page(COLUMNS, Bounds()), notices=["x\x1b" * 1000] * 100)["notices"]
    assert len(notices) == 20
    assert notices[0].startswith("x\\x1bx")
    small = data_of(Page(COLUMNS, Bounds(size=8192)), notices=["x" * 500] * 20)["notices"]
    assert len(small) == 2


def test_columns_may_be_known_only_when_the_statement_runs() -> None:
    page = Page([], Bounds(), form="csv")
    page.name([Column("a\x1b", "int")])
    page.add([(1,)])
    assert page.finish(elapsed_ms=1).content == ("a\\x1b\n1\n",)


def test_a_column_may_have_a_way_of_its_own() -> None:
    cells = Cells()
    page = Page(COLUMNS, Bounds(), cells=cells, encoders=[cells.any, cells.json])
    page.add([(1, '{"x": [1]}')])
    assert data_of(page)["rows"] == [[1, {"x": [1]}]]


@given(
    st.lists(st.tuples(st.integers(), st.text(max_size=3000)), max_size=40),
    st.integers(1, 50),
    st.sampled_from(["json", "csv", "markdown", "jsonl"]),
)
def test_no_page_is_over_its_budget_and_none_is_empty_that_has_more(rows: list[Any], limit: int, form: Format) -> None:
    """DB6"""
    bounds = Bounds(limit=limit, size=8192, cell=4096)
    page = filled(rows, bounds, form)
    result = page.finish(elapsed_ms=1, next_cursor="c" * 300)
    texts = [str(text) for text in result.content] or [encode(result.data).decode()]
    assert len(texts[0].encode()) <= bounds.size
    assert page.taken <= limit
    assert page.truncated == (page.taken < len(rows))
    assert page.taken > 0 or not rows
    assert isinstance(result.data, Envelope)
