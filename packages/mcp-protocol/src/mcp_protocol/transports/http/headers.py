"""A strict view of one request's header fields: each that decides something counts once. Pure."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec.structs import replace

from mcp_protocol.errors import HeaderMismatch
from mcp_protocol.session.calls import Call, Head, trace_of

Raw = Iterable[tuple[bytes, bytes]]
Fields = Mapping[bytes, bytes]

VERSION = b"mcp-protocol-version"
METHOD = b"mcp-method"
NAME = b"mcp-name"
SESSION = b"mcp-session-id"
LAST_EVENT = b"last-event-id"

_TRACE = (b"traceparent", b"tracestate", b"baggage")
_MIRRORED = b"mcp-"
_PARAM = b"mcp-param-"

# Fields that decide something: of two values, a proxy before us may have judged the other one.
_SINGLE = frozenset(
    {
        b"host",
        b"origin",
        b"authorization",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"sec-fetch-site",
        LAST_EVENT,
    }
)
_NONE: frozenset[bytes] = frozenset()

# Few distinct values are ever seen; the bound is for those who send many.
_REMEMBERED = 64
_SHORT = 128


def collect(raw: Raw) -> tuple[Fields, frozenset[bytes]]:
    """The fields by lower-case name, and the deciding ones that came twice.

    A list field that came twice (Accept) is joined, as RFC 9110 section 5.3 has it; a deciding one keeps its first
    value, which nobody may use.
    """
    pairs = list(raw)
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields, _NONE
    joined: dict[bytes, bytes] = {}
    doubled: set[bytes] = set()
    for name, value in pairs:
        if name not in joined:
            joined[name] = value
        elif name in _SINGLE or name.startswith(_MIRRORED):
            doubled.add(name)
        else:
            joined[name] += b", " + value
    return joined, frozenset(doubled)


def head_of(fields: Fields) -> Head:
    """The mirrored headers as text.

    Raises:
        HeaderMismatch: a value has a character that no HTTP field value may have.
    """
    return Head(
        version=_text(fields, VERSION),
        method=_text(fields, METHOD),
        name=_text(fields, NAME),
        params={
            name[len(_PARAM) :].decode("latin-1"): _visible(name, fields[name])
            for name in fields
            if name.startswith(_PARAM)
        },
    )


def traced(call: Call, fields: Fields) -> Call:
    """The call with the trace context of the headers, where its `_meta` has none (protocol extension SEP-414)."""
    if b"traceparent" not in fields or call.trace.traceparent is not None:
        return call
    return replace(call, trace=trace_of(*(fields.get(name, b"").decode("latin-1") or None for name in _TRACE)))


def _text(fields: Fields, name: bytes) -> str | None:
    value = fields.get(name)
    return None if value is None else _visible(name, value)


def _visible(name: bytes, value: bytes) -> str:
    found = _remembered(value) if len(value) <= _SHORT else _decoded(value)
    if found is None:
        raise HeaderMismatch(f"{name.decode('latin-1')} has characters that a header cannot carry")
    return found


def _decoded(value: bytes) -> str | None:
    # The parser lets bytes above 0x7F through; field values are visible ASCII, blank and tab (RFC 9110 section 5.5).
    found = value.decode("latin-1").strip(" \t")
    return found if found.isascii() and found.replace("\t", " ").isprintable() else None


_remembered = lru_cache(_REMEMBERED)(_decoded)


@lru_cache(_REMEMBERED)
def is_json(content_type: bytes) -> bool:
    """Whether a Content-Type is `application/json`, with no charset but UTF-8."""
    media, _, parameters = content_type.lower().partition(b";")
    if media.strip() != b"application/json":
        return False
    charset = parameters.strip().replace(b'"', b"")
    return charset in {b"", b"charset=utf-8"}


@lru_cache(_REMEMBERED)
def accepts(accept: bytes, media: bytes) -> bool:
    """Whether an Accept header covers this media type; the most particular range decides (RFC 9110 section 12.5.1)."""
    allowed: dict[bytes, bool] = {}
    for item in accept.lower().split(b","):
        name, *parameters = (part.strip() for part in item.split(b";"))
        allowed[name] = not any(_is_zero(parameter) for parameter in parameters)
    ranges = (media, media.partition(b"/")[0] + b"/*", b"*/*")
    return next((allowed[name] for name in ranges if name in allowed), False)


def _is_zero(parameter: bytes) -> bool:
    key, _, value = parameter.partition(b"=")
    return key.strip() == b"q" and not value.strip(b" \t0.")
