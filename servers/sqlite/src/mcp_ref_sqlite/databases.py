"""The databases of one server: opened at first use, their names known for a while, watched while somebody listens."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from mcp_protocol import ResourceNotFound, ToolError
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.catalog.known import Known
from mcp_ref_kit.db.catalog.watch import Watch
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_kit.db.program.sources import chosen
from mcp_ref_sqlite.engine.places import Place
from mcp_ref_sqlite.reading.holding import Holding
from mcp_ref_sqlite.reading.words import DATA, SCHEMA
from mcp_ref_sqlite.settings import Settings

if TYPE_CHECKING:
    from mcp_ref_sqlite.engine.database import Database
    from mcp_ref_sqlite.watching import Watcher

_LOAD_SECONDS = 5.0
LOOK_SECONDS = 1.0

Columns = Mapping[str, list[str]]
"""Tables and views by name, each with its columns."""


class Databases:
    """`async with Databases(...) as databases:`; SQLite itself is loaded with the first call that needs it."""

    def __init__(self, sources: Mapping[str, tuple[Source, Place]], settings: Settings, holding: Holding) -> None:
        self._sources = sources
        self._settings = settings
        self._holding = holding
        self._opened: dict[str, Database] = {}
        self._watchers: dict[str, Watcher] = {}
        self._known = {name: Known(partial(self._load, name)) for name in sources}
        self._watches = {
            name: Watch(partial(self._look, name), LOOK_SECONDS, told=partial(self._told, name)) for name in sources
        }
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Be ready; nothing is opened yet."""
        for entered in (*self._known.values(), *self._watches.values()):
            await self._stack.enter_async_context(entered)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop looking, let go of cursors, close every file."""
        await self._stack.aclose()
        self._holding.release()
        for database in self._opened.values():
            await database.close()

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._sources)

    def get(self, name: str | None) -> "Database":
        """The database of that name; the only one needs none.

        Raises:
            DbError: `invalid_argument`.
        """
        source, place = chosen(self._sources, name)
        if source.name not in self._opened:
            from mcp_ref_sqlite.engine.database import Database  # noqa: PLC0415  SQLite comes with the first call

            database = self._opened[source.name] = Database(source, place, self._settings)
            database.readers.reclaim = self._holding.reclaimer(source.name)
        return self._opened[source.name]

    def named(self, name: str) -> "Database":
        """The database in the URI of a resource.

        Raises:
            ResourceNotFound: there is none.
        """
        if name not in self._sources:
            raise ResourceNotFound(f"sqlite://{name}")
        return self.get(name)

    async def columns(self, name: str | None) -> Columns:
        """What there is in a database, as known for half a minute.

        Raises:
            DbError: it cannot be read, or there is none of that name.
        """
        source, _ = chosen(self._sources, name)
        return await self._known[source.name].get()

    async def watch(self, name: str) -> Watch:
        """What tells of changes of a database from now on.

        Raises:
            ResourceNotFound: there is none.
        """
        if name not in self._watches:
            raise ResourceNotFound(f"sqlite://{name}")
        watch = self._watches[name]
        if not watch.listeners:
            with suppress(ToolError):  # a database that is down is looked at again
                await self._look(name)
        return watch

    def changed(self, name: str, *, schema: bool) -> None:
        """We changed it ourselves: whoever listens need not wait for the next look."""
        self._holding.release(name)
        self._watches[name].announce((SCHEMA, DATA) if schema else (DATA,))

    async def _load(self, name: str) -> Columns:
        from mcp_ref_sqlite.reading.objects import columns_by_table  # noqa: PLC0415  SQLite comes with the first call

        return await self.get(name).read(columns_by_table, Deadline(_LOAD_SECONDS))

    async def _look(self, name: str) -> Collection[str]:
        from mcp_ref_sqlite.watching import Watcher  # noqa: PLC0415  SQLite comes with the first call

        if name not in self._watchers:
            self._watchers[name] = Watcher(self.get(name))
        return await self._watchers[name].look()

    def _told(self, name: str, topics: Collection[str]) -> None:
        if SCHEMA in topics:
            self._known[name].forget()
            self._holding.release(name)
