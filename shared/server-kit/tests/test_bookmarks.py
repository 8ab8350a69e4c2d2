"""Bookmarks: the cursor of one call leads on in the same question only, and never carries what is too long."""

import pytest
from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.session.calls import LOCAL
from mcp_ref_kit import Cursors
from mcp_ref_kit.bookmarks import Asked, Bookmark, more
from mcp_ref_kit.cursors import MAX_CURSOR

CURSORS = Cursors(b"k" * 32)


class Names(Struct, frozen=True):
    path: str


class After(Struct, frozen=True):
    name: str


class Cut(Struct, frozen=True):
    reason: str
    shown: int
    total: int | None = None


def bookmark(*, path: str = ".", scope: str = "a") -> Bookmark[After]:
    return Bookmark(CURSORS, LOCAL, Asked("list_names", Names(path), scope), After)


def test_a_page_leads_to_the_next_in_the_same_question() -> None:
    cursor = bookmark().seal(After("m"))
    assert cursor is not None
    assert bookmark().open(cursor) == After("m")


@pytest.mark.parametrize("other", [bookmark(path="elsewhere"), bookmark(scope="b")], ids=["arguments", "scope"])
def test_a_cursor_of_another_question_or_scope_is_refused(other: Bookmark[After]) -> None:
    with pytest.raises(ToolError, match="does not belong to this call"):
        other.open(bookmark().seal(After("m")))


def test_the_first_page_has_no_cursor_and_the_last_leaves_none() -> None:
    assert bookmark().open(None) is None
    assert bookmark().seal(None) is None


def test_a_position_too_long_for_a_cursor_leaves_none() -> None:
    assert bookmark().seal(After("n" * MAX_CURSOR)) is None


@pytest.mark.parametrize(
    ("cut", "cursor", "line"),
    [
        (None, None, ""),
        (Cut("limit", 5), "C", "\n[5 shown, cut by limit: go on with cursor C]"),
        (Cut("size", 5, 9), None, "\n[5 of 9 shown, cut by size: narrow the question]"),
    ],
)
def test_a_reader_is_told_how_to_go_on(cut: Cut | None, cursor: str | None, line: str) -> None:
    assert more(cut, cursor) == line
