"""HTTP+SSE of 2024-11-05: one stream for all that the server says, POSTs beside it for what the client says.

A session is its stream: it ends with it, and nothing can be resumed. The modern era is not spoken here.
"""

import asyncio
import secrets
from functools import partial
from urllib.parse import parse_qs

from msgspec.structs import replace

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.limits import Limits
from mcp_protocol.server.app import App
from mcp_protocol.server.expiry import until
from mcp_protocol.session.calls import BatchCall, Call, Event, Principal
from mcp_protocol.transports._drive import Driver
from mcp_protocol.transports.http import exchange, sse
from mcp_protocol.transports.http.answers import EventStream, respond
from mcp_protocol.transports.http.exchange import ACCEPTED, BUSY, Rules, plain
from mcp_protocol.transports.http.incoming import Bodies, Incoming
from mcp_protocol.transports.http.watch import Runs, Watch, attend, guarded

STREAM = b"/sse"
MESSAGES = b"/messages"

_ID_BYTES = 24  # 192 random bits: whoever knows the address of a session, and is its principal, speaks on it
_LONGEST_QUERY = 256
_NO_SESSION = plain(404, "There is no such session")


class SseEndpoint:
    """The sessions of this transport, by id, while the application is up."""

    def __init__(self, app: App, rules: Rules, runs: Runs, bodies: Bodies) -> None:
        self._app = app
        self._rules = rules
        self._runs = runs
        self._bodies = bodies
        self._profile = replace(app.profile, modern=())
        self._sessions: dict[str, _Session] = {}

    async def get(self, incoming: Incoming) -> None:
        """Open a session and keep its stream until either side ends it."""
        refused = exchange.unfit_get(incoming.fields)
        if refused is None and len(self._sessions) >= self._app.limits.sessions:
            refused = BUSY
        if refused is not None:
            await respond(incoming.send, refused)
            return
        outgoing = _Outgoing(EventStream(incoming.send), self._app.limits)
        driver = Driver(self._app, outgoing, principal=incoming.principal, transport="http", profile=self._profile)
        session = _Session(driver, outgoing, incoming.principal)
        watch = Watch(self._runs, partial(self._attend, session, incoming))
        session.leave = watch.cancel
        with watch:
            async with driver, until(incoming.principal.expires, self._app.services.now()):
                await self._hold(session)
        await outgoing.end()

    async def post(self, incoming: Incoming) -> None:
        """Take one message; what there is to say to it goes out on the stream."""
        session = self._find(incoming)
        refused = exchange.unfit_message(incoming.fields, incoming.doubled, self._rules)
        if refused is None and session is None:
            refused = _NO_SESSION
        if refused is None and (self._app.services.gate.full or (session and session.outgoing.is_full)):
            refused = BUSY
        body = refused or await self._bodies.read(incoming.receive)
        if isinstance(body, bytes):
            session = self._find(incoming)  # it may have ended while the body came
            body = _NO_SESSION if session is None else session.take(body, incoming.principal)
        if body is not None:
            await respond(incoming.send, body)

    async def stop(self) -> None:
        """Let the calls in flight answer, then end the streams."""
        sessions, self._sessions = list(self._sessions.values()), {}
        async with asyncio.TaskGroup() as group:
            for session in sessions:
                group.create_task(guarded(session.finish))

    def _find(self, incoming: Incoming) -> "_Session | None":
        """The session that the query names; of another principal it is none (CVE-2026-52869)."""
        if len(incoming.query) > _LONGEST_QUERY:
            return None
        named = parse_qs(incoming.query.decode("latin-1")).get("session", [])
        session = self._sessions.get(named[0]) if len(named) == 1 else None
        if session is None or session.principal.key != incoming.principal.key:
            return None
        return session

    async def _hold(self, session: "_Session") -> None:
        session_id = secrets.token_urlsafe(_ID_BYTES)
        self._sessions[session_id] = session
        handshake = asyncio.get_running_loop().call_later(self._app.limits.handshake_seconds, session.end_unless_ready)
        try:
            await session.outgoing.run(b"%b?session=%b" % (MESSAGES, session_id.encode()))
        except ConnectionLost:
            return
        finally:
            handshake.cancel()
            self._sessions.pop(session_id, None)

    async def _attend(self, session: "_Session", incoming: Incoming) -> None:
        every = self._app.limits.keepalive_seconds
        await attend(incoming.receive, every, partial(_breathe, session), session.leave)


class _Session:
    def __init__(self, driver: Driver, outgoing: "_Outgoing", principal: Principal) -> None:
        self.driver = driver
        self.outgoing = outgoing
        self.principal = principal
        self.leave = outgoing.close

    def take(self, body: bytes, principal: Principal) -> exchange.Whole:
        """Act on a message, with the scopes of the token that came with it."""
        for event in self.driver.judge(body):
            self.driver.take(_made_for(event, principal))
        return ACCEPTED

    def end_unless_ready(self) -> None:
        """A session that was never initialised is not kept."""
        if not self.driver.ready:
            self.leave()

    async def finish(self) -> None:
        """Answer what is asked already, and no more."""
        await self.driver.drain()
        self.outgoing.close()


class _Outgoing:
    """The messages that wait for the reader of a stream."""

    def __init__(self, events: EventStream, limits: Limits) -> None:
        self._events = events
        self._limits = limits
        self._waiting: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._space = asyncio.Event()
        self._space.set()
        self._closed = False

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken from a client that does not read."""
        return self._size >= self._limits.outgoing_bytes or len(self._waiting) >= self._limits.outgoing_messages

    def write(self, line: bytes) -> None:
        """Queue one message."""
        self._waiting.append(sse.named("message", line))
        self._size += len(line)
        self._news.set()
        if self.is_full:
            self._space.clear()

    async def drained(self) -> None:
        """Wait until there is space."""
        await self._space.wait()
        if self._events.gone:
            raise ConnectionLost("The client has left")

    async def run(self, address: bytes) -> None:
        """Say where to post, then all that is queued, until closed."""
        await self._events.write(sse.named("endpoint", address))
        while not (self._closed and not self._waiting):
            await self._news.wait()
            self._news.clear()
            batch, self._waiting, self._size = self._waiting, [], 0
            self._space.set()
            if batch:
                await self._events.write(b"".join(batch))

    async def breathe(self) -> None:
        """Keep a quiet stream open."""
        await self._events.write(sse.COMMENT)

    def close(self) -> None:
        """End `run` once everything has been said."""
        self._closed = True
        self._news.set()

    async def end(self) -> None:
        """End the stream itself."""
        await self._events.end()
        self._space.set()


async def _breathe(session: _Session) -> None:
    try:
        await session.outgoing.breathe()
    except ConnectionLost:
        session.leave()


def _made_for(event: Event, principal: Principal) -> Event:
    match event:
        case Call():
            return _of(event, principal)
        case BatchCall():
            return BatchCall(
                [_of(member, principal) if isinstance(member, Call) else member for member in event.members]
            )
        case _:
            return event


def _of(call: Call, principal: Principal) -> Call:
    return replace(call, peer=replace(call.peer, principal=principal))
