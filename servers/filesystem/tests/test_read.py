"""Reading text: pages, heads, tails, slices, encodings; several files; ranges of bytes."""

import base64
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.tools.read import remark
from mcp_ref_filesystem.views import reading
from mcp_ref_filesystem.views.ranges import read_range
from mcp_ref_filesystem.views.reading import Slice, TextPage, read_text
from mcp_ref_filesystem.views.several import Budget, as_text, read_several
from mcp_ref_kit.workers import Stop, Stopped

Bench = Any
TEN = "".join(f"line {number}\n" for number in range(1, 11))


def read(bench: Bench, data: bytes | str, **wanted: Any) -> TextPage:
    (bench.path / "f").write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_text(Stop(), bench.at("f"), Slice(**wanted))[0]


def refused(bench: Bench, data: bytes, **wanted: Any) -> ToolError:
    with pytest.raises(ToolError) as caught:
        read(bench, data, **wanted)
    return caught.value


def outcome(bench: Bench, data: bytes, **wanted: Any) -> TextPage | str:
    try:
        return read(bench, data, **wanted)
    except ToolError as error:
        return error.code


def test_a_small_file_comes_whole_and_exact(bench: Bench) -> None:
    page = read(bench, TEN)
    assert page.content == TEN
    assert (page.path, page.encoding, page.bom, page.line_ending) == ("f", "utf-8", False, "lf")
    assert (page.start_line, page.end_line, page.total_lines, page.next_offset) == (1, 10, 10, None)
    assert (page.size, page.etag, page.truncated) == (len(TEN), etag_of(TEN.encode()), False)
    assert page.mtime.endswith("Z")


def test_an_empty_file_has_no_lines(bench: Bench) -> None:
    page = read(bench, b"")
    assert (page.content, page.start_line, page.end_line, page.total_lines, page.line_ending) == (
        "",
        None,
        None,
        0,
        "none",
    )
    assert read(bench, b"", offset=1).content == ""
    assert read(bench, b"", tail=3).content == ""


@pytest.mark.parametrize("size", [1024, 8192, 65536])
def test_fs10_a_head_with_characters_across_block_edges_is_exact(bench: Bench, size: int) -> None:
    """The official server once cut characters at such edges."""
    text = "x" * (size - 1) + "é😀 rest\nsecond\n"
    assert read(bench, text, head=1).content == text.split("\n", maxsplit=1)[0]
    assert read(bench, "first\n" + text, tail=2).content == text.removesuffix("\n")


def test_fs10_a_final_line_feed_is_not_a_line(bench: Bench) -> None:
    assert read(bench, "a\nb\n", tail=1).content == "b"
    assert read(bench, "a\nb", tail=1).content == "b"
    assert read(bench, "a\n\n", tail=1).content == ""
    assert read(bench, "a\r\nb\r\n", tail=1).content == "b"


@pytest.mark.parametrize(
    "wanted", [{"head": 1, "tail": 1}, {"head": 1, "offset": 2}, {"tail": 1, "limit": 2}, {"offset": 0}]
)
def test_fs10_wishes_that_exclude_each_other_are_refused(bench: Bench, wanted: dict[str, int]) -> None:
    assert refused(bench, TEN.encode(), **wanted).code == "invalid_argument"


def test_fs11_a_slice_says_where_to_go_on(bench: Bench) -> None:
    page = read(bench, TEN, offset=5, limit=3)
    assert page.content == "line 5\nline 6\nline 7"
    assert (page.start_line, page.end_line, page.next_offset, page.truncated) == (5, 7, 8, False)
    last = read(bench, TEN, offset=8)
    assert (last.content, last.next_offset) == ("line 8\nline 9\nline 10", None)


def test_a_negative_offset_counts_from_the_end(bench: Bench) -> None:
    page = read(bench, TEN, offset=-3, limit=2)
    assert page.content == "line 8\nline 9"
    assert (page.start_line, page.end_line, page.next_offset) == (8, 9, 10)
    assert read(bench, TEN, offset=-99, limit=1).start_line == 1


def test_an_offset_beyond_the_end_names_the_last_line(bench: Bench) -> None:
    error = refused(bench, TEN.encode(), offset=11)
    assert (error.code, error.message) == ("invalid_argument", "`offset` 11 is beyond the last line, 10, of `f`.")


