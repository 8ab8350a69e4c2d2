"""The operator's queries: closed tools whose values are bound, whatever they look like."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mcp_ref_kit.db.program.canned import Canned

BY_NAME = {
    "name": "find_by_name",
    "description": "Rows of a name.",
    "sql": "select id, v from t where v = :name order by id",
    "params": [{"name": "name", "type": "string", "description": "The name."}],
}
RENAME = {
    "name": "rename",
    "description": "Rename a row.",
    "sql": "update t set v = :to where id = :id",
    "params": [{"name": "to", "type": "string"}, {"name": "id", "type": "integer", "minimum": 1}],
    "write": True,
}


def canned(*queries: dict[str, Any]) -> list[Canned]:
    return [msgspec.convert(query, Canned) for query in queries]


async def test_a_value_is_data_however_it_is_written(small: Path, serve: Any) -> None:
    """DB10."""
    async with serve(small, queries=canned(BY_NAME)) as client:
        [tool] = [each for each in await client.list("tools") if each["name"] == "find_by_name"]
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["annotations"]["readOnlyHint"] is True
        found = await client.call("find_by_name", name="b")
        attack = await client.call("find_by_name", name="'; drop table t; --")
        wrong = await client.call("find_by_name", name=5)
        unknown = await client.call("find_by_name", nam="b")
        alive = await client.call("query", sql="select count(*) from t")
    assert (found.data["rows"], attack.data["rows"]) == ([[2, "b"]], [])
    assert (wrong.error_code, unknown.error_code) == ("invalid_argument", "invalid_argument")
    assert alive.data["rows"] == [[3]]


async def test_pages_of_a_query_go_on(small: Path, serve: Any) -> None:
    every = {"name": "every", "description": "All rows.", "sql": "select id from t", "limit": 2}
    async with serve(small, queries=canned(every)) as client:
        first = (await client.call("every")).data
        second = (await client.call("every", cursor=first["next_cursor"])).data
    assert (first["rows"], second["rows"], second["next_cursor"]) == ([[1], [2]], [[3]], None)


async def test_a_query_writes_only_where_it_says_so(small: Path, serve: Any) -> None:
    """A wrong `write = false` cannot write: the query runs where everything reads."""
    lying = {**RENAME, "name": "lying", "write": False}
    async with serve(small, queries=canned(RENAME, lying), mode="read-write") as client:
        refused = await client.call("lying", to="x", id=1)
        done = await client.call("rename", to="x", id=1)
        low = await client.call("rename", to="x", id=0)
        after = await client.call("query", sql="select v from t where id = 1")
    assert (refused.error_code, low.error_code) == ("read_only", "invalid_argument")
    assert (done.data["rows"], after.data["rows"]) == ([[1]], [["x"]])


QUERY = """
[[query]]
name = "{name}"
description = "Rows of a name."
sql = "select id from t where v = :name"
[[query.params]]
name = "name"
type = "string"
"""


async def test_a_query_that_cannot_work_is_told_with_its_place(small: Path, tmp_path: Path) -> None:
    """DB9."""
    config = tmp_path / "config.toml"
    for text, words in (
        (QUERY.format(name="query"), "has the name of another tool"),
        (QUERY.format(name="Bad Name"), "line 2"),
        (QUERY.format(name="x").replace(":name", ":nome"), "nome"),
        (QUERY.format(name="x").replace("from t ", "from :name "), "name"),
    ):
        config.write_text(text)
        code, _, err = await ran(small, "--config", str(config))
        assert code == 2, err
        assert words in err.splitlines()[-1], err
    config.write_text(QUERY.format(name="x").replace("from t", "from nope"))
    code, out, _ = await ran(small, "--config", str(config), "--check")
    assert code == 1
    assert "FAILED  query x" in out


async def test_queries_are_read_again_at_a_hangup(small: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(QUERY.format(name="one"))
    process = await started(small, "--config", str(config))
    assert process.stdin
    assert process.stdout
    try:
        assert "one" in await offered(process, 1)
        config.write_text(QUERY.format(name="two"))
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(10):
            # Nothing tells when another process has read a file.
            while "two" not in (names := await offered(process, 2)):  # noqa: ASYNC110  see above
                await asyncio.sleep(0.05)
        assert "one" not in names
        config.write_text("[[query]]\nname = 5\n")
        process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.3)
        assert "two" in await offered(process, 3)
    finally:
        process.stdin.close()
        await process.communicate()


async def offered(process: asyncio.subprocess.Process, number: int) -> list[str]:
    assert process.stdin
    assert process.stdout
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    meta["io.modelcontextprotocol/clientInfo"] = {"name": "test", "version": "1"}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": {"_meta": meta}}
    process.stdin.write(json.dumps(message).encode() + b"\n")
    async with asyncio.timeout(10):
        while True:
            reply = json.loads(await process.stdout.readline())
            if reply.get("id") == number:
                return [tool["name"] for tool in reply["result"]["tools"]]


async def started(path: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mcp_ref_sqlite",
        str(path),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )


async def ran(path: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await started(path, *arguments)
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("bad", [{"enum": [1]}, {"minimum": 1}, {"default": 5}, {"type": "blob"}])
def test_a_parameter_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        canned({**BY_NAME, "params": [{"name": "name", "type": "string", **bad}]})
