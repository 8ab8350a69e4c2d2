"""What lives as long as the server does: databases with their gates, slots, cursors, portals that are held."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from mcp_protocol import Context, SettingsError
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.db.calls.confirm import Confirmation
from mcp_ref_kit.db.calls.deadline import Slots
from mcp_ref_kit.db.catalog.known import Known
from mcp_ref_kit.db.catalog.watch import Watch
from mcp_ref_kit.db.exports.exporting import Exports, opened
from mcp_ref_kit.db.exports.results import Results
from mcp_ref_kit.db.program.sources import Database, chosen, databases, is_template
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.db.rows.paging import HeldCursors, Paging
from mcp_ref_kit.settings import Secret
from mcp_ref_kit.workers import Workers
from mcp_ref_postgres.catalog.names import STRUCTURE, Look, load
from mcp_ref_postgres.catalog.searching import Name
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.gate.verdicts import Gate
from mcp_ref_postgres.reading.portals import Reading
from mcp_ref_postgres.settings import Settings

# Without a DSN libpq's variables say everything, and its defaults the rest.
BY_ENVIRONMENT = "postgresql://"
WATCH_SECONDS = 5.0
# Files are written and read on these; nothing else blocks.
THREADS = 2


@dataclass
class Opened:
    """A database with what judges the statements for it, and what is known and watched of it."""

    engine: Engine
    gate: Gate
    names: Known[list[Name]]
    watch: Watch

    @property
    def visible(self) -> list[str] | None:
        """The schemas that are shown; None for all."""
        return visible(self.engine.settings)

    def narrowed(self, schema: str | None) -> list[str] | None:
        """The same, of one schema alone; one that is hidden is like one that does not exist."""
        if schema is None:
            return self.visible
        return [schema] if self.visible is None or schema in self.visible else []

    def changed(self) -> None:
        """Its structure is not what it was."""
        self.gate.forget()
        self.names.forget()


class State:
    """What one running server is made of."""

    def __init__(self, settings: Settings, group: asyncio.TaskGroup, workers: Workers, exports: Exports) -> None:
        self.settings = settings
        self.group = group
        self.workers = workers
        self.exports = exports
        self.slots = Slots(settings.max_in_flight)
        self.paging = Paging("postgres", Cursors(settings.state_key))
        self.held: HeldCursors[Reading] = HeldCursors(settings.held_cursors, _let_go)
        self.confirmation = Confirmation(needed=not settings.no_confirm)
        self.databases: dict[str, Opened] = {}

    @classmethod
    async def enter(cls, settings: Settings, stack: AsyncExitStack) -> "State":
        """The state, ready, with everything that has to be closed on the stack.

        Raises:
            SettingsError
        """
        wanted = sources(settings)
        directory = opened(settings.export_dir)
        if directory is not None:
            stack.callback(directory.close)
        workers = await stack.enter_async_context(Workers("postgres", THREADS))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        results = Results("postgres")
        stack.callback(results.clear)
        state = cls(settings, group, workers, Exports(results, workers, directory))
        stack.push_async_callback(state.close)
        for source in wanted:
            state.databases[source.name] = await state._open(source, stack)
        return state

    def of(self, database: str | None) -> Opened:
        """The database of this name, or the only one.

        Raises:
            DbError: `invalid_argument`.
        """
        return chosen(self.databases, database)

    def bounds(self, limit: int | None = None, cell: int | None = None) -> Bounds:
        """How much one page may hold."""
        settings = self.settings
        return Bounds(
            limit=limit or settings.max_rows,
            size=settings.max_output_chars,
            cell=cell or settings.max_cell_chars,
        )

    def changed(self, database: Opened) -> None:
        """A statement of ours has changed a database: what was remembered and held of it is of no more use."""
        database.changed()
        self.held.release(database=database.engine.name)

    async def close(self) -> None:
        """Let go of every portal and close every connection."""
        self.held.release()
        for database in self.databases.values():
            await database.engine.close()

    def _told(self, name: str, topics: Collection[str]) -> None:
        """Somebody else has changed a database."""
        if STRUCTURE in topics:
            self.changed(self.databases[name])

    async def _open(self, source: Database, stack: AsyncExitStack) -> Opened:
        engine = Engine(source, self.settings, self.group)
        engine.read.reclaim = partial(self.held.reclaim, source.name)
        shown = visible(self.settings)
        names = await stack.enter_async_context(Known(partial(load, engine, self.workers, shown)))
        told = partial(self._told, source.name)
        watch = await stack.enter_async_context(Watch(Look(engine, shown), WATCH_SECONDS, told=told))
        return Opened(engine, Gate(engine), names, watch)


def sources(settings: Settings) -> list[Database]:
    """The databases that were given, or the one that libpq's variables name.

    Raises:
        SettingsError: see `mcp_ref_kit.db.program.sources.databases`.
    """
    given = [secret for secret in settings.databases if not is_template(secret.reveal())]
    if not given and not settings.tables:
        given = [Secret(BY_ENVIRONMENT)]
    found = databases(given, settings.tables, settings.mode)
    for source in found:
        if not source.dsn.reveal().startswith(("postgresql://", "postgres://")):
            raise SettingsError(f"The database `{source.name}` must be given as postgresql://USER@HOST/NAME.")
    return found


def visible(settings: Settings) -> list[str] | None:
    """The schemas that are shown; None for all."""
    return None if not settings.schemas or "*" in settings.schemas else settings.schemas


def _let_go(reading: Reading) -> None:
    reading.engine.read.let_go(reading.session)


Ctx: TypeAlias = Context[State]
