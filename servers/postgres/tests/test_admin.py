"""Admin mode: backends are stopped, tables maintained, and what runs outside of a transaction."""

import asyncio
from typing import Any

import pytest

OWNER: dict[str, Any] = {"user": "mcp_boss", "allow_superuser": True, "mode": "admin"}


@pytest.mark.parametrize("action", ["cancel", "terminate"])
async def test_a_backend_is_stopped(client: Any, engine: Any, fresh: str, action: str) -> None:
    victim = await engine.connect(fresh, "mcp_writer")
    async with asyncio.TaskGroup() as group, client(**OWNER, database=fresh) as c:
        running = group.create_task(outcome(victim))
        await engine.until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", 1, fresh)
        sessions = (await c.call("activity")).data["sessions"]
        [found] = [session for session in sessions if session["database"] == fresh]
        pid = found["pid"]
        asked = await c.call("manage_backend", pid=pid, action=action)
        if action == "terminate":
            assert asked.error_code == "confirm_required"
            assert not running.done()
            asked = await c.call("manage_backend", pid=pid, action=action, confirm=str(pid))
        ended = await running
    await victim.close()
    assert asked.data == {"done": True}
    assert ended in {"57014", "57P01", "08003", None}


async def outcome(connection: Any) -> str | None:
    try:
        await connection.execute("SELECT pg_sleep(30)")
    except Exception as error:  # noqa: BLE001  whatever it is, its SQLSTATE is looked at
        return getattr(error, "sqlstate", None)
    return "it ended by itself"


async def test_backends_of_ours_and_of_superusers_are_left_alone(client: Any, engine: Any, fresh: str) -> None:
    boss = await engine.connect(fresh)
    async with client(user="mcp_writer", mode="admin", database=fresh) as c:
        own = (await c.call("query", sql="select pg_backend_pid()")).data["rows"][0][0]
        ours = await c.call("manage_backend", pid=own)
        superuser = await c.call("manage_backend", pid=boss.get_server_pid())
        nobody = await c.call("manage_backend", pid=1)
    await boss.close()
    assert (ours.error_code, superuser.error_code, nobody.error_code) == ("permission", "permission", "not_found")


@pytest.mark.parametrize(
    ("action", "target", "tag"),
    [
        ("analyze", "t", "ANALYZE"),
        ("vacuum", "shop.orders", "VACUUM"),
        ("reindex", "t", "REINDEX"),
        ("reindex", "notes_by_written", "REINDEX"),
        ("refresh_matview", "m", "REFRESH MATERIALIZED VIEW"),
        ("create_extension", "pg_trgm", "CREATE EXTENSION"),
    ],
)
async def test_maintenance_is_done(client: Any, engine: Any, fresh: str, action: str, target: str, tag: str) -> None:
    await engine.run("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE UNIQUE INDEX ON m (a)", fresh)
    async with client(**OWNER, database=fresh) as c:
        result = await c.call("maintain", action=action, target=target)
        info = await c.call("server_info")
    assert result.data["command_tag"] == tag
    assert ("pg_trgm" in info.data["extensions"]) == (action == "create_extension")


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("vacuum", "loud"),
        ("reindex", "t; drop table t"),
        ("create_extension", "x; drop table t"),
        ("analyze", "nosuch"),
    ],
)
async def test_a_target_that_is_none_is_refused(client: Any, engine: Any, fresh: str, action: str, target: str) -> None:
    async with client(**OWNER, database=fresh) as c:
        result = await c.call("maintain", action=action, target=target)
    assert result.error_code == "not_found"
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("vacuum (analyze) t", "VACUUM"),
        ("create index concurrently by_v on t (v)", "CREATE INDEX"),
        ("reindex table concurrently t", "REINDEX"),
        ("do $$ begin perform 1; end $$", "DO"),
        ("create function f() returns int language sql as 'select 1'", "CREATE FUNCTION"),
        ("grant select on t to mcp_ro", "GRANT"),
    ],
)
async def test_admin_mode_runs_more(client: Any, fresh: str, sql: str, tag: str) -> None:
    async with client(**OWNER, database=fresh) as c:
        result = await c.call("execute", sql=sql)
    assert result.data["command_tag"] == tag


async def test_what_runs_alone_cannot_run_dry(client: Any, fresh: str) -> None:
    async with client(**OWNER, database=fresh) as c:
        result = await c.call("execute", sql="vacuum t", dry_run=True)
        full = await c.call("execute", sql="vacuum full t")
    assert result.error_code == "invalid_argument"
    assert full.error_code == "confirm_required"
