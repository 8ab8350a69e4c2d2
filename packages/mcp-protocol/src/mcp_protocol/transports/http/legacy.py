"""The endpoint as sessions of 2025-03-26 to 2025-11-25 use it: POST, GET and DELETE with a session id."""

import asyncio
from functools import partial

from mcp_protocol.errors import InvalidRequest, ProtocolError
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    Message,
    Notification,
    Rejected,
    Request,
    RequestId,
    Response,
    encode_error,
)
from mcp_protocol.revisions import Era
from mcp_protocol.server.app import App
from mcp_protocol.server.dispatch import Reply
from mcp_protocol.server.expiry import until
from mcp_protocol.session.calls import Answer, Call, Cancel
from mcp_protocol.session.legacy import LegacySession
from mcp_protocol.session.server import batch_problem
from mcp_protocol.transports.http.answers import EventStream, respond, respond_json
from mcp_protocol.transports.http.batches import Members
from mcp_protocol.transports.http.exchange import (
    ACCEPTED,
    BUSY,
    Header,
    Whole,
    challenged,
    error,
    json,
    plain,
    unfit_get,
)
from mcp_protocol.transports.http.headers import LAST_EVENT, SESSION, VERSION, traced
from mcp_protocol.transports.http.incoming import Incoming
from mcp_protocol.transports.http.numbered import NumberedStream
from mcp_protocol.transports.http.sessions import HttpSession, Sessions
from mcp_protocol.transports.http.watch import Runs, Watch, attend, guarded

# How often sessions that are over are looked for; looking one up notices at once.
_SWEEP_SECONDS = 15


