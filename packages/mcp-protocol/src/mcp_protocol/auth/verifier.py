"""What every way of checking a token has in common: a principal with an end, or a refusal."""

import math
from typing import Any, Protocol, Self

from msgspec import Struct

from mcp_protocol.errors import McpError
from mcp_protocol.session.calls import Principal

# How far two clocks may be apart.
SKEW_SECONDS = 60.0


class TokenRefused(McpError):
    """A token does not count. The reason is for the operator's log: the peer learns only that it is so."""


class Verified(Struct, frozen=True):
    """Whom a token speaks for, and when it ends, in seconds since the epoch; None: it has no end."""

    principal: Principal
    expires: float | None = None


class Verifier(Protocol):
    """Checks tokens while its `async with` block lasts."""

    async def __aenter__(self) -> Self:
        """Load and open what checking needs."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        ...

    async def verify(self, token: str) -> Verified:
        """Whom the token speaks for.

        Raises:
            TokenRefused: it does not count, or that cannot be found out now.
        """
        ...


class Claims(Struct, frozen=True, kw_only=True):
    """What a token says, in the only types that are taken: a number in quotes is no time."""

    sub: str
    exp: float | None = None
    nbf: float | None = None
    iat: float | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    scope: str | list[str] | None = None
    scp: str | list[str] | None = None
    """The same under the name that Entra ID and Okta give it."""

    @property
    def audiences(self) -> list[str]:
        """Whom the token is for."""
        return [self.aud] if isinstance(self.aud, str) else self.aud or []

    @property
    def scopes(self) -> frozenset[str]:
        """What it permits."""
        given: Any = self.scope if self.scope is not None else self.scp
        return frozenset(given.split(" ") if isinstance(given, str) else given or ()) - {""}


def judged(claims: Claims, *, issuer: str, audience: str, now: float) -> Verified:
    """The caller, if the claims hold for us now.

    Raises:
        TokenRefused: of another issuer, for another audience, too old, too new, for nobody.
    """
    if claims.iss != issuer:
        raise TokenRefused("it is of another issuer")
    if audience not in claims.audiences:
        raise TokenRefused("it is for another audience")
    if not claims.sub:
        raise TokenRefused("it has no subject")
    for moment in (claims.nbf, claims.iat):
        if moment is not None and not moment <= now + SKEW_SECONDS:
            raise TokenRefused("it is not valid yet")
    expires = claims.exp
    if expires is not None and not (math.isfinite(expires) and now < expires + SKEW_SECONDS):
        raise TokenRefused("it has expired")
    end = None if expires is None else expires + SKEW_SECONDS
    return Verified(Principal(issuer, claims.sub, claims.scopes, end), expires)
