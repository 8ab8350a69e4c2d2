"""JSON-RPC 2.0: bytes to messages and back; knows nothing of MCP."""

from mcp_protocol.encoding import encode
from mcp_protocol.jsonrpc.codec import (
    decode,
    encode_error,
    encode_notification,
    encode_request,
    encode_result,
    join_result,
)
from mcp_protocol.jsonrpc.framing import LineFramer, Oversized
from mcp_protocol.jsonrpc.messages import (
    Batch,
    ErrorObject,
    ErrorResponse,
    Message,
    Notification,
    Rejected,
    Request,
    RequestId,
    Response,
)
from mcp_protocol.jsonrpc.pending import Pending

__all__ = [
    "Batch",
    "ErrorObject",
    "ErrorResponse",
    "LineFramer",
    "Message",
    "Notification",
    "Oversized",
    "Pending",
    "Rejected",
    "Request",
    "RequestId",
    "Response",
    "decode",
    "encode",
    "encode_error",
    "encode_notification",
    "encode_request",
    "encode_result",
    "join_result",
]
