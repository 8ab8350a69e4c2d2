"""The tasks extension: calls that go on after their answer, the methods that follow them, and who may.

A tool declares `task="allowed"` or `"required"` and calls `await ctx.background()` where it goes into the
background: what it asked before went out as an input-required result, what it asks after is shown by tasks/get.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from secrets import token_urlsafe
from typing import Any, Self

from mcp_protocol.errors import Busy, InvalidParams, MissingCapability, ProtocolError, ToolError
from mcp_protocol.revisions import Era
from mcp_protocol.server.access import NOTHING, Needs
from mcp_protocol.server.context import Context
from mcp_protocol.server.jobs import Job, Record
from mcp_protocol.server.results import Answer, error_result, typed
from mcp_protocol.server.running import Running
from mcp_protocol.server.services import Services
from mcp_protocol.server.task_store import Forgetful, TaskStore
from mcp_protocol.session.calls import Call, Principal
from mcp_protocol.types import CallToolResult, Result
from mcp_protocol.types.tasks import TASKS, TaskParams, UpdateTaskParams

_log = logging.getLogger(__name__)

_ID_BYTES = 24  # 192 random bits: an id is all that is needed to ask, so it must not be guessed
_DONE = Result()


class Tasks:
    """All tasks of one running server; ids of others look like ids that never were."""

    def __init__(self, services: Services, store: TaskStore | None = None) -> None:
        self._services = services
        self._store = store or Forgetful()
        self._jobs: dict[str, Job] = {}
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        for record in await self._store.load():
            self._jobs[record.task_id] = self._job(record)
        return self

    async def __aexit__(self, *_: object) -> None:
        for job in self._jobs.values():
            if job.worker is not None:
                job.worker.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work that may outlive its call."""
        return self._group.create_task(work)

    async def create(self, principal: Principal, needs: Needs = NOTHING) -> Job:
        """A task that tasks/get finds from now on.

        Raises:
            Busy: the caller has as many as it may have.
        """
        await self._forget_expired()
        limits = self._services.limits
        if sum(job.record.owner == principal.key for job in self._jobs.values()) >= limits.tasks:
            raise Busy(f"A caller may have at most {limits.tasks} tasks; cancelled and finished ones expire")
        now = self._services.now()
        record = Record(
            task_id=token_urlsafe(_ID_BYTES),
            owner=principal.key,
            needs=needs,
            created=now,
            updated=now,
            ttl_ms=int(limits.task_seconds * 1000),
        )
        await self._store.save(record)
        job = self._jobs[record.task_id] = self._job(record)
        return job

    def find(self, task_id: str, principal: Principal) -> Job:
        """The caller's task of that id.

        Raises:
            InvalidParams: there is none; another caller's looks the same.
        """
        job = self._jobs.get(task_id)
        if job is None or job.record.owner != principal.key or job.record.expired(self._services.now()):
            raise InvalidParams("Unknown task")
        return job

    def _job(self, record: Record) -> Job:
        return Job(record, self._keep, self._services)

    async def _keep(self, record: Record) -> None:
        try:
            await self._store.save(record)
        except OSError:  # a full disk: whoever asks this process is answered all the same
            _log.exception("a task could not be kept", extra={"task": record.task_id[:8]})

    async def _forget_expired(self) -> None:
        now = self._services.now()
        for task_id in [task_id for task_id, job in self._jobs.items() if job.record.expired(now)]:
            job = self._jobs.pop(task_id)
            if job.worker is not None:
                job.worker.cancel()
            await self._store.forget(task_id)


class Attempt:
    """One call that may become a task: answered by its result or, once it is in the background, by its handle."""

    def __init__(self, app: Running, tasks: Tasks, ctx: Context[Any]) -> None:
        self._app = app
        self._tasks = tasks
        self._ctx = ctx
        loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[CallToolResult] = loop.create_future()
        self._detached: asyncio.Future[Job] = loop.create_future()

    async def run(self, call: Callable[[], Awaitable[CallToolResult]]) -> Answer:
        """Wait for the result or the handle, whichever comes first."""
        self._ctx.promote = self._promote
        worker = self._tasks.start(self._work(call))
        try:
            await asyncio.wait({self._outcome, self._detached}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if not self._detached.done():  # a cancelled request never cancels a task that it has become
                worker.cancel()
            raise
        return self._detached.result().handle() if self._detached.done() else self._outcome.result()

    async def _promote(self) -> Job:
        job = await self._tasks.create(self._ctx.principal, self._app.needs(self._ctx.call))
        job.worker = asyncio.current_task()
        if self._ctx.deadline is not None:
            self._ctx.deadline.restart(self._app.limits.task_seconds)
        self._detached.set_result(job)
        return job

    async def _work(self, call: Callable[[], Awaitable[CallToolResult]]) -> None:
        try:
            result = await call()
        except asyncio.CancelledError:
            self._outcome.cancel()
            raise
        except BaseException as error:  # noqa: BLE001  carried to whoever waits: the call, or tasks/get
            await self._failed(error)
        else:
            await self._ended(result)

    async def _ended(self, result: CallToolResult) -> None:
        if self._detached.done():
            await self._detached.result().finish(self._app.encoded(result, self._ctx.revision))
        else:
            self._outcome.set_result(result)

    async def _failed(self, error: BaseException) -> None:
        if not self._detached.done():
            self._outcome.set_exception(error)
        elif isinstance(error, ToolError):
            await self._ended(error_result(error))
        elif isinstance(error, ProtocolError):
            await self._detached.result().fail(error)
        else:
            _log.error("task failed", exc_info=error, extra={"request_id": self._ctx.request_id})
            await self._detached.result().fail(ProtocolError(f"Internal error (id {self._ctx.request_id})"))


def declared(call: Call) -> bool:
    """Whether this very request says that its client can follow tasks; a legacy session has no way to."""
    return call.peer.era is Era.MODERN and TASKS in (call.peer.capabilities.extensions or {})


def undeclared() -> MissingCapability:
    """The refusal of what needs a client that can follow tasks."""
    return MissingCapability("This needs the tasks extension", required={"extensions": {TASKS: {}}})


async def get_task(app: Running, ctx: Context[Any]) -> Answer:
    """A task as it stands."""
    return _named(app, ctx, TaskParams, "tasks/get needs a taskId")[0].state()


async def update_task(app: Running, ctx: Context[Any]) -> Answer:
    """Answer questions of a task; the next tasks/get shows it."""
    job, params = _named(app, ctx, UpdateTaskParams, "tasks/update needs a taskId and inputResponses, an object")
    await job.answer(params.input_responses)
    return _DONE


async def cancel_task(app: Running, ctx: Context[Any]) -> Answer:
    """Stop a task; for one that has ended there is nothing to do."""
    job, _ = _named(app, ctx, TaskParams, "tasks/cancel needs a taskId")
    await job.cancel()
    return _DONE


def _named(app: Running, ctx: Context[Any], kind: type[Any], needed: str) -> tuple[Job, Any]:
    if not declared(ctx.call):
        raise undeclared()
    params = typed(ctx.call.params, kind, needed)
    job = tasks_of(app).find(params.task_id, ctx.principal)
    app.permit(job.record.needs, ctx.principal)
    return job, params


def tasks_of(app: Running) -> Tasks:
    """The tasks of a server that has tools for them."""
    if isinstance(app.tasks, Tasks):
        return app.tasks
    raise AssertionError("the methods of tasks are offered only where there are tasks")
