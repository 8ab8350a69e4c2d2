"""check_health: every check in turn, each with its share of the time; one that fails does not fail the others."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.deadline import Deadline, Progress
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.health.checks import CHECKS, Check, Finding
from mcp_ref_sqlite.reading.words import CheckName, Status
from mcp_ref_sqlite.results import Health
from mcp_ref_sqlite.state import Ctx

_WORST_FIRST: tuple[Status, ...] = ("fail", "warn", "ok")


class Facts(Struct, frozen=True, kw_only=True):
    """Figures of the file."""

    size: int
    pages: int
    free: int
    wal: int
    journal: str


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
    statuses = [finding.status for finding in found]
    worst: Status = next(status for status in _WORST_FIRST if status in statuses)
    return Health(
        status=worst,
        checks=found,
        size_bytes=facts.size,
        page_count=facts.pages,
        freelist_pages=facts.free,
        wal_bytes=facts.wal,
        journal_mode=facts.journal,
        sqlite_version=sqlite3.sqlite_version,
    )


async def _checked(database: Database, name: CheckName, check: Check, share: Deadline, *, deep: bool) -> Finding:
    try:
        return await database.look(partial(check, database.place.path, deep=deep), share)
    except ToolError as error:
        status: Status = "warn" if error.retryable else "fail"
        return Finding(name=name, status=status, summary=f"The check did not end: {error.message}")


def _facts(database: Database, connection: sqlite3.Connection) -> Facts:
    wal = database.place.beside("-wal")
    one = partial(_value, connection)
    return Facts(
        size=database.place.path.stat().st_size,
        pages=int(one("PRAGMA page_count")),
        free=int(one("PRAGMA freelist_count")),
        wal=wal.stat().st_size if wal.exists() else 0,
        journal=one("PRAGMA journal_mode"),
    )


def _value(connection: sqlite3.Connection, pragma: str) -> str:
    return str(connection.execute(pragma).fetchone()[0])
