"""optimize: upkeep of the file, by statements of our own on the writer."""

import shutil
import sqlite3
from collections.abc import Mapping
from functools import partial

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.gate import Gate
from mcp_ref_sqlite.engine.writer import ours
from mcp_ref_sqlite.reading.words import Upkeep
from mcp_ref_sqlite.results import Kept
from mcp_ref_sqlite.state import Ctx
from mcp_ref_sqlite.writing.executing import agree
from mcp_ref_sqlite.writing.inspecting import Deed

_STATEMENTS: Mapping[Upkeep, str] = {
    "analyze": "ANALYZE",
    "optimize": "PRAGMA optimize",
    "vacuum": "VACUUM",
    "wal_checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
    "reindex": "REINDEX",
}
# VACUUM writes a whole copy, and may keep another one in the journal until it is done.
_ROOM = 2


async def keep_up(ctx: Ctx, database: Database, what: Upkeep, confirm: str | None) -> Kept:
    """Do one thing."""
    state = ctx.state
    state.require_writable(database)
    if what == "vacuum":
        deed = Deed("Write the whole file anew of", database.name, counts=False)
        await agree(ctx, database, deed, None, sql="VACUUM", confirm=confirm)
    state.holding.release(database.name)
    async with state.running(database, None) as deadline:
        return await database.write(partial(_kept, database, what), deadline)


def _kept(database: Database, what: Upkeep, connection: sqlite3.Connection, gate: Gate) -> Kept:
    before = database.place.path.stat().st_size
    free = shutil.disk_usage(database.place.path.parent).free
    if what == "vacuum" and free < before * _ROOM:
        raise DbError(
            f"VACUUM needs about {before * _ROOM} bytes beside the file, and {free} are free.", code="too_large"
        )
    limit = connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)  # VACUUM attaches the copy that it writes
    try:
        ours(connection, gate, _STATEMENTS[what])
    finally:
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, limit)
    return Kept(done=[_STATEMENTS[what]], before_bytes=before, after_bytes=database.place.path.stat().st_size)
