"""Pages: cursors that only the same question can use, and engine cursors that stay open between two pages.

Holding is an optimisation and nothing else: what is no longer held is run again, and the page says so.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from mcp_protocol.server.context import Context
from mcp_protocol.session.calls import SessionFacts
from mcp_ref_kit.cursors import Cursors

T = TypeVar("T")
P = TypeVar("P")

HELD_SECONDS = 60.0


class Position(Struct, frozen=True, array_like=True):
    """Where a page of rows begins, and the name under which its engine cursor may still be held."""

    offset: int
    held: str = ""

    def after(self, rows: int) -> "Position":
        """Where the page behind so many rows begins. Most statements have one page, so a name is made only here."""
        return Position(self.offset + rows, self.held or secrets.token_urlsafe(12))


class Paging:
    """The `cursor` argument of a server's tools: bound to the tool, its other arguments, the caller, the database."""

    def __init__(self, server: str, cursors: Cursors) -> None:
        """`cursors` of the setting `state_key`, which several servers may share; hence the server's name."""
        self._server = server
        self._cursors = cursors

    def start(self, ctx: Context[Any], cursor: str | None, database: str) -> Position:
        """Where the page that this call asks for begins.

        Raises:
            ToolError: `invalid_argument`; the cursor is not of this call.
        """
        if cursor is None:
            return Position(0)
        return self.after(ctx, cursor, database, Position)

    def after(self, ctx: Context[Any], cursor: str, database: str, kind: type[P]) -> P:
        """The position in a cursor, of whatever kind: catalogue tools go on after a name.

        Raises:
            ToolError: `invalid_argument`; the cursor is not of this call.
        """
        tool, arguments = _asked(ctx)
        scope = self._scope(database)
        return self._cursors.open(cursor, tool, arguments, ctx.principal, position=kind, scope=scope)

    def seal(self, ctx: Context[Any], position: Any, database: str) -> str:
        """The cursor of the page that begins there."""
        tool, arguments = _asked(ctx)
        return self._cursors.seal(tool, arguments, ctx.principal, position, scope=self._scope(database))

    def _scope(self, database: str) -> str:
        return f"{self._server}/{database}"


class Hold(Struct, frozen=True, kw_only=True):
    """Whose cursor it is, and where it stands; a page that begins elsewhere cannot use it."""

    offset: int
    database: str
    principal: str
    session: SessionFacts | None = None
    """The session that it was opened in, if there are sessions; it goes with it."""

    def fits(self, offset: int, database: str, principal: str) -> bool:
        """Whether a page that begins there may go on with it."""
        return (self.offset, self.database, self.principal) == (offset, database, principal)


class HeldCursors(Generic[T]):
    """Engine cursors between two pages: at most `most`, each at most a minute, the one unused longest goes first.

    `let_go` closes one. It is called on the event loop and only begins what takes time. Whoever takes a cursor has it
    alone, and puts it back or lets it go.
    """

    def __init__(self, most: int, let_go: Callable[[T], object], *, seconds: float = HELD_SECONDS) -> None:
        self._most = most
        self._let_go = let_go
        self._seconds = seconds
        self._held: dict[str, tuple[Hold, T, asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        """How many are held."""
        return len(self._held)

    def put(self, name: str, hold: Hold, cursor: T, *, seconds: float | None = None) -> None:
        """Hold a cursor under the name in a `Position`; with no room at all it is let go.

        `seconds` is a shorter time than usual, for one that is in somebody's way.
        """
        self._drop(name)
        if self._most <= 0:
            self._let_go(cursor)
            return
        while len(self._held) >= self._most:
            self.reclaim()
        timer = asyncio.get_running_loop().call_later(seconds or self._seconds, self._drop, name)
        self._held[name] = (hold, cursor, timer)
        if hold.session is not None:
            hold.session.endings[self] = partial(self._end, hold.session)

    def take(self, position: Position, database: str, principal: str) -> T | None:
        """The cursor that stands at this position; None where it is gone, or was of another caller or database."""
        found = self._held.get(position.held)
        if found is None or not found[0].fits(position.offset, database, principal):
            return None
        _, cursor, timer = self._held.pop(position.held)
        timer.cancel()
        return cursor

    def reclaim(self, database: str | None = None) -> bool:
        """Let go of the one unused longest, for a call that needs its connection; whether there was one."""
        for name, (hold, _, _) in self._held.items():
            if database in (None, hold.database):
                self._drop(name)
                return True
        return False

    def release(self, *, database: str | None = None, principal: str | None = None) -> None:
        """Let go of all of a database, of a caller, or all: its schema changed, the server stops."""
        for name, (hold, _, _) in list(self._held.items()):
            if database in (None, hold.database) and principal in (None, hold.principal):
                self._drop(name)

    def _end(self, session: SessionFacts) -> None:
        for name, (hold, _, _) in list(self._held.items()):
            if hold.session is session:
                self._drop(name)

    def _drop(self, name: str) -> None:
        found = self._held.pop(name, None)
        if found is not None:
            found[2].cancel()
            self._let_go(found[1])


def _asked(ctx: Context[Any]) -> tuple[str, Mapping[str, Any]]:
    """The tool and the arguments as they were sent: the same question is the same text."""
    params = ctx.call.params
    return str(params.get("name")), cast("Mapping[str, Any]", params.get("arguments") or {})
