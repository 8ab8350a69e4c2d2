"""The tool that looks a database over."""

from typing import Annotated, Literal

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_postgres.health.examining import CHECKS, Checked, Health, examined, summed
from mcp_ref_postgres.reading.transaction import ours
from mcp_ref_postgres.state import Ctx, State
from mcp_ref_postgres.tools.arguments import WATCHING

health = Toolset[State]("core")

CheckName = Literal[
    "index",
    "connection",
    "vacuum",
    "sequence",
    "replication",
    "buffer",
    "constraint",
    "bloat",
    "wraparound",
    "locks",
    "settings",
    "security",
    "extensions",
]


@health.tool(**{**WATCHING, "idempotent": True})
async def check_health(
    ctx: Ctx,
    *,
    checks: Annotated[list[CheckName], arg("Checks to run; all without.")] | None = None,
    database: DatabaseName | None = None,
) -> Health:
    """Look a database over: indexes, bloat, vacuum, locks, settings, rights and more."""
    names = list(dict.fromkeys(checks or CHECKS))
    return await health_of(ctx, database, names)


async def health_of(ctx: Ctx, database: str | None, names: list[str]) -> Health:
    """The same for a resource."""
    progress = Progress(ctx, len(names))
    done: list[Checked] = []
    async with ours(ctx, database) as turn:
        found = examined(turn.opened.engine, turn.session, names, turn.opened.visible, turn.deadline)
        async for checked in found:
            done.append(checked)
            await progress.report(len(done), checked.name)
    return summed(done)
