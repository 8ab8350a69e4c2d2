"""One session of the handshake revisions, 2024-11-05 to 2025-11-25: what is allowed when, and what was agreed."""

from enum import Enum

from msgspec import Struct, ValidationError, convert, json

from mcp_protocol.errors import InvalidParams, InvalidRequest, MethodNotFound
from mcp_protocol.jsonrpc import Notification, Request, RequestId
from mcp_protocol.revisions import LATEST_LEGACY, Era, Revision, parse
from mcp_protocol.session.calls import Call, Cancel, Event, Peer, Principal, Refusal, SessionFacts, Transport
from mcp_protocol.session.inbound import accept_legacy, missing_envelope
from mcp_protocol.session.profile import Profile
from mcp_protocol.types import ClientCapabilities, Implementation, InitializeParams
from mcp_protocol.types.wire import encode_params


class Stage(Enum):
    """How far the handshake has come (lifecycle, "Initialization")."""

    NEW = "new"
    ANSWERED = "answered"
    READY = "ready"


class _Cancelled(Struct, frozen=True, rename="camel"):
    request_id: RequestId


_NOTHING = Refusal(b"", 202)

# Which requests each stage allows; None: every method that the server offers.
_ALLOWED: dict[Stage, frozenset[str] | None] = {
    Stage.NEW: frozenset({"initialize", "ping"}),
    Stage.ANSWERED: frozenset({"ping"}),
    Stage.READY: None,
}


class LegacySession:
    """The agreed facts of one session, and the judge of each message on it.

    Knows nothing of pipes or HTTP.
    """

    def __init__(self, profile: Profile, *, principal: Principal, transport: Transport) -> None:
        self.profile = profile
        self.principal = principal
        self.transport: Transport = transport
        self.stage = Stage.NEW
        self.revision: Revision = LATEST_LEGACY
        self.client: Implementation | None = None
        self.capabilities = ClientCapabilities()
        self.facts = SessionFacts()
        self._peer: Peer | None = None

    def accept(self, request: Request) -> Call:
        """The call that this request is.

        Raises:
            RemoteProtocolError: the session does not allow it now, or the server does not offer it.
        """
        allowed = _ALLOWED[self.stage]
        if request.method == "initialize" and self.stage is not Stage.NEW:
            raise InvalidRequest("This session is initialized already")
        if allowed is not None and request.method not in allowed:
            if self.stage is Stage.NEW:
                raise missing_envelope(self.profile)
            raise InvalidRequest("Send notifications/initialized first")
        if request.method == "initialize":
            self._begin(request)
        elif not self.profile.offers(request.method, Era.LEGACY):
            raise MethodNotFound("Method not found")
        return accept_legacy(request, self.peer)

    def notice(self, notification: Notification) -> Event:
        """What a notification of the client means; unknown ones are ignored."""
        match notification.method:
            case "notifications/initialized" if self.stage is Stage.ANSWERED:
                self.stage = Stage.READY
                self.facts.ready = True
            case "notifications/cancelled":
                return cancelled(notification)
            case "notifications/roots/list_changed":
                self.facts.roots = None
            case _:
                pass
        return _NOTHING

    @property
    def ready(self) -> bool:
        """Whether the handshake is finished."""
        return self.stage is Stage.READY

    @property
    def peer(self) -> Peer:
        """The other side as calls of this session see it."""
        if self._peer is None:
            self._peer = Peer(
                revision=self.revision,
                capabilities=self.capabilities,
                client=self.client,
                principal=self.principal,
                transport=self.transport,
                session=self.facts,
            )
        return self._peer

    def _begin(self, request: Request) -> None:
        try:
            params = convert(request.params, InitializeParams)
        except ValidationError as error:
            raise InvalidParams("initialize needs protocolVersion, capabilities and clientInfo") from error
        wanted = parse(params.protocol_version)
        self.revision = wanted if wanted is not None and wanted in self.profile.legacy else LATEST_LEGACY
        self.client = params.client_info
        # What the agreed revision lacks is not there, whatever the client says of other revisions.
        self.capabilities = json.decode(encode_params(params.capabilities, self.revision), type=ClientCapabilities)
        self.stage = Stage.ANSWERED
        self._peer = None


def cancelled(notification: Notification) -> Event:
    """The request a `notifications/cancelled` names; malformed ones are ignored, as both eras demand."""
    try:
        return Cancel(convert(notification.params, _Cancelled).request_id)
    except ValidationError:
        return _NOTHING
