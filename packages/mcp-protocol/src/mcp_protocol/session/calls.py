"""One accepted request and who sent it: what the session hands to the server."""

import re
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Raw, Struct

from mcp_protocol.jsonrpc import RequestId
from mcp_protocol.revisions import Era, Revision
from mcp_protocol.types import ClientCapabilities, Implementation, LoggingLevel, Root

Transport = Literal["stdio", "http", "memory"]


class Principal(Struct, frozen=True):
    """Who a call is made for; everything that is remembered is bound to it."""

    issuer: str
    subject: str
    scopes: frozenset[str] = frozenset()
    expires: float | None = None
    """When its token is no longer valid, in seconds since the epoch; what is still open then is ended."""

    @property
    def key(self) -> str:
        """A text that two principals share only if they are the same one."""
        return f"{len(self.issuer)}:{self.issuer}{self.subject}"


# The one who started a stdio server, or reached a loopback server that asks for no token.
LOCAL = Principal("local", "local")


class Head(Struct, frozen=True):
    """The mirrored headers of one HTTP request, undecoded; None where a header is absent (2026-07-28 transports)."""

    version: str | None
    method: str | None
    name: str | None
    params: dict[str, str]
    """`Mcp-Param-*` headers: the part after the prefix, in lower case, to the value."""


class Trace(Struct, frozen=True):
    """The W3C trace context that came with a request (SEP-414)."""

    traceparent: str | None = None
    tracestate: str | None = None
    baggage: str | None = None


NO_TRACE = Trace()

# W3C Trace Context, "traceparent": no id of zeros alone, no version ff; later versions may say more.
_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?")
_PARENT_LENGTH = 55
_STATE, _BAGGAGE = 512, 8192  # what a receiver must take at least, in characters


def trace_of(parent: Any, state: Any, baggage: Any) -> Trace:
    """The trace context of these values; what is not well formed is none."""
    found = _PARENT.fullmatch(parent) if isinstance(parent, str) else None
    if found is None or (found[1] == "00" and len(found[0]) != _PARENT_LENGTH):
        return NO_TRACE
    return Trace(found[0], _short(state, _STATE), _short(baggage, _BAGGAGE))


def _short(value: Any, most: int) -> str | None:
    return value if isinstance(value, str) and len(value) <= most else None


class SessionFacts:
    """What a legacy session remembers from call to call. `roots` is the last answer to roots/list; None: ask."""

    def __init__(self) -> None:
        self.ready = False
        self.log_level: LoggingLevel = "warning"
        self.roots: list[Root] | None = None
        self.endings: dict[object, Callable[[], object]] = {}
        """What is called when it ends, by whoever wants to know."""


class Peer(Struct, frozen=True, kw_only=True):
    """What is known of the other side while one call runs."""

    revision: Revision
    capabilities: ClientCapabilities
    principal: Principal
    transport: Transport
    client: Implementation | None = None
    log_level: LoggingLevel | None = None
    """Least severe level the caller wants (2026-07-28); a legacy session keeps its own."""
    session: SessionFacts | None = None

    @property
    def era(self) -> Era:
        """Handshake or envelope."""
        return self.revision.era

    def can(self, capability: str) -> bool:
        """Whether the client declared it: `roots`, `sampling`, `sampling.tools`, `elicitation`, `elicitation.url`."""
        return _DECLARED[capability](self.capabilities)


def _forms(capabilities: ClientCapabilities) -> bool:
    # An empty capability means forms (2025-11-25 elicitation, "Capabilities"); `{"url": {}}` means only pages.
    elicitation = capabilities.elicitation
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


_DECLARED: dict[str, Callable[[ClientCapabilities], bool]] = {
    "roots": lambda capabilities: capabilities.roots is not None,
    "sampling": lambda capabilities: capabilities.sampling is not None,
    "sampling.tools": lambda capabilities: bool(capabilities.sampling and capabilities.sampling.tools is not None),
    "elicitation": _forms,
    "elicitation.url": lambda capabilities: bool(capabilities.elicitation and capabilities.elicitation.url is not None),
}


class Call(Struct, frozen=True, kw_only=True):
    """One request that passed the ladder; its params have no type yet."""

    id: RequestId
    method: str
    params: dict[str, Any]
    peer: Peer
    progress_token: RequestId | None = None
    head: Head | None = None
    trace: Trace = NO_TRACE

    @property
    def key(self) -> tuple[type, RequestId]:
        """The id with its JSON type: `1` and `"1"` are two requests, and Python has `1 == True`."""
        return (type(self.id), self.id)


class Cancel(Struct, frozen=True):
    """The peer no longer wants the answer to one of its requests."""

    id: RequestId

    @property
    def key(self) -> tuple[type, RequestId]:
        """The id with its JSON type."""
        return (type(self.id), self.id)


class Answer(Struct, frozen=True):
    """The peer's reply to a request of ours: a result, or an error's text."""

    id: RequestId
    result: Raw | None = None
    error: str | None = None


class Refusal(Struct, frozen=True):
    """A message that was turned away, with the bytes that say so (none: it is ignored)."""

    data: bytes
    http_status: int = 400


class BatchCall(Struct, frozen=True):
    """The members of one 2025-03-26 batch; their replies go out together."""

    members: list["Call | Refusal"]


Event = Call | Cancel | Answer | Refusal | BatchCall
