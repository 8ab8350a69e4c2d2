"""What lives as long as the server does, and the way of a call to its data."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mcp_protocol import Context
from mcp_ref_kit.db.calls.confirm import Confirmation
from mcp_ref_kit.db.calls.deadline import Deadline, Slots
from mcp_ref_kit.db.exports.exporting import Exports
from mcp_ref_kit.db.program.sources import bounds, require_mode, seconds
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.db.rows.paging import Paging
from mcp_ref_kit.paths import Root
from mcp_ref_sqlite.databases import Databases
from mcp_ref_sqlite.insights import Memo
from mcp_ref_sqlite.reading.holding import Holding
from mcp_ref_sqlite.reading.metadata import TableNotes
from mcp_ref_sqlite.settings import Settings

if TYPE_CHECKING:
    from mcp_ref_sqlite.engine.database import Database

_NOTHING_SAID = TableNotes({})


@dataclass
class State:
    """What one running server is made of."""

    settings: Settings
    databases: Databases
    paging: Paging
    slots: Slots
    confirmation: Confirmation
    holding: Holding
    exports: Exports
    backups: Root | None
    described: Mapping[str, TableNotes]
    memo: Memo = field(default_factory=Memo)

    def bounds(self, database: "Database", limit: int | None = None, cell: int | None = None) -> Bounds:
        """What one page may hold."""
        return bounds(self.settings, database.source, limit, cell)

    def notes(self, database: str) -> TableNotes:
        """What the operator says about its tables."""
        return self.described.get(database, _NOTHING_SAID)

    def running(self, database: "Database", timeout: float | None) -> AbstractAsyncContextManager[Deadline]:
        """A place among the statements that run, with the deadline of the call."""
        return self.slots.enter(seconds(self.settings, database.source, timeout))

    def require_writable(self, database: "Database") -> None:
        """Go on only where the database's own mode allows changes.

        Raises:
            DbError: `read_only`.
        """
        require_mode(database.source, "read-write")


Ctx: TypeAlias = Context[State]
