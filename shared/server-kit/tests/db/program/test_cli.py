"""The whole of a database server as a process: settings, tailoring, queries, reload, fence, audit."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import ledger
import pytest

from mcp_protocol.testing import connect
from tests.launch.raw import LEGACY, MODERN, StdioPeer

SCRIPT = Path(__file__).parents[1] / "ledger.py"
QUERY = '[[query]]\nname = "{name}"\ndescription = "{name}."\nsql = "SELECT count(*) AS n FROM t"\n'


@pytest.fixture
def database(tmp_path: Path) -> str:
    ledger.filled(str(tmp_path / "a.db"))
    return str(tmp_path / "a.db")


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPT), *arguments]


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=30, check=False, input="")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(QUERY.format(name="how_many"))
    return path


def names_of(peer: StdioPeer) -> list[str]:
    return [tool["name"] for tool in peer.request("tools/list")["tools"]]


@pytest.fixture
def peer(database: str, config: Path) -> Generator[StdioPeer]:
    with StdioPeer(command(database, "--config", str(config))) as peer:
        peer.open(LEGACY)
        yield peer


def test_queries_of_the_config_file_are_tools(peer: StdioPeer) -> None:
    """DB10"""
    assert names_of(peer) == ["query", "export_query", "how_many"]
    assert peer.call("how_many")["structuredContent"]["rows"] == [[10]]


def test_a_hangup_reads_the_queries_again_and_clients_are_told(peer: StdioPeer, config: Path) -> None:
    config.write_text(QUERY.format(name="how_many") + QUERY.format(name="another"))
    os.kill(peer.process.pid, signal.SIGHUP)
    assert peer.receive()["method"] == "notifications/tools/list_changed"
    assert names_of(peer) == ["query", "export_query", "how_many", "another"]
    assert peer.call("another")["structuredContent"]["rows"] == [[10]]


def test_a_broken_file_changes_nothing(peer: StdioPeer, config: Path) -> None:
    config.write_text(QUERY.format(name="query"))
    os.kill(peer.process.pid, signal.SIGHUP)
    peer.wait_for("not taken over")
    assert names_of(peer) == ["query", "export_query", "how_many"]
    config.write_text("max-rows = 'x'\n")
    os.kill(peer.process.pid, signal.SIGHUP)
    peer.wait_for("max-rows")
    assert names_of(peer) == ["query", "export_query", "how_many"]


def test_a_hangup_gives_no_rights_that_the_start_did_not(peer: StdioPeer, config: Path) -> None:
    config.write_text('mode = "admin"\n' + QUERY.format(name="w") + "write = true\n" + QUERY.format(name="another"))
    os.kill(peer.process.pid, signal.SIGHUP)
    assert peer.receive()["method"] == "notifications/tools/list_changed"
    assert names_of(peer) == ["query", "export_query", "another"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-rows", "0"], "between 1 and 10000"),
        (["--max-rows", "10001"], "between 1 and 10000"),
        (["--timeout", "0"], "between 0.1 and 300"),
        (["--limit", "5"], "There is no option `--limit`"),
        (["a=x", "a=y"], "Two databases are called `a`"),
        (["--config", "missing.toml"], "cannot be read"),
        (["--export-dir", "/no/such/place"], "cannot be opened"),
        (["--audit-log", "/no/such/place/log"], "audit log cannot be written"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_nothing_is_opened(arguments: list[str], words: str) -> None:
    """DB9"""
    found = ended("./main.db" if "a=x" not in arguments else "b=z", *arguments)
    assert found.returncode == 2
    assert words in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert found.stdout == ""


def test_a_bad_query_is_a_bad_setting_with_its_place(database: str, config: Path) -> None:
    """DB9"""
    config.write_text("# first line\n" + QUERY.format(name="Bad"))
    found = ended(database, "--config", str(config))
    assert found.returncode == 2
    assert "`[[query]]` in server.toml, line 2" in found.stderr
    config.write_text(QUERY.format(name="x").replace("FROM t", "FROM t WHERE a = :a"))
    assert "`:a`, which is none of its `params`" in ended(database, "--config", str(config)).stderr


async def test_with_one_database_no_tool_asks_which(database: str) -> None:
    settings = ledger.Settings(databases=[ledger.Secret(database)])
    async with connect(ledger.made(settings), settings) as client:
        for tool in await client.list("tools"):
            assert "database" not in tool["inputSchema"]["properties"]
        assert (await client.call("query", sql="SELECT 1")).data["rows"] == [[1]]
        refused = await client.call("query", sql="SELECT 1", database="main")
        assert refused.error_code == "invalid_argument"


async def test_with_several_every_tool_has_to_say_which(database: str) -> None:
    settings = ledger.Settings(databases=[ledger.Secret(f"a={database}"), ledger.Secret(f"b={database}")])
    async with connect(ledger.made(settings), settings) as client:
        for tool in await client.list("tools"):
            schema = tool["inputSchema"]
            assert schema["properties"]["database"] == {
                "type": "string", "enum": ["a", "b"], "description": "Which database.",
            }  # fmt: skip
            assert "database" in schema["required"]
        assert (await client.call("query", sql="SELECT 1", database="b")).data["rows"] == [[1]]
        for wrong in ({}, {"database": "c"}, {"database": ""}):
            assert (await client.call("query", sql="SELECT 1", **wrong)).error_code == "invalid_argument"
        assert ledger.latest[-1].ran == ["SELECT 1"]


async def test_the_operators_defaults_stand_in_the_schema_and_count(database: str) -> None:
    settings = ledger.Settings(databases=[ledger.Secret(database)], max_rows=4, timeout=7)
    async with connect(ledger.made(settings), settings) as client:
        [tool] = [tool for tool in await client.list("tools") if tool["name"] == "query"]
        assert tool["inputSchema"]["properties"]["limit"]["default"] == 4
        assert tool["inputSchema"]["properties"]["timeout_s"]["default"] == 7
        assert (await client.call("query", sql="SELECT a FROM t")).data["row_count"] == 4


@pytest.mark.parametrize("limit", [0, -1, 1.5, 10_001, "x", None])
async def test_limits_that_are_none_are_told(database: str, limit: Any) -> None:
    """DB3"""
    settings = ledger.Settings(databases=[ledger.Secret(database)])
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("query", sql="SELECT 1", limit=limit)
        assert refused.error_code == "invalid_argument"
        assert "`limit`" in refused.text


async def test_a_misspelt_argument_is_told_with_what_was_meant(database: str) -> None:
    """DB3"""
    settings = ledger.Settings(databases=[ledger.Secret(database)])
    async with connect(ledger.made(settings), settings) as client:
        refused = await client.call("query", sql="SELECT 1", limt=5)
        assert "`limit`" in refused.text


def test_a_fence_is_round_the_text_and_not_round_the_data(database: str) -> None:
    with StdioPeer(command(database, "--fence")) as peer:
        peer.open(MODERN)
        one, two = (peer.call("query", sql="SELECT 1 AS a") for _ in range(2))
        refused = peer.call("query", sql="SELEC")
    first, mark, data, last = one["content"][0]["text"].split("\n")
    assert mark == last
    assert mark in first
    assert json.loads(data) == one["structuredContent"]
    assert mark not in two["content"][0]["text"]
    assert refused["content"][0]["text"].startswith("syntax: ")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_audit_has_a_line_for_each_call_and_no_values(database: str, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    sql = "SELECT a, b FROM t WHERE b = ?"
    with StdioPeer(command(database, "--audit-log", str(log), "--mode", "read-write")) as peer:
        peer.open(MODERN)
        peer.call("query", sql=sql, params=["a secret value"])
        peer.call("query", sql="SELECT a FROM t", limit=3)
        peer.call("query", sql="SELEC 'a secret value'")
        peer.call("query", limit=0)
        peer.call("execute", sql="DELETE FROM t")
    text = log.read_text()
    assert "a secret value" not in text
    assert "row 1" not in text
    assert log.stat().st_mode & 0o077 == 0
    found = lines_of(log)
    assert [(line["tool"], line["outcome"], line.get("rows")) for line in found] == [
        ("query", "ok", 0), ("query", "ok", 3), ("query", "syntax", None), ("query", "invalid_argument", None),
        ("execute", "confirm_required", None),
    ]  # fmt: skip
    assert found[0]["statement_sha256"] == sha256(sql.encode()).hexdigest()
    assert found[0]["parameters"] == 1
    assert "statement" not in found[0]
    assert {"time", "call", "principal", "transport", "mode", "ms"} <= found[0].keys()
    assert found[1]["bytes"] > 100


def test_the_audit_may_have_the_statements(database: str, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    with StdioPeer(command(database, "--audit-log", str(log), "--audit-sql", "full")) as peer:
        peer.open(LEGACY)
        peer.call("query", sql="SELECT 1")
    assert [line["statement"] for line in lines_of(log)] == ["SELECT 1"]


def test_the_check_and_the_help_tell_of_it_all(database: str, config: Path) -> None:
    found = ended(database, "--config", str(config), "--check")
    assert found.returncode == 0
    assert "how_many" in found.stdout
    helped = ended("--help").stdout
    for flag in ("--max-rows", "--held-cursors", "--export-dir", "--fence", "--no-confirm", "--audit-sql", "--timeout"):
        assert flag in helped
    assert "--tool-timeout" not in helped
