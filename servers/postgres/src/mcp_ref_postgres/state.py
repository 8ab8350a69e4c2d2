"""What lives as long as the server does: databases with their gates, slots, cursors, portals that are held."""

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

from mcp_protocol import Context
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.db.confirm import Confirmation
from mcp_ref_kit.db.deadline import Slots
from mcp_ref_kit.db.errors import bad_argument, unknown
from mcp_ref_kit.db.page import Bounds
from mcp_ref_kit.db.paging import HeldCursors, Paging
from mcp_ref_kit.db.sources import Database, databases, is_template
from mcp_ref_kit.settings import Secret
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.gate.verdicts import Gate
from mcp_ref_postgres.reading.portals import Reading
from mcp_ref_postgres.settings import Settings

# Without a DSN libpq's variables say everything, and its defaults the rest.
BY_ENVIRONMENT = "postgresql://"


@dataclass
class Opened:
    """A database with what judges the statements for it."""

    engine: Engine
    gate: Gate

    def changed(self) -> None:
        """Its structure is not what it was."""
        self.gate.forget()


class State:
    """What one running server is made of."""

    def __init__(self, settings: Settings, group: asyncio.TaskGroup) -> None:
        self.settings = settings
        self.group = group
        self.slots = Slots(settings.max_in_flight)
        self.paging = Paging("postgres", Cursors(settings.state_key))
        self.held: HeldCursors[Reading] = HeldCursors(settings.held_cursors, _let_go)
        self.confirmation = Confirmation(needed=not settings.no_confirm)
        self.databases = {source.name: self._opened(source) for source in sources(settings)}

    def of(self, database: str | None) -> Opened:
        """The database of this name, or the only one.

        Raises:
            DbError: `not_found`, or `invalid_argument` where there are several and none was named.
        """
        if database is None:
            if len(self.databases) == 1:
                return next(iter(self.databases.values()))
            raise bad_argument("database", "must be given", f"There are {', '.join(self.databases)}.")
        found = self.databases.get(database)
        if found is None:
            raise unknown("database", database, self.databases)
        return found

    def bounds(self, limit: int | None = None, cell: int | None = None) -> Bounds:
        """How much one page may hold."""
        settings = self.settings
        return Bounds(
            limit=limit or settings.max_rows,
            size=settings.max_output_chars,
            cell=cell or settings.max_cell_chars,
        )

    async def close(self) -> None:
        """Let go of every portal and close every connection."""
        self.held.release()
        for opened in self.databases.values():
            await opened.engine.close()

    def _opened(self, source: Database) -> Opened:
        engine = Engine(source, self.settings, self.group)

        def reclaim() -> bool:
            return self.held.reclaim(source.name)

        engine.read.reclaim = reclaim
        return Opened(engine, Gate(engine))


def sources(settings: Settings) -> list[Database]:
    """The databases that were given, or the one that libpq's variables name.

    Raises:
        SettingsError: see `mcp_ref_kit.db.sources.databases`.
    """
    given = [secret for secret in settings.databases if not is_template(secret.reveal())]
    return databases(given or [Secret(BY_ENVIRONMENT)], {}, settings.mode)


def _let_go(reading: Reading) -> None:
    reading.engine.read.let_go(reading.session)


Ctx: TypeAlias = Context[State]
