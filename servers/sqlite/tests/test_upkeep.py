"""Upkeep in admin mode, and the pragmas that admin mode may set."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest


def value(path: Path, pragma: str) -> Any:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"pragma {pragma}").fetchone()[0]


@pytest.mark.parametrize("what", ["analyze", "optimize", "wal_checkpoint", "reindex"])
async def test_upkeep_is_done_and_says_what(small: Path, serve: Any, what: str) -> None:
    async with serve(small, mode="admin") as client:
        result = await client.call("optimize", what=what)
    assert len(result.data["done"]) == 1
    assert result.data["after_bytes"] == small.stat().st_size  # noqa: ASYNC240  a small file


async def test_a_vacuum_gives_space_back_once_it_is_agreed_to(file: Path, serve: Any) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("delete from t where id > 10")
    async with serve(file, mode="admin") as client:
        refused = await client.call("optimize", what="vacuum")
        done = await client.call("optimize", what="vacuum", confirm="main")
        after = await client.call("query", sql="select count(*) from t")
        attached = await client.call("execute", sql="attach ':memory:' as x")
    assert refused.error_code == "confirm_required"
    assert done.data["after_bytes"] < done.data["before_bytes"] // 10
    assert after.data["rows"] == [[10]]
    assert attached.error_code == "permission"
    assert value(file, "integrity_check") == "ok"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def full(path: Path) -> Usage:
    del path
    return Usage(10, 9, 1)


async def test_a_vacuum_looks_for_room_first(small: Path, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", full)
    async with serve(small, mode="admin") as client:
        refused = await client.call("optimize", what="vacuum", confirm="main")
    assert refused.error_code == "too_large"


async def test_admin_sets_some_pragmas_and_no_others(small: Path, serve: Any) -> None:
    async with serve(small, mode="admin") as client:
        for sql in ("pragma user_version = 7", "pragma application_id = 5"):
            assert not (await client.call("execute", sql=sql)).is_error
        for sql in ("pragma writable_schema = 1", "pragma journal_mode = off", "pragma synchronous = 0"):
            assert (await client.call("execute", sql=sql)).error_code == "permission"
        wal = await client.call("execute", sql="pragma journal_mode = wal")
        tried = await client.call("execute", sql="pragma journal_mode = delete", dry_run=True)
        read = await client.call("query", sql="pragma user_version")
        kept = await client.call("query", sql="pragma user_version = 8")
    assert wal.data["rows"]["rows"] == [["wal"]]
    assert tried.error_code == "invalid_argument"
    assert value(small, "journal_mode") == "wal"
    assert read.data["rows"] == [[7]]
    assert kept.error_code == "read_only"
    assert value(small, "user_version") == 7
