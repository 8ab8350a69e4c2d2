"""The ladder for one decoded message: its era, then for 2026-07-28 an accepted call or the first rule it breaks.

Pure functions over decoded data. The order of the steps is part of the protocol: the first failure wins.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, ValidationError, convert, field
from msgspec.json import Decoder

from mcp_protocol import revisions
from mcp_protocol.errors import HeaderMismatch, InvalidParams, MethodNotFound, UnsupportedRevision
from mcp_protocol.jsonrpc import Request, RequestId
from mcp_protocol.revisions import Era
from mcp_protocol.session.calls import NO_TRACE, Call, Head, Peer, Principal, Trace, Transport
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


class _Meta(Struct, frozen=True, gc=False):
    """The reserved keys of `_meta`, not judged yet: each has its own step of the ladder."""

    version: Any = field(name=PREFIX + "protocolVersion", default=UNSET)
    capabilities: Any = field(name=PREFIX + "clientCapabilities", default=UNSET)
    client: Any = field(name=PREFIX + "clientInfo", default=UNSET)
    log_level: Any = field(name=PREFIX + "logLevel", default=UNSET)
    progress_token: Any = field(name="progressToken", default=UNSET)
    traceparent: Any = None
    tracestate: Any = None
    baggage: Any = None


class _Params(Struct, frozen=True, gc=False, rename="camel"):
    """What the ladder looks at in `params`; the method's own fields stay bytes."""

    meta: _Meta | UnsetType = field(name="_meta", default=UNSET)
    name: Any = UNSET
    uri: Any = UNSET
    task_id: Any = UNSET


_decode_params = Decoder(_Params).decode
_NO_PARAMS = _Params()


def has_envelope(params: Raw) -> bool:
    """Whether a message on a pipe is of the modern era: its `_meta` names a protocol version."""
    try:
        meta = _peek(params).meta
    except InvalidParams:
        return False
    return meta is not UNSET and meta.version is not UNSET


def accept_modern(  # the arguments are what the transport knows; there is no smaller set
    request: Request, head: Head | None, profile: Profile, *, principal: Principal, transport: Transport
) -> Call:
    """Steps 11 to 15 of the request ladder; `head` is None where there are no headers.

    Raises:
        RemoteProtocolError: the first rule that the request breaks.
    """
    params = _peek(request.params)
    meta = _require_envelope(params, profile)
    if head is not None:
        _check_head(head, request.method, meta, params)
    revision = _served(meta.version, profile)
    peer = Peer(
        revision=revision,
        capabilities=_shape(meta.capabilities, _to_capabilities, "clientCapabilities"),
        client=None if meta.client is UNSET else _shape(meta.client, _to_client, "clientInfo"),
        log_level=None if meta.log_level is UNSET else _shape(meta.log_level, _to_level, "logLevel"),
        principal=principal,
        transport=transport,
    )
    token = progress_token(meta.progress_token)
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
    params = _peek(request.params)
    meta = params.meta
    return Call(
        id=request.id,
        method=request.method,
        params=request.params,
        peer=peer,
        progress_token=None if meta is UNSET else progress_token(meta.progress_token),
        head=head,
        trace=NO_TRACE if meta is UNSET else _trace(meta),
    )


def progress_token(value: Any) -> RequestId | None:
    """The token, None if there is none.

    Raises:
        InvalidParams: it is neither a string (at most 1,024 characters) nor an integer.
    """
    if value is UNSET:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, str | int)
        or (isinstance(value, str) and len(value) > _LONGEST_TOKEN)
    ):
        raise InvalidParams("progressToken must be a string of at most 1,024 characters or an integer")
    return value


def missing_envelope(profile: Profile) -> InvalidParams:
    """The refusal of a pipe message that is in neither era: no envelope, no finished handshake."""
    served = ", ".join((*profile.modern, *profile.legacy))
    return InvalidParams(
        f"Send initialize first, or {PREFIX}protocolVersion and {PREFIX}clientCapabilities in params._meta; "
        f"served revisions: {served}"
    )


def _peek(params: Raw) -> _Params:
    if not params:
        return _NO_PARAMS
    try:
        return _decode_params(params)
    except (ValidationError, DecodeError) as error:
        raise InvalidParams("params must be an object, and its _meta an object") from error


def _require_envelope(params: _Params, profile: Profile) -> _Meta:
    meta = params.meta
    if meta is UNSET:
        raise missing_envelope(profile)
    absent = [
        PREFIX + name
        for name, value in (("protocolVersion", meta.version), ("clientCapabilities", meta.capabilities))
        if value is UNSET
    ]
    if absent:
        raise InvalidParams(f"Missing in params._meta: {', '.join(absent)}")
    return meta


def _check_head(head: Head, method: str, meta: _Meta, params: _Params) -> None:
    if head.version is None or head.version != meta.version:
        raise HeaderMismatch("MCP-Protocol-Version must equal the protocolVersion of params._meta")
    if head.method != method:
        raise HeaderMismatch("Mcp-Method must equal the method of the request")
    named_by = NAMED_BY.get(method)
    if named_by is None:
        return
    if head.name is None or decoded_header(head.name) != _NAME_OF[named_by](params):
        raise HeaderMismatch(f"Mcp-Name must equal params.{named_by}")


_NAME_OF: dict[str, Callable[[_Params], Any]] = {
    "name": lambda params: params.name,
    "uri": lambda params: params.uri,
    "taskId": lambda params: params.task_id,
}

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


def _served(version: Any, profile: Profile) -> revisions.Revision:
    if not isinstance(version, str):
        raise InvalidParams(f"{PREFIX}protocolVersion must be a string")
    revision = revisions.parse(version)
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


def _trace(meta: _Meta) -> Trace:
    if meta.traceparent is None:
        return NO_TRACE
    parts = (part if isinstance(part, str) else None for part in (meta.traceparent, meta.tracestate, meta.baggage))
    return Trace(*parts)
