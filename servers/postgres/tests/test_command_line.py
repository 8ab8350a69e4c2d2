"""The server as a program: settings and where they come from, what it refuses, how it ends, what a model sees."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "mcp_ref_postgres"]
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
CORE = [
    "query", "list_schemas", "list_objects", "describe_object", "search_schema", "explain", "check_health",
    "server_info",
]  # fmt: skip


def run(*arguments: str, variables: dict[str, str] | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **(variables or {})},
    )
    return done.returncode, done.stdout, done.stderr


def tools(*arguments: str) -> list[dict[str, Any]]:
    code, out, err = run(*arguments, "--print-tools")
    assert code == 0, err
    return [entry["tool"] for entry in json.loads(out)["tools"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a=postgresql://x", "a=postgresql://y"], "Two databases are called `a`"),
        (["postgresql://x", "postgresql://y"], "Two databases are called `main`"),
        (["mysql://x"], "postgresql://"),
        (["--pool", "0"], "`--pool` must be between 1 and 50"),
        (["--pool", "x"], "`--pool` must be a whole number"),
        (["--lock-timeout", "soon"], "`--lock-timeout` must be a time"),
        (["--no-such-flag"], "There is no option `--no-such-flag`"),
        (["--config", "/nosuch.toml"], "cannot be read"),
        (["--export-dir", "/nosuch"], "nosuch"),
        (["--toolsets", "nope"], "toolset `nope`"),
        (["--tools", "execute"], "needs `--mode read-write`"),
        (["--mode", "write"], "`--mode` must be"),
        (["--application-name", "x" * 64], "`--application-name`"),
    ],
)
def test_a_bad_setting_ends_the_start_with_one_sentence(arguments: list[str], sentence: str) -> None:
    """DB9."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, ""), err
    assert sentence in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ('name = "query"\ndescription = "x"\nsql = "select 1"', "name of another tool"),
        ('name = "a"\ndescription = "x"\nsql = "select 1; select 2"', "one statement"),
        ('name = "a"\ndescription = "x"\nsql = "select 1"\nparams = [{name = "b", type = "string"}]', "`b`"),
        ('name = "a"\ndescription = "x"', "either `sql` or `commands`"),
        ('name = "a"\ndescription = "x"\nsql = "select 1"\nlimit = 0', "`limit`"),
    ],
)
def test_a_bad_query_of_the_operator_ends_the_start(tmp_path: Path, query: str, sentence: str) -> None:
    """DB9."""
    config = tmp_path / "config.toml"
    config.write_text(f"[[query]]\n{query}\n")
    code, _, err = run(NOWHERE, "--config", str(config))
    assert code == 2, err
    assert sentence in err.splitlines()[-1]


