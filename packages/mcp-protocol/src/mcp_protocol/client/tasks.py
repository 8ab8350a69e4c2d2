"""A call that goes on as a task (2026-07-28, tasks extension): polled to its end, its questions answered on the way."""

import asyncio
from contextlib import suppress
from typing import TypeVar

import msgspec
from msgspec import Raw

from mcp_protocol.client.answers import Answers
from mcp_protocol.client.exchange import Exchange
from mcp_protocol.client.remote import RemoteError
from mcp_protocol.client.rounds import answered
from mcp_protocol.errors import DeadlineExceeded, McpError, RemoteProtocolError
from mcp_protocol.types import Result
from mcp_protocol.types.tasks import CreateTaskResult, GetTaskResult

R = TypeVar("R", bound=Result)

# For servers that do not say, and the bounds for what they say: neither a busy loop nor a forgotten task.
_POLL_SECONDS = 1.0
_SHORTEST = 0.05
_LONGEST = 60.0


async def follow(exchange: Exchange, answers: Answers, handle: Raw) -> Raw:
    """The result that the call would have had; who stops waiting cancels the task.

    Raises:
        RemoteError: the task has failed, or cannot be found.
        RemoteProtocolError: it was cancelled by someone else, or the server's answers make no sense.
        DeadlineExceeded: it was still running when its handle expired.
    """
    task = _read(CreateTaskResult, handle)
    try:
        async with asyncio.timeout(None if task.ttl_ms is None else task.ttl_ms / 1000):
            return await _ended(exchange, answers, task)
    except TimeoutError as error:
        raise DeadlineExceeded(f"The task was still {task.status} when it expired") from error
    except asyncio.CancelledError:
        exchange.background.start(_cancel(exchange, task.task_id))
        raise


async def _cancel(exchange: Exchange, task_id: str) -> None:
    with suppress(McpError):  # nobody waits for the outcome, and the task's handle expires anyway
        await exchange.request("tasks/cancel", {"taskId": task_id})


async def _ended(exchange: Exchange, answers: Answers, task: CreateTaskResult) -> Raw:
    settled: set[str] = set()
    pause = _pause(task.poll_interval_ms)
    while True:
        await asyncio.sleep(pause)
        state = _read(GetTaskResult, await exchange.request("tasks/get", {"taskId": task.task_id}))
        match state.status:
            case "completed":
                return Raw(msgspec.json.encode(state.result))
            case "failed" if state.error is not None:
                raise RemoteError(state.error.code, state.error.message, state.error.data)
            case "failed" | "cancelled":
                raise RemoteProtocolError(
                    f"The task was {state.status}: {state.status_message or 'no reason was given'}"
                )
            case "input_required":
                await _answer(exchange, answers, state, settled)
            case "working":
                pass
        pause = _pause(state.poll_interval_ms)


async def _answer(exchange: Exchange, answers: Answers, state: GetTaskResult, settled: set[str]) -> None:
    """Answer what is new: a key is one question for the whole life of a task, and nobody wants to be asked twice."""
    fresh = {key: question for key, question in (state.input_requests or {}).items() if key not in settled}
    if not fresh:
        return
    responses = {key: await answered(exchange, answers, question) for key, question in fresh.items()}
    settled.update(fresh)
    await exchange.request("tasks/update", {"taskId": state.task_id, "inputResponses": responses})


def _pause(milliseconds: int | None) -> float:
    seconds = _POLL_SECONDS if milliseconds is None else milliseconds / 1000
    return min(max(seconds, _SHORTEST), _LONGEST)


def _read(kind: type[R], result: Raw) -> R:
    try:
        return msgspec.json.decode(result, type=kind)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(f"The server's answer about a task is no {kind.__name__}") from error
