"""Runs checks one after the other, each in a savepoint and with its share of the time; none can fail the others."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.faults import broken, fault, is_lost
from mcp_ref_postgres.health.checks import POINTS, Check, Judged, Status, worst
from mcp_ref_postgres.health.configuration import CONFIGURATION
from mcp_ref_postgres.health.running import RUNNING
from mcp_ref_postgres.health.storage import STORAGE

CHECKS: dict[str, Check] = {check.name: check for check in (*STORAGE, *RUNNING, *CONFIGURATION)}


class Checked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one check says."""

    name: str
    status: Status
    summary: str
    items: list[str] = []
    fix_sql: str | None = None


class Health(Struct, frozen=True, kw_only=True):
    """checks: name, status, summary, items, fix_sql."""

    status: Status
    score: int
    checks: Sequence[Any]


async def examined(
    engine: Engine, session: Session, names: Sequence[str], visible: list[str] | None, deadline: Deadline
) -> AsyncGenerator[Checked]:
    """Each check in its order."""
    for number, name in enumerate(names):
        share = deadline.left / (len(names) - number)
        judged = await _judged(engine, session, CHECKS[name], visible, share)
        yield Checked(
            name=name, status=judged.status, summary=judged.summary, items=judged.items, fix_sql=judged.fix_sql
        )


def summed(checks: list[Checked]) -> Health:
    """The whole from its parts."""
    score = 100 - sum(POINTS[check.status] for check in checks)
    return Health(status=worst([check.status for check in checks]), score=max(score, 0), checks=checks)


async def _judged(engine: Engine, session: Session, check: Check, visible: list[str] | None, seconds: float) -> Judged:
    connection = session.connection
    milliseconds = max(int(seconds * 1000), 1)
    opening = f"SAVEPOINT one_check; SET LOCAL statement_timeout = {milliseconds}"
    await connection.execute(opening)
    try:
        rows = await connection.fetch(check.sql, *([visible] if check.takes_schemas else []))
        return check.judge(rows)
    except broken() as error:
        if is_lost(error):
            raise
        return Judged("skipped", fault(error, engine.scrub).message)
    finally:
        if not connection.is_closed():
            await connection.execute("ROLLBACK TO SAVEPOINT one_check; RELEASE SAVEPOINT one_check")
