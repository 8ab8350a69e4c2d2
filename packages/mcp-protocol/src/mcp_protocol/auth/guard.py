"""Tells who sends an HTTP request, by its bearer token: the `authenticate` of the HTTP application."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Self

from mcp_protocol.auth.bearer import bearer_token
from mcp_protocol.auth.challenge import Challenge
from mcp_protocol.auth.verifier import TokenRefused, Verified, Verifier
from mcp_protocol.session.calls import Principal

_log = logging.getLogger(__name__)

# A token that was taken back counts no longer than this.
REMEMBERED_SECONDS = 60.0
# Callers at one time; beyond it the oldest is checked again.
_MOST = 4096


class Guard:
    """Lets in whoever `verifier` knows, within `async with guard:`; everyone else gets the challenge.

    A token that counted is remembered by its digest until it ends, and at most for a minute.
    """

    def __init__(self, verifier: Verifier, challenge: Challenge, *, now: Callable[[], float] = time.time) -> None:
        self._verifier = verifier
        self._challenge = challenge
        self._now = now
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def __aenter__(self) -> Self:
        """Be ready to check tokens."""
        await self._verifier.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Let go of what that needs."""
        await self._verifier.__aexit__(*exc)

    def __call__(self, fields: Mapping[bytes, bytes]) -> Principal | Awaitable[Principal]:
        """Who sends a request with these fields (lower-case names); at once if the token is remembered.

        Raises:
            Unauthorized: there is no token, or it does not count.
        """
        try:
            token = bearer_token(fields)
        except TokenRefused as error:
            _log.info("a token was refused: %s", error)
            raise self._challenge.invalid() from None
        if token is None:
            raise self._challenge.missing()
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        return self._verified(token, digest)

    async def _verified(self, token: str, digest: bytes) -> Principal:
        try:
            verified = await self._verifier.verify(token)
        except TokenRefused as error:
            _log.info("a token was refused: %s", error)
            raise self._challenge.invalid() from None
        except Exception:  # noqa: BLE001  fail closed: whatever goes wrong in a check, nobody is let in by it
            _log.exception("a token could not be checked")
            raise self._challenge.invalid() from None
        self._remember(digest, verified)
        return verified.principal

    def _remember(self, digest: bytes, verified: Verified) -> None:
        now = self._now()
        until = now + REMEMBERED_SECONDS
        if verified.expires is not None:
            until = min(until, verified.expires)
        self._known.pop(digest, None)
        if until <= now:
            return
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[digest] = (verified.principal, until)
