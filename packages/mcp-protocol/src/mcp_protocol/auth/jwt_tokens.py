"""Tokens that an issuer has signed (RFC 9068): PyJWT checks the signature, this says which ones count."""

import asyncio
from time import time
from typing import Any, Self, cast

from msgspec import Struct, ValidationError, convert

from mcp_protocol.auth.fetching import WAIT_SECONDS, Fetcher
from mcp_protocol.auth.keys import ALLOWED, Keys
from mcp_protocol.auth.urls import secure_url
from mcp_protocol.auth.verifier import SKEW_SECONDS, Claims, TokenRefused, Verified, judged
from mcp_protocol.errors import SettingsError, TransportError

# An ID token or a logout token is signed with the same keys (RFC 8725 section 3.11).
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_REASONS = {
    "ExpiredSignatureError": "it has expired",
    "ImmatureSignatureError": "it is not valid yet",
    "InvalidAudienceError": "it is for another audience",
    "InvalidIssuerError": "it is of another issuer",
    "InvalidSignatureError": "its signature is wrong",
    "MissingRequiredClaimError": "a claim is missing",
}


class _Head(Struct, frozen=True):
    alg: str
    kid: str | None = None
    typ: str = "jwt"
    crit: Any = None
    b64: Any = None


class JwtTokens:
    """Lets in whoever has a token of `issuer` for `audience`, signed with a key of the issuer's set.

    Without `jwks_url` the issuer's own metadata says where the set is.
    """

    def __init__(self, *, issuer: str, audience: str, jwks_url: str | None = None) -> None:
        """Both are compared exactly, character by character.

        Raises:
            SettingsError: a URL is not https (loopback excepted).
        """
        secure_url(issuer, "The issuer")
        if jwks_url is not None:
            secure_url(jwks_url, "The URL of the key set", query=True)
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url
        self._fetcher = Fetcher()
        self._keys = Keys(self._key_set)

    async def __aenter__(self) -> Self:
        """Load PyJWT and be ready to fetch keys, which happens at the first token.

        Raises:
            SettingsError: PyJWT, cryptography or httpx is not installed.
        """
        try:
            import jwt  # noqa: PLC0415  an extra: it costs more than everything else a start needs
            from jwt.algorithms import has_crypto  # noqa: PLC0415  the same
        except ImportError as error:
            raise SettingsError("Checking signed tokens needs PyJWT: install mcp-ref-protocol[auth].") from error
        if not has_crypto:
            raise SettingsError("Checking signed tokens needs cryptography: install mcp-ref-protocol[auth].")
        self._jwt = jwt
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close what was opened."""
        await self._fetcher.__aexit__(*exc)

    async def verify(self, token: str) -> Verified:
        """Whom the token speaks for.

        Raises:
            TokenRefused: its algorithm, key, signature, issuer, audience, time or subject is not right.
        """
        algorithm, key_id = self._head(token)
        key = await self._keys.find(key_id, algorithm)
        try:
            payload = self._jwt.decode(
                token,
                key=key.public,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=SKEW_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
            claims = convert(payload, Claims)
        except (self._jwt.PyJWTError, ValidationError, ValueError, OverflowError) as error:
            raise TokenRefused(_REASONS.get(type(error).__name__, "it is malformed")) from error
        return judged(claims, issuer=self._issuer, audience=self._audience, now=time())

    def _head(self, token: str) -> tuple[str, str | None]:
        """The algorithm and the key's id that an unchecked token names; where it says to find a key is not read."""
        try:
            header = convert(self._jwt.get_unverified_header(token), _Head)
        except (self._jwt.PyJWTError, ValidationError, ValueError, RecursionError) as error:
            raise TokenRefused("it is malformed") from error
        if header.alg not in ALLOWED:
            raise TokenRefused("its algorithm is not accepted")
        if header.crit is not None or header.b64 is not None:
            raise TokenRefused("it wants something that is not understood")
        if header.typ.lower() not in _TYPES:
            raise TokenRefused("it is no access token")
        return header.alg, header.kid

    async def _key_set(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._fetcher.get(self._jwks_url or await self._advertised())
        except TimeoutError as error:
            raise TransportError(f"its answers took more than {WAIT_SECONDS:g} s") from error

    async def _advertised(self) -> str:
        """Where the issuer's metadata says that the keys are (RFC 8414 section 3, OpenID Connect Discovery)."""
        parts = secure_url(self._issuer, "The issuer")
        origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        problem = TransportError("the issuer has no metadata")
        for url in (
            f"{origin}/.well-known/oauth-authorization-server{path}",
            f"{origin}/.well-known/openid-configuration{path}",
            f"{origin}{path}/.well-known/openid-configuration",
        ):
            try:
                return self._named(await self._fetcher.get(url))
            except TransportError as error:
                problem = error
        raise problem

    def _named(self, metadata: dict[str, Any]) -> str:
        if metadata.get("issuer") != self._issuer:
            raise TransportError("the issuer's metadata is of another issuer")
        url = metadata.get("jwks_uri")
        try:
            secure_url(cast("str", url), "jwks_uri", query=True)
        except (SettingsError, TypeError, AttributeError) as error:
            raise TransportError("the issuer's metadata names no https key set") from error
        return cast("str", url)