def test_a_long_file_comes_in_pages_that_add_up(bench: Bench) -> None:
    text = "".join(f"line number {number}\n" for number in range(2000))
    pages: list[str] = []
    offset: int | None = 1
    while offset is not None:
        page = read(bench, text, offset=offset, max_bytes=4096)
        pages.append(page.content)
        assert page.start_line == offset
        assert page.truncated is (page.next_offset is not None)
        offset = page.next_offset
    assert "\n".join(pages) + "\n" == text
    assert len(pages) > 5


def test_a_cut_page_says_how_to_go_on(bench: Bench) -> None:
    page = read(bench, TEN, max_bytes=20)
    assert (page.content, page.next_offset, page.total_lines) == ("line 1\nline 2", 3, 10)
    assert page.truncation is not None
    assert (page.truncation.reason, page.truncation.shown, page.truncation.total) == ("bytes", 2, 10)
    assert remark(page) == "[Lines 1 to 2 of 10, cut by bytes. Go on with offset=3.]"


def test_a_line_that_alone_is_too_long_is_cut_on_a_character(bench: Bench) -> None:
    page = read(bench, "é" * 100 + "\nnext\n", max_bytes=33)
    assert page.content == "é" * 16
    assert (page.truncated, page.next_offset) == (True, 2)
    tail = read(bench, "a\n" + "é" * 100, tail=1, max_bytes=33)
    assert tail.content == "é" * 16
    assert tail.truncated


def test_a_tail_with_too_little_room_keeps_the_last_lines(bench: Bench) -> None:
    page = read(bench, TEN, tail=9, max_bytes=16)
    assert page.content == "line 9\nline 10"
    assert (page.start_line, page.end_line, page.truncated, page.next_offset) == (9, 10, True, None)


def test_lines_are_numbered_on_request(bench: Bench) -> None:
    assert read(bench, TEN, offset=9, line_numbers=True).content == "     9\tline 9\n    10\tline 10"
    assert read(bench, TEN, tail=1, line_numbers=True).content == "    10\tline 10"


@pytest.mark.parametrize(
    ("data", "encoding", "bom"),
    [
        ("naïve\n".encode("latin-1"), "latin-1", False),
        ("naïve\n".encode("utf-8-sig"), "utf-8", True),
        ("naïve\n".encode("utf-16"), "utf-16-le", True),
        (b"\xfe\xff" + "naïve\n".encode("utf-16-be"), "utf-16-be", True),
        ("naive, and no mark\n".encode("utf-16-le"), "utf-16-le", False),
    ],
)
def test_the_encoding_is_found(bench: Bench, data: bytes, encoding: str, *, bom: bool) -> None:
    page = read(bench, data)
    assert (page.encoding, page.bom) == (encoding, bom)
    assert page.content in {"naïve\n", "naive, and no mark\n"}
    assert read(bench, data, head=1).content in {"naïve", "naive, and no mark"}


def test_one_wrong_byte_far_behind_decides_for_every_page(bench: Bench) -> None:
    data = "é\n".encode() + b"x\n" * 3000 + b"\xff\n"
    assert read(bench, data, head=1).encoding == "latin-1"


def test_an_encoding_by_name_is_obeyed(bench: Bench) -> None:
    assert read(bench, "日本".encode("shift_jis"), encoding="shift_jis").content == "日本"
    assert refused(bench, b"caf\xe9", encoding="utf-8").code == "encoding"
    assert refused(bench, b"x", encoding="zlib").code == "invalid_argument"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"a\0b"])
def test_fs13_binary_is_refused_with_a_hint(bench: Bench, data: bytes) -> None:
    error = refused(bench, data)
    assert error.code == "is_binary"
    assert "read_media_file" in (error.hint or "")


def test_a_large_file_is_looked_at_whole_once_and_its_parts_are_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "HELD", 10)
    monkeypatch.setattr(reading, "SURVEYED", len(TEN))
    whole = read(bench, TEN, max_bytes=20)
    assert (whole.total_lines, whole.etag) == (10, etag_of(TEN.encode()))
    for wanted in ({"head": 1}, {"tail": 1}, {"offset": 3}, {"offset": -2}):
        part = read(bench, TEN, max_bytes=20, **wanted)
        assert (part.total_lines, part.etag) == (None, None)
    assert read(bench, TEN, max_bytes=20, tail=1).start_line is None
    assert "that fit" in remark(read(bench, TEN, max_bytes=20, tail=5))
    assert read(bench, TEN, max_bytes=20, tail=1, line_numbers=True).content == "    10\tline 10"
    monkeypatch.setattr(reading, "SURVEYED", 10)
    assert read(bench, TEN, max_bytes=20).total_lines is None
    assert refused(bench, TEN.encode(), max_bytes=20, offset=99).message.endswith("last line, of `f`.")


