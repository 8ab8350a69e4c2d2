"""The pure parts of the gates; and that nothing of a caller goes by the simple protocol."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mcp_ref_postgres
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.catalog.naming import like, parsed
from mcp_ref_postgres.gate.functions import Named, Rules, judge
from mcp_ref_postgres.gate.keywords import kind_of, refusal, runs_alone
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.writing.deeds import danger

SOURCES = Path(mcp_ref_postgres.__file__).parent


def row(**more: Any) -> dict[str, Any]:
    usual = {"schema": "public", "name": "f", "volatility": "v", "definer": False, "language": "c", "trusted": False}
    return usual | more


@pytest.mark.parametrize(
    ("function", "passes"),
    [
        (row(), False),
        (row(volatility="s"), True),
        (row(language="internal", trusted=True), False),
        (row(language="plpgsql", trusted=True), True),
        (row(language="sql", trusted=True, definer=True), False),
        (row(language="plpython3u"), False),
        (row(schema="pg_catalog", name="random", language="internal", trusted=True), True),
        (row(schema="pg_catalog", name="pg_table_size", language="internal", trusted=True), True),
        (row(schema="pg_catalog", name="pg_read_file", volatility="s", language="internal", trusted=True), False),
        (row(schema="pg_catalog", name="nextval", language="internal", trusted=True), False),
    ],
)
def test_a_function_is_judged_by_what_it_is(function: dict[str, Any], passes: bool) -> None:  # noqa: FBT001  a row of the table
    assert (judge([function], Rules(), writes=False) is None) == passes


def test_one_overload_that_may_not_be_called_is_enough() -> None:
    harmless = row(volatility="i", language="sql", trusted=True)
    assert judge([harmless, row()], Rules(), writes=False) is not None
    assert judge([harmless, row()], Rules(allowed=("f",)), writes=False) is None
    assert judge([harmless], Rules(allowed=("f",), denied=("public.*",)), writes=False) is not None


def test_numbers_of_sequences_are_for_statements_that_write() -> None:
    nextval = row(schema="pg_catalog", name="nextval", language="internal", trusted=True)
    assert judge([nextval], Rules(), writes=True) is None


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ('select f(1), s.g (2), "S"."G"/* x */(3)', [("S", "G"), (None, "f"), ("s", "g")]),
        ("select U&\"pg!005fread_file\" UESCAPE '!' ('x')", [(None, "pg_read_file")]),
        ("select 'f(1)', $$g(2)$$, \"h\" --(\n", []),
        ("select db.s.f(1)", [("s", "f")]),
    ],
)
def test_every_name_before_a_parenthesis_is_seen(sql: str, named: list[tuple[str | None, str]]) -> None:
    found = {(each.schema, each.name) for each in Statement.of(sql).calls()}
    assert found == set(named)
    assert Named(None, "f") != Named("s", "f")


@pytest.mark.parametrize(
    ("sql", "about", "mode"),
    [
        ("create or replace temp view v as select 1", "VIEW", "read-write"),
        ("create unique index concurrently i on t (a)", "INDEX", "read-write"),
        ("create materialized view m as select 1", "MATERIALIZED", "read-write"),
        ("alter table t add a int", "TABLE", "read-write"),
        ("create or replace function f() returns int", "FUNCTION", "admin"),
        ("drop extension x", "EXTENSION", "admin"),
        ("create role r", "ROLE", None),
        ("alter system set a = 1", "SYSTEM", None),
        ("create server s", "SERVER", None),
        ("create cast (a as b)", "CAST", None),
        ("create operator +", "OPERATOR", None),
    ],
)
def test_what_is_created_decides_which_mode_it_needs(sql: str, about: str, mode: str | None) -> None:
    kind = kind_of(Statement.of(sql).words)
    assert kind.about == about
    allowed = [each for each in ("read-write", "admin") if refusal(kind, each) is None]
    assert allowed == {"read-write": ["read-write", "admin"], "admin": ["admin"], None: []}[mode]


@pytest.mark.parametrize("sql", ["vacuum", "reindex table concurrently t", "create index concurrently i on t (a)"])
def test_what_runs_alone_is_known(sql: str) -> None:
    assert runs_alone(Statement.of(sql).words)
    assert not runs_alone(Statement.of("create index i on t (a)").words)


@pytest.mark.parametrize(
    ("sql", "target"),
    [
        ("delete from t", "t"),
        ('delete from only "Odd"."T" using s', "Odd.T"),
        ("update t set a = 1", "t"),
        ("with a as (update s.t set a = 1 returning *) select * from a where a > 1", "s.t"),
        ("truncate a, b", "a, b"),
        ("drop table a, s.b cascade", "a, s.b"),
        ("drop function f(int, text), g(int)", "f, g"),
        ("update t set a = 1, b = 2", "t"),
        ("merge into only t using s on true when matched then delete", "t"),
        ("with m as (merge into t using s on true when matched then delete returning *) select 1 from m", "t"),
        ("alter table t alter column a set data type int using 0", "t"),
        ("drop table if exists a cascade", "a"),
        ("alter table t drop column a", "t"),
        ("alter table t drop a", "t"),
        ("vacuum (full) t", "t"),
        ("delete from t where true", None),
        ("update t set a = 1 where b = 2", None),
        ("select 'delete from t'", None),
        ("select * from t for update", None),
        ("create trigger x after delete on t execute function f()", None),
        ("insert into t values (1) on conflict (a) do update set a = 2", None),
        ("merge into t using s on a = b when matched then update set a = 2", None),
        ("alter table t alter column a type bigint", None),
        ("alter table t drop constraint c", None),
        ("alter table t alter column a drop not null", None),
        ("grant delete on t to r", None),
        ("vacuum t", None),
    ],
)
def test_what_destroys_is_seen_and_what_does_not_is_not(sql: str, target: str | None) -> None:
    found = danger(Statement.of(sql))
    assert (found.target if found else None) == target


@given(st.text(min_size=1, max_size=60).filter(lambda text: text == text.strip() and "\0" not in text))
def test_a_name_survives_its_quotes(name: str) -> None:
    assert parsed(identifier("S", name)) == ("S", name)
    assert Statement.of(f"select {identifier(name)}(1)").tokens[1].kind == "name"


@pytest.mark.parametrize(("glob", "pattern"), [("a*b?", "a%b_"), ("50%_\\", "50\\%\\_\\\\"), ("", "")])
def test_a_glob_becomes_a_pattern_of_like(glob: str, pattern: str) -> None:
    assert like(glob) == pattern


@pytest.mark.parametrize("sql", ["select '\0'", "select '\ud800'"])
def test_characters_that_the_engine_cannot_take_are_refused(sql: str) -> None:
    with pytest.raises(DbError) as error:
        Statement.of(sql)
    assert error.value.code == "invalid_argument"


def test_nothing_of_a_caller_goes_by_the_simple_protocol() -> None:
    """`Connection.execute(text)` takes several statements: it is given texts of ours alone, each named here."""
    ours = {
        "engine/connecting.py": {"_ATTEND"},
        "engine/database.py": {"text"},
        "engine/pool.py": {"cleaning"},
        "health/examining.py": {"opening"},
        "writing/running.py": {"timeout"},
    }
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute":
                [text] = node.args
                name = str(path.relative_to(SOURCES))
                assert isinstance(text, ast.Constant) or ast.unparse(text) in ours.get(name, ()), (name, node.lineno)
