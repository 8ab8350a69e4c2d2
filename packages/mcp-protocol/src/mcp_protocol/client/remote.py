"""What a server may answer instead of a result, as exceptions."""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from mcp_protocol.errors import McpError, RemoteProtocolError, TransportError
from mcp_protocol.jsonrpc import ErrorObject
from mcp_protocol.types import Result

R = TypeVar("R", bound=Result)


class RemoteError(McpError):
    """The server answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        """`data` is the decoded `data` member, or None."""
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data

    @classmethod
    def of(cls, error: ErrorObject) -> "RemoteError":
        """The exception for an error that was received."""
        data = msgspec.json.decode(error.data) if error.data else None
        return cls(error.code, error.message, data)


class HttpStatusError(TransportError):
    """The server answered with an HTTP status that carries no JSON-RPC message."""

    def __init__(self, status: int) -> None:
        """Only the number is kept: the body is not the protocol's."""
        super().__init__(f"The server answered with HTTP status {status}")
        self.status = status


class _Kind(Struct):
    kind: str = field(default="complete", name="resultType")


_kind = msgspec.json.Decoder(_Kind)


def result_kind(result: Raw) -> str:
    """The `resultType`; "complete" when there is none, as in every legacy result.

    Raises:
        RemoteProtocolError: it is no string.
    """
    try:
        return _kind.decode(result).kind
    except msgspec.DecodeError as error:
        raise RemoteProtocolError("The server's resultType is not a string") from error


def read_result(kind: type[R], result: Raw) -> R:
    """The result in its type.

    Raises:
        RemoteProtocolError: it does not fit, or is of a kind that is not known here.
    """
    if (found := result_kind(result)) not in {"complete", "input_required"}:
        raise RemoteProtocolError(f"The server answered with a result of the unknown type {found[:64]!r}")
    try:
        return msgspec.json.decode(result, type=kind)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(f"The server's result is no {kind.__name__}: {error}") from error
