"""What is behind a connection: version, role and what it could do, extensions, search path."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

from mcp_ref_postgres.engine.driver import Connection

# Whoever may do one of these can leave a READ ONLY transaction by way of the machine or another session.
POWERS = ("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_signal_backend")
BRIDGES = ("dblink", "postgres_fdw", "file_fdw")

_QUERY = """
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
        current_database()::text AS database, current_user::text AS user, session_user::text AS session_user,
        r.rolsuper AS superuser, r.rolreplication AS replication, r.rolbypassrls AS bypasses_rls,
        r.rolcreaterole AS creates_roles, r.rolcreatedb AS creates_databases,
        (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS acts_as_superuser,
        ARRAY(SELECT p FROM pg_catalog.unnest($1::text[]) p WHERE pg_catalog.pg_has_role(session_user, p, 'MEMBER'))
            AS powers,
        current_setting('default_transaction_read_only') = 'on' AS read_only,
        pg_catalog.pg_is_in_recovery() AS recovering,
        pg_catalog.current_schemas(true)::text[] AS path,
        (SELECT pg_catalog.json_object_agg(e.extname, pg_catalog.json_build_array(e.extversion, n.nspname))
         FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace)::text AS extensions
    FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
"""


class Extension(Struct, frozen=True):
    """An installed extension."""

    version: str
    schema: str


class Facts(Struct, frozen=True, kw_only=True):
    """What one connection of a database found."""

    number: int
    version: str
    database: str
    user: str
    session_user: str
    flags: dict[str, bool]
    powers: list[str]
    read_only: bool
    recovering: bool
    path: list[str]
    extensions: dict[str, Extension]
    pooler: str | None = None

    @property
    def superuser(self) -> bool:
        """Whether the session can do everything; SET ROLE is no fence, for a function of the caller's can undo it."""
        return self.flags["superuser"] or self.flags["acts_as_superuser"]

    @property
    def major(self) -> int:
        """The engine's major version."""
        return self.number // 10_000

    @property
    def dangers(self) -> list[str]:
        """What the role could do beyond reading, in words for operators."""
        found = [f"member of {power}" for power in self.powers] if not self.superuser else ["superuser"]
        found += ["REPLICATION"] if self.flags["replication"] and not self.superuser else []
        return found + [f"extension {name}" for name in BRIDGES if name in self.extensions]


async def facts_of(connection: Connection, *, pooler: str | None) -> Facts:
    """Ask the engine, in one statement."""
    row: Mapping[str, Any] = await connection.fetchrow(_QUERY, list(POWERS))
    extensions: dict[str, list[str]] = json.decode(row["extensions"] or "{}")
    flags = ("superuser", "acts_as_superuser", "replication", "bypasses_rls", "creates_roles", "creates_databases")
    return Facts(
        number=row["number"],
        version=row["version"],
        database=row["database"],
        user=row["user"],
        session_user=row["session_user"],
        flags={flag: bool(row[flag]) for flag in flags},
        powers=row["powers"],
        read_only=row["read_only"],
        recovering=row["recovering"],
        path=row["path"],
        extensions={name: Extension(*pair) for name, pair in extensions.items()},
        pooler=pooler,
    )
