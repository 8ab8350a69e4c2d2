"""Tokens that a client keeps for us: signed, dated, bound to a purpose; not encrypted. Pure: the clock is an argument.

Integrity per 2026-07-28 "Multi Round-Trip Requests", server requirement 4: HMAC-SHA-256 over the payload and
everything the token is bound to, compared in constant time.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

_TAG = 32  # SHA-256
_TIME = 8  # seconds since the epoch, big endian


class Seal:
    """Signs with one key; tokens of another key, purpose or binding do not open."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, payload: bytes, *, bound: tuple[str, ...], expires: float) -> str:
        """Sign `payload` for what `bound` names (purpose first) until `expires` (seconds since the epoch)."""
        dated = int(expires).to_bytes(_TIME, "big") + payload
        return urlsafe_b64encode(self._tag(dated, bound) + dated).rstrip(b"=").decode()

    def open(self, token: str, *, bound: tuple[str, ...], now: float) -> bytes | None:
        """The payload, or None for whatever is forged, foreign or expired: callers cannot tell which."""
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (UnicodeEncodeError, Base64Error):
            return None
        tag, dated = sealed[:_TAG], sealed[_TAG:]
        if len(dated) < _TIME or not hmac.compare_digest(tag, self._tag(dated, bound)):
            return None
        # base64 ignores some final bits and foreign characters: only the one canonical spelling is ours.
        if urlsafe_b64encode(sealed).rstrip(b"=").decode() != token:
            return None
        if int.from_bytes(dated[:_TIME], "big") < now:
            return None
        return dated[_TIME:]

    def _tag(self, dated: bytes, bound: tuple[str, ...]) -> bytes:
        binding = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in bound))
        return hmac.digest(self._key, len(bound).to_bytes(4, "big") + binding + dated, "sha256")