def test_text_of_control_characters_is_cut_earlier_for_its_size_as_json(bench: Bench) -> None:
    page = read(bench, "\x01" * 99 + "\n" + "\x02" * 5000 + "\n", most_characters=12_000)
    assert page.truncated
    assert len(page.content) <= 2000


def test_work_ends_when_it_is_told_to(bench: Bench) -> None:
    (bench.path / "f").write_bytes(b"x\n")
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        read_text(stop, bench.at("f"), Slice())


@given(
    data=st.binary(max_size=200),
    wanted=st.one_of(
        st.fixed_dictionaries({"head": st.integers(1, 9)}),
        st.fixed_dictionaries({"tail": st.integers(1, 9)}),
        st.fixed_dictionaries({"offset": st.integers(-9, 9).filter(bool), "limit": st.integers(1, 9)}),
        st.fixed_dictionaries({"head": st.none()}),
    ),
    most=st.integers(1, 60),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_page_or_a_clean_refusal(bench: Bench, data: bytes, wanted: dict[str, Any], most: int) -> None:
    page = outcome(bench, data, **wanted, max_bytes=most)
    if isinstance(page, str):
        assert page in {"is_binary", "invalid_argument", "encoding"}
        return
    assert len(page.content) <= most
    if page.start_line is not None and page.end_line is not None and page.total_lines is not None:
        assert 1 <= page.start_line <= page.end_line <= page.total_lines


def test_several_files_keep_their_order_and_fail_one_by_one(bench: Bench) -> None:
    (bench.path / "a").write_text("aa\n")
    (bench.path / "b").write_bytes(b"\0\1")
    texts = read_several(Stop(), [bench.at(name) for name in "abc"], ["a", "b", "c"], Budget(1000, 10_000))
    assert [(text.path, text.ok) for text in texts] == [("a", True), ("b", False), ("c", False)]
    assert [text.error.code for text in texts if text.error] == ["is_binary", "not_found"]
    assert as_text(texts) == (
        "a:\naa\n\n\n---\nb: Error - `b` is not a text file.\n---\nc: Error - `c` does not exist."
    )


def test_when_the_budget_is_spent_the_rest_is_skipped(bench: Bench) -> None:
    for name in "abc":
        (bench.path / name).write_text("x" * 300 + "\n")
    texts = read_several(Stop(), [bench.at(name) for name in "abc"], list("abc"), Budget(600, 600))
    assert [text.ok for text in texts] == [True, True, False]
    assert texts[2].error is not None
    assert texts[2].error.code == "skipped_budget"
    cut = read_several(Stop(), [bench.at("a")], ["a"], Budget(256, 600))
    assert (cut[0].truncated, len(cut[0].content or "")) == (True, 256)
    assert "[cut; read_text_file has the rest]" in as_text(cut)


def test_a_path_that_was_refused_stands_in_its_place() -> None:
    denied = ToolError("No.", code="denied_outside_root")
    texts = read_several(Stop(), [denied], ["/etc/passwd"], Budget(1000, 1000))
    assert texts[0].error is not None
    assert texts[0].error.code == "denied_outside_root"


def test_bytes_are_read_from_either_end(bench: Bench) -> None:
    (bench.path / "f").write_bytes(bytes(range(100)))
    found = read_range(bench.at("f"), 10, 5, "hex")
    assert (found.data, found.start, found.end, found.size, found.next_start) == ("0a0b0c0d0e", 10, 15, 100, 15)
    assert found.etag is None
    last = read_range(bench.at("f"), -3, 10, "base64")
    assert (base64.b64decode(last.data), last.next_start) == (b"abc", None)
    assert read_range(bench.at("f"), -500, 1, "hex").start == 0
    assert read_range(bench.at("f"), 0, 100, "hex").etag == etag_of(bytes(range(100)))
    assert read_range(bench.at("f"), 100, 1, "text").data == ""
    with pytest.raises(ToolError, match="beyond the end"):
        read_range(bench.at("f"), 101, 1, "text")


def test_bytes_as_text_show_what_is_no_text(bench: Bench) -> None:
    (bench.path / "f").write_bytes(b"a\xffb")
    assert read_range(bench.at("f"), 0, 3, "text").data == "a�b"


def test_a_range_at_the_end_of_a_huge_file_costs_nothing(bench: Bench) -> None:
    (bench.path / "f").touch()
    os.truncate(bench.path / "f", 5 << 30)
    found = read_range(bench.at("f"), -10, 10, "hex")
    assert (found.start, found.data) == ((5 << 30) - 10, "00" * 10)
