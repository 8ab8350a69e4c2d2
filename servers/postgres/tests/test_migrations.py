"""Migrations: looked at, run dry, applied once."""

from typing import Any

import pytest

from mcp_ref_postgres.migrating.history import parts_of
from mcp_ref_postgres.migrating.risks import risks

SQL = "create table m (a int); create index on m (a); insert into m values (1), (2); -- end"


async def opened(client: Any, fresh: str, **more: Any) -> Any:
    return client(
        user="mcp_boss", allow_superuser=True, mode="read-write", database=fresh, migrations_schema="hist", **more
    )


async def test_a_migration_is_applied_once(client: Any, engine: Any, fresh: str) -> None:
    async with await opened(client, fresh) as c:
        empty = await c.call("list_migrations")
        dry = await c.call("apply_migration", name="one", sql=SQL)
        nothing = await engine.value("SELECT to_regclass('m') IS NULL AND to_regnamespace('hist') IS NULL", fresh)
        real = await c.call("apply_migration", name="one", sql=SQL, dry_run=False)
        again = await c.call("apply_migration", name="one", sql=SQL, dry_run=False)
        other = await c.call("apply_migration", name="one", sql="select 1", dry_run=False)
        listed = await c.call("list_migrations")
    assert empty.data["migrations"] == []
    assert (dry.data["applied"], dry.data["version"], nothing) == (False, None, True)
    assert [each["row_count"] for each in dry.data["results"]] == [None, None, 2]
    assert (real.data["applied"], real.data["version"]) == (True, 1)
    assert (again.data["applied"], again.data["results"]) == (True, [])
    assert other.error_code == "conflict"
    assert [(each["version"], each["name"], each["applied_by"]) for each in listed.data["migrations"]] == [
        (1, "one", "mcp_boss")
    ]
    assert await engine.value("SELECT count(*) FROM m", fresh) == 2


async def test_a_migration_that_fails_leaves_nothing(client: Any, engine: Any, fresh: str) -> None:
    async with await opened(client, fresh) as c:
        result = await c.call(
            "apply_migration", name="bad", sql="create table m (a int); insert into m values ('x');", dry_run=False
        )
        listed = await c.call("list_migrations")
    assert result.error_code == "invalid_argument"
    assert listed.data["migrations"] == []
    assert await engine.value("SELECT to_regclass('m')", fresh) is None


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("create table m (a int); commit; drop table t", "permission"),
        ("create index concurrently x on t (v)", "invalid_argument"),
        ("copy t from program 'x'", "permission"),
        ("drop table notes", "confirm_required"),
        (" ; ", "syntax"),
        ("select 1;" * 101, "too_large"),
    ],
)
async def test_a_migration_may_do_no_more_than_its_statements(
    client: Any, engine: Any, fresh: str, sql: str, code: str
) -> None:
    async with await opened(client, fresh) as c:
        result = await c.call("apply_migration", name="x", sql=sql, dry_run=False)
    assert result.error_code == code, result.text
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


async def test_without_a_schema_for_their_history_there_are_no_migrations(client: Any) -> None:
    async with client(mode="read-write") as c:
        result = await c.call("list_migrations")
    assert result.error_code == "unsupported"
    assert "--migrations-schema" in result.text


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("drop table t", "lost"),
        ("create index on t (v)", "CONCURRENTLY"),
        ("alter table t alter column v set not null", "SET NOT NULL"),
        ("alter table t alter column v type int", "rewrite"),
        ("alter table t add constraint x check (id > 0)", "NOT VALID"),
        ("alter table t add column n int not null", "without DEFAULT"),
        ("alter table t rename to u", "renaming"),
        ("alter type mood add value 'x'", "enum"),
        ("refresh materialized view m", "locks readers"),
    ],
)
def test_risks_are_told(sql: str, words: str) -> None:
    assert any(words in risk.text for risk in risks(parts_of(sql)))


@pytest.mark.parametrize(
    "sql",
    [
        "create table x (a int)",
        "alter table t add column n int",
        "alter table t add constraint x check (id > 0) not valid",
        "alter table t add column n int not null default 0",
        "delete from t where id = 1",
    ],
)
def test_what_risks_nothing_is_not_warned_about(sql: str) -> None:
    assert risks(parts_of(sql)) == []
