"""Server-sent events as bytes, and event ids that only this process can make. Pure."""

import hmac
from base64 import urlsafe_b64encode

from msgspec import Struct

# A comment keeps proxies from closing a quiet stream; no reader sees it.
COMMENT = b":\n\n"

_TAG = 16  # bytes of HMAC-SHA-256: 128 bits, as a session id has
_LONGEST = 128


def event(message: bytes, event_id: str | None = None) -> bytes:
    """One JSON message as one event. JSON has line breaks only between tokens, where a blank does as well."""
    if b"\n" in message or b"\r" in message:
        message = message.replace(b"\r", b" ").replace(b"\n", b" ")
    if event_id is None:
        return b"data: %b\n\n" % message
    return b"id: %b\ndata: %b\n\n" % (event_id.encode(), message)


def named(name: str, data: bytes) -> bytes:
    """An event of a kind that has a name (2024-11-05)."""
    return b"event: %b\n%b" % (name.encode(), event(data))


def priming(event_id: str, retry_ms: int) -> bytes:
    """The first event of a 2025-11-25 stream: something to resume from before there is a message."""
    return b"id: %b\nretry: %d\ndata: \n\n" % (event_id.encode(), retry_ms)


class Place(Struct, frozen=True):
    """A position in one stream of a session: after the event of that number, 0 before the first."""

    stream: int
    position: int


class EventIds:
    """Names places so that a client can give them back: `STREAM-POSITION-TAG`, bound to the session."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name(self, session: str, place: Place) -> str:
        """The id of the event at this place."""
        text = f"{place.stream}-{place.position}"
        tag = hmac.digest(self._key, f"{session} {text}".encode(), "sha256")[:_TAG]
        return f"{text}-{urlsafe_b64encode(tag).rstrip(b'=').decode()}"

    def place(self, session: str, event_id: str) -> Place | None:
        """The place that an id names, or None for whatever is not an id of this session, letter for letter."""
        stream, _, rest = event_id.partition("-")
        position = rest.partition("-")[0]
        if len(event_id) > _LONGEST or not (_is_number(stream) and _is_number(position)):
            return None
        place = Place(int(stream), int(position))
        same = hmac.compare_digest(self.name(session, place).encode(), event_id.encode("utf-8", "replace"))
        return place if same else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
