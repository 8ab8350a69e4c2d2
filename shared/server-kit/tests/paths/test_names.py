"""The grammar of paths and names, and that odd names can be shown and written back."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.paths import InvalidPath, JailPath, is_encoded, printable, show, unshow
from mcp_ref_kit.paths.casing import folded
from mcp_ref_kit.paths.names import LONGEST, spellings

names = st.binary(min_size=1, max_size=12).filter(lambda raw: b"/" not in raw and b"\0" not in raw).map(os.fsdecode)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (".", ()),
        ("a", ("a",)),
        ("./a//b/./c/", ("a", "b", "c")),
        ("a/../b", ("a", "..", "b")),
        ("~/x", ("~", "x")),
        ("$HOME/%2e%2e", ("$HOME", "%2e%2e")),
        ("..\\..\\x", ("..\\..\\x",)),
        ("....//x", ("....", "x")),
        ("nul", ("nul",)),
        ("line\u2028separator", ("line\u2028separator",)),
    ],
)
def test_a_path_is_its_names_and_nothing_in_it_is_expanded(text: str, parts: tuple[str, ...]) -> None:
    assert JailPath.parse(text, windows=False).parts == parts


@pytest.mark.parametrize("text", ["", "a\0b", "a\nb", "a\x1bb", "a\x7f", "a\x85b", "a\ud800", "x" * (LONGEST + 1)])
def test_what_cannot_be_a_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath) as caught:
        JailPath.parse(text)
    assert caught.value.code == "invalid_argument"
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_refusal_shows_the_text_without_its_control_characters() -> None:
    with pytest.raises(InvalidPath) as caught:
        JailPath.parse("a\x1b[2J\udc80" + "b" * 300)
    assert str(caught.value).startswith("`a\\x1b[2J\\x80bbb")
    assert "\\x0a" in (caught.value.hint or "")
    assert printable("\ud800") == "\\xed\\xa0\\x80"


def test_an_absolute_path_is_no_path_beneath_a_directory() -> None:
    with pytest.raises(InvalidPath):
        JailPath.parse("/etc/passwd")


def test_length_counts_bytes() -> None:
    assert len(JailPath.parse("é/" * (LONGEST // 3)).parts) == LONGEST // 3
    assert JailPath.parse("x" * LONGEST).parts == ("x" * LONGEST,)
    with pytest.raises(InvalidPath):
        JailPath.parse("é" * (LONGEST // 2 + 1))


@pytest.mark.parametrize(
    "name",
    ["CON", "nul.txt", "com1", "LPT9.log", "a:stream", "a ", "a.", "\\\\?\\C:", "..\\x", "a*", "conin$", "aux.tar.gz"],
)
def test_names_that_windows_reserves_are_refused_there(name: str) -> None:
    with pytest.raises(InvalidPath):
        JailPath.parse(f"dir/{name}", windows=True)
    assert JailPath.parse(f"dir/{name}", windows=False).parts == ("dir", name)


def test_ordinary_names_pass_on_windows() -> None:
    assert JailPath.parse("a/../console/nullable.txt", windows=True).parts == ("a", "..", "console", "nullable.txt")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain \\x41 backslash", "plain \\x41 backslash"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"a\\b\xff", "a\\\\b\\xff"),
        (b"line\nfeed", "line\\x0afeed"),
        (b"\x1b[31m", "\\x1b[31m"),
        ("é\u202eright".encode(), "é\u202eright"),
        ("c1\u0085".encode(), "c1\\xc2\\x85"),
    ],
)
def test_an_odd_name_is_shown_as_text(raw: bytes, shown: str) -> None:
    assert show(os.fsdecode(raw)) == shown


@given(names)
def test_a_shown_name_is_valid_text_and_leads_back(name: str) -> None:
    shown = show(name)
    shown.encode()
    assert JailPath.parse(shown).parts == (() if shown == "." else (shown,))
    if is_encoded(name):
        assert unshow(shown) == name
        assert name in spellings(shown)
    else:
        assert shown == name


@given(st.text(alphabet="ax\\01f/\u00e9", max_size=12))
def test_only_what_show_writes_is_read_back(text: str) -> None:
    name = unshow(text)
    assert name is None or show(name) == text


@pytest.mark.parametrize("text", ["\\x41", "\\x2e\\x2e", "\\x2f", "\\x00", "a\\xFF", "\\xc3\\xa9", "\\x5c\\xff"])
def test_no_escape_stands_for_what_can_be_written_plainly(text: str) -> None:
    assert unshow(text) is None


def test_both_unicode_forms_are_other_spellings_of_each_other() -> None:
    assert "e\u0301" in spellings("\u00e9")
    assert "\u00e9" in spellings("e\u0301")
    assert spellings("plain") == ()


def test_a_child_is_named_in_the_words_of_the_caller() -> None:
    child = JailPath.parse("in/", written="/R/in/").child("a\nb")
    assert child.parts == ("in", "a\nb")
    assert child.written == "/R/in/a\\x0ab"
    assert JailPath().child("x").written == "x"
    assert child.shown == "in/a\\x0ab"
    assert JailPath().shown == "."
    assert JailPath().name == "."


@pytest.mark.parametrize(
    "name",
    [".git", ".GIT", ".git.", ".git ", ".g\u200cit", "\ufeff.git", ".G\u0131T".replace("\u0131", "i"), ".git . ."],
)
def test_names_that_some_file_system_takes_for_git_fold_to_it(name: str) -> None:
    assert folded(name) == ".git"


def test_folding_covers_letters_that_only_look_foreign() -> None:
    assert folded("hoo\u212as") == "hooks"
    assert folded("e\u0301") == folded("\u00c9")
