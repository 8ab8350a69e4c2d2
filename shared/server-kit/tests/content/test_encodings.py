"""Encodings, line ends, what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_kit.content.encodings import (
    LATIN_1,
    UTF_8,
    Encoding,
    detect,
    line_ending,
    named,
    safe,
    sniff,
    whole_characters,
)

MARKED = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\x00\x00",
    "utf-32-be": b"\x00\x00\xfe\xff",
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("name", MARKED)
@given(text=TEXT)
def test_a_byte_order_mark_decides_and_is_no_text(name: str, text: str) -> None:
    data = MARKED[name] + text.encode(name)
    encoding = detect(data)
    assert encoding is not None
    if (name, text[:1]) != ("utf-16-le", "\0"):  # those bytes are the mark of UTF-32
        assert (encoding.name, encoding.mark) == (name, MARKED[name])
        assert encoding.decode(data[len(encoding.mark) :]) == text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        ("é€😀".encode(), "utf-8"),
        (b"caf\xe9", "latin-1"),
        ("a line\n".encode("utf-16-le"), "utf-16-le"),
        ("a line\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_without_a_mark_the_bytes_decide(data: bytes, name: str) -> None:
    encoding = detect(data)
    assert encoding is not None
    assert encoding.name == name


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03\x04\x05\x06\x07",
        b"text\x00more",
        b"a\x00b",
        b"a\x00b\x00",  # too short to be believed
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d",
        "\x01\x02\x03\x04".encode("utf-16-le"),
    ],
)
def test_nuls_without_a_pattern_are_binary(data: bytes) -> None:
    assert detect(data) is None


def test_a_late_nul_is_data() -> None:
    assert sniff(b"x" * 8192) is UTF_8
    assert detect(b"x" * 8192 + b"\0") is UTF_8


@pytest.mark.parametrize(
    ("name", "proper"),
    [
        ("latin1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        (" UTF8 ", "utf-8"),
        ("sjis", "shift_jis"),
        ("cp1252", "cp1252"),
    ],
)
def test_a_name_is_known_by_its_aliases(name: str, proper: str) -> None:
    found = named(name, b"abc")
    assert found is not None
    assert found.name == proper


def test_utf_16_by_name_takes_its_byte_order_from_the_file() -> None:
    assert named("utf-16", b"\xfe\xff\x00a") == Encoding("utf-16-be", b"\xfe\xff")
    assert named("utf-16", b"") == Encoding("utf-16-le")


@pytest.mark.parametrize(
    "name", ["zlib", "rot13", "unicode_escape", "idna", "nonsense", "utf-7", "cp037", "a\0b", "../x"]
)
def test_what_is_no_encoding_of_text_files_is_refused(name: str) -> None:
    with pytest.raises(ToolError) as caught:
        named(name, b"")
    assert caught.value.code == "invalid_argument"


def test_a_name_does_not_make_binary_text() -> None:
    assert named("latin-1", b"a\0b") is None
    assert named("utf-16-le", b"a\0b\0") == Encoding("utf-16-le")


def test_wrong_bytes_and_missing_characters_say_where() -> None:
    with pytest.raises(ToolError, match="bytes at 3 are not utf-8") as caught:
        UTF_8.decode(b"caf\xe9")
    assert caught.value.code == "encoding"
    with pytest.raises(ToolError, match=r"U\+20AC at character 3 cannot be written in latin-1"):
        LATIN_1.encode("ab€")
    with pytest.raises(ToolError, match=r"U\+D800"):
        UTF_8.encode("\ud800")


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("", "none"),
        ("a", "none"),
        ("a\n", "lf"),
        ("a\r\nb\r\n", "crlf"),
        ("a\rb", "cr"),
        ("a\r\nb\n", "mixed"),
        ("a\rb\n", "mixed"),
        ("a\rb\r\n", "mixed"),
    ],
)
def test_line_ends_are_told_apart(text: str, ending: str) -> None:
    assert line_ending(text) == ending


@given(st.text())
def test_shown_text_has_no_control_character_but_white_space(text: str) -> None:
    shown = safe(text)
    assert not any((ord(mark) < 32 and mark not in "\t\n\r") or 126 < ord(mark) < 160 for mark in shown)
    assert shown == "".join(mark for mark in text if mark in shown)


def test_a_control_character_far_into_a_large_text_is_found() -> None:
    assert safe("x" * 100_000 + "\x1b[31m") == "x" * 100_000 + "[31m"
    assert safe("é" * 10 + "\x9b31m") == "é" * 10 + "31m"


@pytest.mark.parametrize("name", ["utf-8", "utf-16-le", "gb18030", "shift_jis"])
@given(text=st.text("aé中😀", max_size=20), cut=st.integers(0, 5))
def test_a_cut_leaves_whole_characters(name: str, text: str, cut: int) -> None:
    data = text.encode(name, "ignore")
    kept = whole_characters(data[: max(len(data) - cut, 0)], Encoding(name))
    assert data.decode(name).startswith(kept.decode(name))
    assert len(data) - len(kept) <= cut + 4
