"""Tasks, the extension `io.modelcontextprotocol/tasks` of 2026-07-28: a handle for work that outlives its request."""

from typing import Any, Literal

from mcp_protocol.types.input import InputRequest
from mcp_protocol.types.structs import Params, Result, Wire

TASKS = "io.modelcontextprotocol/tasks"

TaskStatus = Literal["working", "input_required", "completed", "failed", "cancelled"]


class TaskError(Wire, frozen=True, kw_only=True):
    """The JSON-RPC error that a failed task would have been answered with."""

    code: int
    message: str
    data: Any = None


class CreateTaskResult(Result, frozen=True, kw_only=True, tag_field="resultType", tag="task"):
    """The answer to a call that goes on as a task. Times are ISO 8601, durations milliseconds."""

    task_id: str
    status: TaskStatus
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int | None = None
    status_message: str | None = None


class GetTaskResult(Result, frozen=True, kw_only=True):
    """A task as it stands: with its questions, its result or its error, by its status."""

    task_id: str
    status: TaskStatus
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int | None = None
    status_message: str | None = None
    input_requests: dict[str, InputRequest] | None = None
    result: Any = None
    error: TaskError | None = None


class TaskParams(Params, frozen=True, kw_only=True):
    """Which task, for `tasks/get` and `tasks/cancel`."""

    task_id: str


class UpdateTaskParams(TaskParams, frozen=True, kw_only=True):
    """Answers to questions of a task."""

    input_responses: dict[str, Any]
