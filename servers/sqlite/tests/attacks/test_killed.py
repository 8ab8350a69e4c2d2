"""A process that is killed at any moment: the file is sound, and what was acknowledged is there."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}


def message(number: int) -> bytes:
    arguments = {"sql": "insert into t(id, v) values (?, ?)", "params": [number, "x" * 2000]}
    params = {"name": "execute", "arguments": arguments, "_meta": META}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode() + b"\n"


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_what_was_acknowledged_is_there_after_a_kill(small: Path, journal: str) -> None:
    with closing(sqlite3.connect(small)) as db:
        db.execute(f"pragma journal_mode={journal}")
    dice = random.Random(journal)  # noqa: S311  the same moments each time
    acknowledged: set[int] = set()
    number = 10
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "mcp_ref_sqlite", str(small), "--mode", "read-write"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin
        assert process.stdout
        upto = number + dice.randrange(5, 60)
        for each in range(number, upto + 20):
            process.stdin.write(message(each))
        process.stdin.flush()
        while number < upto:
            reply = json.loads(process.stdout.readline())
            assert "error" not in reply, reply
            assert not reply["result"].get("isError"), reply
            acknowledged.add(reply["id"])
            number += 1
        process.kill()
        process.communicate()
        with closing(sqlite3.connect(small)) as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
            there = {found for (found,) in db.execute("select id from t where id >= 10")}
        assert acknowledged <= there
        number = max(there) + 1
