"""Bytes to messages and back: the one strict decoder, and the encoders of the four kinds of message.

The strict reading of a message leaves a tree; `params` is a branch of it, so that a large argument is read once. Of an
answer msgspec cuts out `result` or `error` as they were written: whoever waits for it knows its type.
"""

from collections.abc import Iterable
from typing import Any, Literal, cast

import msgspec
from msgspec import Raw, Struct

from mcp_protocol.encoding import encode, one_line
from mcp_protocol.errors import InvalidParams, InvalidRequest, Malformed, ProtocolError
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
from mcp_protocol.jsonrpc.strict import parse
from mcp_protocol.limits import Limits

_ABSENT = Raw(b"")


def decode(data: bytes, limits: Limits) -> Message | Batch | Rejected:
    """One message, a batch, or what is wrong with the bytes. Never raises, whatever the bytes."""
    if len(data) > limits.message:
        return Rejected(InvalidRequest(f"A message has at most {limits.message} bytes"))
    try:
        tree = parse(data, limits)
    except Malformed as error:
        return Rejected(error)
    if type(tree) is list:
        return _batch(data, cast("list[Any]", tree), limits)
    return _judge(data, tree, limits)


def encode_request(id_: RequestId, method: str, params: Any = None) -> bytes:
    """A request; `params` is a Struct, a dict, ready-made `Raw`, or None for none."""
    return encode(_Call(id=id_, method=method, params=params))


def encode_notification(method: str, params: Any = None) -> bytes:
    """A notification; `params` as for a request."""
    return encode(_Notice(method=method, params=params))


def encode_result(id_: RequestId, result: Any) -> bytes:
    """The answer to a request; bytes are taken as the encoded result."""
    return join_result(id_, (one_line(result) if isinstance(result, bytes) else encode(result),))


def join_result(id_: RequestId, parts: Iterable[bytes | memoryview]) -> bytes:
    """The answer to a request from the parts of its encoded result, which are one line each."""
    return b"".join((b'{"jsonrpc":"2.0","id":', encode(id_), b',"result":', *parts, b"}"))


def encode_error(id_: RequestId | None, error: ProtocolError) -> bytes:
    """The failure of a request; without an id when that could not be read."""
    body = _ErrorBody(code=int(error.code), message=error.message, data=error.data)
    return encode(_Failure(id=id_, error=body))


class _Call(Struct, kw_only=True, omit_defaults=True):
    jsonrpc: Literal["2.0"] = msgspec.field(default_factory=lambda: "2.0")
    id: RequestId
    method: str
    params: Any = None


class _Notice(Struct, kw_only=True, omit_defaults=True):
    jsonrpc: Literal["2.0"] = msgspec.field(default_factory=lambda: "2.0")
    method: str
    params: Any = None


class _ErrorBody(Struct, kw_only=True, omit_defaults=True):
    code: int
    message: str
    data: Any = None


class _Failure(Struct, kw_only=True, omit_defaults=True):
    jsonrpc: Literal["2.0"] = msgspec.field(default_factory=lambda: "2.0")
    id: RequestId | None = None
    error: _ErrorBody


def _batch(data: bytes, tree: list[Any], limits: Limits) -> Batch | Rejected:
    if not tree:
        return Rejected(InvalidRequest("A batch has at least one message"))
    if len(tree) > limits.batch:
        return Rejected(InvalidRequest(f"A batch has at most {limits.batch} messages"))
    pieces = _pieces.decode(data)
    return Batch([_judge(piece, part, limits) for piece, part in zip(pieces, tree, strict=True)])


def _judge(data: bytes | Raw, tree: Any, limits: Limits) -> Message | Rejected:
    if type(tree) is not dict:
        return Rejected(InvalidRequest("A message is a JSON object"))
    members = cast("dict[str, Any]", tree)
    id_ = _id(members.get("id"), limits)
    if members.get("jsonrpc") != "2.0":
        return Rejected(InvalidRequest('`jsonrpc` must be "2.0"'), id_)
    if "method" in members:
        return _call(members, id_)
    return _answer(data, members, id_)


def _call(members: dict[str, Any], id_: RequestId | None) -> Message | Rejected:
    method = members["method"]
    if type(method) is not str:
        return Rejected(InvalidRequest("`method` must be a string"), id_)
    params = members.get("params")
    good = type(params) is dict
    if "id" not in members:
        # Nobody waits for an answer: params that are no object are treated as none at all.
        return Notification(method, cast("dict[str, Any]", params) if good else {})
    if id_ is None:
        return Rejected(InvalidRequest("`id` must be a string of moderate length or an integer"))
    if not good and "params" in members:
        return Rejected(InvalidParams("`params` must be an object"), id_)
    return Request(id_, method, cast("dict[str, Any]", params) if good else {})


def _answer(data: bytes | Raw, members: dict[str, Any], id_: RequestId | None) -> Message | Rejected:
    if type(members.get("error")) is dict:
        try:
            return ErrorResponse(id_, _error.decode(_cut.decode(data).error))
        except msgspec.ValidationError:
            return Rejected(InvalidRequest("`error` must have an integer `code` and a string `message`"), id_)
    if id_ is not None and type(members.get("result")) is dict:
        return Response(id_, _cut.decode(data).result)
    return Rejected(InvalidRequest("Not a request, a notification or a response"), id_)


def _id(value: Any, limits: Limits) -> RequestId | None:
    # By exact type: a bool is an int to Python, not to JSON-RPC.
    if type(value) is int or (type(value) is str and len(value.encode()) <= limits.id_bytes):
        return value
    return None


class _Cut(Struct):
    result: Raw = _ABSENT
    error: Raw = _ABSENT


_cut = msgspec.json.Decoder(_Cut)
_error = msgspec.json.Decoder(ErrorObject)
_pieces = msgspec.json.Decoder(list[Raw])
