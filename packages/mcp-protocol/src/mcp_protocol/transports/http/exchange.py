"""One HTTP request, judged before and after its body is read: the HTTP steps of the request ladder. Pure.

The order is the protocol's: the first failure wins, and nothing of a body is parsed for a stranger.
"""

from collections.abc import Iterable

from msgspec import Struct

from mcp_protocol.errors import HeaderMismatch, InvalidRequest, ProtocolError, Unauthorized
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    Message,
    Notification,
    Rejected,
    Request,
    RequestId,
    Response,
    encode_error,
)
from mcp_protocol.revisions import LEGACY, Era
from mcp_protocol.session.inbound import has_envelope
from mcp_protocol.transports.http.headers import VERSION, Fields, accepts, is_json

JSON = b"application/json"
EVENTS = b"text/event-stream"

# A JSON answer or an event stream is never a page: no script, no frame, no guess at its type.
SAFE: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)

_LEGACY = frozenset(revision.value.encode() for revision in LEGACY)
_FOREIGN = frozenset({b"cross-site", b"same-site"})


class Rules(Struct, frozen=True, kw_only=True):
    """Who may speak to the endpoint: exact `host:port` values and exact origins, as bytes in lower case."""

    path: bytes
    hosts: frozenset[bytes]
    origins: frozenset[bytes]
    body: int


Header = tuple[bytes, bytes]


class Whole(Struct, frozen=True):
    """A whole HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()


ACCEPTED = Whole(202)


def plain(status: int, sentence: str, *headers: Header) -> Whole:
    """A refusal by HTTP itself. Not JSON-RPC: a client that probes eras must not take it for a server's answer."""
    return Whole(status, sentence.encode(), ((b"content-type", b"text/plain; charset=utf-8"), *headers))


NOT_FOUND = plain(404, "There is nothing here")
BUSY = plain(503, "The server is busy; try again shortly", (b"retry-after", b"1"))
STOPPING = plain(503, "The server is stopping", (b"retry-after", b"1"))


def json(status: int, body: bytes, *headers: Header) -> Whole:
    """A JSON-RPC answer."""
    return Whole(status, body, ((b"content-type", JSON), *headers))


def error(problem: ProtocolError, request_id: RequestId | None, era: Era = Era.MODERN) -> Whole:
    """The error reply to a message; in a legacy session the status of a message that could be read is 200."""
    if isinstance(problem, Unauthorized):
        return challenge(problem)
    status = problem.http_status if era is Era.MODERN or request_id is None else 200
    return json(status, encode_error(request_id, problem))


def challenge(problem: Unauthorized) -> Whole:
    """401 or 403 with the challenge of RFC 6750."""
    return plain(problem.http_status, problem.message, *challenged(problem.challenge))


def challenged(challenge: str | None) -> tuple[Header, ...]:
    """The header that says what token is needed, if one is."""
    return () if challenge is None else ((b"www-authenticate", challenge.encode()),)


def stranger(fields: Fields, doubled: frozenset[bytes], rules: Rules) -> Whole | None:
    """Step 1: whether the request comes from a place that may not speak to us (DNS rebinding, other web pages)."""
    host = fields.get(b"host")
    if host is None or b"host" in doubled:
        return plain(400, "Exactly one Host header is needed")
    if host.lower() not in rules.hosts:
        return plain(421, "This host name is not served here")
    origin = fields.get(b"origin")
    if origin is None:
        # Browsers leave Origin out of some requests, but then say this (Fetch Metadata).
        foreign = fields.get(b"sec-fetch-site", b"") in _FOREIGN or b"sec-fetch-site" in doubled
    else:
        foreign = origin not in rules.origins or b"origin" in doubled
    return plain(403, "This origin is not allowed") if foreign else None


def wrong_method(method: str, fields: Fields) -> Whole | None:
    """Step 2: whether the HTTP method is not served; a request of the modern era has POST alone."""
    if method == "POST":
        return None
    return not_allowed(method, ("POST",) if is_modern(fields) else ("POST", "GET", "DELETE"))


def not_allowed(method: str, allowed: tuple[str, ...]) -> Whole | None:
    """405 for any method but these."""
    if method in allowed:
        return None
    return plain(405, "This method is not served here", (b"allow", ", ".join(allowed).encode()))


def unfit_post(fields: Fields, doubled: frozenset[bytes], rules: Rules) -> Whole | None:
    """Steps 4 to 6: whether the head of a POST announces something that is not read."""
    return _unfit_type(fields, doubled) or _unfit_accept(fields) or _unfit_length(fields, rules)


def unfit_message(fields: Fields, doubled: frozenset[bytes], rules: Rules) -> Whole | None:
    """The same where the answer has no body (2024-11-05)."""
    return _unfit_type(fields, doubled) or _unfit_length(fields, rules)


def _unfit_type(fields: Fields, doubled: frozenset[bytes]) -> Whole | None:
    if b"content-encoding" in fields:
        return plain(415, "Content-Encoding is not accepted")
    if b"content-type" in doubled or not is_json(fields.get(b"content-type", b"")):
        return plain(415, "Content-Type must be application/json")
    return None


def _unfit_accept(fields: Fields) -> Whole | None:
    accept = fields.get(b"accept", b"")
    if accepts(accept, JSON) and accepts(accept, EVENTS):
        return None
    return plain(406, "Accept must cover application/json and text/event-stream")


def _unfit_length(fields: Fields, rules: Rules) -> Whole | None:
    length = fields.get(b"content-length", b"0")
    return too_large(rules.body) if not length.isdigit() or int(length[:20]) > rules.body else None


def unfit_get(fields: Fields) -> Whole | None:
    """Whether a GET does not ask for events."""
    if accepts(fields.get(b"accept", b""), EVENTS):
        return None
    return plain(406, "Accept must cover text/event-stream")


def too_large(limit: int) -> Whole:
    """413, by declared length or while reading."""
    return plain(413, f"A message has at most {limit} bytes")


def doubled_mirror(doubled: Iterable[bytes], message: Message | Batch | Rejected) -> Whole | None:
    """Step 7: whether a mirrored header came twice."""
    for name in doubled:
        if name.startswith(b"mcp-"):
            request_id = message.id if isinstance(message, Request) else None
            return error(HeaderMismatch(f"{name.decode('latin-1')} came twice"), request_id)
    return None


def is_modern(fields: Fields) -> bool:
    """Whether the version header is of the modern era: anything but a legacy revision or nothing."""
    version = fields.get(VERSION)
    return version is not None and version.strip(b" \t") not in _LEGACY


def era_of(fields: Fields, message: Message | Batch | Rejected) -> Era:
    """The era of a POST: by its version header; without one, by the envelope in its body."""
    if is_modern(fields):
        return Era.MODERN
    if VERSION not in fields and isinstance(message, Request) and has_envelope(message.params):
        return Era.MODERN
    return Era.LEGACY


def no_request(message: Notification | Response | ErrorResponse | Batch | Rejected) -> Whole:
    """Steps 8 to 10 of the modern era: the answer to what is not one request."""
    match message:
        case Notification():
            return ACCEPTED
        case Rejected():
            return error(message.error, message.id)
        case Batch():
            return error(InvalidRequest("The body must be one request, not an array"), None)
        case Response() | ErrorResponse():
            return error(InvalidRequest("A client sends requests, not responses"), message.id)
