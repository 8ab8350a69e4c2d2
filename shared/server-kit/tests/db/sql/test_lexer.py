import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_ref_kit.db.sql.lexer import POSTGRES, SQLITE, Dialect, Token, significant, tokens

BOTH = pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=["sqlite", "postgres"])
# Every character that means something to one of them, and a few that mean nothing.
_MARKS = [
    "'",
    '"',
    "`",
    "[",
    "]",
    "$",
    "$a$",
    "$1",
    "?1",
    ":a",
    "@a",
    "--",
    "/*",
    "*/",
    "(",
    ")",
    ";",
    "E'",
    "U&'",
    'U&"',
    "uescape",
    "'!'",
    "\\",
    "x'",
    "1e",
    "0x",
    ".",
    "a",
    "é",
    "where",
    "::",
    "-",
    "/",
]
PIECES = st.lists(st.sampled_from([*_MARKS, "\n", "\r", "\ufeff", "\x00", " "]), max_size=30).map("".join)


def shapes(text: str, dialect: Dialect = POSTGRES) -> list[tuple[str, str]]:
    return [(token.kind, token.value) for token in significant(text, dialect)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a''b'", "a'b"),
        ("'a\\'", "a\\"),
        ("E'a\\'b'", "a'b"),
        ("e'a''b\\n'", "a'b\n"),
        ("E'\\041\\x21\\u0021\\U00000021\\xc3\\xa9\\q\\x\\u12'", "!!!!éqxu12"),
        ("B'01'", "01"),
        ("$$a'b$$", "a'b"),
        ("$tag$a$$b$tag$", "a$$b"),
        ("$é$a$é$", "a"),
        ("U&'d\\0061t\\+000061'", "data"),
        ("U&'d!0061' UESCAPE '!'", "da"),
        ("U&'d!!' /* x */ uescape -- y\n '!'", "d!"),
        ("U&'d!0061' uescape ''\n'!'", "da"),
        ("U&'d!0061' uescape E'!'", "da"),
        ("U&'d!0061' uescape $$!$$", "da"),
        ("U&'d!0061' uescape E'\\041'", "da"),
        ("U&'d!0061' uescape E'\\x21'", "da"),
        ("U&'\\d83d\\de00'", "😀"),
    ],
)
def test_strings_of_postgres(text: str, value: str) -> None:
    """P4"""
    assert shapes(text) == [("string", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a""b"', 'a"b'),
        ('U&"pg\\005fread\\005ffile"', "pg_read_file"),
        ("U&\"pg!005fread_file\" UESCAPE '!'", "pg_read_file"),
        ("u&\"pg!005fread_file\"/**/uEsCaPe/**/'!'", "pg_read_file"),
        ('"' + "x" * 70 + '"', "x" * 63),
        ('"' + "é" * 40 + '"', "é" * 31),
    ],
)
def test_names_of_postgres(text: str, value: str) -> None:
    """P4"""
    assert shapes(text) == [("name", value)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Select É", [("word", "select"), ("word", "É")]),
        ("a$b$c", [("word", "a$b$c")]),
        ("1from", [("number", "1"), ("word", "from")]),
        ("1.5e-3.x", [("number", "1.5e-3"), ("sign", "."), ("word", "x")]),
        (".5", [("number", ".5")]),
        ("1e", [("number", "1"), ("word", "e")]),
        ("0x1Fg", [("number", "0x1F"), ("word", "g")]),
        ("$1::int", [("parameter", "$1"), ("sign", ":"), ("sign", ":"), ("word", "int")]),
        ("a--b\rc", [("word", "a"), ("word", "c")]),
        ("a/* /* */ */b", [("word", "a"), ("word", "b")]),
        ("\ufeffselect", [("word", "\ufeffselect")]),
        ("e 'x'", [("word", "e"), ("string", "x")]),
        ("$a b$", [("sign", "$"), ("word", "a"), ("word", "b$")]),
        ("x" * 70, [("word", "x" * 63)]),
        ("é" * 70, [("word", "é" * 31)]),
    ],
)
def test_other_tokens_of_postgres(text: str, found: list[tuple[str, str]]) -> None:
    assert shapes(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\ufeffselect", [("word", "select")]),
        ("[a b]`c``d`", [("name", "a b"), ("name", "c`d")]),
        ("x'00' X'ff'", [("string", "00"), ("string", "ff")]),
        ("? ?12 :a @b $c", [("parameter", each) for each in ("?", "?12", ":a", "@b", "$c")]),
        ("a/* /* */b", [("word", "a"), ("word", "b")]),
        ("a--b\rc\nd", [("word", "a"), ("word", "d")]),
        ("$$a$$", [("parameter", "$$a$$")]),
        ("e'a'", [("word", "e"), ("string", "a")]),
        ("$a::b(c d)", [("parameter", "$a::b(c"), ("word", "d"), ("sign", ")")]),
        (":a::b(c)+:", [("parameter", ":a::b(c)"), ("sign", "+"), ("sign", ":")]),
    ],
)
def test_tokens_of_sqlite(text: str, found: list[tuple[str, str]]) -> None:
    assert shapes(text, SQLITE) == found


