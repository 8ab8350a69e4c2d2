"""All sessions: made, found by handle for their owner only, ended when nobody uses them."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mcp_protocol.session.calls import LOCAL, Principal, SessionFacts
from mcp_ref_browser.errors import no_session, over_limit, session_expired
from mcp_ref_browser.sessions.session import Session

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context

_log = logging.getLogger(__name__)

HANDLE_BYTES = 16
_MOST_SWEEP_SECONDS = 15.0

Make = Callable[[str, str], Session]
"""Makes a session of a handle and an owner."""


class Registry:
    """The sessions of the server by their handles."""

    def __init__(self, most: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.ttl = ttl
        self.idle_since = clock()
        self._most = most
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._default: str | None = None
        self._tied: WeakKeyDictionary[SessionFacts, str] = WeakKeyDictionary()

    def __len__(self) -> int:
        """Count them."""
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        """Go through them."""
        return iter(list(self._sessions.values()))

    def add(self, ctx: "Context[Any]", make: Make) -> Session:
        """Make a session for this caller.

        Raises:
            BrowserError: `limit`.
        """
        self._check_room(ctx.principal)
        handle = secrets.token_urlsafe(HANDLE_BYTES)
        session = make(handle, owner_key(ctx.principal))
        self._sessions[handle] = session
        self.tie(ctx, handle)
        return session

    def find(self, ctx: "Context[Any]", handle: str | None) -> Session:
        """The session of this handle, or the one that goes without saying.

        Raises:
            BrowserError: `session_expired` for what is not the caller's, in the same words; `no_session`.
        """
        known = handle or self.implied(ctx)
        if known is None:
            raise no_session()
        session = self._sessions.get(known)
        if session is None or not secrets.compare_digest(session.facts.owner, owner_key(ctx.principal)):
            raise session_expired()
        self.touch(session)
        return session

    def touch(self, session: Session) -> None:
        """It was used just now."""
        session.last_used = self._clock()

    def implied(self, ctx: "Context[Any]") -> str | None:
        """The handle that a call without one means: of this process, or of this protocol session."""
        if ctx.transport != "http":
            return self._default
        facts = ctx.call.peer.session
        return None if facts is None else self._tied.get(facts)

    def tie(self, ctx: "Context[Any]", handle: str) -> None:
        """Have calls without a handle mean this one, where they can mean anything: at first what was made last."""
        if ctx.transport != "http":
            self._default = handle
        elif ctx.call.peer.session is not None:
            self._tied[ctx.call.peer.session] = handle

    def listed(self, ctx: "Context[Any]") -> list[Session]:
        """The caller's sessions. Callers without a name of their own, over HTTP, see what is tied to them."""
        if ctx.transport == "http" and ctx.principal == LOCAL:
            handle = self.implied(ctx)
            return [self._sessions[handle]] if handle in self._sessions else []
        key = owner_key(ctx.principal)
        return [session for session in self._sessions.values() if session.facts.owner == key]

    def remove(self, session: Session) -> None:
        """Forget a session; its handle means nothing from now on."""
        self._sessions.pop(session.handle, None)
        if self._default == session.handle:
            self._default = None
        for facts, handle in list(self._tied.items()):
            if handle == session.handle:
                del self._tied[facts]
        self.idle_since = self._clock()

    def expired(self) -> list[Session]:
        """Those that nobody has used for too long."""
        now = self._clock()
        return [one for one in self._sessions.values() if one.resting.calls == 0 and now - one.last_used > self.ttl]

    @property
    def idle_seconds(self) -> float:
        """For how long there has been no session."""
        return 0.0 if self._sessions else self._clock() - self.idle_since

    @property
    def pause(self) -> float:
        """How often it is worth looking for expired ones."""
        return min(self.ttl / 4, _MOST_SWEEP_SECONDS)

    def left(self, session: Session) -> int:
        """Seconds until a session expires."""
        return max(0, round(self.ttl - (self._clock() - session.last_used)))

    def _check_room(self, principal: Principal) -> None:
        way_out = "Close one with browser_session, action=close, or wait until one expires."
        if len(self._sessions) >= self._most:
            raise over_limit(f"There are {self._most} sessions already.", way_out)
        own = sum(session.facts.owner == owner_key(principal) for session in self._sessions.values())
        if principal != LOCAL and own >= max(1, self._most // 2):
            raise over_limit(f"You have {own} sessions already.", way_out)


def owner_key(principal: Principal) -> str:
    """Whom a session belongs to."""
    return principal.key


async def sweep(registry: Registry, end: Callable[[Session], Any], idle: Callable[[], Any]) -> None:
    """End expired sessions for ever, and let the browser rest when there is none."""
    while True:
        await asyncio.sleep(registry.pause)
        for session in registry.expired():
            await end(session)
        await idle()
