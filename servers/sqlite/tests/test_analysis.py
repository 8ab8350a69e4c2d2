"""Profiles and advice: looked at, never touched."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


async def test_an_index_is_advised_where_it_turns_a_scan_into_a_search(
    file: Path, serve: Any, digest: Callable[[Path], str]
) -> None:
    """S16."""
    before = digest(file)
    async with serve(file) as client:
        data = (await client.call("advise_indexes", queries=["select * from t where v = 'v5'"])).data
    [suggestion] = data["suggestions"]
    assert suggestion["ddl"] == 'CREATE INDEX "idx_t_v" ON "t" ("v")'
    assert suggestion["plan_before"] == ["SCAN t"]
    assert suggestion["plan_after"][0].startswith("SEARCH t USING")
    assert suggestion["helps"] == [0]
    assert digest(file) == before
    assert [path.name for path in file.parent.iterdir()] == ["s.db"]


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("select * from o where a = 1 and b > 2", '("a", "b")'),
        ("select * from o where a = ? order by b", '("a", "b")'),
        ("select * from o order by b limit 5", '("b")'),
        ("select * from o where o.a in (1, 2)", '("a")'),
        ("select count(*) from o group by a", '("a")'),
    ],
)
async def test_what_is_compared_and_ordered_is_tried(small: Path, serve: Any, query: str, columns: str) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.executescript("create table o(id integer primary key, a, b, c); create table p(id integer primary key, o);")
    async with serve(small) as client:
        data = (await client.call("advise_indexes", queries=[query])).data
    assert data["suggestions"][0]["ddl"].endswith(f'ON "o" {columns}'), data["suggestions"]


async def test_where_an_index_helps_nothing_none_is_advised(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.execute("create index tv on t(v)")
        db.execute("create index tvi on t(v, id)")
    async with serve(small) as client:
        data = (await client.call("advise_indexes", queries=["select * from t where v = 'a'", "select 1"])).data
        wrong = await client.call("advise_indexes", queries=["select * from nope"])
    assert data == {"suggestions": [], "redundant": [{"index": "tv", "covered_by": "tvi"}], "untrusted": True}
    assert wrong.error_code == "not_found"


async def test_a_profile_says_what_columns_hold(small: Path, serve: Any) -> None:
    with closing(sqlite3.connect(small)) as db, db:
        db.execute("create table m(n, s)")
        db.executemany(
            "insert into m values (?, ?)", [(1, "x"), (2.5, "x"), (None, "longer"), ("text", b"\x00\xff"), (3, None)]
        )
    async with serve(small) as client:
        data = (await client.call("profile_table", table="m")).data
        some = (await client.call("profile_table", table="m", columns=["s"], sample=2)).data
        wrong = await client.call("profile_table", table="m", columns=["z"])
    number, text = data["columns"]
    assert (data["rows"], data["sampled"]) == (5, 5)
    assert number["types"] == {"INTEGER": 2, "REAL": 1, "NULL": 1, "TEXT": 1}
    assert (number["nulls"], number["distinct_est"], number["min"], number["max"]) == (1, 4, 1, "text")
    assert number["mean"] == pytest.approx(6.5 / 3)
    assert text["top"][0] == ["x", 2]
    assert (text["max"], text["max_len"]) == ({"base64": "AP8=", "size": 2}, 6)
    assert (some["sampled"], some["rows"], [each["name"] for each in some["columns"]]) == (2, 5, ["s"])
    assert wrong.error_code == "not_found"


async def test_progress_of_a_profile_never_goes_back(file: Path, serve: Any) -> None:
    async with serve(file) as client:
        result = await client.request(
            "tools/call", {"name": "profile_table", "arguments": {"table": "t", "sample": 200_000}}, progressToken="p"
        )
        steps = [note["params"]["progress"] for note in client.peer.notifications if "progress" in note["method"]]
    assert result["structuredContent"]["sampled"] == 200_000
    assert steps == sorted(set(steps))
