"""Progress, log messages and cancellation."""

from typing import Any

from mcp_protocol.types.structs import LoggingLevel, Number, Params, ProgressToken, RequestId


class ProgressParams(Params, frozen=True, kw_only=True):
    """How far the request with this token has come; `message` since 2025-03-26."""

    progress_token: ProgressToken
    progress: Number
    total: Number | None = None
    message: str | None = None


class LoggingMessageParams(Params, frozen=True, kw_only=True):
    """One log message of `notifications/message`."""

    level: LoggingLevel
    logger: str | None = None
    data: Any


class SetLevelParams(Params, frozen=True, kw_only=True):
    """The least level that a legacy session wants to hear of."""

    level: LoggingLevel


class CancelledParams(Params, frozen=True, kw_only=True):
    """The request that its sender no longer wants answered."""

    request_id: RequestId
    reason: str | None = None
