"""Runs of lines in bytes: found by blocks, in any encoding, as a naive splitter finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_filesystem.text import lines
from mcp_ref_filesystem.text.lines import Source, last_line_end, line_feeds, skip_back, skip_lines, tail_window, window
from mcp_ref_kit.content.encodings import Encoding

ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"]
# U+0A0A and U+0A00 hold the byte of a line feed in the wrong place.
TEXT = st.text("ab\n\u0a0a\u0a00é😀", max_size=60)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "TAIL_BLOCK", 8)
    monkeypatch.setattr(lines, "_FIRST", 8)


def source(text: str, name: str, mark: bytes = b"") -> Source:
    data = mark + text.encode(name)
    return Source(
        read=lambda start, length: data[start : start + length],
        size=len(data),
        encoding=Encoding(name, mark),
        block=8,
    )


def naive(text: str) -> list[str]:
    pieces = text.split("\n")
    last = pieces.pop()
    return [piece + "\n" for piece in pieces] + ([last] if last else [])


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXT, offset=st.integers(1, 12), limit=st.integers(1, 12))
def test_lines_from_the_start(name: str, text: str, offset: int, limit: int) -> None:
    whole = source(text, name, b"\xff\xfe" if name == "utf-16-le" else b"")
    start = skip_lines(whole, offset - 1)
    expected = naive(text)[offset - 1 :]
    if start is None:
        assert expected == []
        return
    found = window(whole, start, most_lines=limit, most_bytes=10_000)
    assert found.data.decode(name) == "".join(expected[:limit])
    assert found.complete
    assert found.at_end == (len(expected) <= limit)


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXT, number=st.integers(1, 12))
def test_lines_from_the_end(name: str, text: str, number: int) -> None:
    whole = source(text, name)
    found = tail_window(whole, skip_back(whole, number), most_bytes=10_000)
    assert found.data.decode(name) == "".join(naive(text)[-number:])
    assert found.complete


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXT, most=st.integers(4, 40))
def test_what_has_no_room_is_cut_on_a_line(name: str, text: str, most: int) -> None:
    whole = source(text, name)
    found = window(whole, 0, most_lines=None, most_bytes=most)
    data = text.encode(name)
    assert data.startswith(found.data)
    assert len(found.data) <= most
    assert found.complete == (len(data) <= most)
    if not found.complete and found.whole_lines:
        assert found.data.decode(name).endswith("\n")


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXT, most=st.integers(8, 40))
def test_a_tail_that_has_no_room_begins_on_a_line(name: str, text: str, most: int) -> None:
    whole = source(text, name)
    found = tail_window(whole, 0, most_bytes=most)
    data = text.encode(name)
    assert data.endswith(found.data)
    assert len(found.data) <= most
    if not found.complete and found.whole_lines:
        assert found.data.decode(name) in {"".join(naive(text)[at:]) for at in range(len(naive(text)) + 1)}


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXT)
def test_line_feeds_are_counted_as_characters(name: str, text: str) -> None:
    data = text.encode(name)
    assert line_feeds(data, Encoding(name)) == text.count("\n")
    assert data[: last_line_end(data, Encoding(name))].decode(name) == text[: text.rfind("\n") + 1]


def test_a_file_that_shrinks_while_it_is_read_ends_there() -> None:
    data = b"a\nb\n"
    shrunk = Source(read=lambda start, length: data[start : start + length], size=100, encoding=Encoding("utf-8"))
    assert skip_lines(shrunk, 5) is None
    found = window(shrunk, 0, most_lines=None, most_bytes=50)
    assert (found.data, found.complete, found.at_end) == (data, True, True)
    assert b"".join(shrunk.blocks(0, 100)) == data


def test_a_file_that_is_held_is_handed_over_whole() -> None:
    held = Source.of_bytes(b"abc", Encoding("utf-8"))
    assert list(held.blocks(0, 3)) == [b"abc"]
    assert list(Source.of_bytes(b"", Encoding("utf-8")).blocks(0, 0)) == []
