"""What the audit says of statements in the shapes that tools have; the whole of it is tested in test_program."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from mcp_protocol import Context, Server, ToolError, Toolset
from mcp_protocol.errors import SettingsError
from mcp_protocol.server.app import Options
from mcp_protocol.testing import connect, raw_peer
from mcp_ref_kit.db.calls.audit import audit_layer

tools = Toolset[None]("tools")
SCHEMA = {"type": "object"}


class Counted(Struct, frozen=True):
    """What came."""

    rows: list[int]


@tools.tool(read_only=True, input_schema=SCHEMA)
async def take(ctx: Context[None], arguments: dict[str, Any]) -> Counted:
    """Take anything."""
    if arguments.get("fail"):
        raise ToolError("No.", code="conflict")
    if arguments.get("hang"):
        await ctx.log("warning", "inside")
        await asyncio.Event().wait()
    return Counted([1, 2])


class _Nothing:
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


def lifespan(_settings: None) -> _Nothing:
    return _Nothing()


server = Server[None, None]("audited", type(None), lifespan, toolsets=[tools])


async def line_of(tmp_path: Path, detail: Any = "full", **arguments: Any) -> dict[str, Any]:
    path = tmp_path / "audit.log"
    options = Options(middleware=(audit_layer(path, detail, "read-only"),))
    async with connect(server, None, options=options) as client:
        await client.call("take", **arguments)
        await client.list("tools")
    [line] = path.read_text().splitlines()
    return json.loads(line)


@pytest.mark.parametrize(
    ("arguments", "statement"),
    [
        ({"sql": "SELECT ?", "params": ["secret"]}, "SELECT ?"),
        ({"query": "SELECT 1"}, "SELECT 1"),
        ({"queries": ["SELECT 1", "SELECT 2"]}, '["SELECT 1","SELECT 2"]'),
        ({"statements": [{"sql": "A", "params": ["secret"]}, {"sql": "B"}]}, '["A","B"]'),
        ({"commands": [["SET", "k", "secret"], ["GET", "k"]]}, '["SET","GET"]'),
        ({"args": ["SET", "k", "secret"]}, "SET"),
        ({"script": "return 1", "args": ["secret"]}, "return 1"),
        ({"key": "secret", "value": "secret"}, None),
        ({"sql": {"not": "text"}, "commands": 5}, "null"),
        ({"args": []}, "null"),
    ],
)
async def test_statements_are_told_without_what_is_bound_to_them(
    tmp_path: Path, arguments: dict[str, Any], statement: str | None
) -> None:
    line = await line_of(tmp_path, **arguments)
    assert line.get("statement") == statement
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize(("values", "count"), [([1, 2, 3], 3), ({"a": 1}, 1), ("x", None)])
async def test_parameters_are_counted(tmp_path: Path, values: Sequence[Any], count: int | None) -> None:
    assert (await line_of(tmp_path, params=values)).get("parameters") == count


async def test_a_digest_stands_for_the_statement(tmp_path: Path) -> None:
    line = await line_of(tmp_path, "digest", sql="SELECT 1")
    assert "statement" not in line
    assert len(line["statement_sha256"]) == 64


async def test_how_a_call_ended_is_told(tmp_path: Path) -> None:
    line = await line_of(tmp_path, fail=True)
    assert (line["outcome"], line["reason"]) == ("conflict", "No.")


async def test_a_cancelled_call_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    options = Options(middleware=(audit_layer(path, "full", "read-only"),))
    async with raw_peer(server, None, revision="2025-11-25", options=options) as peer:
        ident = await peer.begin("tools/call", {"name": "take", "arguments": {"hang": True}})
        await peer.notification("notifications/message")
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": ident}})
        await peer.call("tools/call", {"name": "take", "arguments": {}})
    outcomes = [json.loads(line)["outcome"] for line in path.read_text().splitlines()]
    assert sorted(outcomes) == ["cancelled", "ok"]


def test_a_log_that_cannot_be_written_is_a_bad_setting(tmp_path: Path) -> None:
    """DB9"""
    with pytest.raises(SettingsError, match="audit log"):
        audit_layer(tmp_path / "missing" / "log", "full", "read-only")
