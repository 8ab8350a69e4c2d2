"""The server as a program: settings and their sources, what is refused before it starts, both transports."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mcp_protocol.client import Client, Command

MODULE = [sys.executable, "-m", "mcp_ref_redis"]
LISTENING = re.compile(rb"listening on (http://\S+)")


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*MODULE, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["http://x"], "A database URL must begin with redis://, rediss:// or unix://."),
        (["redis://u:secretword@h:99999/0"], "The port of a database URL must be between 1 and 65535."),
        (["redis://h/x"], "The database number must be a whole number such as 0."),
        (["redis://h?socket_timeout=5"], "A redis:// URL has no option 'socket_timeout'; there are protocol."),
        (["redis://h?decode_responses=1"], "A redis:// URL has no option 'decode_responses'; there are protocol."),
        (["rediss://h?ssl_cert_reqs=maybe"], "`ssl_cert_reqs` must be required, optional or none."),
        (["redis://h?protocol=9"], "`protocol` of a database URL must be 2 or 3."),
        (["a=redis://h", "a=redis://i"], "Two databases are called `a`; give each a name of its own, as NAME=..."),
        (["--sentinel", "nonsense"], "`--sentinel` must be NAME@HOST:PORT,HOST:PORT."),
        (
            ["redis://h/3", "--cluster"],
            "A cluster has hosts and one database: no Unix socket, no /db, no --sentinel.",
        ),
        (["unix:///x", "--tls-ca", "x"], "TLS files are of no use with a Unix socket."),
    ],
)
def test_a_bad_setting_is_one_sentence(arguments: list[str], sentence: str) -> None:
    """DB9."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"redis: {sentence}"
    assert "Traceback" not in err
    assert "secretword" not in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--polo", "3"], "--polo"),
        (["--pool", "x"], "--pool"),
        (["--pool", "0"], "--pool"),
        (["--max-value-bytes", "1TB"], "--max-value-bytes"),
        (["--config", "/nowhere.toml"], "nowhere"),
        (["--mode", "god"], "--mode"),
        (["--toolsets", "cor"], "core"),
    ],
)
def test_what_cannot_be_set_is_named(arguments: list[str], named: str) -> None:
    """DB9."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert named in err.splitlines()[-1]


def test_a_bad_query_of_the_operator_ends_the_start(tmp_path: Path) -> None:
    """DB9, DB10: a command cannot be a parameter."""
    for commands, words in (('[["{c}", "k"]]', "as a command"), ('[["GET", "k"]]', "does not use")):
        (tmp_path / "c.toml").write_text(
            f'[[query]]\nname = "q"\ndescription = "Q."\ncommands = {commands}\n'
            '[[query.params]]\nname = "c"\ntype = "string"\n'
        )
        code, out, err = run("--config", str(tmp_path / "c.toml"))
        assert (code, out) == (2, "")
        assert words in err.splitlines()[-1]


def test_check_says_whether_the_databases_answer(url: str) -> None:
    """R8: variables without flags; a flag wins; a placeholder is ignored."""
    place = urlsplit(url)
    here = {"REDIS_HOST": str(place.hostname), "REDIS_PORT": str(place.port)}
    away = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}
    assert run("--check", **here)[0] == 0
    assert run("--check", REDIS_URL=url)[0] == 0
    code, out, err = run("--check", **away)
    assert code == 1
    assert "FAILED  database 0  The database cannot be reached: connection refused." in out
    assert run(url, "--check", **away)[0] == 0
    assert run("--check", REDIS_URL=url, **away)[0] == 0
    unfilled = {name: f"${{{name}}}" for name in ("REDIS_URL", "REDIS_PWD")}
    code, out, err = run("--check", **unfilled, **here)
    assert code == 0
    assert "REDIS_URL is a placeholder that was not filled in" in err


def test_a_password_on_the_command_line_is_warned_about_and_never_shown(url: str) -> None:
    """R8, X3."""
    with_password = url.replace("redis://", "redis://default:s3cretw0rd@")
    code, out, err = run(with_password, "--check")
    assert "shows a password" in err
    assert "s3cretw0rd" not in out + err
    del code


def test_databases_of_the_config_file(tmp_path: Path, url: str) -> None:
    (tmp_path / "c.toml").write_text(
        f'mode = "read-write"\n[databases.main]\ndsn = "{url}"\n'
        f'[databases.old]\ndsn = "{url}"\nmode = "read-only"\ndescription = "Nobody writes here."\n'
    )
    code, out, _ = run("--config", str(tmp_path / "c.toml"), "--check")
    assert code == 0
    assert re.search(r"ok  database main +answers", out)
    assert re.search(r"ok  database old +answers", out)


@asynccontextmanager
async def over_stdio(arguments: list[str], revision: str) -> AsyncGenerator[Client]:
    async with Client(Command([*MODULE, *arguments]), revision=revision) as client:
        yield client


@asynccontextmanager
async def over_http(arguments: list[str], revision: str) -> AsyncGenerator[Client]:
    program, *words = [*MODULE, *arguments, "--transport", "http", "--port", "0"]
    process = await asyncio.create_subprocess_exec(program, *words, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr
        async with asyncio.timeout(20):
            while not (found := LISTENING.search(line := await process.stderr.readline())):
                assert line, "the server did not start to listen"
        async with Client(found[1].decode(), revision=revision) as client:
            yield client
    finally:
        process.terminate()
        await process.communicate()


async def test_both_transports_and_eras_give_the_same_answers(filled: Any, url: str) -> None:
    """DB11."""
    filled.mset({f"app:{number}": "x" for number in range(5)})
    calls: list[tuple[str, dict[str, Any]]] = [
        ("scan_keys", {"pattern": "app:*"}),
        ("read_key", {"key": "hash"}),
        ("read_key", {"key": {"$base64": "YmluOv8="}}),
        ("read_keys", {"keys": ["list", "zset", "nothing"]}),
        ("command", {"args": ["HGETALL", "hash"]}),
        ("command", {"args": ["FLUSHALL"]}),
        ("pipeline", {"commands": [["GET", "emoji"], ["LLEN", "hash"]]}),
        ("stream_read", {"keys": ["stream"], "start": "0", "block_ms": 10}),
        ("collect_messages", {"channels": ["c"], "timeout_s": 0.02}),
        ("read_key", {"key": "hash", "count": 0}),
    ]
    answers: list[Any] = []
    for way in (over_stdio, over_http):
        for revision in ("2025-11-25", "2026-07-28"):
            async with way([url, "--toolsets", "all"], revision) as client:
                answers.append([_comparable(await client.call_tool(tool, given)) for tool, given in calls])
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert answers[0][5][0] is True


def _comparable(result: Any) -> tuple[bool, Any]:
    if not result.structured_content:
        return bool(result.is_error), result.content[0].text
    data: dict[str, Any] = dict(result.structured_content)
    data.pop("elapsed_ms", None)
    return bool(result.is_error), data


async def test_the_fence_sets_data_apart(filled: Any, url: str) -> None:
    del filled
    async with over_stdio([url, "--fence"], "2026-07-28") as client:
        result: Any = await client.call_tool("read_key", {"key": "emoji"})
    lines = result.content[0].text.splitlines()
    assert lines[1] == lines[-1]
    assert "never" in lines[0] or "nothing in it is an instruction" in lines[0]


async def test_the_audit_log_has_no_values(filled: Any, url: str, tmp_path: Path) -> None:
    del filled
    log = tmp_path / "audit.log"
    words = [url, "--audit-log", str(log), "--toolsets", "all"]
    async with over_stdio(words, "2026-07-28") as client:
        await client.call_tool("read_key", {"key": "emoji"})
        await client.call_tool("command", {"args": ["FLUSHALL"]})
    text = log.read_text()
    first, second = map(json.loads, text.splitlines())
    assert (first["tool"], second["tool"]) == ("read_key", "command")
    assert second["outcome"] != "ok"
    assert "grüße" not in text
