import datetime as dt
from pathlib import Path
from typing import Any

import ledger
import msgspec
import pytest

from mcp_protocol.errors import SettingsError
from mcp_protocol.testing import connect
from mcp_ref_kit.db.program.canned import Canned, CannedParameter
from mcp_ref_kit.db.sql.lexer import POSTGRES, SQLITE
from mcp_ref_kit.db.sql.placeholders import check_placeholders, numbered
from mcp_ref_kit.settings import fields_of, load

TOML = """
[[query]]
name = "rows_above"
description = "Rows whose a is at least a number."
sql = "SELECT a, b FROM t WHERE a >= :least AND (:word = '' OR b = :word) ORDER BY a"
limit = 3
params = [
  { name = "least", type = "integer", description = "The least a.", minimum = 0, maximum = 100 },
  { name = "word", type = "string", default = "" },
]

[[query]]  # a comment
name = "kinds"
description = "Every kind of value."
sql = "SELECT :from AS a, :yes AS b, :when AS c, :one AS d"
params = [
  { name = "from", type = "number", minimum = 0.5 },
  { name = "yes", type = "boolean", default = true },
  { name = "when", type = "date", default = 2026-01-02 },
  { name = "one", type = "string", enum = ["x", "y"], default = "x" },
]
"""


def loaded(tmp_path: Path, text: str) -> ledger.Settings:
    path = tmp_path / "server.toml"
    path.write_text(text)
    flags = {"config": [str(path)], "databases": [str(tmp_path / "a.db")]}
    return load(fields_of(ledger.Settings), flags, {}).into(ledger.Settings)


def canned(**facts: Any) -> Canned:
    return msgspec.convert({"name": "q", "description": "Q.", "sql": "SELECT 1"} | facts, Canned)


async def test_each_query_is_a_tool_with_a_closed_schema(tmp_path: Path) -> None:
    """DB10"""
    ledger.filled(str(tmp_path / "a.db"))
    settings = loaded(tmp_path, TOML)
    async with connect(ledger.made(settings), settings) as client:
        tools = {tool["name"]: tool for tool in await client.list("tools")}
        tool = tools["rows_above"]
        assert tool["description"] == "Rows whose a is at least a number."
        assert tool["inputSchema"] == {
            "type": "object",
            "properties": {
                "least": {"type": "integer", "description": "The least a.", "minimum": 0, "maximum": 100},
                "word": {"type": "string", "description": "word", "maxLength": 65536, "default": ""},
                "cursor": tool["inputSchema"]["properties"]["cursor"],
            },
            "required": ["least"],
            "additionalProperties": False,
        }
        assert tool["outputSchema"] == tools["query"]["outputSchema"]
        assert tool["annotations"] == {
            "readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False,
        }  # fmt: skip


async def test_values_are_bound_and_pages_follow(tmp_path: Path) -> None:
    """DB10"""
    ledger.filled(str(tmp_path / "a.db"))
    settings = loaded(tmp_path, TOML)
    async with connect(ledger.made(settings), settings) as client:
        first = (await client.call("rows_above", least=5)).data
        assert [row[0] for row in first["rows"]] == [5, 6, 7]
        second = (await client.call("rows_above", least=5, cursor=first["next_cursor"])).data
        assert [row[0] for row in second["rows"]] == [8, 9]
        kinds = (await client.call("kinds", **{"from": 1.5})).data
        assert kinds["rows"] == [[1.5, 1, "2026-01-02", "x"]]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"least": "5"}, {"least": 1.5}, {"least": -1}, {"least": 101}, {"least": None}, {"least": 5, "lest": 1}],
)
async def test_a_wrong_value_is_told_and_nothing_runs(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """DB10"""
    ledger.filled(str(tmp_path / "a.db"))
    settings = loaded(tmp_path, TOML)
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("rows_above", **wrong)
        assert refused.error_code == "invalid_argument"
        assert ledger.latest[-1].ran == []


@pytest.mark.parametrize(
    "wrong", [{"from": 0.1}, {"from": 1, "one": "z"}, {"from": 1, "when": "soon"}, {"from": 1, "yes": 1}]
)
async def test_bounds_choices_and_dates_are_checked(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """DB10"""
    ledger.filled(str(tmp_path / "a.db"))
    settings = loaded(tmp_path, TOML)
    async with connect(ledger.made(settings), settings) as client:
        assert (await client.call("kinds", **wrong)).error_code == "invalid_argument"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "Q"}, "must be a letter"),
    ({"description": " "}, "needs a description"),
    ({"sql": None}, "needs either `sql` or `commands`"),
    ({"commands": [["GET", "a"]]}, "needs either `sql` or `commands`"),
    ({"limit": 0}, "between 1 and 10000"),
    ({"params": [{"name": "a", "type": "string"}, {"name": "a", "type": "string"}]}, "the same name"),
    ({"params": [{"name": "cursor", "type": "string"}]}, "cursor"),
    ({"params": [{"name": "a", "type": "table"}]}, "Invalid enum value"),
    ({"params": [{"name": "a", "type": "integer", "default": "1"}]}, "`default` of `a`"),
    ({"params": [{"name": "a", "type": "integer", "default": True}]}, "`default` of `a`"),
    ({"params": [{"name": "a", "type": "string", "minimum": 1}]}, "`minimum` and `maximum`"),
    ({"params": [{"name": "a", "type": "string", "enum": [1]}]}, "`enum` of `a`"),
    ({"params": [{"name": "a", "type": "string", "enum": []}]}, "`enum` of `a`"),
    ({"params": [{"name": "a", "type": "number", "enum": [1]}]}, "`enum` of `a`"),
    ({"params": [{"name": "a", "type": "date", "default": "2026-13-01"}]}, "`default` of `a`"),
    ({"parameters": []}, "unknown field"),
]


