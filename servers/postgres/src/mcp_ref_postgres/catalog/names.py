"""The names of a database, as search, completion and suggestions need them, and what has changed in it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mcp_ref_kit.workers import Workers
from mcp_ref_postgres.catalog.searching import Name
from mcp_ref_postgres.catalog.statements import COUNTERS, FINGERPRINT, NAMES
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.faults import mapped

# Long enough for a large catalogue, short enough that nobody waits for it in vain.
SECONDS = 10.0
STRUCTURE = "structure"


async def load(engine: Engine, workers: Workers, visible: list[str] | None) -> list[Name]:
    """Everything visible that has a name.

    Raises:
        DbError
    """
    until = engine.clock() + SECONDS
    async with engine.reading(until) as session:
        with mapped(engine.scrub):
            rows = await session.connection.fetch(NAMES, visible)
    return await workers.run(_named, rows)


class Look:
    """What has changed since the last look: the structure, or the rows of a table."""

    def __init__(self, engine: Engine, visible: list[str] | None) -> None:
        self._engine = engine
        self._visible = visible
        self._structure: str | None = None
        self._rows: Mapping[str, int] | None = None

    async def __call__(self) -> Collection[str]:
        """The topics that changed; the first look learns what there is.

        Raises:
            DbError
        """
        structure, rows = await self._seen()
        changed: set[str] = set()
        if self._rows is not None:
            if structure != self._structure:
                changed.add(STRUCTURE)
            changed |= {rows_of(name) for name, count in rows.items() if self._rows.get(name, 0) != count}
        self._structure, self._rows = structure, rows
        return changed

    async def _seen(self) -> tuple[str | None, dict[str, int]]:
        until = self._engine.clock() + SECONDS
        async with self._engine.reading(until) as session:
            with mapped(self._engine.scrub):
                structure: str | None = await session.connection.fetchval(FINGERPRINT, self._visible)
                rows: list[Any] = await session.connection.fetch(COUNTERS, self._visible)
        return structure, {row["name"]: row["changes"] for row in rows}


def _named(rows: Sequence[Any]) -> list[Name]:
    return [Name(row["kind"], row["schema"], row["name"], row["column"], row["comment"]) for row in rows]


def rows_of(name: str) -> str:
    """The topic of a table's rows."""
    return f"rows {name}"


def tables_of(names: Collection[Name]) -> list[str]:
    """What completions and suggestions call tables."""
    return [f"{each.schema}.{each.name}" for each in names if each.kind not in {"schema", "column"}]
