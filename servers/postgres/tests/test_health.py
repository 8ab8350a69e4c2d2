"""What a database is, and how it is."""

import json
from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
EVERY = [
    "index", "vacuum", "sequence", "constraint", "bloat", "wraparound", "connection", "replication", "buffer", "locks",
    "settings", "security", "extensions",
]  # fmt: skip


@each_revision
async def test_every_check_answers(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        result = await c.call("check_health")
    checks = {check["name"]: check for check in result.data["checks"]}
    assert set(checks) == set(EVERY)
    assert [check for check in checks.values() if check["status"] == "skipped"] == []
    assert checks["settings"]["status"] == "critical"  # the tests' engine runs without fsync
    assert 0 <= result.data["score"] <= 100
    assert result.data["status"] == "critical"


async def test_checks_find_what_is_wrong(client: Any, engine: Any, fresh: str) -> None:
    await engine.run(
        "CREATE INDEX twin ON notes (written); CREATE SEQUENCE short MAXVALUE 10; SELECT setval('short', 9);"
        " ALTER TABLE notes ADD CONSTRAINT later CHECK (id > 0) NOT VALID;"
        " GRANT CREATE ON SCHEMA shop TO PUBLIC",
        fresh,
    )
    async with client(database=fresh) as c:
        result = await c.call("check_health", checks=["index", "sequence", "constraint", "security"])
    checks = {check["name"]: check for check in result.data["checks"]}
    assert "twin is the same as notes_by_written" in checks["index"]["items"][0]
    assert checks["index"]["fix_sql"] == 'DROP INDEX "public"."twin"'
    assert "short has used 90 %" in checks["sequence"]["items"][0]
    assert "later was never validated" in checks["constraint"]["items"][0]
    assert "everybody may create objects in schema shop" in checks["security"]["items"]


async def test_a_check_that_is_refused_is_skipped_with_the_reason(client: Any, engine: Any, fresh: str) -> None:
    if not engine.has_boss:
        pytest.skip("only a superuser takes rights on the catalogue away")
    await engine.run("REVOKE SELECT ON pg_catalog.pg_replication_slots FROM PUBLIC, pg_monitor", fresh)
    await engine.run("REVOKE pg_read_all_data FROM mcp_ro", fresh)
    try:
        async with client(database=fresh) as c:
            result = await c.call("check_health", checks=["replication", "wraparound"])
    finally:
        await engine.run("GRANT pg_read_all_data TO mcp_ro", fresh)
    assert result.data["checks"][0]["status"] == "skipped"
    assert "ermission denied" in result.data["checks"][0]["summary"]
    assert result.data["checks"][1]["status"] == "ok"


@each_revision
async def test_the_server_says_what_holds_statements_back(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        info = (await c.call("server_info")).data
    layers = {layer["layer"]: layer["active"] for layer in info["read_only_enforcement"]}
    assert layers == {
        "role": True,
        "session parameters": True,
        "transaction": True,
        "protocol": True,
        "statement gate": True,
        "function gate": True,
        "standby": False,
    }
    assert (info["mode"], info["user"], info["pooler"]) == ("read-only", "mcp_ro", None)
    assert "plpgsql" in info["extensions"]
    text = json.dumps(info)
    assert "hunter2" not in text
    assert "mcp-pg-" not in text
