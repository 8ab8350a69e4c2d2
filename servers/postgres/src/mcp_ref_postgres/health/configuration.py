"""Checks of how the engine is set up: settings, security of roles and functions, extensions."""

from collections.abc import Callable

from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.health.checks import VISIBLE, Check, Judged, Rows, Status, graded

_SETTINGS = """
    SELECT name, setting FROM pg_catalog.pg_settings
    WHERE name IN ('autovacuum', 'fsync', 'full_page_writes', 'track_counts', 'track_activities', 'synchronous_commit')
    UNION ALL SELECT 'pending_restart', count(*)::text FROM pg_catalog.pg_settings WHERE pending_restart
"""
_WRONG: dict[str, tuple[Callable[[str], bool], Status, str]] = {
    "autovacuum": (lambda value: value == "off", "critical", "autovacuum is off: dead rows are never cleared away"),
    "fsync": (lambda value: value == "off", "critical", "fsync is off: a crash can destroy the database"),
    "full_page_writes": (lambda value: value == "off", "critical", "full_page_writes is off: a crash can tear pages"),
    "track_counts": (lambda value: value == "off", "critical", "track_counts is off: autovacuum is blind"),
    "track_activities": (lambda value: value == "off", "warning", "track_activities is off: nobody sees what runs"),
    "synchronous_commit": (lambda value: value == "off", "warning", "synchronous_commit is off: a crash loses commits"),
    "pending_restart": (lambda value: value != "0", "warning", "settings wait for a restart of the engine"),
}


def _settings(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = []
    for row in rows:
        is_wrong, status, words = _WRONG[row["name"]]
        if is_wrong(row["setting"]):
            found.append((status, words, None))
    return graded(found, "Nothing that endangers data or plans", "settings to look at")


_SECURITY = f"""
    SELECT 'role' AS kind, CASE WHEN rolsuper THEN 'superuser' ELSE 'REPLICATION' END AS what, rolname AS name
    FROM pg_catalog.pg_roles WHERE rolname = session_user AND (rolsuper OR rolreplication)
    UNION ALL SELECT 'member', m, session_user::text
    FROM unnest(ARRAY['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
        'pg_signal_backend']) m
    WHERE pg_has_role(session_user, m, 'MEMBER') AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles
    WHERE rolname = session_user)
    UNION ALL SELECT 'bridge', extname, extname FROM pg_catalog.pg_extension
    WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw')
    UNION ALL SELECT 'public', n.nspname, n.nspname FROM pg_catalog.pg_namespace n
    WHERE {VISIBLE} AND has_schema_privilege('public', n.oid, 'CREATE')
    UNION ALL SELECT 'definer', p.oid::regprocedure::text, p.oid::regprocedure::text
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE {VISIBLE} AND p.prosecdef AND NOT coalesce(p.proconfig::text, '') LIKE '%search_path=%'
"""  # noqa: S608  constants of this program
_WORDS = {
    "role": "this server connects as {name}, which is {what}",
    "member": "this server's role is a member of {what}",
    "bridge": "extension {name} reaches beyond the database",
    "public": "everybody may create objects in schema {name}",
    "definer": "{name} runs with its owner's rights and takes its search_path from the caller",
}


def _security(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "critical" if row["kind"] == "role" else "warning",
            _WORDS[row["kind"]].format(what=row["what"], name=row["name"]),
            f"REVOKE CREATE ON SCHEMA {identifier(row['name'])} FROM PUBLIC" if row["kind"] == "public" else None,
        )
        for row in rows
    ]
    return graded(found, "The role is plain, and nothing found that widens it", "findings about rights")


_EXTENSIONS = """
    SELECT e.extname AS name, e.extversion AS installed, a.default_version AS available
    FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname ORDER BY 1
"""


def _extensions(rows: Rows) -> Judged:
    found: list[tuple[Status, str, str | None]] = [
        (
            "warning",
            f"{row['name']} {row['installed']}: {row['available']} is there",
            f"ALTER EXTENSION {identifier(row['name'])} UPDATE",
        )
        for row in rows
        if row["available"] and row["available"] != row["installed"]
    ]
    names = {row["name"] for row in rows}
    hint = "" if "pg_stat_statements" in names else "; pg_stat_statements is not installed, so there are no top queries"
    return graded(found, f"{len(rows)} extensions, up to date{hint}", "extensions can be updated")


CONFIGURATION = (
    Check("settings", _SETTINGS, _settings, takes_schemas=False),
    Check("security", _SECURITY, _security),
    Check("extensions", _EXTENSIONS, _extensions, takes_schemas=False),
)