@pytest.mark.parametrize(("facts", "words"), WRONG)
def test_what_could_not_work_is_refused_when_it_is_loaded(facts: dict[str, Any], words: str) -> None:
    """DB9"""
    with pytest.raises(msgspec.ValidationError, match=words):
        canned(**facts)


def test_the_place_of_a_bad_query_is_told(tmp_path: Path) -> None:
    """DB9"""
    text = TOML + '\n[[query]]\nname = "x"\ndescription = ""\nsql = "SELECT 1"\n'
    line = text.splitlines().index('name = "x"')
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert str(caught.value) == f"`[[query]]` in server.toml, line {line}: the query `x` needs a description."


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM :name", "where a name stands"),
        ("INSERT INTO :name VALUES (1)", "where a name stands"),
        ("SELECT ':name'", "does not use its parameter `name`"),
        ('SELECT ":name"', "does not use its parameter `name`"),
        ("SELECT {name}", "does not use its parameter `name`"),
        ("SELECT 1 -- :name", "does not use its parameter `name`"),
        ("SELECT :name, :other", "none of its `params`"),
        ("SELECT :name; SELECT 2", "one statement"),
        ("-- nothing", "one statement"),
    ],
)
def test_a_statement_fits_its_parameters(sql: str, words: str) -> None:
    """DB10"""
    query = canned(sql=sql, params=[{"name": "name", "type": "string"}])
    with pytest.raises(SettingsError, match=words):
        check_placeholders(query, SQLITE)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT :name::text, extract(year FROM :name), a IS DISTINCT FROM :name, arr[1:2], ':name', $$:name$$",
        "SELECT substring('abc' from :name)",
        "SELECT a FROM t WHERE a IS DISTINCT FROM :name;",
    ],
)
def test_places_of_values_are_told_from_what_looks_alike(sql: str) -> None:
    check_placeholders(canned(sql=sql, params=[{"name": "name", "type": "string"}]), POSTGRES)


def test_parameters_are_numbered_for_engines_that_count() -> None:
    sql = "SELECT :b::text, ':a', :a + :b, x[1:c], :c"
    assert numbered(sql, ["a", "b"]) == "SELECT $2::text, ':a', $1 + $2, x[1:c], :c"


def test_the_name_of_another_tool_cannot_be_taken(tmp_path: Path) -> None:
    for name in ("query", "execute"):
        with pytest.raises(SettingsError, match="the name of another tool"):
            ledger.made(ledger.Settings(databases=[ledger.Secret("x")], queries=[canned(name=name)]))
    with pytest.raises(SettingsError, match="the name of another tool"):
        ledger.made(ledger.Settings(databases=[ledger.Secret("x")], queries=[canned(), canned()]))
    assert tmp_path


def test_a_query_knows_its_database() -> None:
    two = [ledger.Secret("a=x"), ledger.Secret("b=y")]
    with pytest.raises(SettingsError, match="has to say which `database`: a, b"):
        ledger.made(ledger.Settings(databases=two, queries=[canned()]))
    with pytest.raises(SettingsError, match="that is not there"):
        ledger.made(ledger.Settings(databases=two, queries=[canned(database="c")]))
    made = ledger.made(ledger.Settings(databases=two, queries=[canned(database="b")]))
    assert "q" in [tool.name for tool in made.tools]


def test_a_date_of_the_config_file_is_a_default() -> None:
    parameter = CannedParameter(name="a", type="date", default="2026-01-02").parameter
    assert parameter.default == dt.date(2026, 1, 2)
    assert str(canned()) == "q"
