import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.db.sql.lexer import POSTGRES, SQLITE, Token, significant, tokens
from mcp_ref_kit.db.sql.statements import calls, extent, has_where, identifier, split, verb


def read(text: str) -> list[Token]:
    return significant(text, POSTGRES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select 1", "select"),
        ("/* delete */ SeLeCt 1", "select"),
        ("((select 1))", "select"),
        ("with a as (delete from t) select 1", "select"),
        ("with a as (select 1), b(x) as not materialized (select 2) delete from t", "delete"),
        ("with recursive update as (select 1) insert into t select 1", "insert"),
        ("with update as (select 1) delete from t", "delete"),
        ("with a as (select 1) search depth first by x set y merge into t", "merge"),
        ("drop table t", "drop"),
        ("", None),
        ("'select'", None),
        ('"delete" from t', None),
        ("with", None),
    ],
)
def test_the_verb_is_what_the_statement_does(text: str, found: str | None) -> None:
    assert verb(read(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("delete from t where a = 1", True),
        ("delete from t -- where", False),
        ("delete from t /* where */", False),
        ("update t set a = 'where'", False),
        ("update t set a = (select 1 where true)", False),
        ("with x as (select 1 where true) delete from t", False),
        ('update "where" set a = 1', False),
        ("update t set a = 1 from u WHERE u.b = t.b", True),
    ],
)
def test_a_where_counts_only_as_the_statements_own(text: str, found: bool) -> None:  # noqa: FBT001  a table of cases
    assert has_where(read(text)) is found


def test_calls_are_found_however_they_are_written() -> None:
    """P4"""
    text = """select f(1), pg_catalog . "pg_read_file" /* */ (2), a.b.c(3), "x" (4), U&"\\0067" (5) in (6) from g()"""
    found = [(call.schema, call.name) for call in calls(read(text))]
    assert found == [
        (None, "f"), ("pg_catalog", "pg_read_file"), ("b", "c"), (None, "x"), (None, "g"), (None, "in"), (None, "g"),
    ]  # fmt: skip


def test_a_name_in_a_string_or_comment_is_no_call() -> None:
    assert calls(read("select 'f(1)', $$g(2)$$ /* h(3) */ -- i(4)")) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  select 1 ; -- x\n ;; /* y */", "select 1"),
        ("/* a */ select 1 /* b */", "select 1"),
        (";;select 1", "select 1"),
        ("", ""),
        ("-- only", ""),
        ("select ';' ;", "select ';'"),
    ],
)
def test_the_extent_is_the_statement_without_what_follows(text: str, kept: str) -> None:
    start, end = extent(read(text))
    assert text[start:end] == kept


def test_statements_are_split_at_semicolons_of_their_own() -> None:
    text = "select ';' ; ; -- ;\n select $$;$$; delete from t"
    assert [text[start:end] for start, end in split(read(text))] == ["select ';'", "select $$;$$", "delete from t"]


@given(st.lists(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=15), min_size=1, max_size=3))
def test_a_quoted_name_is_read_back_as_it_is(names: list[str]) -> None:
    found = significant(identifier(*names), SQLITE)
    assert [token.value for token in found if token.kind == "name"] == names


@given(st.text("abf(.;)\"' \n-/*", max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    for dialect in (POSTGRES, SQLITE):
        found = list(tokens(text, dialect))
        verb(found)
        has_where(found)
        start, end = extent(found)
        assert 0 <= start <= end <= len(text)
        assert all(text[start:end].strip() for start, end in split(found))
        assert all(text[call.start : call.start + 1] not in "(' " for call in calls(found))