@pytest.mark.parametrize("text", ["'a", '"a', "$$a", "$x$ $y$", "/* /* */", "E'a\\'", "U&'a", "[a", "`a"])
def test_what_the_text_ends_in_is_not_closed(text: str) -> None:
    dialect = SQLITE if text[0] in "[`" else POSTGRES
    [token] = tokens(text, dialect)
    assert not token.closed
    assert token.end == len(text)


def test_depth_counts_the_parentheses_around() -> None:
    found = [(token.value, token.depth) for token in significant("a (b (c) d) e)", POSTGRES)]
    assert found == [
        ("a", 0), ("(", 0), ("b", 1), ("(", 1), ("c", 2), (")", 1), ("d", 1), (")", 0), ("e", 0), (")", 0),
    ]  # fmt: skip


def test_words_and_signs_are_told_from_what_looks_like_them() -> None:
    word, name, sign, string = significant("where \"where\" ( '('", POSTGRES)
    assert word.is_word("where")
    assert not name.is_word("where")
    assert sign.is_sign("(")
    assert not string.is_sign("(")


@BOTH
@given(PIECES | st.text(max_size=60))
def test_tokens_cover_the_text_in_order_and_between_them_is_white_space(dialect: Dialect, text: str) -> None:
    at = 0
    for token in tokens(text, dialect):
        assert at <= token.start < token.end <= len(text)
        assert set(text[at : token.start]) <= dialect.spaces
        at = token.end
    assert set(text[at:]) <= dialect.spaces


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=60))
def test_what_sqlite_reads_in_a_quote_is_what_we_read(text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    name = '"' + text.replace('"', '""') + '"'
    statement = f"SELECT {literal} AS {name}, 1 /* {text.replace('*/', '')} */ -- {text.replace(chr(10), '')}"
    with closing(sqlite3.connect(":memory:")) as connection:
        cursor = connection.execute(statement)
        read = (cursor.fetchone()[0], cursor.description[0][0])
    found = significant(statement, SQLITE)
    assert (found[1].value, found[3].value) == read
    assert len(found) == 6


_BODIES = st.lists(st.sampled_from([*_MARKS, "\n", "\r", " ", "]", "?1", "$c"]), max_size=4).map("".join)
_BLANKS = st.sampled_from(["", " ", "\n", "/* ?9 */", "-- ' ?8 \n", "/* /* ' */", "\r", "\ufeff", "--x\r\n", "\v"])
_ITEMS = st.one_of(
    _BODIES.map("'{}'".format),
    _BODIES.map('1 as "{}"'.format),
    _BODIES.map("1 as [{}]".format),
    _BODIES.map("1 as `{}`".format),
    _BODIES,
    st.sampled_from(["?", "?3", ":a", "@é", "$a$b", "$a::b(c)", ":a::b", "1.5e3", "0x1f", ".5", "x'1f'"]),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(_BLANKS, _ITEMS, _BLANKS), min_size=1, max_size=3))
def test_what_sqlite_counts_as_parameters_is_what_we_count(items: list[tuple[str, str, str]]) -> None:
    text = "select " + ",".join(map("".join, items))
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(text)
            theirs = 0
        except sqlite3.ProgrammingError as error:
            uses = re.search(r"uses (\d+)", str(error))
            theirs = int(uses[1]) if uses else None
        except (sqlite3.Error, sqlite3.Warning):
            theirs = None
    if theirs is not None:
        assert counted(significant(text, SQLITE)) == theirs


def counted(found: list[Token]) -> int:
    """The highest number of a parameter: `?` and a new name take the next one."""
    highest = 0
    names: set[str] = set()
    for token in found:
        if token.kind != "parameter":
            continue
        if token.value.startswith("?") and token.value[1:].isdecimal():  # `$1` is a name
            highest = max(highest, int(token.value[1:]))
        elif token.value == "?" or token.value not in names:
            highest += 1
            names.add(token.value)
    return highest


@given(PIECES)
def test_what_sqlite_calls_complete_ends_in_a_semicolon_of_ours(text: str) -> None:
    if "\x00" in text or not sqlite3.complete_statement(text) or "\ufeff" in text:
        return
    found: list[Token] = significant(text, SQLITE)
    assert found[-1].is_sign(";") if found else True


@BOTH
@pytest.mark.parametrize(
    "piece", ["(", "a ", "$a", "'", "/*", 'U&"" ', "$a$b", "--\r", "U&'' uescape ", "-", "[", "E'\\", "\"''", "U&''\n"]
)
def test_hostile_text_takes_linear_time(dialect: Dialect, piece: str) -> None:
    size = 262_144
    text = (piece * (size // len(piece)))[:size]
    assert sum(1 for _ in tokens(text, dialect)) <= size
