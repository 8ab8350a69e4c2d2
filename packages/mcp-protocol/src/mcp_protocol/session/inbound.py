"""The ladder for one decoded message: its era, then for 2026-07-28 an accepted call or the first rule it breaks.

Pure functions over decoded data. The order of the steps is part of the protocol: the first failure wins.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any, TypeVar, cast

from msgspec import ValidationError, convert

from mcp_protocol.errors import HeaderMismatch, InvalidParams, MethodNotFound, UnsupportedRevision
from mcp_protocol.jsonrpc import Request, RequestId
from mcp_protocol.revisions import Era, Revision, parse
from mcp_protocol.session.calls import NO_TRACE, Call, Head, Peer, Principal, Trace, Transport, trace_of
from mcp_protocol.session.profile import Profile
from mcp_protocol.types import ClientCapabilities, Implementation, LoggingLevel

T = TypeVar("T")

PREFIX = "io.modelcontextprotocol/"

# A token is echoed in every progress message: a long one would multiply.
_LONGEST_TOKEN = 1024

# The field that `Mcp-Name` repeats (2026-07-28 transports, "Standard headers").
NAMED_BY: dict[str, str] = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}


_VERSION = PREFIX + "protocolVersion"
_CAPABILITIES = PREFIX + "clientCapabilities"
_CLIENT = PREFIX + "clientInfo"
_LOG_LEVEL = PREFIX + "logLevel"

Params = dict[str, Any]


def has_envelope(params: Params) -> bool:
    """Whether a message on a pipe is of the modern era: its `_meta` names a protocol version."""
    meta = params.get("_meta")
    return isinstance(meta, dict) and _VERSION in meta


def accept_modern(  # the arguments are what the transport knows; there is no smaller set
    request: Request, head: Head | None, profile: Profile, *, principal: Principal, transport: Transport
) -> Call:
    """Steps 11 to 15 of the request ladder; `head` is None where there are no headers.

    Raises:
        RemoteProtocolError: the first rule that the request breaks.
    """
    meta = _require_envelope(request.params, profile)
    if head is not None:
        _check_head(head, request, meta)
    revision = _served(meta[_VERSION], profile)
    peer = Peer(
        revision=revision,
        capabilities=_shape(meta[_CAPABILITIES], _to_capabilities, "clientCapabilities"),
        client=_shape(meta[_CLIENT], _to_client, "clientInfo") if _CLIENT in meta else None,
        log_level=_shape(meta[_LOG_LEVEL], _to_level, "logLevel") if _LOG_LEVEL in meta else None,
        principal=principal,
        transport=transport,
    )
    token = progress_token(meta)
    if not profile.offers(request.method, Era.MODERN):
        raise MethodNotFound("Method not found")
    return Call(
        id=request.id,
        method=request.method,
        params=request.params,
        peer=peer,
        progress_token=token,
        head=head,
        trace=_trace(meta),
    )


def accept_legacy(request: Request, peer: Peer, *, head: Head | None = None) -> Call:
    """A request inside a legacy session, whose state has already been judged."""
    meta = _meta(request.params)
    return Call(
        id=request.id,
        method=request.method,
        params=request.params,
        peer=peer,
        progress_token=progress_token(meta),
        head=head,
        trace=_trace(meta),
    )


def progress_token(meta: Params) -> RequestId | None:
    """The token in `_meta`, None if there is none.

    Raises:
        InvalidParams: it is neither a string (at most 1,024 characters) nor an integer.
    """
    if "progressToken" not in meta:
        return None
    token = meta["progressToken"]
    if type(token) is int or (type(token) is str and len(token) <= _LONGEST_TOKEN):
        return token
    raise InvalidParams(f"progressToken must be a string of at most {_LONGEST_TOKEN} characters or an integer")


def missing_envelope(profile: Profile) -> InvalidParams:
    """The refusal of a pipe message that is in neither era: no envelope, no finished handshake."""
    served = ", ".join((*profile.modern, *profile.legacy))
    return InvalidParams(
        f"Send initialize first, or {PREFIX}protocolVersion and {PREFIX}clientCapabilities in params._meta; "
        f"served revisions: {served}"
    )


def _meta(params: Params) -> Params:
    meta = params.get("_meta", _NOTHING)
    if not isinstance(meta, dict):
        raise InvalidParams("params._meta must be an object")
    return cast("Params", meta)


_NOTHING: Params = {}


def _require_envelope(params: Params, profile: Profile) -> Params:
    if "_meta" not in params:
        raise missing_envelope(profile)
    meta = _meta(params)
    absent = [key for key in (_VERSION, _CAPABILITIES) if key not in meta]
    if absent:
        raise InvalidParams(f"Missing in params._meta: {', '.join(absent)}")
    return meta


def _check_head(head: Head, request: Request, meta: Params) -> None:
    if head.version is None or head.version != meta[_VERSION]:
        raise HeaderMismatch("MCP-Protocol-Version must equal the protocolVersion of params._meta")
    if head.method != request.method:
        raise HeaderMismatch("Mcp-Method must equal the method of the request")
    named_by = NAMED_BY.get(request.method)
    if named_by is None:
        return
    if head.name is None or decoded_header(head.name) != request.params.get(named_by):
        raise HeaderMismatch(f"Mcp-Name must equal params.{named_by}")


_SENTINEL = ("=?base64?", "?=")


def decoded_header(value: str) -> str | None:
    """The text of a mirrored header, out of its base64 form where it has one; None if that form is broken.

    Strict: padding, alphabet, canonical spelling and UTF-8 must be right. Only a value with both the prefix and
    the suffix is encoded; anything else is literal (2026-07-28 transports, "Header value encoding").
    """
    prefix, suffix = _SENTINEL
    if not (value.startswith(prefix) and value.endswith(suffix) and len(value) >= len(prefix) + len(suffix)):
        return value
    inner = value[len(prefix) : -len(suffix)]
    try:
        raw = b64decode(inner, validate=True)
        return raw.decode() if b64encode(raw).decode() == inner else None
    except (Base64Error, UnicodeError, ValueError):
        return None


def _served(version: Any, profile: Profile) -> Revision:
    if not isinstance(version, str):
        raise InvalidParams(f"{PREFIX}protocolVersion must be a string")
    revision = parse(version)
    if revision is None or revision not in profile.modern:
        raise UnsupportedRevision(version[:64], supported=list(profile.modern))
    return revision


def _shape(value: Any, decode: Callable[[Any], T], name: str) -> T:
    try:
        return decode(value)
    except ValidationError as error:
        raise InvalidParams(f"{PREFIX}{name} in params._meta has the wrong shape") from error


def _to_capabilities(value: Any) -> ClientCapabilities:
    return convert(value, ClientCapabilities)


def _to_client(value: Any) -> Implementation:
    return convert(value, Implementation)


def _to_level(value: Any) -> LoggingLevel:
    return convert(value, LoggingLevel)


def _trace(meta: Params) -> Trace:
    if "traceparent" not in meta:  # the usual case
        return NO_TRACE
    return trace_of(meta["traceparent"], meta.get("tracestate"), meta.get("baggage"))
