"""Changes of a database while somebody listens: by a look each second, whoever it was that wrote."""

import asyncio
import sqlite3
from collections.abc import Collection
from functools import partial

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.places import Identity
from mcp_ref_sqlite.reading.words import DATA, SCHEMA

_LOOK_SECONDS = 5.0


class Glance(Struct, frozen=True):
    """A database at one moment, as far as it can be told from another moment cheaply."""

    files: tuple[tuple[int, int, int], ...]
    identity: Identity | None
    data: int
    schema: int


class Watcher:
    """What has changed since the look before."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: Glance | None = None

    async def look(self) -> Collection[str]:
        """The topics that changed; the first look learns what there is."""
        last = self._last
        database = self._database
        files = await asyncio.to_thread(_files, database)
        if last is not None and last.files == files:
            return ()
        versions = await database.look(_versions, Deadline(_LOOK_SECONDS))
        now = self._last = Glance(files, database.place.identity(), *versions)
        if last is None:
            return ()
        if now.identity != last.identity:
            database.readers.renew()
            return (SCHEMA, DATA)
        pairs = ((SCHEMA, last.schema, now.schema), (DATA, last.data, now.data))
        return [topic for topic, old, new in pairs if old != new]


def _files(database: Database) -> tuple[tuple[int, int, int], ...]:
    """Number, size and time of the file and of its write-ahead log."""
    found: list[tuple[int, int, int]] = []
    for path in (database.place.path, database.place.beside("-wal")):
        try:
            stat = path.stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def _versions(connection: sqlite3.Connection) -> tuple[int, int]:
    one = partial(_number, connection)
    return one("PRAGMA data_version"), one("PRAGMA schema_version")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return connection.execute(pragma).fetchone()[0]
