"""One tool call that may go on as a task: its state, its questions, its end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import encode
from msgspec.structs import replace

from mcp_protocol.errors import ProtocolError
from mcp_protocol.revisions import LATEST
from mcp_protocol.server.questions import Ask
from mcp_protocol.server.services import Services
from mcp_protocol.types import InputRequest
from mcp_protocol.types.tasks import CreateTaskResult, GetTaskResult, TaskError, TaskStatus

FINAL: frozenset[TaskStatus] = frozenset({"completed", "failed", "cancelled"})

# How often a client should look: the suites and people alike wait gladly for half a second.
POLL_MS = 500


class Record(Struct, frozen=True, kw_only=True):
    """A task as it is kept: enough to answer for it after a restart."""

    task_id: str
    owner: str
    """The key of the principal that it belongs to."""
    created: float
    """Seconds since the epoch."""
    updated: float
    ttl_ms: int
    needs: frozenset[str] = frozenset()
    """The scopes that its tool needs: following it, or answering its questions, takes no less."""
    status: TaskStatus = "working"
    message: str | None = None
    result: Any = None
    """What the tool answered: encoded, or decoded where it comes from a store."""
    error: TaskError | None = None

    def expired(self, now: float) -> bool:
        """Whether it may be forgotten."""
        return now > self.created + self.ttl_ms / 1000


class Job:
    """A task that is running in this process, or the record of one that has ended."""

    def __init__(self, record: Record, keep: Callable[[Record], Awaitable[None]], services: Services) -> None:
        """`keep` puts its last state where it outlives this process, if there is such a place."""
        self.record = record
        self.questions: dict[str, InputRequest] = {}
        self.worker: asyncio.Task[None] | None = None
        self._keep = keep
        self._services = services
        self._ending = False
        self._asks: dict[str, tuple[Ask[Any], asyncio.Future[Any]]] = {}
        self._used: set[str] = set()

    async def ask(self, ask: Ask[Any]) -> Any:
        """Show a question through tasks/get and wait for its answer; silence and nonsense leave it open."""
        question = ask.question(LATEST)
        key = self._fresh_key(question.key or "question")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        request = InputRequest(method=question.method, params=Raw(encode(question.params)))  # pyright: ignore[reportArgumentType]  what an Ask can be
        self.questions[key] = request
        self._asks[key] = (ask, answer)
        await self._move("input_required")
        try:
            return await answer
        finally:
            self.questions.pop(key, None)
            self._asks.pop(key, None)

    async def answer(self, responses: dict[str, Any]) -> None:
        """Take answers to open questions; unknown keys and answers of the wrong shape are ignored."""
        for key, response in responses.items():
            if key not in self.questions:
                continue
            ask, waiting = self._asks[key]
            try:
                reply = ask.read(response)
            except ValueError:
                continue
            del self.questions[key]
            if not waiting.done():
                waiting.set_result(reply)
        if self.record.status == "input_required" and not self.questions:
            await self._move("working")

    async def say(self, message: str) -> None:
        """Tell whoever looks how far it has come."""
        await self._move(self.record.status, message=message)

    async def finish(self, result: bytes) -> None:
        """The tool has answered, `isError` or not."""
        await self._move("completed", result=Raw(result))

    async def fail(self, error: ProtocolError) -> None:
        """The call would have been answered with this error."""
        await self._move("failed", error=TaskError(code=error.code, message=error.message, data=error.data))

    async def cancel(self) -> None:
        """Stop it; one that has ended stays as it is."""
        if await self._move("cancelled") and self.worker is not None:
            self.worker.cancel()

    def handle(self) -> CreateTaskResult:
        """The answer that carries the handle."""
        record = self.record
        return CreateTaskResult(
            task_id=record.task_id,
            status=record.status,
            created_at=iso(record.created),
            last_updated_at=iso(record.updated),
            ttl_ms=record.ttl_ms,
            poll_interval_ms=POLL_MS,
            status_message=record.message,
        )

    def state(self, meta: dict[str, Any] | None = None) -> GetTaskResult:
        """All there is to say of it now."""
        record = self.record
        return GetTaskResult(
            meta=meta,
            task_id=record.task_id,
            status=record.status,
            created_at=iso(record.created),
            last_updated_at=iso(record.updated),
            ttl_ms=record.ttl_ms,
            poll_interval_ms=None if record.status in FINAL else POLL_MS,
            status_message=record.message,
            input_requests=dict(self.questions) if record.status == "input_required" else None,
            result=record.result,
            error=record.error,
        )

    async def _move(self, status: TaskStatus, **changes: Any) -> bool:
        """Take a step, unless it is at its end: that is kept before anyone sees it."""
        if self._ending or self.record.status in FINAL:
            return False
        record = replace(self.record, status=status, updated=self._services.now(), **changes)
        if status in FINAL:
            self._ending = True
            await self._keep(record)
        self.record = record
        self._services.hub.task_changed(record.task_id)
        return True

    def _fresh_key(self, wanted: str) -> str:
        """A key that this task has never used (tasks extension, "Task Update Requests")."""
        key, number = wanted, 1
        while key in self._used:
            number += 1
            key = f"{wanted}_{number}"
        self._used.add(key)
        return key


def iso(seconds: float) -> str:
    """A time as the wire has it: UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
