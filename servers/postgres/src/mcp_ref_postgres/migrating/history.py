"""The history of migrations: a table in the operator's schema, and what was applied when."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.sql.lexer import POSTGRES, significant
from mcp_ref_kit.db.sql.statements import identifier, split
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.gate.verdicts import LONGEST
from mcp_ref_postgres.settings import Settings

TABLE = "mcp_migrations"
MOST_STATEMENTS = 100


class Migration(Struct, frozen=True):
    """One that was applied."""

    version: int
    name: str
    digest: str
    applied_at: str
    applied_by: str


def schema_of(settings: Settings) -> str:
    """The schema of the history.

    Raises:
        DbError: `unsupported`; the operator named none.
    """
    if settings.migrations_schema is None:
        raise DbError(
            "Migrations need a schema for their history.",
            code="unsupported",
            hint="Let the operator start the server with --migrations-schema NAME.",
        )
    return settings.migrations_schema


def parts_of(sql: str) -> list[Statement]:
    """The statements of a migration.

    Raises:
        DbError: `syntax`, `too_large`, `invalid_argument`.
    """
    if len(sql.encode("utf-8", "replace")) > LONGEST:
        raise DbError(f"The migration is over {LONGEST} bytes.", code="too_large")
    places = split(significant(sql, POSTGRES))
    if not places:
        raise DbError("There is no statement.", code="syntax")
    if len(places) > MOST_STATEMENTS:
        raise DbError(f"A migration has at most {MOST_STATEMENTS} statements.", code="too_large")
    return [Statement.of(sql[start:end]) for start, end in places]


def digest_of(sql: str) -> str:
    """What tells a migration from another of the same name."""
    return sha256(sql.encode("utf-8", "replace")).hexdigest()


async def applied(session: Session, schema: str) -> list[Migration]:
    """What was applied, in its order; nothing where there is no history yet."""
    exists = await session.connection.fetchval(
        "SELECT to_regclass(format('%I.%I', $1::text, $2::text)) IS NOT NULL", schema, TABLE
    )
    if not exists:
        return []
    rows: Sequence[Any] = await session.connection.fetch(
        f"SELECT version, name, digest, applied_at::text, applied_by FROM {identifier(schema, TABLE)} ORDER BY version"  # noqa: S608  quoted
    )
    return [Migration(*row) for row in rows]


async def prepare(session: Session, schema: str) -> None:
    """Make the history where there is none; nobody else applies a migration until this transaction ends."""
    await session.connection.fetch("SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", TABLE, schema)
    # IF NOT EXISTS would need the right to make one even where there is one.
    if not await session.connection.fetchval("SELECT to_regnamespace(quote_ident($1)) IS NOT NULL", schema):
        await session.connection.fetch(f"CREATE SCHEMA {identifier(schema)}")
    await session.connection.fetch(
        f"CREATE TABLE IF NOT EXISTS {identifier(schema, TABLE)} ("
        " version int PRIMARY KEY, name text NOT NULL UNIQUE, digest text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now(), applied_by text NOT NULL DEFAULT session_user)"
    )


async def record(session: Session, schema: str, name: str, digest: str) -> int:
    """Note a migration; its version."""
    path = identifier(schema, TABLE)
    return await session.connection.fetchval(
        f"INSERT INTO {path} (version, name, digest)"  # noqa: S608  quoted
        f" SELECT coalesce(max(version), 0) + 1, $1, $2 FROM {path} RETURNING version",
        name,
        digest,
    )
