"""The function gate: what a statement calls, judged by what the engine knows of each function of that name.

A second line: operators, casts and views call functions that no text names. The fence is the role.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

# Volatile functions of the engine and of extensions that change nothing and reach nothing outside.
HARMLESS = (
    "random", "random_normal", "setseed", "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_*", "gen_salt",
    "gen_random_bytes", "array_shuffle", "array_sample", "clock_timestamp", "timeofday", "statement_timestamp",
    "pg_*_size", "pg_size_*", "pg_current_wal_*", "pg_last_*", "pg_is_in_recovery", "pg_blocking_pids",
    "pg_stat_get_*", "pg_stat_statements",
)  # fmt: skip
# Where a statement may write, it may also take numbers.
NUMBERING = ("nextval", "currval", "lastval", "setval")
# Functions of the engine that are not volatile and still reach out, or read what belongs to others.
ALWAYS_REFUSED = ("pg_read_*", "pg_ls_*", "pg_stat_file", "lo_import", "lo_export", "dblink*", "query_to_xml*")

# The rows of pg_proc that a name can mean. A function that takes `internal` cannot be called from SQL.
LOOK_UP = """
    SELECT w.schema IS NOT NULL AS qualified, n.nspname AS schema, p.proname AS name, p.provolatile::text AS volatility,
        p.prosecdef AS definer, l.lanname AS language, l.lanpltrusted AS trusted, p.prokind::text AS kind
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w (schema, name)
    JOIN pg_catalog.pg_proc p ON p.proname = w.name
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        AND (n.nspname = w.schema OR (w.schema IS NULL AND n.nspname = ANY ($3::text[])))
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE NOT ('pg_catalog.internal'::pg_catalog.regtype::pg_catalog.oid = ANY (p.proargtypes::pg_catalog.oid[]))
"""


class Named(Struct, frozen=True):
    """A function as a statement names it."""

    schema: str | None
    name: str


class Rules(Struct, frozen=True):
    """What the operator lets through, and what not; denial wins."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """A function that may not be called, and why."""

    name: str
    reason: str


def judge(rows: Iterable[Mapping[str, Any]], rules: Rules, *, writes: bool) -> Refusal | None:
    """The first function among the overloads that may not be called."""
    for row in rows:
        reason = _reason(row, rules, HARMLESS + (NUMBERING if writes else ()))
        if reason:
            return Refusal(f"{row['schema']}.{row['name']}", reason)
    return None


def _reason(row: Mapping[str, Any], rules: Rules, harmless: Sequence[str]) -> str | None:
    name, full = row["name"], f"{row['schema']}.{row['name']}"
    if _matches(rules.denied, name, full):
        return "the operator denies it"
    return None if _matches(rules.allowed, name, full) else _danger(row, harmless)


def _danger(row: Mapping[str, Any], harmless: Sequence[str]) -> str | None:
    name, full = row["name"], f"{row['schema']}.{row['name']}"
    if _matches(ALWAYS_REFUSED, name, full):
        return "it reaches beyond the database"
    if row["definer"]:
        return "it runs with the rights of its owner (SECURITY DEFINER)"
    if _matches(harmless, name, full):
        return None
    foreign = row["language"] in {"internal", "c"} or not row["trusted"]
    if row["volatility"] == "v" and foreign:
        return f"it is volatile and written in {row['language']}, where the engine does not stop what it does"
    return None


def _matches(globs: Sequence[str], name: str, full: str) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(full, glob) for glob in globs)
