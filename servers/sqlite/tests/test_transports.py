"""The same answers on stdio and HTTP, in both eras, from real processes: acceptance cases once more, side by side."""

import asyncio
import re
import shutil
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec

from mcp_protocol.client import Client, Command
from mcp_protocol.types import TextContent

LEGACY, MODERN = "2025-11-25", "2026-07-28"
WAYS = [(transport, revision) for transport in ("stdio", "http") for revision in (LEGACY, MODERN)]
POINT = "select id, v from t where id = 5"
CELLS = "select 9007199254740993 n, 9e999 i, x'00ff' b, null z, 1 a, 2 a"
BATCH = [{"sql": "insert into t values (300000, 'x')"}, {"sql": "insert into t values (1, 'x')"}]

# The tool, its arguments, and the code of its refusal, if it is one.
CALLS: list[tuple[str, dict[str, Any], str | None]] = [
    ("query", {"sql": POINT}, None),  # S1
    ("query", {"sql": "/* c */ with x as (select 1 a) select * from x"}, None),  # S2
    ("query", {"sql": "pragma table_info(t)"}, None),
    ("query", {"sql": "delete from t"}, "read_only"),  # S3
    ("query", {"sql": "drop table t"}, "read_only"),
    ("query", {"sql": "attach ':memory:' as x"}, "read_only"),  # S4
    ("query", {"sql": "vacuum into 'x.db'"}, "read_only"),
    ("query", {"sql": "select 1; drop table t"}, "syntax"),  # S5
    ("query", {"sql": "select 1;"}, None),
    ("query", {"sql": "pragma query_only=0"}, "read_only"),  # S6
    ("query", {"sql": "select load_extension('x')"}, "permission"),
    ("query", {"sql": "begin"}, "read_only"),
    ("query", {"sql": "select * from ft where ft match 'hello'"}, None),  # S7
    ("query", {"sql": CELLS}, None),  # S10, DB4
    ("query", {"sql": "select v from t where id = :id", "params": {"id": 5}}, None),  # S11
    ("query", {"sql": "select v from t where id = ?"}, "invalid_argument"),
    ("query", {"sql": "select printf('%.10000c', 'x') v", "max_cell_chars": 100}, None),  # S12
    ("query", {"sql": POINT, "format": "csv"}, None),  # DB5
    ("query", {"sql": POINT, "format": "markdown"}, None),
    ("query", {"sql": POINT, "limit": 0}, "invalid_argument"),  # DB3
    ("query", {"sql": POINT, "limt": 5}, "invalid_argument"),
    ("query", {"sql": POINT, "cursor": "x"}, "invalid_argument"),  # DB7
    ("list_objects", {}, None),
    ("describe_object", {"name": "weird name"}, None),
    ("explain", {"sql": "select * from t where v = 'v5'"}, None),
    ("search_text", {"text": "hello"}, None),
    ("check_health", {"checks": ["integrity", "settings"]}, None),
    ("execute", {"sql": "delete from t"}, "confirm_required"),  # S13, DB12
    ("execute", {"sql": "delete from t", "confirm": "x"}, "confirm_required"),
    ("execute", {"sql": "delete from t", "dry_run": True}, None),
    ("execute_batch", {"statements": BATCH}, "conflict"),  # S14
    ("advise_indexes", {"queries": ["select * from t where v = 'v5'"]}, None),  # S16
    ("append_insight", {"insight": "one"}, None),  # S17
    ("read_query", {"query": POINT}, None),  # S18
    ("list_tables", {}, None),
    ("describe_table", {"table_name": "t"}, None),
    ("find", {"name": "'; drop table t; --"}, None),  # DB10
    ("query", {"sql": "select count(*) from t"}, None),
]
CONFIG = """
[[query]]
name = "find"
description = "Rows of a name."
sql = "select id from t where v = :name"
[[query.params]]
name = "name"
type = "string"
"""


@asynccontextmanager
async def reached(transport: str, revision: str, arguments: list[str]) -> AsyncGenerator[Client]:
    command = [sys.executable, "-m", "mcp_ref_sqlite", *arguments]
    if transport == "stdio":
        async with Client(Command(command, stderr="keep"), revision=revision) as client:
            yield client
        return
    process = await asyncio.create_subprocess_exec(
        *command, "--transport", "http", "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr
        async with asyncio.timeout(20):
            while not (found := re.search(rb"listening on (http://\S+)", await process.stderr.readline())):
                pass
        async with Client(found[1].decode(), revision=revision) as client:
            yield client
    finally:
        process.terminate()
        await process.communicate()


async def outcomes(transport: str, revision: str, arguments: list[str]) -> list[Any]:
    found: list[Any] = []
    async with reached(transport, revision, arguments) as client:
        for tool, given, code in CALLS:
            result = await client.call_tool(tool, given)
            facts = (result.meta or {}).get("mcp-ref/error", {})
            assert facts.get("code") == code, (tool, given, result)
            data: Any = msgspec.to_builtins(result.structured_content)
            if data is not None:
                data.pop("elapsed_ms", None)
            texts = [block.text for block in result.content if isinstance(block, TextContent)]
            found.append((tool, data, facts if code else [re.sub(r'"elapsed_ms":[\d.]+', "", text) for text in texts]))
        await pages(client)
        await an_endless_statement(client)
        await a_change_by_somebody_else(client, Path(arguments[0]))
    return found


async def test_every_way_gives_the_same_answers(file: Path, tmp_path: Path) -> None:
    """DB11, and S1 to S18, DB3 to DB5, DB7, DB10, DB12 on both transports in both eras."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    seen: dict[tuple[str, str], list[Any]] = {}
    for at, way in enumerate(WAYS):
        home = tmp_path / str(at)
        home.mkdir()
        own = shutil.copy(file, home / "s.db")
        arguments = [str(own), "--mode", "read-write", "--toolsets", "all", "--config", str(config)]
        seen[way] = await outcomes(*way, arguments)
    first = seen[WAYS[0]]
    for way in WAYS[1:]:
        for one, other in zip(first, seen[way], strict=True):
            assert one == other, way


async def pages(client: Client) -> None:
    """S8: pages of a held cursor follow one another."""
    found: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(5):
        data = (await client.call_tool("query", {"sql": "select id from t", **cursor})).structured_content
        assert data["re_executed"] is False
        found += [row[0] for row in data["rows"]]
        cursor = {"cursor": data["next_cursor"]}
    assert found == list(range(1, 1001))


async def a_change_by_somebody_else(client: Client, file: Path) -> None:
    """S15: who listens to the schema is told once of each kind."""
    async with client.listen(resources=True, uris=["sqlite://main/schema"]) as changes:
        await asyncio.to_thread(create_table, file)
        async with asyncio.timeout(3):
            told = [await anext(changes), await anext(changes)]
    assert {(change.method.rpartition("/")[2], change.uri) for change in told} == {
        ("updated", "sqlite://main/schema"),
        ("list_changed", None),
    }


def create_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("create table by_somebody_else(a)")


async def an_endless_statement(client: Client) -> None:
    """S9: it ends at its deadline and stops nobody."""
    endless = "with recursive a(n) as (select 1 union all select n + 1 from a) select count(*) from a"
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as group:
        late = group.create_task(client.call_tool("query", {"sql": endless, "timeout_s": 1}))
        await asyncio.sleep(0.1)
        quick = await client.call_tool("query", {"sql": "select 1"})
        assert quick.structured_content["rows"] == [[1]]
        assert not late.done()
    assert loop.time() - started < 2.5
    assert (late.result().meta or {})["mcp-ref/error"]["code"] == "timeout"
