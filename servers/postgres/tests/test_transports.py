"""The same answers on stdio and HTTP, in both eras, from real processes: acceptance cases once more, side by side."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec

from mcp_protocol.client import Client, Command
from mcp_protocol.types import TextContent

WAYS = [(transport, revision) for transport in ("stdio", "http") for revision in ("2025-11-25", "2026-07-28")]
VALUES = "select interval '1 mon 1 day', 1.10::numeric, 9007199254740993, 'NaN'::float8, '\\x00'::bytea, null, 1 a, 2 a"
BATCH = [{"sql": "insert into t values (-1, 'x')"}, {"sql": "insert into t values (1, 'x')"}]
CALLS: list[tuple[str, dict[str, Any], str | None]] = [
    ("query", {"sql": "select 1; drop table t"}, "syntax"),  # P1
    ("query", {"sql": "commit; create table pwned(a int)"}, "read_only"),
    ("query", {"sql": "commit"}, "read_only"),  # P2
    ("query", {"sql": "set statement_timeout = 0"}, "read_only"),
    ("query", {"sql": "copy (select 1) to program 'x'"}, "read_only"),  # P3
    ("query", {"sql": "select * from pg_read_file('/etc/passwd')"}, "permission"),  # P4
    ("query", {"sql": "select pg_advisory_lock(1)"}, "permission"),  # P5
    ("query", {"sql": "select reading(), count(*) from t where v ilike '%' || v || '%'"}, None),  # P6
    ("query", {"sql": "with d as (delete from t returning *) select * from d"}, "read_only"),  # P7
    ("query", {"sql": "select * from t for update"}, "read_only"),
    ("query", {"sql": "select count(*) from shop.orders a, shop.orders b, shop.orders c", "timeout_s": 0.3}, "timeout"),
    ("query", {"sql": VALUES}, None),  # P9, DB4
    ("query", {"sql": "select repeat('x', 100000) from generate_series(1, 100)"}, None),  # P11
    ("query", {"sql": "select 'limit 5', id from t order by id", "limit": 3, "format": "csv"}, None),  # DB5
    ("query", {"sql": "table t", "limit": 0}, "invalid_argument"),  # DB3
    ("query", {"sql": "table t", "limt": 5}, "invalid_argument"),
    ("query", {"sql": "table t", "cursor": "x"}, "invalid_argument"),  # DB7
    ("list_schemas", {}, None),
    ("list_objects", {"detail": "full"}, None),
    ("describe_object", {"name": "notes"}, None),
    ("search_schema", {"text": "note"}, None),
    ("explain", {"sql": "select * from t where id = 5"}, None),
    ("explain", {"sql": "select 1", "hypothetical_indexes": [{"table": "t", "columns": ["v"]}]}, "unsupported"),  # P12
    ("top_queries", {}, "unsupported"),  # P17
    ("table_stats", {"pattern": "nosuch"}, None),
    ("profile_table", {"table": "notes"}, None),
    ("activity", {"view": "blocking"}, None),
    ("advise_indexes", {"queries": ["select * from shop.orders where customer = 'x'"]}, None),
    ("execute", {"sql": "update t set v = ''"}, "confirm_required"),  # P14, DB12
    ("execute", {"sql": "update t set v = ''", "confirm": "x"}, "confirm_required"),
    ("execute", {"sql": "copy t from program 'x'"}, "permission"),
    ("execute", {"sql": "select 1; select 2"}, "syntax"),
    ("execute", {"sql": "blorp"}, "permission"),
    ("execute_batch", {"statements": BATCH}, None),  # P15
    ("find", {"name": "'; drop table t; --"}, None),  # DB10
    ("find", {"name": 5}, "invalid_argument"),
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
FOREVER = "select count(*) from shop.orders a, shop.orders b, shop.orders c"
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    " AND query LIKE '%orders c%' AND pid <> pg_backend_pid()"
)
# Measured times, and cursors, which a process signs with its own key.
CHANGING = re.compile(r'"(?:elapsed_ms|seq_scans|index_scans|live|dead|next_cursor)":\s*(?:[\d.]+|"[^"]+")')


@asynccontextmanager
async def served(arguments: list[str]) -> AsyncGenerator[str]:
    command = [sys.executable, "-m", "mcp_ref_postgres", *arguments, "--transport", "http", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr
        async with asyncio.timeout(20):
            while not (found := re.search(rb"listening on (http://\S+)", await process.stderr.readline())):
                pass
        yield found[1].decode()
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def reached(transport: str, revision: str, arguments: list[str]) -> AsyncGenerator[Client]:
    if transport == "stdio":
        command = [sys.executable, "-m", "mcp_ref_postgres", *arguments]
        async with Client(Command(command, stderr="keep"), revision=revision) as client:
            yield client
        return
    async with served(arguments) as url, Client(url, revision=revision) as client:
        yield client


Running = Callable[..., Awaitable[None]]


async def outcomes(transport: str, revision: str, arguments: list[str], *, running: Running) -> list[Any]:
    found: list[Any] = []
    async with reached(transport, revision, arguments) as client:
        for tool, given, code in CALLS:
            result = await client.call_tool(tool, given)
            facts = (result.meta or {}).get("mcp-ref/error", {})
            assert facts.get("code") == code, (tool, given, result)
            data = json.dumps(msgspec.to_builtins(result.structured_content))
            texts = [block.text for block in result.content if isinstance(block, TextContent)]
            found.append((tool, CHANGING.sub("", data), facts or [CHANGING.sub("", text) for text in texts]))
        await pages(client)
        await a_cancelled_call(client, running)
    return found


async def a_cancelled_call(client: Client, running: Running) -> None:
    """P8: by a notification, or in 2026-07-28 on HTTP by the end of its stream; the engine is free, and so are we."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(client.call_tool("query", {"sql": FOREVER}))
        await running(wanted=1)
        began = time.monotonic()
        asking.cancel()
        await running(wanted=0)
        assert time.monotonic() - began < 1
    assert asking.cancelled()
    assert (await client.call_tool("query", {"sql": "select 1"})).structured_content["rows"] == [[1]]