class LegacyEndpoint:
    """Sessions, and the requests that come on them."""

    def __init__(self, app: App, runs: Runs) -> None:
        self.sessions = Sessions(app.limits, app.services.clock)
        self._app = app
        self._runs = runs

    async def post(self, incoming: Incoming, message: Message | Batch | Rejected) -> None:
        """Take one message, or a batch; a lost connection cancels nothing."""
        if isinstance(message, Rejected):
            await respond(incoming.send, error(message.error, message.id))
            return
        request_id = message.id if isinstance(message, Request) else None
        if isinstance(message, Request) and message.method == "initialize" and SESSION not in incoming.fields:
            await self._initialize(incoming, message)
            return
        session = self._session(incoming, request_id)
        if isinstance(session, Whole):
            await respond(incoming.send, session)
        elif isinstance(message, Request):
            await self._request(session, incoming, message)
        elif isinstance(message, Batch):
            await self._batch(session, incoming, message)
        else:
            self._note(session, message)
            await respond(incoming.send, ACCEPTED)

    async def get(self, incoming: Incoming) -> None:
        """Open the standalone stream, or resume the one that Last-Event-ID names."""
        session = unfit_get(incoming.fields) or self._session(incoming, None)
        if isinstance(session, Whole):
            await respond(incoming.send, session)
            return
        events = EventStream(incoming.send)
        stream = await self._listen(session, incoming, events)
        if isinstance(stream, Whole):
            await respond(incoming.send, stream)
        elif not events.gone:
            await self._hold(session, stream, events, incoming)

    async def delete(self, incoming: Incoming) -> None:
        """End the session."""
        session = self._session(incoming, None)
        if not isinstance(session, Whole):
            self.sessions.close(session)
            session = Whole(204)
        await respond(incoming.send, session)

    async def sweep(self) -> None:
        """Forget sessions that are over, again and again."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.sessions.sweep()

    def close(self) -> None:
        """End every session: the server stops."""
        for session in self.sessions:
            self.sessions.close(session)

    def stop_listening(self) -> None:
        """End the streams that would stay open for ever."""
        for session in self.sessions:
            for watch in list(session.listening):
                watch.cancel()

    def _session(self, incoming: Incoming, request_id: RequestId | None) -> HttpSession | Whole:
        """The session that the headers name, or why not."""
        fields = incoming.fields
        name = fields.get(SESSION)
        if name is None or SESSION in incoming.doubled:
            return _refused(400, "One Mcp-Session-Id is needed; initialize gives it", request_id)
        session = self.sessions.find(name.decode("latin-1").strip(), incoming.principal)
        if session is None:
            return _refused(404, "There is no such session", request_id)
        agreed = session.legacy.revision.encode()
        if VERSION in incoming.doubled or fields.get(VERSION, agreed).strip(b" \t") != agreed:
            return _refused(400, f"MCP-Protocol-Version must be {session.legacy.revision}", request_id)
        return session

    async def _initialize(self, incoming: Incoming, request: Request) -> None:
        legacy = LegacySession(self._app.profile, principal=incoming.principal, transport="http")
        try:
            call = legacy.accept(request)
        except ProtocolError as problem:
            await respond(incoming.send, error(problem, request.id, Era.LEGACY))
            return
        session = self.sessions.open(legacy)
        if session is None:
            await respond(incoming.send, BUSY)
            return
        session.feed = self._runs.group.create_task(guarded(partial(self._app.follow, legacy.facts, session.push)))
        await self._call(session, incoming, call, (b"mcp-session-id", session.id.encode()))

    async def _request(self, session: HttpSession, incoming: Incoming, request: Request) -> None:
        try:
            call = session.accept(request, incoming.principal)
        except ProtocolError as problem:
            await respond(incoming.send, error(problem, request.id, Era.LEGACY))
            return
        await self._call(session, incoming, call)

    async def _call(self, session: HttpSession, incoming: Incoming, call: Call, *headers: Header) -> None:
        events = EventStream(incoming.send, *headers)
        stream = session.stream()
        stream.attach(events)
        reply = None
        try:
            with self._watched(stream, events, incoming) as session.running[call.key]:
                reply = await self._app.answer(traced(call, incoming.fields), stream)
        finally:
            session.ended(call)
        if reply is None:
            session.forget(stream)
            await stream.abandon()
        elif stream.begun:
            await stream.finish(reply.data)
            session.trim()
        else:
            session.forget(stream)
            headers = (*headers, *challenged(reply.challenge))
            await respond_json(incoming.send, _status(reply), reply.data, *headers)

    async def _batch(self, session: HttpSession, incoming: Incoming, batch: Batch) -> None:
        problem = batch_problem(batch, session.legacy)
        if problem is not None:
            await respond(incoming.send, error(problem, None))
            return
        members = Members(self._app, session, self._runs, incoming.principal)
        for member in batch.members:
            if isinstance(member, Request | Rejected):
                members.add(member)
            else:
                self._note(session, member)
        if members.is_empty:
            await respond(incoming.send, ACCEPTED)
            return
        events = EventStream(incoming.send)
        stream = session.stream()
        stream.attach(events)
        with self._watched(stream, events, incoming):
            await members.run(stream)
        if stream.begun:
            stream.finished = True
            await stream.release()
            session.trim()
        else:
            session.forget(stream)
            await respond_json(incoming.send, 200, members.array())

    def _note(self, session: HttpSession, message: Notification | Response | ErrorResponse) -> None:
        match message:
            case Notification():
                event = session.legacy.notice(message)
                if isinstance(event, Cancel) and event.key in session.running:
                    session.running[event.key].cancel()
            case Response():
                session.questions.answered(Answer(message.id, result=message.result))
            case ErrorResponse():
                if message.id is not None:
                    session.questions.answered(Answer(message.id, error=message.error.message))

    async def _listen(self, session: HttpSession, incoming: Incoming, events: EventStream) -> NumberedStream | Whole:
        last = incoming.fields.get(LAST_EVENT)
        if last is None:
            if session.standalone.attached.is_set():
                return plain(409, "This session has a stream already")
            await session.standalone.open(events)
            return session.standalone
        place = None if LAST_EVENT in incoming.doubled else session.place(last.decode("latin-1").strip())
        stream = None if place is None else session.streams.get(place.stream)
        if place is None or stream is None or not await stream.resume(events, place.position):
            return plain(400, "Nothing can be resumed from this Last-Event-ID")
        return stream

    async def _hold(
        self, session: HttpSession, stream: NumberedStream, events: EventStream, incoming: Incoming
    ) -> None:
        """Keep a GET open until its client leaves, the stream ends, or the session does."""
        watch = Watch(self._runs)
        session.listening.add(watch)
        try:
            with watch:
                async with until(incoming.principal.expires, self._app.services.now()):
                    await self._attend(stream, events, incoming)
                    return
            await stream.abandon()
        finally:
            session.listening.discard(watch)
            session.touch()
            stream.detach(events)

    def _watched(self, stream: NumberedStream, events: EventStream, incoming: Incoming) -> Watch:
        return Watch(self._runs, partial(self._attend, stream, events, incoming))

    async def _attend(self, stream: NumberedStream, events: EventStream, incoming: Incoming) -> None:
        every = self._app.limits.keepalive_seconds
        await attend(incoming.receive, every, stream.breathe, partial(stream.detach, events))


def _status(reply: Reply) -> int:
    """Errors of dispatched requests are answers like any other; only `busy` and a challenge are told to HTTP too."""
    return reply.status if reply.status == BUSY.status or reply.challenge is not None else 200


def _refused(status: int, sentence: str, request_id: RequestId | None) -> Whole:
    return json(status, encode_error(request_id, InvalidRequest(sentence)))
