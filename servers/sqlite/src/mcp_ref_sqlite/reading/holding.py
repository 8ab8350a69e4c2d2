"""Cursors that stay open between two pages, each with the connection that it has for itself."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_protocol.session.calls import Peer
from mcp_ref_kit.db.rows.paging import HELD_SECONDS, HeldCursors, Hold, Position

if TYPE_CHECKING:
    from mcp_ref_sqlite.engine.readers import Readers, Seat
    from mcp_ref_sqlite.reading.rows import Open

# Outside of WAL mode an open cursor keeps every other program from committing.
_LOCKING_SECONDS = 2.0


class Held(Struct, frozen=True):
    """A cursor, its connection, and where that belongs."""

    open: "Open"
    seat: "Seat"
    readers: "Readers"


class Holding:
    """The held cursors of all databases."""

    def __init__(self, most: int) -> None:
        self._cursors = HeldCursors[Held](most, _let_go)

    def take(self, position: Position, database: str, principal: str) -> Held | None:
        """The cursor that stands where a page begins, if it is still there."""
        return self._cursors.take(position, database, principal)

    def put(self, position: Position, database: str, peer: Peer, held: Held, *, is_wal: bool) -> None:
        """Keep a cursor for the page that begins there."""
        hold = Hold(offset=position.offset, database=database, principal=peer.principal.key, session=peer.session)
        self._cursors.put(position.held, hold, held, seconds=HELD_SECONDS if is_wal else _LOCKING_SECONDS)

    def reclaimer(self, database: str) -> Callable[[], bool]:
        """What frees a connection of this database."""
        return partial(self._cursors.reclaim, database)

    def release(self, database: str | None = None) -> None:
        """Let go of all cursors, or of those of one database."""
        self._cursors.release(database=database)


def _let_go(held: Held) -> None:
    held.seat.connection.post(held.open.cursor.close)
    held.readers.give_back(held.seat)
