"""Values that would be statements if they were pasted; queries that would write if they were believed."""

from collections.abc import AsyncGenerator
from pathlib import Path

import ledger
import pytest

from mcp_protocol.errors import SettingsError
from mcp_protocol.testing import Connection, connect
from mcp_ref_kit.db.program.canned import CannedParameter

FIND = ledger.Canned(
    name="find",
    description="Rows with a text.",
    sql="SELECT a, :word AS word FROM t WHERE b = :word OR :word = 'all'",
    params=[CannedParameter(name="word", type="string")],
)
PAYLOADS = [
    "'; drop table t; --", "' OR '1'='1", "x' UNION SELECT 1, sql FROM sqlite_schema --", "\\'; delete from t; --",
    ":word", "?1", "$1", "{word}", "%s", "\x00", "all\x00", "; attach 'x' as y",
]  # fmt: skip


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Connection]:
    liar = ledger.Canned(name="liar", description="Writes, and says that it reads.", sql="DELETE FROM t")
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], queries=[FIND, liar])
    async with connect(ledger.made(settings), settings) as client:
        yield client


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_value_is_never_a_statement(client: Connection, tmp_path: Path, payload: str) -> None:
    """DB10, CVE-2026-5322: a template pasted its values into the statement."""
    found = await client.call("find", word=payload)
    assert found.data["rows"] == []
    assert ledger.count(str(tmp_path / "a.db")) == 10
    assert ledger.latest[-1].ran[-1] == FIND.sql


async def test_a_query_that_lies_about_writing_cannot_write(client: Connection, tmp_path: Path) -> None:
    refused = await client.call("liar")
    assert refused.is_error
    assert ledger.count(str(tmp_path / "a.db")) == 10


async def test_nothing_of_the_database_is_in_a_definition(client: Connection) -> None:
    before = await client.list("tools")
    await client.call("find", word="all")
    assert await client.list("tools") == before


def test_a_query_that_writes_is_no_tool_of_a_server_that_reads() -> None:
    writing = ledger.Canned(name="w", description="Writes.", sql="DELETE FROM t", write=True)
    made = ledger.made(ledger.Settings(databases=[ledger.Secret("x")], queries=[writing]))
    [tool] = [tool for tool in made.tools if tool.name == "w"]
    assert tool.annotations.read_only_hint is False
    assert tool.annotations.destructive_hint is True


def test_a_query_cannot_stand_for_a_tool_of_the_server() -> None:
    with pytest.raises(SettingsError):
        ledger.made(
            ledger.Settings(
                databases=[ledger.Secret("x")],
                queries=[ledger.Canned(name="query", description="Not it.", sql="SELECT 1")],
            )
        )
