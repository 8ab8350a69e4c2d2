"""The one adapter between a byte stream and a session: feed, flush, run handlers, drain at the end.

Transports give it bytes and a way to write; it owns the tasks of the calls in flight.
"""

import asyncio
from functools import partial
from typing import Any, Protocol, Self

from msgspec import Raw

from mcp_protocol.errors import InvalidRequest
from mcp_protocol.jsonrpc import encode_error
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import Answer, BatchCall, Call, Cancel, Event, Principal, Refusal, Transport
from mcp_protocol.session.legacy import Stage
from mcp_protocol.session.profile import Profile
from mcp_protocol.session.server import ServerSession
from mcp_protocol.transports._questions import Questions

_IN_USE = encode_error(None, InvalidRequest("This id is in use by a request in flight"))


class Writer(Protocol):
    """Where whole lines go."""

    def write(self, line: bytes) -> None:
        """Queue one message; never waits."""
        ...

    async def drained(self) -> None:
        """Return once the queue is short enough to go on.

        Raises:
            ConnectionLost: nobody reads any more.
        """
        ...


class Driver:
    """One connection: its session, its calls in flight, its questions to the client.

    It is the channel of all its calls: on a pipe they share one stream.
    """

    def __init__(
        self, app: App, writer: Writer, *, principal: Principal, transport: Transport, profile: Profile | None = None
    ) -> None:
        self._app = app
        self._writer = writer
        self._session = ServerSession(profile or app.profile, principal=principal, transport=transport)
        self._calls: dict[tuple[type, Any], asyncio.Task[None]] = {}
        self._questions = Questions()
        self._group = asyncio.TaskGroup()
        self._changes: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:  # noqa: PYI036  handed on to the group as they are
        """Cancel what is still running; `drain` before is the gentle way."""
        if self._changes is not None:
            self._changes.cancel()
        for call in self._calls.values():
            call.cancel()
        # The group's tasks raise nothing: an error of the block is the block's, not one of a group.
        cancelled = isinstance(exc[1], asyncio.CancelledError)
        await self._group.__aexit__(*(exc if cancelled else (None, None, None)))

    def feed(self, data: bytes) -> None:
        """Take what the client sent: replies are written, calls begin, all in the order of the bytes."""
        for event in self._session.receive(data):
            self.take(event)

    def judge(self, message: bytes) -> list[Event]:
        """The events in one whole message, for `take`."""
        return self._session.judge(message)

    @property
    def ready(self) -> bool:
        """Whether the handshake is finished."""
        return self._session.legacy.ready

    def take(self, event: Event) -> None:
        """Act on one event."""
        match event:
            case Call():
                self._begin(event)
            case Cancel():
                self._cancel(event)
            case Answer():
                self._questions.answered(event)
            case Refusal():
                if event.data:
                    self._writer.write(event.data)
            case BatchCall():
                self._group.create_task(self._run_batch(event))

    def _begin(self, call: Call) -> None:
        if call.key in self._calls:
            self._writer.write(_IN_USE)
            return
        self._track(call, self._group.create_task(self._run(call)))
        if self._changes is None and self._session.legacy.stage is not Stage.NEW:
            self._changes = self._group.create_task(self._app.follow(self._session.legacy.facts, self.send))

    async def _run(self, call: Call) -> None:
        reply = await self._app.answer(call, self)
        self._writer.write(reply.data)

    async def _run_batch(self, batch: BatchCall) -> None:
        """The replies of a batch in one array, in the order in which they are ready."""
        replies = [member.data for member in batch.members if isinstance(member, Refusal)]
        async with asyncio.TaskGroup() as group:
            for member in batch.members:
                if isinstance(member, Call) and member.key in self._calls:
                    replies.append(_IN_USE)
                elif isinstance(member, Call):
                    self._track(member, group.create_task(self._run_member(member, replies)))
        if replies:
            self._writer.write(b"[" + b",".join(replies) + b"]")

    async def _run_member(self, call: Call, replies: list[bytes]) -> None:
        replies.append((await self._app.answer(call, self)).data)

    def _track(self, call: Call, task: asyncio.Task[None]) -> None:
        # A callback, not a finally in the task: one that is cancelled before its first step never runs.
        self._calls[call.key] = task
        task.add_done_callback(partial(self._forget, call.key))

    def _forget(self, key: tuple[type, Any], task: asyncio.Task[None]) -> None:
        if self._calls.get(key) is task:
            del self._calls[key]

    def _cancel(self, event: Cancel) -> None:
        call = self._calls.get(event.key)
        if call is not None:
            call.cancel()

    async def send(self, message: bytes) -> None:
        """Send one message and wait while the stream is full."""
        self._writer.write(message)
        await self._writer.drained()

    async def release(self) -> None:
        """A pipe has no connection of one call's own."""

    async def ask(self, method: str, params: Any) -> Raw:
        """Send a request of ours and wait for the client's result."""
        return await self._questions.ask(self.send, method, params)

    async def drain(self) -> None:
        """Let the calls in flight finish within the drain time; questions get no answer any more."""
        self._questions.give_up()
        if self._calls:
            await asyncio.wait(self._calls.values(), timeout=self._app.limits.drain_seconds)
