"""What lives as long as the server does: databases, the gate, cursors; and the way of a call to its data."""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from mcp_protocol import Context
from mcp_ref_kit import Mode
from mcp_ref_kit.db.calls.confirm import Confirmation
from mcp_ref_kit.db.calls.deadline import Slots
from mcp_ref_kit.db.program.sources import chosen, require_mode
from mcp_ref_kit.db.rows.paging import Paging
from mcp_ref_redis.database import Database
from mcp_ref_redis.settings import Settings
from mcp_ref_redis.watching.watchers import Watchers

# Sets of keys that scans have shown, kept between their pages.
_MOST_CARRIED = 16


@dataclass
class State:
    """What one running server is made of."""

    settings: Settings
    databases: dict[str, Database]
    paging: Paging
    confirmation: Confirmation
    slots: Slots
    waiting: Slots
    """Places of calls that wait for what others do: however many wait, they take none from those that do not."""
    watchers: Watchers
    carried: OrderedDict[str, dict[bytes, None]] = field(default_factory=OrderedDict[str, dict[bytes, None]])

    def database(self, name: str | None) -> Database:
        """The database of that name; the only one has no need of it.

        Raises:
            DbError: `invalid_argument`.
        """
        return chosen(self.databases, name)

    def carry(self, key: str, shown: dict[bytes, None]) -> None:
        """Remember what a scan has shown, for its next page; the oldest scan is forgotten."""
        self.carried[key] = shown
        self.carried.move_to_end(key)
        while len(self.carried) > _MOST_CARRIED:
            self.carried.popitem(last=False)


Ctx: TypeAlias = Context[State]


@asynccontextmanager
async def reached(
    ctx: Ctx, database: str | None, *, needs: Mode = "read-only", seconds: float | None = None
) -> AsyncGenerator[Database, None]:
    """The database of a call, for as long as the call's deadline lets it; who asks for more time than others waits.

    Raises:
        DbError: `read_only`, its mode is too low for the tool; `busy`; `timeout`: what was under way is given up, and
            its connection with it.
    """
    found = ctx.state.database(database)
    require_mode(found, needs)
    usual = ctx.state.settings.timeout
    places = ctx.state.waiting if seconds is not None and seconds > usual else ctx.state.slots
    async with places.enter(min(seconds or usual, found.most_seconds), grace=0):
        yield found
