"""How each server is started for tests that concern all of them: its command, with the least that it needs."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Nothing listens here: a server whose database is down must start, list its tools and say what is wrong.
NOWHERE = "127.0.0.1:1"


def _filesystem(place: Path) -> list[str]:
    return [str(place), "--history-dir", str(place.parent / "history")]


def _sqlite(place: Path) -> list[str]:
    database = place / "notes.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        connection.execute("INSERT INTO notes (text) VALUES ('one')")
    connection.close()
    return [str(database)]


def _postgres(place: Path) -> list[str]:
    del place
    return [f"postgresql://nobody@{NOWHERE}/none"]


def _git(place: Path) -> list[str]:
    subprocess.run(["git", "init", "--quiet", str(place)], check=True)
    return ["--repository", str(place)]


def _fetch(place: Path) -> list[str]:
    del place
    return []


def _redis(place: Path) -> list[str]:
    del place
    return [f"redis://{NOWHERE}/0"]


def _browser(place: Path) -> list[str]:
    return ["--output-dir", str(place)]


ARGUMENTS: dict[str, Callable[[Path], list[str]]] = {
    "filesystem": _filesystem,
    "sqlite": _sqlite,
    "postgres": _postgres,
    "git": _git,
    "fetch": _fetch,
    "redis": _redis,
    "browser": _browser,
}


def command(name: str, place: Path) -> list[str]:
    """The server's console script with arguments that let it start; `place` is an empty directory of its own."""
    return [str(Path(sys.executable).with_name(f"mcp-ref-{name}")), *ARGUMENTS[name](place)]
