"""Legacy sessions over HTTP: each belongs to one principal, has numbered streams, and is forgotten when idle."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from msgspec.structs import replace

from mcp_protocol.errors import InvalidRequest
from mcp_protocol.jsonrpc import Request, RequestId
from mcp_protocol.limits import Limits
from mcp_protocol.revisions import Revision
from mcp_protocol.session.calls import Call, Principal
from mcp_protocol.session.legacy import LegacySession
from mcp_protocol.transports._questions import Questions
from mcp_protocol.transports.http.numbered import Naming, NumberedStream
from mcp_protocol.transports.http.replay import Replay
from mcp_protocol.transports.http.sse import EventIds, Place
from mcp_protocol.transports.http.watch import Watch

Key = tuple[type, RequestId]

_ID_BYTES = 24  # 192 random bits as 32 visible ASCII characters
_KEY_BYTES = 32

# Finished streams kept for a client that lost its connection; also bounded by bytes, and by age.
_FINISHED = 8


class HttpSession:
    """What belongs to one session id beside the protocol's own state."""

    def __init__(self, legacy: LegacySession, ids: EventIds, limits: Limits, clock: Callable[[], float]) -> None:
        self.id = secrets.token_urlsafe(_ID_BYTES)
        self.legacy = legacy
        self.questions = Questions()
        self.running: dict[Key, Watch] = {}
        self.listening: set[Watch] = set()
        self.streams: dict[int, NumberedStream] = {}
        self.feed: asyncio.Task[None] | None = None
        self.used = clock()
        self._ids = ids
        self._limits = limits
        self._clock = clock
        self._numbers = count()
        self.standalone = self.stream()

    def accept(self, request: Request, principal: Principal) -> Call:
        """The call that this request is: of the session's principal, but with the scopes of this request's token.

        Raises:
            RemoteProtocolError: the session does not allow it, or its id is in use by a request in flight.
        """
        call = self.legacy.accept(request)
        if call.key in self.running:
            raise InvalidRequest("This id is in use by a request in flight")
        if principal is call.peer.principal:
            return call
        return replace(call, peer=replace(call.peer, principal=principal))

    def ended(self, call: Call) -> None:
        """Take note that a call is over."""
        self.running.pop(call.key, None)
        self.touch()

    def touch(self) -> None:
        """Take note that the session is in use."""
        self.used = self._clock()

    def stream(self) -> NumberedStream:
        """A new stream."""
        limits = self._limits
        number = next(self._numbers)
        # A priming event has no message, which clients understand since 2025-11-25.
        naming = Naming(number, partial(self._ids.name, self.id), self.legacy.revision >= Revision.V2025_11_25)
        replay = Replay(events=limits.resume_messages, size=limits.resume_bytes, seconds=limits.resume_seconds)
        stream = NumberedStream(naming, replay=replay, questions=self.questions, clock=self._clock)
        self.streams[number] = stream
        return stream

    def forget(self, stream: NumberedStream) -> None:
        """Drop a stream: it was answered as JSON, or nobody will come back for it."""
        self.streams.pop(stream.number, None)

    def trim(self) -> None:
        """Keep only the newest finished streams, and none that is too old."""
        for stream in [stream for stream in self.streams.values() if stream.is_stale]:
            self.forget(stream)
        finished = [stream for stream in self.streams.values() if stream.finished]
        size = sum(stream.size for stream in finished)
        for extra, stream in zip(range(len(finished), 1, -1), finished, strict=False):
            if extra <= _FINISHED and size <= self._limits.resume_bytes:
                return
            size -= stream.size
            self.forget(stream)

    def place(self, event_id: str) -> Place | None:
        """Where in which stream an event id of this session points."""
        return self._ids.place(self.id, event_id)

    async def push(self, message: bytes) -> None:
        """Send a message that belongs to no request, once a client listens for such."""
        await self.standalone.attached.wait()
        await self.standalone.send(message)

    def is_over(self, now: float) -> bool:
        """Whether nobody has used it for too long, or it was never initialised."""
        if self.running or self.listening:
            return False
        ready = self.legacy.ready
        return now - self.used > (self._limits.session_idle_seconds if ready else self._limits.handshake_seconds)

    def close(self) -> None:
        """Cancel what runs; nobody will be asked or told anything any more."""
        for watch in (*self.running.values(), *self.listening):
            watch.cancel()
        self.questions.give_up()
        if self.feed is not None:
            self.feed.cancel()


class Sessions:
    """Every session of one server, by id; a session of another principal is no session (CVE-2026-52869)."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._ids = EventIds(secrets.token_bytes(_KEY_BYTES))
        self._sessions: dict[str, HttpSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[HttpSession]:
        return iter(list(self._sessions.values()))

    def open(self, legacy: LegacySession) -> HttpSession | None:
        """A new session; None when there are as many as are kept."""
        if len(self._sessions) >= self._limits.sessions:
            self.sweep()
        if len(self._sessions) >= self._limits.sessions:
            return None
        session = HttpSession(legacy, self._ids, self._limits, self._clock)
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str, principal: Principal) -> HttpSession | None:
        """The session of that id, if it is this principal's and not over."""
        session = self._sessions.get(session_id)
        if session is None or session.legacy.principal.key != principal.key:
            return None
        if session.is_over(self._clock()):
            self.close(session)
            return None
        session.touch()
        return session

    def close(self, session: HttpSession) -> None:
        """End a session; its id means nothing from now on."""
        self._sessions.pop(session.id, None)
        session.close()

    def sweep(self) -> None:
        """Forget the sessions that are over."""
        now = self._clock()
        for session in self:
            if session.is_over(now):
                self.close(session)
            else:
                session.trim()
