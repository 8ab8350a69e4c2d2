"""The exceptions this package raises, and what each becomes on the wire.

McpError                        root of everything we raise
├── ProtocolError               code, message, data, http_status: goes out as a JSON-RPC error
│   ├── LocalProtocolError      our caller misused the session
│   ├── Busy                    too many calls are waiting
│   └── RemoteProtocolError     the peer did
│       ├── Malformed, InvalidRequest, MethodNotFound, InvalidParams, ResourceNotFound
│       ├── HeaderMismatch, MissingCapability, UnsupportedRevision
│       └── Unauthorized, Forbidden        with the challenge
├── ToolError                   text for the model; becomes isError; hint= says what to do next
│   └── Refused                 policy, mode or roots said no; audited
├── TransportError              ConnectionLost, MessageTooLarge, DeadlineExceeded
└── SettingsError               one sentence on stderr, exit code 2
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar


class Code(IntEnum):
    """JSON-RPC error codes that we send (2026-07-28 basic, "Error codes")."""

    PARSE = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL = -32603
    RESOURCE_NOT_FOUND = -32002  # legacy revisions only
    HEADER_MISMATCH = -32020
    MISSING_CAPABILITY = -32021
    UNSUPPORTED_REVISION = -32022


# One table for the ladder and for handlers. Internal errors stay 200: clients read bodies on 2xx.
HTTP_STATUS: Mapping[int, int] = {
    Code.PARSE: 400,
    Code.INVALID_REQUEST: 400,
    Code.METHOD_NOT_FOUND: 404,
    Code.INVALID_PARAMS: 400,
    Code.INTERNAL: 200,
    Code.RESOURCE_NOT_FOUND: 200,
    Code.HEADER_MISMATCH: 400,
    Code.MISSING_CAPABILITY: 400,
    Code.UNSUPPORTED_REVISION: 400,
}


class McpError(Exception):
    """Root of everything this package raises."""


class ProtocolError(McpError):
    """A fault that goes out as a JSON-RPC error.

    `data` is the error's `data` member (JSON-encodable), `http_status` the status of a modern HTTP answer.
    """

    code: int = Code.INTERNAL

    def __init__(self, message: str, *, data: Any = None, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        if code is not None:
            self.code = code

    @property
    def http_status(self) -> int:
        """The HTTP status for this error in the 2026-07-28 revision."""
        return HTTP_STATUS.get(self.code, 200)


class LocalProtocolError(ProtocolError):
    """Our own caller misused the session, for example by replying twice."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule of the protocol."""


class Malformed(RemoteProtocolError):
    """Not JSON, not UTF-8, or beyond the parser's limits."""

    code = Code.PARSE


class InvalidRequest(RemoteProtocolError):
    """JSON, but not one request or notification object."""

    code = Code.INVALID_REQUEST


class Busy(ProtocolError):
    """Too many calls are waiting already: HTTP 503, nothing was run."""

    @property
    def http_status(self) -> int:
        """503, also where a client would read a body on 2xx: it should come back later."""
        return 503


class MethodNotFound(RemoteProtocolError):
    """The method is unknown, or its capability is not offered."""

    code = Code.METHOD_NOT_FOUND


class InvalidParams(RemoteProtocolError):
    """Bad params or `_meta`; an unknown tool, prompt, task or cursor; a requestState that does not verify."""

    code = Code.INVALID_PARAMS


class ResourceNotFound(InvalidParams):
    """No such resource: -32602 in 2026-07-28, -32002 before; `data.uri` names it in both."""

    def __init__(self, uri: str) -> None:
        super().__init__("Resource not found", data={"uri": uri})


class HeaderMismatch(RemoteProtocolError):
    """A mirrored HTTP header is missing, doubled, malformed or differs from the body."""

    code = Code.HEADER_MISMATCH


class MissingCapability(RemoteProtocolError):
    """The request needs a client capability that it did not declare; `required` is a ClientCapabilities object."""

    code = Code.MISSING_CAPABILITY

    def __init__(self, message: str, *, required: Mapping[str, Any]) -> None:
        super().__init__(message, data={"requiredCapabilities": dict(required)})


class UnsupportedRevision(RemoteProtocolError):
    """The request names a protocol version that is not served."""

    code = Code.UNSUPPORTED_REVISION

    def __init__(self, requested: str, *, supported: list[str]) -> None:
        super().__init__("Unsupported protocol version", data={"supported": supported, "requested": requested})


class Unauthorized(RemoteProtocolError):
    """No valid token: HTTP 401 with the challenge of RFC 6750 and RFC 9728."""

    code = Code.INVALID_REQUEST  # where it is a JSON-RPC error: the protocol has no code of its own for it
    status: ClassVar[int] = 401

    def __init__(self, message: str, *, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge

    @property
    def http_status(self) -> int:
        """401, or 403 for `Forbidden`."""
        return self.status


class Forbidden(Unauthorized):
    """The token lacks a scope: HTTP 403 `insufficient_scope`."""

    status: ClassVar[int] = 403


class ToolError(McpError):
    """A tool's own failure, written for the model: becomes a result with `isError: true`.

    The text is one or two sentences: what was refused, which value, what would work. `hint` says what to do
    next, `code` is a stable machine-readable word (`not_found`), `retryable` that the same call may succeed later.
    """

    def __init__(self, message: str, *, code: str = "failed", hint: str | None = None, retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.retryable = retryable

    @property
    def text(self) -> str:
        """What a model reads."""
        said = f"{self.code}: {self.message}"
        return f"{said} {self.hint}" if self.hint else said

    @property
    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "retryable": self.retryable}


class Refused(ToolError):
    """Policy, mode or roots said no; such a refusal is audited."""


class TransportError(McpError):
    """The bytes could not be moved."""


class ConnectionLost(TransportError):
    """The other side is gone."""


class MessageTooLarge(TransportError):
    """A message is over the limit of its transport."""


class DeadlineExceeded(TransportError):
    """No answer came in time."""


class SettingsError(McpError):
    """A bad setting: one sentence on stderr and exit code 2."""
