"""The server as a program: settings and where they come from, what it refuses, how it ends, what a model sees."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "mcp_ref_sqlite"]
WRITES = {"execute", "execute_batch"}


def run(*arguments: str, variables: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **(variables or {})},
        cwd=cwd,
    )
    return done.returncode, done.stdout, done.stderr


@cache
def tools(*arguments: str) -> list[dict[str, Any]]:
    """Nothing is opened for this, so a file need not be there."""
    code, out, err = run("missing.db", *arguments, "--print-tools")
    assert code == 0, err
    return [entry["tool"] for entry in json.loads(out)["tools"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name a SQLite file."),
        ([":memory:"], "is no path of a SQLite file"),
        (["file:x.db?mode=rwc"], "is no path of a SQLite file"),
        ([""], "is empty"),
        (["/proc/self/mem"], "is no ordinary file"),
        (["/dev/zero"], "is no ordinary file"),
        (["{home}"], "is no ordinary file"),
        (["{home}/fifo"], "is no ordinary file"),
        (["{home}/a.db", "{home}/b.db"], "Two databases are called `main`"),
        (["a={home}/a.db", "a={home}/b.db"], "Two databases are called `a`"),
        (["{home}/a.db", "--db-path", "{home}/b.db"], "`--db-path`"),
        (["{home}/a.db", "--readers", "0"], "`--readers` must be between 1 and 64"),
        (["{home}/a.db", "--readers", "x"], "`--readers` must be a whole number"),
        (["{home}/a.db", "--no-such-flag"], "There is no option `--no-such-flag`"),
        (["{home}/a.db", "--config", "{home}/missing.toml"], "cannot be read"),
        (["{home}/a.db", "--metadata", "{home}/missing.json"], "cannot be read"),
        (["{home}/a.db", "--export-dir", "{home}/missing"], "missing"),
        (["{home}/a.db", "--toolsets", "nope"], "toolset `nope`"),
        (["{home}/a.db", "--tools", "execute"], "needs `--mode read-write`"),
        (["{home}/a.db", "--extension", "{home}/x.so"], "`--extension` needs `--mode admin`"),
    ],
)
def test_a_bad_setting_ends_the_start_with_one_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """DB9."""
    os.mkfifo(tmp_path / "fifo")
    code, out, err = run(*(argument.format(home=tmp_path) for argument in arguments))
    assert (code, out) == (2, ""), err
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


def test_a_file_is_named_in_five_ways_and_the_first_counts(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    config = tmp_path / "config.toml"
    config.write_text(f'databases = ["{small}"]\n')
    cases: list[tuple[list[str], dict[str, str]]] = [
        ([str(small)], {"SQLITE_PATH": str(other), "MCP_DATABASES": str(other)}),
        (["--db-path", str(small)], {"SQLITE_PATH": str(other)}),
        ([], {"MCP_DATABASES": str(small), "SQLITE_PATH": str(other)}),
        ([], {"SQLITE_PATH": str(small)}),
        (["--config", str(config)], {}),
    ]
    for arguments, variables in cases:
        code, out, err = run(*arguments, "--check", variables=variables)
        assert code == 0, err
        assert "ok  database main  read-only, 1 tables" in out


def test_a_table_of_the_config_file_is_a_database(small: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[databases.sales]\ndsn = "{small}"\nmode = "read-only"\n[databases.sales.limits]\nmax-rows = 1\n'
    )
    code, out, _ = run("--config", str(config), "--mode", "read-write", "--check")
    assert code == 0
    assert "database sales  read-only" in out
    config.write_text(f'[databases.sales]\ndsn = "{small}"\nmode = "admin"\n')
    code, _, err = run("--config", str(config))
    assert code == 2
    assert "more than `--mode read-only` allows" in err


def test_a_missing_file_does_not_stop_the_start(tmp_path: Path) -> None:
    """DB8."""
    code, out, _ = run(str(tmp_path / "later.db"), "--check")
    assert code == 1
    assert "ok      start" in out
    assert "FAILED  database main  The database file is not there." in out


def test_the_default_tools_fit_their_budget() -> None:
    """DB1: 12,288 bytes; a peer sends 41,774."""
    for mode in ("read-only", "read-write"):
        listed = tools("--mode", mode)
        size = len(json.dumps({"tools": listed}, separators=(",", ":"), ensure_ascii=False).encode())
        assert size <= 12_288, (mode, size)


@pytest.mark.parametrize("mode", ["read-only", "read-write", "admin"])
def test_every_tool_of_every_mode_is_closed_described_and_hinted(mode: str) -> None:
    """DB1."""
    for tool in tools("--mode", mode, "--toolsets", "all"):
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"
        assert tool["description"]
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(tool["annotations"])
        assert tool["annotations"]["openWorldHint"] is False


def test_modes_and_toolsets_decide_what_is_offered() -> None:
    """DB2."""
    names = [tool["name"] for tool in tools()]
    assert names == ["query", "list_objects", "describe_object", "explain", "search_text", "check_health"]
    assert {tool["name"] for tool in tools("--mode", "read-write")} >= WRITES
    everything = {tool["name"] for tool in tools("--toolsets", "all")}
    assert everything.isdisjoint({*WRITES, "import_rows", "optimize", "write_query", "create_table", "backup"})
    assert {"profile_table", "advise_indexes", "export_query", "read_query"} <= everything
    assert "optimize" not in {tool["name"] for tool in tools("--toolsets", "all", "--mode", "read-write")}
    assert "optimize" in {tool["name"] for tool in tools("--toolsets", "all", "--mode", "admin")}


def test_a_hint_says_when_an_export_writes_files(tmp_path: Path) -> None:
    def hint(*arguments: str) -> bool:
        listed = tools("--toolsets", "transfer", *arguments)
        return next(tool for tool in listed if tool["name"] == "export_query")["annotations"]["readOnlyHint"]

    assert hint("--mode", "read-write") is True
    assert hint("--mode", "read-write", "--export-dir", str(tmp_path)) is False


def test_a_start_loads_no_sqlite_before_a_list_is_out(small: Path) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mcp_ref_sqlite", str(small)],
        input=json.dumps(message) + "\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert json.loads(done.stdout)["id"] == 1
    assert "mcp_ref_sqlite.tools.query" in loaded
    assert not {"sqlite3", "aiosqlite", "csv", "difflib"} & loaded


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_it_ends_within_two_seconds_whatever_runs(small: Path, how: str) -> None:
    endless = "with recursive a(n) as (select 1 union all select n + 1 from a) select count(*) from a"
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    call = {"name": "query", "arguments": {"sql": endless}, "_meta": meta}
    quick = {"name": "query", "arguments": {"sql": "select 1"}, "_meta": meta}
    process = subprocess.Popen(
        [*COMMAND, str(small)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        for number, params in enumerate((call, quick)):
            message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        started = time.monotonic()
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(10) == 0
        # A second and a half for calls in flight; the rest is a busy machine's.
        assert time.monotonic() - started < 4
    finally:
        process.kill()
        process.stdout.close()
        if process.stderr:
            process.stderr.close()
        if not process.stdin.closed:
            process.stdin.close()
        process.wait()


def test_create_makes_a_file_when_it_is_first_written(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    code, out, _ = run(str(path), "--create", "--mode", "read-write", "--check")
    assert (code, path.exists()) == (1, False)
    assert "is not there" in out


def test_an_immutable_file_is_read_where_nothing_may_be_written(small: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(small)) as db:
        db.execute("pragma journal_mode=wal")
    code, out, _ = run(str(small), "--immutable", "--check", cwd=tmp_path)
    assert code == 0
    assert "ok  database main" in out
    assert not small.with_name("small.db-shm").exists()


def test_every_call_is_audited_and_fenced_where_the_operator_wants_it(small: Path, tmp_path: Path) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    calls = [{"sql": "select v from t where id = ?", "params": [1]}, {"sql": "delete from t"}]
    lines = [
        {
            "jsonrpc": "2.0",
            "id": at,
            "method": "tools/call",
            "params": {"name": "query", "arguments": call, "_meta": meta},
        }
        for at, call in enumerate(calls)
    ]
    log = tmp_path / "audit.jsonl"
    done = subprocess.run(
        [*COMMAND, str(small), "--audit-log", str(log), "--fence"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    replies = {reply["id"]: reply["result"] for reply in map(json.loads, done.stdout.splitlines())}
    assert replies[0]["structuredContent"]["rows"] == [["a"]]
    assert replies[0]["content"][0]["text"].count(replies[0]["content"][0]["text"].splitlines()[-1]) >= 2
    audited = {entry["outcome"]: entry for entry in map(json.loads, log.read_text().splitlines())}
    assert set(audited) == {"ok", "read_only"}
    assert (audited["ok"]["rows"], audited["ok"]["parameters"], audited["ok"]["mode"]) == (1, 1, "read-only")
    assert "select" not in log.read_text()
