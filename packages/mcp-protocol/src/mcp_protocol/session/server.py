"""The server's end of one pipe: bytes in, events out, both eras interleaved. Sans-IO."""

from mcp_protocol.errors import InvalidRequest, ProtocolError
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    LineFramer,
    Message,
    Notification,
    Oversized,
    Rejected,
    Request,
    RequestId,
    Response,
    decode,
    encode_error,
)
from mcp_protocol.revisions import BATCHES
from mcp_protocol.session.calls import Answer, BatchCall, Call, Event, Principal, Refusal, Transport
from mcp_protocol.session.inbound import accept_modern, has_envelope
from mcp_protocol.session.legacy import LegacySession, cancelled
from mcp_protocol.session.profile import Profile


class ServerSession:
    """Frames, decodes and judges what one client sends on a pipe.

    A message with an envelope is modern whatever came before it and sees no session state; `initialize` is always
    the legacy handshake (2026-07-28 versioning, "Choosing the era").
    """

    def __init__(self, profile: Profile, *, principal: Principal, transport: Transport) -> None:
        self._profile = profile
        self._principal = principal
        self._transport: Transport = transport
        self._framer = LineFramer(profile.limits.message)
        self.legacy = LegacySession(profile, principal=principal, transport=transport)

    def receive(self, data: bytes) -> list[Event]:
        """The events in these bytes, in order; whatever the bytes are, nothing is raised."""
        events: list[Event] = []
        for line in self._framer.feed(data):
            if isinstance(line, Oversized):
                error = InvalidRequest(f"The message is over {self._profile.limits.message} bytes")
                events.append(refusal(None, error))
            else:
                events += self.judge(line)
        return events

    def judge(self, message: bytes) -> list[Event]:
        """The events in one whole message, where something else than lines keeps messages apart."""
        decoded = decode(message, self._profile.limits)
        return self._batch(decoded) if isinstance(decoded, Batch) else [self._message(decoded)]

    def _message(self, message: Message | Rejected) -> Event:
        match message:
            case Request():
                return self._request(message)
            case Notification():
                return self._notification(message)
            case Response():
                return Answer(message.id, result=message.result)
            case ErrorResponse():
                return Refusal(b"") if message.id is None else Answer(message.id, error=message.error.message)
            case Rejected():
                return refusal(message.id, message.error)

    def _request(self, request: Request) -> Event:
        try:
            if self._is_modern(request):
                return accept_modern(request, None, self._profile, principal=self._principal, transport=self._transport)
            return self.legacy.accept(request)
        except ProtocolError as error:
            return refusal(request.id, error)

    def _is_modern(self, message: Request | Notification) -> bool:
        """By its envelope, where the modern era is spoken at all; HTTP+SSE ended before it."""
        return bool(self._profile.modern) and message.method != "initialize" and has_envelope(message.params)

    def _notification(self, notification: Notification) -> Event:
        if self._is_modern(notification):
            return cancelled(notification) if notification.method == "notifications/cancelled" else Refusal(b"")
        return self.legacy.notice(notification)

    def _batch(self, batch: Batch) -> list[Event]:
        problem = batch_problem(batch, self.legacy)
        if problem is not None:
            return [refusal(None, problem)]
        return gathered([self._message(member) for member in batch.members])


def batch_problem(batch: Batch, session: LegacySession) -> InvalidRequest | None:
    """Why an array is refused as a whole, or None (2025-03-26 basic, "Batching")."""
    limit = session.profile.limits.batch
    if not session.ready or session.revision not in BATCHES:
        return InvalidRequest("Batches are allowed only in an initialized 2025-03-26 session")
    if not 0 < len(batch.members) <= limit:
        return InvalidRequest(f"A batch must have 1 to {limit} members, got {len(batch.members)}")
    return None


def gathered(events: list[Event]) -> list[Event]:
    """The events of one batch, with those that get replies put together, for their replies go out in one array."""
    answered = [event for event in events if isinstance(event, Call | Refusal)]
    together = BatchCall([event for event in answered if isinstance(event, Call) or event.data])
    return [together, *(event for event in events if not isinstance(event, Call | Refusal))]


def refusal(request_id: RequestId | None, error: ProtocolError) -> Refusal:
    """The error reply to a message that did not pass the ladder."""
    return Refusal(encode_error(request_id, error), error.http_status)
