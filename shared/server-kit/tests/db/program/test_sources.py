from pathlib import Path

import ledger
import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_kit import Secret
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.program.sources import (
    Database,
    DatabaseTable,
    OwnLimits,
    bounds,
    chosen,
    databases,
    is_template,
    passwords,
    require_mode,
    seconds,
)
from mcp_ref_kit.settings import fields_of, load


def named(*texts: str) -> list[Secret]:
    return [Secret(text) for text in texts]


def test_databases_have_the_names_they_were_given() -> None:
    found = databases(named("a=postgres://u:p@h/x?y=z", "b1_=./file"), {}, "read-only")
    assert [(one.name, one.dsn.reveal()) for one in found] == [("a", "postgres://u:p@h/x?y=z"), ("b1_", "./file")]


def test_the_only_one_needs_no_name_and_an_equals_sign_is_not_always_one() -> None:
    assert [one.name for one in databases(named("./x=1.db"), {}, "read-only")] == ["main"]
    assert [one.name for one in databases(named("postgres://h/d?a=b"), {}, "read-only", usual="0")] == ["0"]


@pytest.mark.parametrize("texts", [("a", "b"), ("a=1", "a=2"), ("a=",), ("",)])
def test_names_that_are_doubled_or_empty_are_bad_settings(texts: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        databases(named(*texts), {}, "read-only")


def test_tables_of_the_config_file_are_databases_too() -> None:
    tables = {"b": DatabaseTable(dsn=Secret("y"), description="B.", mode="read-only")}
    found = databases(named("a=x"), tables, "read-write")
    assert [(one.name, one.mode, one.description) for one in found] == [
        ("a", "read-write", ""),
        ("b", "read-only", "B."),
    ]


@pytest.mark.parametrize("name", ["A", "1a", "a-b", "a" * 33, "a\n", "é"])
def test_names_are_letters_that_need_no_quoting(name: str) -> None:
    with pytest.raises(SettingsError, match="must be a letter"):
        databases([], {name: DatabaseTable(dsn=Secret("y"))}, "read-only")


def test_a_database_may_be_more_careful_than_the_server_and_never_less() -> None:
    with pytest.raises(SettingsError, match="more than `--mode read-write` allows"):
        databases([], {"a": DatabaseTable(dsn=Secret("y"), mode="admin")}, "read-write")


def test_a_call_names_one_of_them() -> None:
    known = {"a": 1, "b": 2}
    assert chosen(known, "b") == 2
    assert chosen({"a": 1}, None) == 1
    for name, words in ((None, "must be given"), ("c", "names no database")):
        with pytest.raises(DbError, match=words) as caught:
            chosen(known, name)
        assert caught.value.hint == "There are a, b."


def test_limits_are_those_of_the_call_within_those_of_the_database() -> None:
    settings = ledger.Settings(max_rows=50, timeout=20)
    plain = Database(name="a", dsn=Secret("x"))
    strict = Database(name="a", dsn=Secret("x"), limits=OwnLimits(max_rows=10, timeout=2, max_cell_chars=100))
    assert (bounds(settings, plain, None).limit, bounds(settings, plain, 9).limit) == (50, 9)
    assert (bounds(settings, strict, None).limit, bounds(settings, strict, 10_000).limit) == (10, 10)
    assert (bounds(settings, plain, None, 77).cell, bounds(settings, strict, None, 200).cell) == (77, 100)
    assert (seconds(settings, plain, None), seconds(settings, plain, 5), seconds(settings, strict, 300)) == (20, 5, 2)


def test_a_tool_of_the_server_may_be_too_much_for_a_database() -> None:
    careful = Database(name="a", dsn=Secret("x"), mode="read-only")
    require_mode(careful, "read-only")
    require_mode(Database(name="a", dsn=Secret("x"), mode="admin"), "read-write")
    with pytest.raises(DbError) as caught:
        require_mode(careful, "read-write")
    assert caught.value.code == "read_only"
    assert "read-write" in (caught.value.hint or "")


def test_passwords_are_found_and_never_shown() -> None:
    secret = Secret("redis://user:p%40ss@host/0?password=qu%20ery&x=1")
    assert [one.reveal() for one in passwords(secret)] == ["p%40ss", "p@ss", "qu ery"]
    database = Database(name="a", dsn=secret)
    assert database.scrub("no p@ss, no p%40ss, no qu ery") == "no ..., no ..., no ..."
    assert "p%40ss" not in database.shown
    assert "ss" not in repr(database)
    assert passwords(Secret("http://[")) == []


def test_a_placeholder_that_nobody_filled_in_is_known() -> None:
    assert is_template("${REDIS_URL}")
    assert not is_template("redis://x")


def loaded(tmp_path: Path, text: str) -> ledger.Settings:
    path = tmp_path / "server.toml"
    path.write_text(text)
    return load(fields_of(ledger.Settings), {"config": [str(path)]}, {}).into(ledger.Settings)


def test_the_config_file_describes_databases(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        'max-rows = 7\n[databases.a]\ndsn = "x"\ndescription = "First."\nmode = "read-only"\n'
        "[databases.a.limits]\nmax-rows = 3\n",
    )
    assert settings.max_rows == 7
    [found] = ledger.sources(settings)
    assert (found.name, found.description, found.limits.max_rows) == ("a", "First.", 3)


def test_a_plain_list_of_databases_is_the_same_setting_as_on_the_command_line(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'databases = ["a=x", "b=y"]\n')
    assert [one.name for one in ledger.sources(settings)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[databases.a]\n", "`[databases.a]` in server.toml: Object missing required field `dsn`."),
        ('[databases.a]\ndsn = "x"\nlimitt = 1\n', "`[databases.a]` in server.toml"),
        ("[databases.a]\ndsn = 5\n", "`[databases.a]` in server.toml"),
        ('[databases.a]\ndsn = "x"\nlimits.max_rows = 0\n', "(`limits.max_rows`)"),
        ("databases = 5\n", "`databases` in server.toml"),
    ],
)
def test_what_is_wrong_in_it_is_one_sentence_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """DB9"""
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
