"""What a handler knows of its call and may do during it: report, ask, announce.

A question on 2026-07-28 ends the attempt, and the handler runs again from its start once the client has the
answer. Hence the rule for authors: **ask before you act**.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, TypeVar

from msgspec import json

from mcp_protocol.errors import MissingCapability, RemoteProtocolError, ToolError
from mcp_protocol.jsonrpc import encode_notification
from mcp_protocol.revisions import Era, Revision
from mcp_protocol.server.channel import Channel
from mcp_protocol.server.deadlines import Deadline
from mcp_protocol.server.jobs import Job
from mcp_protocol.server.questions import Ask, Elicit, Form, ListRoots, Sample, Visit
from mcp_protocol.server.services import Services
from mcp_protocol.server.throttle import Rate, Steps, paused
from mcp_protocol.session import rounds
from mcp_protocol.session.calls import Call, Principal, Transport
from mcp_protocol.session.rounds import Round
from mcp_protocol.types import (
    CreateMessageResult,
    Implementation,
    LoggingLevel,
    LoggingMessageParams,
    ProgressParams,
    Root,
    SamplingMessage,
)

State = TypeVar("State")
Reply = TypeVar("Reply")

_SEVERITY: dict[LoggingLevel, int] = {
    "debug": 0,
    "info": 1,
    "notice": 2,
    "warning": 3,
    "error": 4,
    "critical": 5,
    "alert": 6,
    "emergency": 7,
}


class Suspended(BaseException):
    """Ends an attempt whose questions the client must answer first; not an error, and not for authors to catch."""


class Context(Generic[State]):
    """The first argument of every handler.

    `request_id` is a short name of the call for logs, unrelated to the peer's id.
    """

    __slots__ = (
        "_call",
        "_channel",
        "_logged",
        "_progress",
        "_services",
        "askable",
        "deadline",
        "job",
        "promote",
        "request_id",
        "round",
        "state",
    )

    def __init__(self, state: State, call: Call, channel: Channel, services: Services, request_id: str) -> None:
        self.state = state
        self.request_id = request_id
        self.round: Round | None = None
        self.askable = False
        self.promote: Callable[[], Awaitable[Job]] | None = None
        self.job: Job | None = None
        self.deadline: Deadline | None = None
        self._call = call
        self._channel = channel
        self._services = services
        self._progress: Steps | None = None
        self._logged: Rate | None = None

    @property
    def call(self) -> Call:
        """The request itself."""
        return self._call

    @property
    def channel(self) -> Channel:
        """The stream of this request."""
        return self._channel

    @property
    def principal(self) -> Principal:
        """Who the call is made for."""
        return self._call.peer.principal

    @property
    def client(self) -> Implementation | None:
        """What the client calls itself; for display and logs, never for decisions."""
        return self._call.peer.client

    @property
    def revision(self) -> Revision:
        """The protocol revision of this call."""
        return self._call.peer.revision

    @property
    def transport(self) -> Transport:
        """How the call came."""
        return self._call.peer.transport

    def can(self, capability: str) -> bool:
        """Whether the client declared a capability: `roots`, `sampling`, `elicitation`, `elicitation.url`."""
        return self._call.peer.can(capability)

    async def background(self) -> None:
        """From here on the call goes on as a task: its client gets a handle and looks in from time to time.

        For a client that cannot follow tasks, and a tool that is none, nothing changes: it waits for the result.
        Progress messages become the task's status; log messages go nowhere.
        """
        if self.promote is not None and self.job is None:
            self.job = await self.promote()

    async def release(self) -> None:
        """Let the connection go while the work goes on, where the client can come back for the rest (SEP-1699).

        That is 2025-11-25 over HTTP: a client with many calls keeps few connections. Elsewhere nothing happens.
        """
        await self._channel.release()

    async def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Report progress, where the caller asked for it. Steps must increase; close ones are merged."""
        if self.job is not None:
            if message is not None:
                await self.job.say(message)
            return
        token = self._call.progress_token
        if token is None:
            return
        if self._progress is None:
            self._progress = Steps(self._services.limits.progress_interval)
        step = ProgressParams(
            progress_token=token,
            progress=done,
            total=total,
            message=message if self.revision >= Revision.V2025_03_26 else None,
        )
        if self._progress.due(step, self._services.clock()):
            await self._channel.send(encode_notification("notifications/progress", step))

    async def log(self, level: LoggingLevel, data: object, *, logger: str | None = None) -> None:
        """Send a log message to the client, if it wants messages of that severity. Never secrets."""
        session = self._call.peer.session
        wanted = self._call.peer.log_level if session is None else session.log_level
        if wanted is None or self.job is not None or _SEVERITY[level] < _SEVERITY[wanted]:
            return
        if self._logged is None:
            self._logged = Rate(self._services.limits.log_per_second)
        if self._logged.allows(self._services.clock()):
            params = LoggingMessageParams(level=level, data=data, logger=logger)
            await self._channel.send(encode_notification("notifications/message", params))

    async def elicit(
        self, form: type[Form], message: str, *, key: str | None = None, authorises: bool = False
    ) -> Form | None:
        """Ask the user to fill in a form; None where they declined or cancelled.

        Raises:
            MissingCapability: the client cannot show forms.
        """
        return await self.ask(Elicit(form, message, key=key, authorises=authorises))

    async def visit(self, url: str, message: str, *, key: str | None = None) -> bool:
        """Ask the user to visit a web page; whether they agreed to. For secrets, which a form may not ask.

        Raises:
            MissingCapability: the client cannot open pages for its user.
        """
        return await self.ask(Visit(url, message, key=key, identity=self.request_id))

    async def sample(
        self,
        messages: str | list[SamplingMessage],
        *,
        max_tokens: int,
        system: str | None = None,
        key: str | None = None,
    ) -> CreateMessageResult:
        """Ask the client's model.

        Raises:
            MissingCapability: the client has no model to ask.
        """
        return await self.ask(Sample.of(messages, max_tokens=max_tokens, system=system, key=key))

    async def list_roots(self) -> list[Root]:
        """The directories and files that the client's user works on.

        Raises:
            MissingCapability: the client did not declare roots.
        """
        session = self._call.peer.session
        if session is None:
            return await self.ask(ListRoots())
        if session.roots is None:
            session.roots = await self.ask(ListRoots())
        return session.roots

    async def ask(self, question: Ask[Reply]) -> Reply:
        """Ask one question of any kind."""
        replies: list[Any] = await self.ask_together(question)
        return replies[0]

    async def ask_together(self, *questions: Ask[Any]) -> list[Any]:
        """Ask several questions at once: on 2026-07-28 they go out in one result. Replies in the same order."""
        for question in questions:
            if not self.can(question.capability):
                raise _unable(question.capability)
        if self.job is not None:
            return await asyncio.gather(*map(self.job.ask, questions))
        if self._call.peer.era is Era.MODERN:
            return self._replayed(questions)
        return [await self._asked_live(question) for question in questions]

    async def resource_updated(self, uri: str) -> None:
        """Tell everyone who subscribed to this resource that it has changed."""
        self._services.hub.resource_updated(uri)

    async def list_changed(self, kind: Literal["tools", "prompts", "resources"]) -> None:
        """Tell everyone who listens that a list has changed."""
        self._services.hub.list_changed(kind)

    async def flush(self) -> None:
        """Send the progress step that was held back, before the result goes out."""
        held = None if self._progress is None else self._progress.held
        if held is not None:
            await self._channel.send(encode_notification("notifications/progress", held))

    def _replayed(self, questions: tuple[Ask[Any], ...]) -> list[Any]:
        if not self.askable:
            raise ToolError("This request cannot ask the user anything.", code="invalid_argument")
        current = self.round = self.round or Round(rounds.State(), {})
        replies: list[Any] = []
        for ask in questions:
            question = ask.question(self.revision)
            key, answer = current.answer(question)
            try:
                if answer is not None:
                    replies.append(ask.read(answer))
                    current.keep(key, question, answer)
                    continue
            except ValueError:
                pass  # a mistyped answer is no answer: the question goes out again
            current.ask(key, question)
        if current.open:
            raise Suspended
        return replies

    async def _asked_live(self, ask: Ask[Reply]) -> Reply:
        question = ask.question(self.revision)
        try:
            async with self._services.gate.left(), paused(self.deadline, self._services.limits.question_seconds):
                answer = await self._channel.ask(question.method, question.params)
        except TimeoutError:
            return ask.unanswered()
        except RemoteProtocolError as error:
            raise ToolError(f"The client could not answer {question.method}: {error.message[:200]}") from error
        try:
            return ask.read(json.decode(answer))
        except ValueError as error:
            raise ToolError(f"The client answered {question.method} with the wrong shape.", code="failed") from error


def _unable(capability: str) -> MissingCapability:
    required: dict[str, Any] = {}
    inner = required
    for part in capability.split("."):
        inner = inner.setdefault(part, {})
    return MissingCapability(f"This needs the client capability {capability}", required=required)
