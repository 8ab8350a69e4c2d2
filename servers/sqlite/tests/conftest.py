"""A small real database for each test, and a server of it; helpers stand here, so that a copied folder runs them."""

import hashlib
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_protocol.testing.connection import Connection
from mcp_ref_kit.db.program.cli import tailor
from mcp_ref_sqlite.canned import cannery
from mcp_ref_sqlite.server import server
from mcp_ref_sqlite.settings import Settings
from mcp_ref_sqlite.tailoring import fit, names

ROWS = 200_000
SCHEMA = """
create table t(id integer primary key, v text);
create virtual table ft using fts5(body);
insert into ft values ('hello');
create view vw as select id, v from t where id < 10;
create table "weird name"(x);
"""

Serve = Callable[..., AbstractAsyncContextManager[Connection]]


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fixture S of the acceptance cases, made once."""
    path = tmp_path_factory.mktemp("pattern") / "s.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCHEMA)
        db.executemany("insert into t values (?, ?)", ((number, f"v{number}") for number in range(1, ROWS + 1)))
    return path


@pytest.fixture
def file(pattern: Path, tmp_path: Path) -> Path:
    """A copy of it that a test has for itself."""
    return Path(shutil.copy(pattern, tmp_path / "s.db"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Three rows in a table."""
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("create table t(id integer primary key, v text); insert into t(v) values ('a'), ('b'), ('c');")
    return path


@pytest.fixture
def digest() -> Callable[[Path], str]:
    """What tells one state of a file from another."""
    return lambda path: hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def serve() -> Serve:
    """A server of some files, with settings by name, and a client of it."""
    return _serve


@asynccontextmanager
async def _serve(
    *files: Path | str, given: dict[str, Any] | None = None, **settings: Any
) -> AsyncGenerator[Connection]:
    decided = Settings(databases=[str(file) for file in files], **settings)
    made = tailor(server, decided, names=names, fit=fit, cannery=cannery)
    async with connect(made, decided, **(given or {})) as client:
        yield client
