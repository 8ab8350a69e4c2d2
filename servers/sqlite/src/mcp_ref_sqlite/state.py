"""What lives as long as the server does: databases, cursors between pages, and the way of a call to its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mcp_protocol import Context
from mcp_ref_kit.db.errors import DbError
from mcp_ref_kit.db.sources import bounds, chosen, seconds
from mcp_ref_sqlite.reading.metadata import TableNotes

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from mcp_ref_kit.db.confirm import Confirmation
    from mcp_ref_kit.db.deadline import Deadline, Slots
    from mcp_ref_kit.db.page import Bounds
    from mcp_ref_kit.db.paging import Paging
    from mcp_ref_kit.db.sources import Database as Source
    from mcp_ref_sqlite.engine.database import Database
    from mcp_ref_sqlite.engine.places import Place
    from mcp_ref_sqlite.reading.holding import Holding
    from mcp_ref_sqlite.settings import Settings

_NOTHING_SAID = TableNotes({})


@dataclass
class State:
    """What one running server is made of. The engine is loaded with the first call that needs it."""

    settings: Settings
    sources: Mapping[str, tuple[Source, Place]]
    paging: Paging
    slots: Slots
    confirmation: Confirmation
    holding: Holding
    described: Mapping[str, TableNotes]
    opened: dict[str, Database] = field(default_factory=dict[str, "Database"])

    def database(self, name: str | None = None) -> Database:
        """The database of that name; the only one needs none.

        Raises:
            DbError: `invalid_argument`.
        """
        source, place = chosen(self.sources, name)
        if source.name not in self.opened:
            from mcp_ref_sqlite.engine.database import Database  # noqa: PLC0415  with sqlite3 and aiosqlite below it

            database = self.opened[source.name] = Database(source, place, self.settings)
            database.readers.reclaim = self.holding.reclaimer(source.name)
        return self.opened[source.name]

    def bounds(self, database: Database, limit: int | None = None, cell: int | None = None) -> Bounds:
        """What one page may hold."""
        return bounds(self.settings, database.source, limit, cell)

    def notes(self, database: str) -> TableNotes:
        """What the operator says about its tables."""
        return self.described.get(database, _NOTHING_SAID)

    def running(self, database: Database, timeout: float | None) -> AbstractAsyncContextManager[Deadline]:
        """A place among the statements that run, with the deadline of the call."""
        return self.slots.enter(seconds(self.settings, database.source, timeout))

    def require_writable(self, database: Database) -> None:
        """Go on only where the database's own mode allows changes.

        Raises:
            DbError: `read_only`.
        """
        if database.source.mode == "read-only":
            raise DbError(f"The database `{database.name}` is read-only.", code="read_only")

    def changed(self, database: str, *, schema: bool) -> None:
        """We changed it ourselves: whoever listens is told without waiting for the next look."""

    async def close(self) -> None:
        """Let go of everything."""
        self.holding.release()
        for database in self.opened.values():
            await database.close()


Ctx: TypeAlias = Context[State]
