"""The JSON-RPC messages as values: what the codec produces and what a session reads."""

from typing import Any

from msgspec import Raw, Struct

from mcp_protocol.errors import ProtocolError

RequestId = str | int


class Request(Struct, frozen=True):
    """A call that wants an answer; `params` is decoded, and empty when there was none."""

    id: RequestId
    method: str
    params: dict[str, Any] = {}


class Notification(Struct, frozen=True):
    """A call that wants no answer; `params` as in a request."""

    method: str
    params: dict[str, Any] = {}


class Response(Struct, frozen=True):
    """The result of a request; `result` is the raw result object."""

    id: RequestId
    result: Raw


class ErrorObject(Struct, frozen=True):
    """Why a request failed; `data` is raw, or empty when there was none."""

    code: int
    message: str
    data: Raw = Raw(b"")


class ErrorResponse(Struct, frozen=True):
    """The failure of a request; without an id when the peer could not read ours."""

    id: RequestId | None
    error: ErrorObject


class Rejected(Struct, frozen=True):
    """Bytes that are no message: the error to answer with, and the id if it could be read and was valid."""

    error: ProtocolError
    id: RequestId | None = None


Message = Request | Notification | Response | ErrorResponse


class Batch(Struct, frozen=True):
    """The members of a JSON array, in order; whether a batch is allowed here is for the session to say."""

    members: list[Message | Rejected]
