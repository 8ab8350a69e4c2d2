"""One JSON line for each call of a tool: who, what, on which database, how it ended. Never values or rows."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
from msgspec import Raw, Struct

from mcp_protocol.errors import McpError, SettingsError, ToolError
from mcp_protocol.server.context import Context
from mcp_protocol.server.dispatch import Middleware, Proceed
from mcp_protocol.server.results import Answer
from mcp_protocol.session.calls import Call
from mcp_protocol.types import CallToolResult
from mcp_ref_kit.options import Mode

Detail = Literal["full", "digest"]

_STDERR = Path("-")
_PARAMETERS = ("params", "values")


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is written."""

    time: str
    call: str
    principal: str
    client: str | None = None
    transport: str
    tool: str
    database: str | None = None
    mode: Mode
    statement: str | None = None
    statement_sha256: str | None = None
    parameters: int | None = None
    rows: int | None = None
    bytes: int = 0
    ms: float
    outcome: str
    reason: str | None = None


class _Counted(Struct):
    row_count: int | None = None
    rows: int | list[Raw] | None = None


def audit_layer(path: Path, detail: Detail, mode: Mode) -> Middleware:
    """The layer that writes to this file, which only its owner may read; it is opened now.

    Raises:
        SettingsError: it cannot be written.
    """
    return partial(_audit, _Log(path), detail, mode)


async def _audit(log: "_Log", detail: Detail, mode: Mode, ctx: Context[Any], call: Call, proceed: Proceed) -> Answer:
    if call.method != "tools/call":
        return await proceed()
    started = time.monotonic()
    line = partial(_line, ctx, detail, mode, started)
    try:
        answer = await proceed()
    except BaseException as error:  # a question, a cancellation: whatever ends the call is written down
        await log.write(line(outcome=_outcome_of(error), reason=_reason(error)))
        raise
    outcome = "error" if isinstance(answer, CallToolResult) and answer.is_error else "ok"
    await log.write(line(outcome=outcome, answer=answer))
    return answer


def _line(  # noqa: PLR0913  the facts of one call
    ctx: Context[Any],
    detail: Detail,
    mode: Mode,
    started: float,
    *,
    outcome: str,
    reason: str | None = None,
    answer: Answer | None = None,
) -> Line:
    arguments = _arguments(ctx)
    statement = _statement(arguments)
    parameters = next((arguments[name] for name in _PARAMETERS if name in arguments), None)
    rows, size = _size(answer)
    return Line(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        call=ctx.request_id,
        principal=ctx.principal.key,
        client=None if ctx.client is None else ctx.client.name,
        transport=ctx.transport,
        tool=str(ctx.call.params.get("name")),
        database=cast("str | None", arguments.get("database")),
        mode=mode,
        statement=statement if detail == "full" else None,
        statement_sha256=None if statement is None else sha256(statement.encode("utf-8", "replace")).hexdigest(),
        parameters=len(cast("list[Any]", parameters)) if isinstance(parameters, list | dict) else None,
        rows=rows,
        bytes=size,
        ms=round((time.monotonic() - started) * 1000, 3),
        outcome=outcome,
        reason=reason,
    )


def _arguments(ctx: Context[Any]) -> Mapping[str, Any]:
    found = ctx.call.params.get("arguments")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _statement(arguments: Mapping[str, Any]) -> str | None:
    """What was to run, without the values that were to be bound."""
    for name, read in _STATEMENTS.items():
        found = arguments.get(name)
        if found is not None:
            said = read(found)
            return said if isinstance(said, str) else msgspec.json.encode(said).decode()
    return None


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) else None


def _sql(found: Any) -> str | None:
    return _text(cast("dict[str, Any]", found).get("sql")) if isinstance(found, dict) else None


def _first_word(found: Any) -> str | None:
    words = cast("list[Any]", found) if isinstance(found, list) else []
    return _text(words[0]) if words else None


def _each(read: Callable[[Any], str | None], found: Any) -> list[str | None]:
    return [read(item) for item in cast("list[Any]", found)] if isinstance(found, list) else []


# Where the tools of the servers have statements, and what of one is no value: the first that a call has.
_STATEMENTS: Mapping[str, Callable[[Any], str | list[str | None] | None]] = {
    "sql": _text,
    "query": _text,
    "queries": partial(_each, _text),
    "statements": partial(_each, _sql),
    "commands": partial(_each, _first_word),
    "script": _text,
    "args": _first_word,
}


def _size(answer: Answer | None) -> tuple[int | None, int]:
    structured = answer.structured_content if isinstance(answer, CallToolResult) else None
    if not isinstance(structured, Raw):
        return None, 0
    try:
        counted = msgspec.json.decode(structured, type=_Counted)
    except msgspec.ValidationError:  # another kind of result, where `rows` means something else
        return None, len(memoryview(structured))
    rows = counted.row_count if counted.row_count is not None else counted.rows
    return (rows if isinstance(rows, int) else None), len(memoryview(structured))


def _outcome_of(error: BaseException) -> str:
    if isinstance(error, ToolError):
        return error.code
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "protocol" if isinstance(error, McpError) else "asked" if not isinstance(error, Exception) else "failed"


def _reason(error: BaseException) -> str | None:
    return error.message if isinstance(error, ToolError) else None


class _Log:
    """Appends lines, in the order in which calls end; whatever it takes goes on in a thread."""

    def __init__(self, path: Path) -> None:
        self._lock = asyncio.Lock()
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._fd = sys.stderr.fileno() if path == _STDERR else os.open(path, flags, 0o600)
        except OSError as error:
            raise SettingsError(f"The audit log cannot be written: {os.strerror(error.errno or 0)}.") from None

    async def write(self, line: Line) -> None:
        data = msgspec.json.encode(line) + b"\n"
        async with self._lock:
            await asyncio.shield(asyncio.to_thread(os.write, self._fd, data))
