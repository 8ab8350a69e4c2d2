"""Static bearer tokens: secrets that the operator hands out, compared in constant time."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Self

from mcp_protocol.auth.bearer import is_token68
from mcp_protocol.auth.verifier import TokenRefused, Verified
from mcp_protocol.errors import SettingsError
from mcp_protocol.session.calls import Principal


class StaticTokens:
    """Each token speaks for one principal."""

    def __init__(self, tokens: Mapping[str, Principal]) -> None:
        """Keep digests only: they have one length, and give nothing away.

        Raises:
            SettingsError: no header can carry one of the tokens.
        """
        if not all(map(is_token68, tokens)):
            raise SettingsError("The bearer token must be of letters, digits and -._~+/, with = at its end only.")
        self._tokens = [(_digest(token), Verified(principal)) for token, principal in tokens.items()]

    async def __aenter__(self) -> Self:
        """There is nothing to open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """There is nothing to close."""

    async def verify(self, token: str) -> Verified:
        """Whom the token speaks for; every known one is compared, in a time that tells nothing.

        Raises:
            TokenRefused: it is none of them.
        """
        digest = _digest(token)
        found: Verified | None = None
        for known, verified in self._tokens:
            if hmac.compare_digest(known, digest):
                found = verified
        if found is None:
            raise TokenRefused("it is not known")
        return found


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
