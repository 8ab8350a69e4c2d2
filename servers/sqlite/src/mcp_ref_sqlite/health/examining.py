"""check_health: every check in turn, each with its share of the time; one that fails does not fail the others."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from mcp_protocol import ToolError
from mcp_ref_kit.db.deadline import Deadline, Progress
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.health.checks import CHECKS, Check, Finding
from mcp_ref_sqlite.reading.words import CheckName, Status
from mcp_ref_sqlite.results import Health
from mcp_ref_sqlite.state import Ctx

_ORDER: tuple[Status, ...] = ("ok", "warn", "fail")


async def examine(ctx: Ctx, database: Database, checks: Sequence[CheckName], *, deep: bool) -> Health:
    """The state of a database."""
    names = list(dict.fromkeys(checks))
    progress = Progress(ctx, len(names))
    async with ctx.state.running(database, None) as deadline:
        facts = await database.look(partial(_facts, database), deadline)
        found: list[Finding] = []
        for at, name in enumerate(names):
            share = Deadline(deadline.left / (len(names) - at))
            found.append(await _checked(database, name, CHECKS[name], share, deep=deep))
            await progress.report(at + 1)
    worst: Status = max((finding.status for finding in found), key=_ORDER.index, default="ok")
    return Health(status=worst, checks=found, **facts)


async def _checked(database: Database, name: CheckName, check: Check, share: Deadline, *, deep: bool) -> Finding:
    try:
        return await database.look(partial(check, database.place.path, deep=deep), share)
    except ToolError as error:
        status: Status = "warn" if error.retryable else "fail"
        return Finding(name=name, status=status, summary=f"The check did not end: {error.message}")


def _facts(database: Database, connection: sqlite3.Connection) -> dict[str, str | int]:
    one = partial(_value, connection)
    wal = database.place.beside("-wal")
    return {
        "size_bytes": database.place.path.stat().st_size,
        "page_count": one("PRAGMA page_count"),
        "freelist_pages": one("PRAGMA freelist_count"),
        "wal_bytes": wal.stat().st_size if wal.exists() else 0,
        "journal_mode": one("PRAGMA journal_mode"),
        "sqlite_version": sqlite3.sqlite_version,
    }


def _value(connection: sqlite3.Connection, pragma: str) -> str | int:
    return connection.execute(pragma).fetchone()[0]