async def pages(client: Client) -> None:
    """P10: pages of a held portal follow one another."""
    found: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        asked = {"sql": "select id from t where id > 0 order by id", "limit": 100, **cursor}
        data = (await client.call_tool("query", asked)).structured_content
        assert data["re_executed"] is False
        found += [row[0] for row in data["rows"]]
        cursor = {"cursor": data["next_cursor"]}
    assert found == list(range(1, 401))


async def test_every_way_gives_the_same_answers(engine: Any, fresh: str, tmp_path: Any) -> None:
    """DB11, and P1 to P12, P14, P15, P17, DB3 to DB7, DB10, DB12 on both transports in both eras."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    arguments = [engine.dsn(fresh, "mcp_writer"), "--mode", "read-write", "--toolsets", "all", "--config", str(config)]
    seen = {
        way: await outcomes(*way, arguments, running=partial(engine.until, RUNNING, database=fresh)) for way in WAYS
    }
    first, *others = seen.values()
    for other in others:
        assert other == first
    assert await engine.value("SELECT count(*) || min(v) FROM t", fresh) == "1000value 1"


async def test_the_end_of_an_http_session_gives_its_portal_back(engine: Any, fresh: str) -> None:
    """A held page is a transaction that is open; it does not wait for its minute when nobody can ask for more."""
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
    async with served([engine.dsn(fresh)]) as url:
        async with Client(url, revision="2025-11-25") as client:
            page = await client.call_tool("query", {"sql": "table t", "limit": 5})
            assert page.structured_content["next_cursor"]
            assert await engine.value(open_ones, fresh) == 1
        await engine.until(open_ones, 0, fresh)
