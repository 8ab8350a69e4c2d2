"""`--check`: starts what the server needs, then says in a table what was decided and what works."""

import asyncio
import platform
from collections.abc import Iterable, Sequence

import msgspec

from mcp_ref_kit.faults import in_words
from mcp_ref_kit.findings import Check, Finding
from mcp_ref_kit.program import Program
from mcp_ref_kit.settings.words import shown

# Longer than any single tool call may take; a check that hangs is a finding too.
_MOST_SECONDS = 30.0


async def findings(program: Program, check: Check | None) -> list[Finding]:
    """Start the server as it would be started, ask it how it is, and end it."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_MOST_SECONDS), program.server.run(program.settings, program.options) as app:
            found.append(Finding("start", works=True, detail=f"{len(app.catalog.tools)} tools"))
            if check is not None:
                found += await check(program.settings, app.state)
    except Exception as error:  # noqa: BLE001  whatever goes wrong at a start is what this report is about
        found.append(Finding("start" if not found else "check", works=False, detail=in_words(error)))
    return found


def table(program: Program, found: Iterable[Finding]) -> str:
    """The whole report, as text."""
    info = program.server.info
    values, sources = program.loaded.values, program.loaded.sources
    settings = [
        (field.key, shown(values[name]) or "-", sources[name])
        for name, field in program.table.items()
        if not field.marker.flag_only
    ]
    limits = [(name, shown(value), "") for name, value in msgspec.structs.asdict(program.limits).items()]
    checks = [("ok" if one.works else "FAILED", one.subject, one.detail) for one in found]
    heading = f"{info.name} {info.version} (Python {platform.python_version()})"
    parts = [heading, _block("settings", settings), _block("limits", limits), _block("checks", checks)]
    return "\n\n".join(parts)


def _block(title: str, rows: Sequence[tuple[str, str, str]]) -> str:
    first = max(len(row[0]) for row in rows)
    second = max(len(row[1]) for row in rows)
    lines = [f"  {row[0]:<{first}}  {row[1]:<{second}}  {row[2]}".rstrip() for row in rows]
    return "\n".join([title, *lines])