def test_a_database_is_named_in_several_ways_and_the_first_counts(engine: Any, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    dsn = engine.dsn()
    config.write_text(f'databases = ["{dsn}"]\n')
    place, _, name = dsn.rpartition("@")[2].partition("/")
    host, _, port = place.partition(":")
    libpq = {
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": "mcp_ro",
        "PGPASSWORD": "hunter2/%&",
        "PGDATABASE": name,
    }
    cases: list[tuple[list[str], dict[str, str]]] = [
        ([dsn], {"DATABASE_URL": NOWHERE, "MCP_DATABASES": NOWHERE}),
        ([], {"MCP_DATABASES": dsn, "DATABASE_URL": NOWHERE}),
        ([], {"DATABASE_URL": dsn}),
        ([], libpq),
        (["postgresql://"], libpq),
        (["--config", str(config)], {}),
        ([f"postgresql://mcp_ro:hunter2%2F%25%26@127.0.0.1:1,{place}/{name}"], {}),
        ([f"{dsn}?sslmode=prefer&target_session_attrs=read-write"], {}),
    ]
    for arguments, variables in cases:
        code, out, err = run(*arguments, "--check", variables=variables)
        assert code == 0, (arguments, out, err)
        assert "role mcp_ro" in out
        assert "hunter2" not in out + err


def test_a_template_that_a_host_did_not_fill_in_is_no_database() -> None:
    code, out, _ = run("${DATABASE_URL}", "--check", variables={"PGHOST": "127.0.0.1", "PGPORT": "1"})
    assert code == 1
    assert "connection" in out


def test_a_password_on_the_command_line_is_warned_about_and_told_nobody(engine: Any) -> None:
    code, out, err = run(engine.dsn(), "--check")
    assert code == 0
    assert "the command line shows a password" in err
    assert "hunter2" not in out + err
    code, out, _ = run(engine.dsn(), "--print-config", "claude")
    assert "hunter2" not in out


def test_a_table_of_the_config_file_is_a_database(engine: Any, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[databases.sales]\ndsn = "{engine.dsn()}"\nmode = "read-only"\n')
    code, out, _ = run("--config", str(config), "--mode", "read-write", "--check")
    assert code == 0
    assert "database sales" in out
    config.write_text(f'[databases.sales]\ndsn = "{engine.dsn()}"\nmode = "admin"\n')
    code, _, err = run("--config", str(config))
    assert code == 2
    assert "more than `--mode read-only` allows" in err


def test_a_database_that_is_down_does_not_stop_the_start() -> None:
    """DB8."""
    code, out, err = run(NOWHERE, "--check")
    assert code == 1, err
    assert "ok      start" in out
    assert "connection: The database refused the connection." in out


def test_the_default_tools_fit_their_budget() -> None:
    """DB1."""
    for mode in ("read-only", "read-write"):
        listed = tools(NOWHERE, "--mode", mode)
        size = len(json.dumps({"tools": listed}, separators=(",", ":"), ensure_ascii=False).encode())
        assert size <= 12_288, (mode, size)


@pytest.mark.parametrize("mode", ["read-only", "read-write", "admin"])
def test_every_tool_of_every_mode_is_closed_described_and_hinted(mode: str) -> None:
    """DB1."""
    for tool in tools(NOWHERE, "--mode", mode, "--toolsets", "all"):
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"
        assert tool["description"]
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(tool["annotations"])
        assert tool["annotations"]["openWorldHint"] is False
        assert "database" not in tool["inputSchema"].get("properties", {})


def test_modes_and_toolsets_decide_what_is_offered() -> None:
    """DB2."""
    reading = {tool["name"] for tool in tools(NOWHERE, "--toolsets", "all")}
    writing = {tool["name"] for tool in tools(NOWHERE, "--mode", "read-write", "--toolsets", "all")}
    admin = {tool["name"] for tool in tools(NOWHERE, "--mode", "admin", "--toolsets", "all")}
    assert [tool["name"] for tool in tools(NOWHERE)] == CORE
    assert [tool["name"] for tool in tools(NOWHERE, "--mode", "read-write")] == [*CORE, "execute", "execute_batch"]
    assert reading == {
        *CORE, "top_queries", "advise_indexes", "activity", "table_stats", "profile_table", "export_query",
        "list_migrations",
    }  # fmt: skip
    assert writing - reading == {"execute", "execute_batch", "import_rows", "apply_migration"}
    assert admin - writing == {"manage_backend", "maintain"}


def test_several_databases_are_an_argument_of_every_tool() -> None:
    for tool in tools(f"one={NOWHERE}", f"two={NOWHERE}", "--toolsets", "all"):
        schema = tool["inputSchema"]
        assert schema["properties"]["database"]["enum"] == ["one", "two"]
        assert "database" in schema["required"]


def test_the_operators_bounds_are_in_the_schemas() -> None:
    [query] = [tool for tool in tools(NOWHERE, "--max-rows", "50", "--timeout", "5") if tool["name"] == "query"]
    properties = query["inputSchema"]["properties"]
    assert (properties["limit"]["default"], properties["timeout_s"]["default"]) == (50, 5.0)


@pytest.mark.parametrize("how", ["eof", "term"])
def test_the_end_is_quick_even_while_statements_run(engine: Any, how: str) -> None:
    sql = "select count(*) from shop.orders a, shop.orders b, shop.orders c, shop.orders d"
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "query", "arguments": {"sql": sql}}},
    ]
    process = subprocess.Popen(
        [*COMMAND, engine.dsn()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write("".join(json.dumps(each) + "\n" for each in messages).encode())
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    time.sleep(1)  # long enough for the statement to run; nothing of it shows from outside
    began = time.monotonic()
    if how == "eof":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 4
    process.stdout.close()
    if how == "term":
        process.stdin.close()
