# ruff: noqa: ASYNC240  the file is small, and a story waits for nothing else
"""The SQLite server on the history of this repository: questions, pages, advice, writes that do not happen."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from mcp_protocol.client import Client
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, say

ROOT = Path(__file__).parents[2]
SERVER = Path(sys.executable).with_name("mcp-ref-sqlite")
SCHEMA = """
create table author(id integer primary key, name text not null unique);
create table commits(id text primary key, author integer not null references author(id), at text, subject text);
create table change(commit_id text not null references commits(id), path text not null, added integer, removed integer);
create virtual table words using fts5(subject, content='commits');
create view churn as select path, count(*) commits, sum(added + removed) lines from change group by path;
"""
FIELD = "\x1f"
BUSIEST = "select path, commits, lines from churn where path like :pattern order by lines desc"
OF_A_FILE = "select commit_id, added, removed from change where path = ? order by added desc"


async def tell(place: Path) -> None:
    """One file, three launches."""
    path = place / "history.db"
    commits = make(path)
    transcript.title(f"SQLite: a database of {commits} commits, made from the history of this repository")
    transcript.answer(f"{path.name}: {path.stat().st_size} bytes")

    command = [str(SERVER), str(path), "--toolsets", "core,analysis,transfer"]
    transcript.title("SQLite: 2026-07-28 on stdio, read-only as by default")
    transcript.command(command)
    async with over_stdio(command, "2026-07-28") as client:
        await introduce(client)
        await look_around(client)
        await page_by_page(client)
        await advise(client)
        await try_to_write(client, path)

    command = [str(SERVER), str(path), "--mode", "read-write"]
    transcript.title("SQLite: 2025-11-25 on stdio, with writes")
    transcript.command(command)
    async with over_stdio(command, "2025-11-25") as client:
        await write_with_care(client, path)

    transcript.title("SQLite: 2026-07-28 on HTTP, the same file for several clients")
    command = [str(SERVER), str(path)]
    transcript.command([*command, "--transport", "http", "--port", "0"])
    async with over_http(command, "2026-07-28") as (url, client):
        transcript.answer(f"listening on {url}")
        await page_by_page(client)


def make(path: Path) -> int:
    """The history as tables; how many commits there are."""
    form = f"--format=%x1e%H{FIELD}%an{FIELD}%aI{FIELD}%s"
    said = subprocess.run(["git", "log", form, "--numstat"], cwd=ROOT, check=True, capture_output=True).stdout
    records = said.decode("utf-8", "replace").split("\x1e")[1:]
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCHEMA)
        for record in records:
            head, _, changes = record.partition("\n")
            ident, name, at, subject = head.split(FIELD, 3)
            db.execute("insert or ignore into author(name) values (?)", (name,))
            row = (ident, name, at, subject)
            db.execute("insert into commits select ?1, id, ?3, ?4 from author where name = ?2", row)
            numbers = [line.split("\t", 2) for line in changes.splitlines() if line.count("\t") > 1]
            db.executemany("insert into change values (?, ?, ?, ?)", [_change(ident, each) for each in numbers])
        db.execute("insert into words(rowid, subject) select rowid, subject from commits")
    return len(records)


def _change(ident: str, numbers: list[str]) -> tuple[str, str, int, int]:
    added, removed, path = numbers
    return ident, path, _number(added), _number(removed)


def _number(written: str) -> int:
    """Lines; of a binary file git says `-`."""
    return int(written) if written.isdecimal() else 0


async def look_around(client: Client) -> None:
    """What there is, a question, a text."""
    say("What is in it?")
    await call(client, "list_objects", detail="summary")
    say("Which Python files changed most? Values are parameters, never pasted:")
    found = await call(client, "query", sql=BUSIEST, params={"pattern": "%.py"}, limit=5, format="markdown")
    check("five rows came, and the page says that there are more", holds=found.structured_content["truncated"])
    say("Which commits speak of something? The full-text index answers:")
    matches = await call(client, "search_text", text="tests", tables=["words"], limit=3)
    check("something was found", holds=bool(matches.structured_content["matches"]))


async def page_by_page(client: Client) -> None:
    """A long result is never one reply."""
    say("A long result comes in pages, each from where the engine stood:")
    first = await call(client, "query", sql="select path from change", limit=400, quiet=True)
    cursor = first.structured_content["next_cursor"]
    second = await call(client, "query", sql="select path from change", limit=400, cursor=cursor, quiet=True)
    check("the second page is other rows", holds=first.structured_content["rows"] != second.structured_content["rows"])
    check("nothing was run twice", holds=not second.structured_content["re_executed"])


async def advise(client: Client) -> None:
    """A plan, and an index that would help, without touching the file."""
    say("Why is this slow?")
    plan = await call(client, "explain", sql=OF_A_FILE, params=["README.md"])
    check("the whole table is read", holds=plan.structured_content["full_scans"] == ["change"])
    advice = await call(client, "advise_indexes", queries=[OF_A_FILE])
    check("an index is suggested", holds=bool(advice.structured_content["suggestions"]))


async def try_to_write(client: Client, path: Path) -> None:
    """Ways to write on a path that reads."""
    say("Four ways to write where nothing may be written:")
    before = path.read_bytes()
    other = path.with_name("stolen.db")
    for sql in (
        "delete from change",
        "/* only looking */ with x as (select 1) delete from change",
        f"vacuum into '{other}'",
        "pragma query_only = 0",
    ):
        outcome = await call(client, "query", sql=sql)
        check("it was refused", holds=bool(outcome.is_error))
    check(
        "the file has the same bytes, and no other one is there",
        holds=path.read_bytes() == before and not other.exists(),
    )


async def write_with_care(client: Client, path: Path) -> None:
    """A dry run, a refusal without agreement, a batch that fails as a whole."""
    say("What would it do? A dry run tells, and a deletion of everything needs a word of agreement:")
    before = path.read_bytes()
    tried = await call(client, "execute", sql="delete from change", dry_run=True)
    check("it would delete rows", holds=tried.structured_content["changes"] > 0)
    refused = await call(client, "execute", sql="delete from change")
    check("it was not done", holds="confirm_required" in text_of(refused))
    say("One bad statement undoes the whole batch:")
    good, bad = "insert into author(name) values ('x')", "insert into commits(id) values (null)"
    await call(client, "execute_batch", statements=[{"sql": good}, {"sql": bad}])
    check("the file has the same bytes", holds=path.read_bytes() == before)
